//! The members of a group: who is meant by their ids, and changes that touch only some of them.
//!
//! What a PATCH adds or removes by ids is carried out on the rows of these members. Its cost follows from how many it names, not
//! from how many the group has.

use super::{Ids, KIND, changed, existing, names, taken, whole};
use crate::api::answer::Refused;
use crate::api::scim::{ATTEMPTS_MAX, Context, not_kept, now, version};
use crate::groups::{self, GroupRecord, MemberRecord, MemberSet};
use crate::users::WriteError;
use provost_scim::patch::{PatchOp, PatchOperation, PatchRequest, ResolvedOperation, resolve as resolve_patch};
use provost_scim::provider::{self, Patched, ResourceKind};
use provost_scim::{Filter, Leniency, Resource, Schemas, ScimError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A group has no more members than this.
const MEMBERS_MAX: i64 = 1_000_000;

/// What a PATCH does to members, by their ids, and what else it does.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    changes: Vec<Change>,
    rest: PatchRequest,
}

/// One operation that touches only these members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Add {
        ids: Ids,
        /// What the client says that some of them are.
        types: Vec<(String, String)>,
    },
    Remove(Ids),
}

/// Takes the members out of a body: their ids.
pub(super) fn take(body: &mut Resource) -> Result<Ids, ScimError> {
    let Some(members) = body.shift_remove("members") else { return Ok(Ids::new()) };
    // RFC 7643 section 4.2: `value` is the "Identifier of the member of this Group".
    ids_of(&members).ok_or_else(|| ScimError::invalid_value("members: each has the id of a user or a group as its value."))
}

/// The ids, when every member has one.
fn ids_of(members: &Value) -> Option<Ids> {
    let items = members.as_array().map_or(std::slice::from_ref(members), Vec::as_slice);
    items.iter().map(|item| item.get("value")?.as_str().map(str::to_owned)).collect()
}

fn types_of(members: &Value) -> Vec<(String, String)> {
    let items = members.as_array().map_or(std::slice::from_ref(members), Vec::as_slice);
    let typed = |item: &Value| Some((item.get("value")?.as_str()?.to_owned(), item.get("type")?.as_str()?.to_owned()));
    items.iter().filter_map(typed).collect()
}

/// Takes a PATCH apart; `None` when it speaks of members other than by their ids.
pub(super) fn parts(request: &PatchRequest, schemas: &Schemas, leniency: &Leniency) -> Result<Option<Parts>, ScimError> {
    // What is wrong anywhere is refused before anything is looked at alone.
    resolve_patch(request, schemas, leniency)?;
    let mut parts = Parts { changes: Vec::new(), rest: PatchRequest { operations: Vec::new() } };
    for operation in request.operations.iter().flat_map(alone) {
        let alone = PatchRequest { operations: vec![operation] };
        let resolved = resolve_patch(&alone, schemas, leniency)?;
        if !resolved.iter().any(is_about_members) {
            parts.rest.operations.extend(alone.operations);
            continue;
        }
        let Some(changes) = resolved.iter().map(change_of).collect::<Option<Vec<_>>>() else { return Ok(None) };
        parts.changes.extend(changes);
    }
    Ok(Some(parts))
}

/// An operation without a path as one for each name that may be that of the members, and one for all others.
fn alone(operation: &PatchOperation) -> Vec<PatchOperation> {
    let (None, Some(Value::Object(attributes))) = (&operation.path, &operation.value) else { return vec![operation.clone()] };
    let attributes = attributes.iter().map(|(name, value)| (name.clone(), value.clone()));
    let (members, others): (Vec<_>, Vec<_>) = attributes.partition(|(name, _)| name.to_ascii_lowercase().contains("members"));
    let of = |attributes: Vec<(String, Value)>| PatchOperation {
        op: operation.op,
        path: None,
        value: Some(Value::Object(attributes.into_iter().collect())),
    };
    let others = Some(others).filter(|others| !others.is_empty()).map(of);
    members.into_iter().map(|one| of(vec![one])).chain(others).collect()
}

