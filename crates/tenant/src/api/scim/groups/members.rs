//! The members of a group: who is meant by their ids, and changes that touch only some of them.
//!
//! A PATCH that adds or removes members by their ids is carried out on the rows of these members. Its cost follows from how
//! many it names, not from how many the group has.

use super::{Ids, KIND, existing, stored};
use crate::api::answer::Refused;
use crate::api::scim::scan::{shown, shows_others};
use crate::api::scim::{ATTEMPTS_MAX, Context, not_kept, now, version};
use crate::groups::{self, GroupRecord, MemberRecord, MemberSet};
use crate::users::WriteError;
use provost_scim::patch::{PatchOp, PatchRequest, ResolvedOperation, resolve as resolve_patch};
use provost_scim::projection::Projection;
use provost_scim::provider::{self, ResourceKind, Response};
use provost_scim::{Filter, Leniency, Resource, Schemas, ScimError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A group has no more members than this.
const MEMBERS_MAX: i64 = 1_000_000;
/// A PATCH that touches only members is answered with the whole group when it has at most this many; otherwise with 204, which
/// RFC 7644 section 3.5.2 leaves to the provider as long as no attributes are asked for.
const MEMBERS_ANSWERED_MAX: u64 = 1_000;

/// One operation that touches only these members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Add(Ids),
    Remove(Ids),
}

/// Takes the members out of a body: their ids.
pub(super) fn take(body: &mut Resource) -> Ids {
    body.shift_remove("members").as_ref().map(ids_of).unwrap_or_default()
}

fn ids_of(members: &Value) -> Ids {
    let items = members.as_array().map_or(std::slice::from_ref(members), Vec::as_slice);
    items.iter().filter_map(|item| item.get("value")?.as_str().map(str::to_owned)).collect()
}

/// The operations of a PATCH when each of them adds or removes members by their ids; otherwise `None`.
pub(super) fn changes(request: &PatchRequest, schemas: &Schemas, leniency: &Leniency) -> Result<Option<Vec<Change>>, ScimError> {
    let resolved = resolve_patch(request, schemas, leniency)?;
    let changes: Option<Vec<Change>> = resolved.iter().map(change_of).collect();
    Ok(changes.filter(|changes| !changes.is_empty()))
}

fn change_of(operation: &ResolvedOperation<'_>) -> Option<Change> {
    let ResolvedOperation::Attribute { op, target, value } = operation else { return None };
    if target.extension.is_some() || target.name != "members" || target.sub_attribute.is_some() {
        return None;
    }
    match (op, &target.filter, value) {
        (PatchOp::Add, None, Some(members)) => all_by_id(members).map(Change::Add),
        (PatchOp::Remove, None, Some(members)) => all_by_id(members).map(Change::Remove),
        (PatchOp::Remove, Some(filter), None) => by_value(filter).map(Change::Remove),
        (PatchOp::Add | PatchOp::Remove | PatchOp::Replace, _, _) => None,
    }
}

/// The ids, when every member has one.
fn all_by_id(members: &Value) -> Option<Ids> {
    let items = members.as_array()?;
    items.iter().map(|item| item.get("value")?.as_str().map(str::to_owned)).collect()
}

/// `members[value eq "…"]`, also with several of them and `or` in between.
fn by_value(filter: &Filter) -> Option<Ids> {
    match filter {
        Filter::Or(parts) => {
            let parts: Option<Vec<Ids>> = parts.iter().map(by_value).collect();
            Some(parts?.into_iter().flatten().collect())
        }
        Filter::And(_) | Filter::Not(_) | Filter::Compare { .. } | Filter::Present(_) | Filter::Values { .. } => {
            let (path, id) = filter.equality()?;
            path.attribute.eq_ignore_ascii_case("value").then(|| Ids::from([id.to_owned()]))
        }
    }
}

/// Carries the changes out.
pub(super) async fn patch(
    context: &Context<'_>,
    id: &str,
    changes: &[Change],
    projection: &Projection,
) -> Result<Response, Refused> {
    let (group, count) = carry_out(context, id, changes).await?;
    let plain = match projection {
        Projection::Default => true,
        Projection::Only(_) | Projection::Without(_) => false,
    };
    if plain && count > MEMBERS_ANSWERED_MAX && shows_others(context, KIND, projection) {
        let etag = context.provider.profile.etags.then(|| version(group.revision));
        return Ok(Response { etag, ..provider::deleted() });
    }
    Ok(provider::changed(context.provider, KIND, shown(context, KIND, stored(group), projection).await?, projection))
}

