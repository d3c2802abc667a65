//! Resources as the API answers them, for the console: with the groups or members that it has read for its page. Where these are not all,
//! the version is not that of the whole.

use super::scan::Others;
use super::{Context, Preconditions, scan};
use crate::Tenant;
use crate::find::rows::Stored;
use crate::groups::{GroupOfUser, GroupRecord, MemberRecord};
use crate::options;
use crate::profile::Behaviour;
use crate::users::UserRecord;
use provost_db::DbError;
use provost_scim::Resource;
use provost_scim::projection::{Projection, project};
use provost_scim::provider::ResourceKind;

/// A user, in these groups.
pub(crate) async fn user(tenant: &Tenant, user: UserRecord, groups: &[GroupOfUser], base: String) -> Result<Resource, DbError> {
    let row = super::users::stored(user);
    let others = Others::of_user(row.position, groups, &base);
    raw(tenant, ResourceKind::User, row, others, base).await
}

/// A group with these members, also where a client would have to ask for them.
pub(crate) async fn group(
    tenant: &Tenant,
    group: GroupRecord,
    members: &[MemberRecord],
    base: String,
) -> Result<Resource, DbError> {
    let row = super::groups::stored(group);
    let others = Others::of_group(row.position, members, &base);
    raw(tenant, ResourceKind::Group, row, others, base).await
}

async fn raw(tenant: &Tenant, kind: ResourceKind, row: Stored, mut others: Others, base: String) -> Result<Resource, DbError> {
    let kept = options::kept(&tenant.inner.db).await?;
    let behaviour = tenant.inner.providers.by(kept.as_deref())?;
    let Behaviour { options, provider } = behaviour.as_ref();
    let context = Context { tenant, options, grants: &[], provider, base, preconditions: Preconditions::default() };
    let resource = scan::with_others(&context, kind, row, &mut others);
    Ok(project(resource, provider.schemas(kind), &Projection::Default))
}