fn is_about_members(operation: &ResolvedOperation<'_>) -> bool {
    match operation {
        ResolvedOperation::Attribute { target, .. } => target.extension.is_none() && target.name == "members",
        ResolvedOperation::RemoveExtension(_) => false,
    }
}

fn change_of(operation: &ResolvedOperation<'_>) -> Option<Change> {
    let ResolvedOperation::Attribute { op, target, value } = operation else { return None };
    if !is_about_members(operation) || target.sub_attribute.is_some() {
        return None;
    }
    match (op, &target.filter, value) {
        (PatchOp::Add, None, Some(members)) => Some(Change::Add { ids: ids_of(members)?, types: types_of(members) }),
        (PatchOp::Remove, None, Some(members)) => ids_of(members).map(Change::Remove),
        (PatchOp::Remove, Some(filter), None) => by_value(filter).map(Change::Remove),
        (PatchOp::Add | PatchOp::Remove | PatchOp::Replace, _, _) => None,
    }
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

/// Carries a PATCH out: the group afterwards, and how many members it has.
pub(super) async fn carry_out(context: &Context<'_>, id: &str, parts: &Parts) -> Result<(GroupRecord, u64), Refused> {
    let db = &context.tenant.inner.db;
    let _held = context.tenant.inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let before = existing(context, id).await?;
        context.preconditions.allow_change(&version(before.revision))?;
        let (count, added, removed) = decide(context, &before, &parts.changes).await?;
        let after_count = count + added.count() - removed.count();
        if after_count > MEMBERS_MAX {
            return Err(ScimError::invalid_value(format!("members would have more than {MEMBERS_MAX} values.")).into());
        }
        let rest = rest_of(context, &before, &parts.rest)?;
        if rest.is_none() && added.count() == 0 && removed.count() == 0 {
            return Ok((before, count.unsigned_abs()));
        }
        let (after, written) = if let Some(resource) = rest {
            let after = changed(context, &before, resource)?;
            let written = groups::replace(db, &before, &after, (&added, &removed), names(context)).await;
            (after, written)
        } else {
            let after = GroupRecord { modified_at: now(context), revision: before.revision + 1, ..before };
            let written = groups::change_members(db, &after, &added, &removed).await;
            (after, written)
        };
        match written {
            Ok(()) => return Ok((after, after_count.unsigned_abs())),
            Err(WriteError::Stale) => {}
            Err(WriteError::Duplicate) => return Err(taken(&after.display_name)),
            Err(error @ WriteError::Commit(_)) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

/// What the operations on anything but members make of the group; `None` when that is the same as before.
fn rest_of(context: &Context<'_>, group: &GroupRecord, rest: &PatchRequest) -> Result<Option<Resource>, ScimError> {
    if rest.operations.is_empty() {
        return Ok(None);
    }
    let Patched { resource, changed } = provider::patched(context.provider, KIND, &whole(context, group, &[]), rest)?;
    Ok(changed.then_some(resource))
}

/// How many members there are, and which come and which go.
async fn decide(context: &Context<'_>, group: &GroupRecord, changes: &[Change]) -> Result<(i64, MemberSet, MemberSet), Refused> {
    let (mut to_add, mut named) = (Ids::new(), Ids::new());
    for change in changes {
        match change {
            Change::Add { ids, .. } => {
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
            Change::Add { ids, types } => {
                let is_other = |(id, given): &&(String, String)| {
                    let known = by_id.get(id.as_str()).filter(|member| after.contains(member));
                    known.is_some_and(|(kind, _)| !kind.word().eq_ignore_ascii_case(given))
                };
                // RFC 7643 section 8.7.1: the type of a member is immutable.
                if let Some((id, _)) = types.iter().find(is_other) {
                    let id: String = id.chars().take(64).collect();
                    return Err(ScimError::mutability(format!("members.type of {id:?} cannot be changed.")).into());
                }
                after.extend(ids.iter().filter_map(|id| by_id.get(id.as_str())));
            }
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
