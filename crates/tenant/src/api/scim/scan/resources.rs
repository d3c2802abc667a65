//! Rows as resources: with their meta, and with what other rows say about them, which is read for a whole page at once.

use crate::api::scim::{Context, meta};
use crate::find::rows::Stored;
use crate::groups::{self, GroupOfUser, MemberRecord};
use provost_db::{Db, DbError};
use provost_scim::Resource;
use provost_scim::projection::Projection;
use provost_scim::provider::{self, ResourceKind, location};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What other rows say: the `groups` of users or the `members` of groups, by position.
#[derive(Debug, Default)]
pub(in crate::api::scim) struct Others(BTreeMap<i64, Value>);

/// The attribute that lies in other rows.
pub(in crate::api::scim) const fn attribute(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "groups",
        ResourceKind::Group => "members",
    }
}

/// Whether an answer shows it.
pub(in crate::api::scim) fn shows_others(context: &Context<'_>, kind: ResourceKind, projection: &Projection) -> bool {
    match kind {
        ResourceKind::User => provider::shows_groups(context.provider, projection),
        ResourceKind::Group => provider::shows_members(context.provider, projection),
    }
}

/// Reads it for these.
pub(in crate::api::scim) async fn others(
    context: &Context<'_>,
    kind: ResourceKind,
    positions: &[i64],
) -> Result<Others, DbError> {
    let db = &context.tenant.inner.db;
    let found = match kind {
        ResourceKind::User => {
            let groups = groups::of_users(db, positions).await?;
            groups.into_iter().map(|(user, groups)| (user, groups_value(&context.base, &groups))).collect()
        }
        ResourceKind::Group => members_values(db, &context.base, positions).await?,
    };
    Ok(Others(found))
}

async fn members_values(db: &Db, base: &str, positions: &[i64]) -> Result<BTreeMap<i64, Value>, DbError> {
    let members = groups::members_of(db, positions).await?;
    Ok(members.into_iter().map(|(group, members)| (group, members_value(base, &members))).collect())
}

/// RFC 7643 section 4.1.2: `groups`.
fn groups_value(base: &str, groups: &[GroupOfUser]) -> Value {
    let item = |group: &GroupOfUser| {
        let kind = if group.is_direct { "direct" } else { "indirect" };
        json!({ "value": group.id, "$ref": location(ResourceKind::Group, &group.id, base), "display": group.display_name, "type": kind })
    };
    groups.iter().map(item).collect()
}

/// RFC 7643 section 4.2: `members`.
pub(in crate::api::scim) fn members_value(base: &str, members: &[MemberRecord]) -> Value {
    let item = |member: &MemberRecord| {
        let reference = location(member.kind, &member.id, base);
        json!({ "value": member.id, "$ref": reference, "type": member.kind.word(), "display": member.user_name })
    };
    members.iter().map(item).collect()
}

/// The resource without what lies in other rows.
pub(in crate::api::scim) fn whole(context: &Context<'_>, kind: ResourceKind, row: Stored) -> Resource {
    let meta = meta(context, &row, None);
    provider::with_meta(context.provider, kind, row.body, &meta, &context.base)
}

/// The resource with it.
pub(in crate::api::scim) fn with_others(
    context: &Context<'_>,
    kind: ResourceKind,
    mut row: Stored,
    others: &mut Others,
) -> Resource {
    let Some(value) = others.0.remove(&row.position) else { return whole(context, kind, row) };
    let meta = match kind {
        // The revision of a user does not know of its groups.
        ResourceKind::User => meta(context, &row, Some(&value)),
        ResourceKind::Group => meta(context, &row, None),
    };
    row.body.insert(attribute(kind).to_owned(), value);
    provider::with_meta(context.provider, kind, row.body, &meta, &context.base)
}

/// One resource as it is shown.
pub(in crate::api::scim) async fn shown(
    context: &Context<'_>,
    kind: ResourceKind,
    row: Stored,
    projection: &Projection,
) -> Result<Resource, DbError> {
    let mut others =
        if shows_others(context, kind, projection) { others(context, kind, &[row.position]).await? } else { Others::default() };
    Ok(with_others(context, kind, row, &mut others))
}