/// The group afterwards, and how many members it has.
async fn carry_out(context: &Context<'_>, id: &str, changes: &[Change]) -> Result<(GroupRecord, u64), Refused> {
    let inner = &context.tenant.inner;
    let _held = inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let before = existing(context, id).await?;
        context.preconditions.allow_change(&version(before.revision))?;
        let (count, added, removed) = decide(context, &before, changes).await?;
        let after_count = count + added.count() - removed.count();
        if added.count() == 0 && removed.count() == 0 {
            return Ok((before, count.unsigned_abs()));
        }
        if after_count > MEMBERS_MAX {
            return Err(ScimError::invalid_value(format!("members would have more than {MEMBERS_MAX} values.")).into());
        }
        let after = GroupRecord { modified_at: now(context), revision: before.revision + 1, ..before };
        match groups::change_members(&inner.db, &after, &added, &removed).await {
            Ok(()) => return Ok((after, after_count.unsigned_abs())),
            Err(WriteError::Stale) => {}
            Err(error @ (WriteError::Duplicate | WriteError::Commit(_))) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

/// How many members there are, and which come and which go.
async fn decide(context: &Context<'_>, group: &GroupRecord, changes: &[Change]) -> Result<(i64, MemberSet, MemberSet), Refused> {
    let (mut to_add, mut named) = (Ids::new(), Ids::new());
    for change in changes {
        match change {
            Change::Add(ids) => {
                to_add.extend(ids.iter().cloned());
                named.extend(ids.iter().cloned());
            }
            Change::Remove(ids) => named.extend(ids.iter().cloned()),
        }
    }
    let records = known(context, &named).await?;
    refuse_unknown(context, &to_add, &records)?;
    let by_id: BTreeMap<&str, (ResourceKind, i64)> =
        records.iter().map(|record| (record.id.as_str(), (record.kind, record.position))).collect();
    let (count, present) = groups::present(&context.tenant.inner.db, group.position, &MemberSet::of(&records)).await?;
    let before: BTreeSet<(ResourceKind, i64)> = pairs(&present).collect();
    let mut after = before.clone();
    for change in changes {
        match change {
            Change::Add(ids) => after.extend(ids.iter().filter_map(|id| by_id.get(id.as_str()))),
            Change::Remove(ids) => {
                let gone = ids.iter().filter_map(|id| by_id.get(id.as_str())).filter(|member| after.remove(member)).count();
                // RFC 7644 section 3.5.2.2: what the path names has to be there.
                if gone == 0 && !context.provider.profile.leniency.removal_without_match {
                    return Err(ScimError::no_target("members: no value matches what is to be removed.").into());
                }
            }
        }
    }
    Ok((count, set(after.difference(&before)), set(before.difference(&after))))
}

fn pairs(members: &MemberSet) -> impl Iterator<Item = (ResourceKind, i64)> {
    let users = members.users.iter().map(|&position| (ResourceKind::User, position));
    users.chain(members.groups.iter().map(|&position| (ResourceKind::Group, position)))
}

fn set<'a>(members: impl Iterator<Item = &'a (ResourceKind, i64)>) -> MemberSet {
    let mut set = MemberSet::default();
    for &(kind, position) in members {
        set.push(kind, position);
    }
    set
}

/// Which members come and which go when these are wanted.
pub(super) async fn difference(
    context: &Context<'_>,
    held: &[MemberRecord],
    wanted: &Ids,
) -> Result<(MemberSet, MemberSet), Refused> {
    let held_ids: BTreeSet<&String> = held.iter().map(|member| &member.id).collect();
    let new: Ids = wanted.iter().filter(|id| !held_ids.contains(id)).cloned().collect();
    let added = MemberSet::of(&resolve(context, &new).await?);
    let removed = MemberSet::of(held.iter().filter(|member| !wanted.contains(&member.id)));
    Ok((added, removed))
}

/// The users and groups behind these ids; an id that is nobody's is refused.
pub(super) async fn resolve(context: &Context<'_>, ids: &Ids) -> Result<Vec<MemberRecord>, Refused> {
    let found = known(context, ids).await?;
    refuse_unknown(context, ids, &found)?;
    Ok(found)
}

/// Those that are there.
async fn known(context: &Context<'_>, ids: &Ids) -> Result<Vec<MemberRecord>, Refused> {
    let db = &context.tenant.inner.db;
    let ids: Vec<String> = ids.iter().cloned().collect();
    let mut found = groups::users_with_ids(db, &ids).await?;
    if found.len() < ids.len() && context.provider.profile.nests_groups {
        let users: BTreeSet<&String> = found.iter().map(|user| &user.id).collect();
        let rest: Vec<String> = ids.iter().filter(|id| !users.contains(id)).cloned().collect();
        found.extend(groups::with_ids(db, KIND, &rest).await?);
    }
    Ok(found)
}

fn refuse_unknown(context: &Context<'_>, ids: &Ids, found: &[MemberRecord]) -> Result<(), ScimError> {
    let known: BTreeSet<&String> = found.iter().map(|member| &member.id).collect();
    let Some(id) = ids.iter().find(|id| !known.contains(id)) else { return Ok(()) };
    let id: String = id.chars().take(64).collect();
    let what = if context.provider.profile.nests_groups { "user or group" } else { "user" };
    Err(ScimError::invalid_value(format!("members: there is no {what} with the id {id:?}.")))
}
