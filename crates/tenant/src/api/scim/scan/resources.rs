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

/// What other rows say: the `groups` of users or the `members` of groups.
#[derive(Debug, Default)]
pub(in crate::api::scim) struct Others {
    by_position: BTreeMap<i64, Value>,
    /// Whether it can change while the revision of the resource stays.
    has_own_version: bool,
}

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

/// Reads it for these, which will be shown like this.
pub(in crate::api::scim) async fn others(
    context: &Context<'_>,
    kind: ResourceKind,
    positions: &[i64],
    projection: &Projection,
) -> Result<Others, DbError> {
    let db = &context.tenant.inner.db;
    let has_own_version = match kind {
        // The revision of a user does not know of its groups, that of a group not of its members' names.
        ResourceKind::User => true,
        ResourceKind::Group => provider::shows_member_names(context.provider, projection),
    };
    let by_position = match kind {
        ResourceKind::User => {
            let groups = groups::of_users(db, positions).await?;
            groups.into_iter().map(|(user, groups)| (user, groups_value(&context.base, &groups))).collect()
        }
        ResourceKind::Group => members_values(db, &context.base, positions).await?,
    };
    Ok(Others { by_position, has_own_version })
}

impl Others {
    /// Of a user whose groups are known, when it is in any.
    pub(in crate::api::scim) fn of_user(position: i64, groups: &[GroupOfUser], base: &str) -> Self {
        let groups = Some(groups).filter(|groups| !groups.is_empty());
        let by_position = groups.map(|groups| (position, groups_value(base, groups))).into_iter().collect();
        Self { by_position, has_own_version: true }
    }

    /// Of a group whose members are known, when it has any.
    pub(in crate::api::scim) fn of_group(position: i64, members: &[MemberRecord], base: &str) -> Self {
        let members = Some(members).filter(|members| !members.is_empty());
        let by_position = members.map(|members| (position, members_value(base, members))).into_iter().collect();
        Self { by_position, has_own_version: false }
    }
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
    let Some(value) = others.by_position.remove(&row.position) else { return whole(context, kind, row) };
    let meta = meta(context, &row, Some(&value).filter(|_| others.has_own_version));
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
    let mut others = if shows_others(context, kind, projection) {
        others(context, kind, &[row.position], projection).await?
    } else {
        Others::default()
    };
    Ok(with_others(context, kind, row, &mut others))
}
