//! Groups. Members are users of this tenant and, where the profile nests, groups.

mod members;

use super::scan::{self, shown, shows_others};
use super::{ATTEMPTS_MAX, Context, key, not_found, not_kept, now, required_key, version};
use crate::api::answer::Refused;
use crate::find::rows::Stored;
use crate::groups::{self, GroupRecord, MemberRecord, MemberSet, Names};
use crate::users::WriteError;
use provost_scim::patch::PatchRequest;
use provost_scim::projection::Projection;
use provost_scim::provider::{self, ListQuery, Patched, ResourceKind, Response};
use provost_scim::{Resource, ScimError};
use std::collections::BTreeSet;

const KIND: ResourceKind = ResourceKind::Group;

/// A PATCH is answered with the whole group when it has at most this many members; otherwise with 204, which RFC 7644 section 3.5.2
/// leaves to the provider as long as no attributes are asked for.
const MEMBERS_ANSWERED_MAX: u64 = 1_000;

pub(super) async fn list(context: &Context<'_>, query: &ListQuery) -> Result<Response, Refused> {
    scan::list(context, KIND, query).await
}

pub(super) async fn get(context: &Context<'_>, id: &str, projection: &Projection) -> Result<Response, Refused> {
    let group = existing(context, id).await?;
    let version = version(group.revision);
    // Names are not the group's own: whether they are news is seen when they have been read.
    if !provider::shows_member_names(context.provider, projection) && context.preconditions.not_modified(&version) {
        return Ok(provider::not_modified(&version));
    }
    let group = shown(context, KIND, stored(group), projection).await?;
    Ok(provider::found_or_known(context.provider, KIND, group, projection, &context.preconditions))
}

pub(super) async fn create(context: &Context<'_>, mut resource: Resource, projection: &Projection) -> Result<Response, Refused> {
    let inner = &context.tenant.inner;
    let wanted = members::take(&mut resource)?;
    key(&resource, "externalId")?;
    let now = now(context);
    let group = GroupRecord {
        id: provost_platform::random::uuid_v4(),
        display_name: required_key(&resource, "displayName")?,
        body: resource,
        created_at: now,
        modified_at: now,
        revision: 1,
        position: inner.positions.next(&inner.db, KIND).await?,
    };
    for _ in 0..ATTEMPTS_MAX {
        let members = MemberSet::of(&members::resolve(context, &wanted).await?);
        match groups::insert_named(&inner.db, &group, &members, names(context)).await {
            Ok(()) => {
                let group = shown(context, KIND, stored(group), projection).await?;
                return Ok(provider::created(context.provider, KIND, group, projection));
            }
            // A member has gone in between.
            Err(WriteError::Stale) => {}
            Err(WriteError::Duplicate) => return Err(taken(&group.display_name)),
            Err(error @ WriteError::Commit(_)) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

pub(super) async fn replace(
    context: &Context<'_>,
    id: &str,
    incoming: &Resource,
    projection: &Projection,
) -> Result<Response, Refused> {
    let (group, _) = change(context, id, |existing| provider::replaced(context.provider, KIND, existing, incoming)).await?;
    Ok(provider::found(context.provider, KIND, shown(context, KIND, stored(group), projection).await?, projection))
}

pub(super) async fn patch(
    context: &Context<'_>,
    id: &str,
    request: &PatchRequest,
    projection: &Projection,
) -> Result<Response, Refused> {
    let leniency = &context.provider.profile.leniency;
    let (group, members) = match members::parts(request, context.provider.schemas(KIND), leniency)? {
        Some(parts) => members::carry_out(context, id, &parts).await?,
        None => change(context, id, |existing| provider::patched(context.provider, KIND, existing, request)).await?,
    };
    let plain = match projection {
        Projection::Default => true,
        Projection::Only(_) | Projection::Without(_) => false,
    };
    if plain && members > MEMBERS_ANSWERED_MAX && shows_others(context, KIND, projection) {
        let etag = context.provider.profile.etags.then(|| version(group.revision));
        return Ok(Response { etag, ..provider::deleted() });
    }
    Ok(provider::changed(context.provider, KIND, shown(context, KIND, stored(group), projection).await?, projection))
}

pub(super) async fn delete(context: &Context<'_>, id: &str) -> Result<Response, Refused> {
    let _held = context.tenant.inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let group = existing(context, id).await?;
        context.preconditions.allow_change(&version(group.revision))?;
        match groups::remove(&context.tenant.inner.db, &group, now(context)).await {
            Ok(()) => return Ok(provider::deleted()),
            Err(WriteError::Stale) => {}
            Err(error @ (WriteError::Duplicate | WriteError::Commit(_))) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

/// Reads the group with its members, changes it, and writes what has changed: one step for everybody else. The group afterwards, and
/// how many members it has.
async fn change(
    context: &Context<'_>,
    id: &str,
    make: impl Fn(&Resource) -> Result<Patched, ScimError>,
) -> Result<(GroupRecord, u64), Refused> {
    let inner = &context.tenant.inner;
    let _held = inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let before = existing(context, id).await?;
        context.preconditions.allow_change(&version(before.revision))?;
        let held = groups::members_of(&inner.db, &[before.position]).await?.remove(&before.position).unwrap_or_default();
        let made = make(&whole(context, &before, &held))?;
        if !made.changed {
            return Ok((before, held.len() as u64));
        }
        let mut body = made.resource;
        let wanted = members::take(&mut body)?;
        let (added, removed) = members::difference(context, &held, &wanted).await?;
        let after = changed(context, &before, body)?;
        match groups::replace(&inner.db, &before, &after, (&added, &removed), names(context)).await {
            Ok(()) => return Ok((after, wanted.len() as u64)),
            Err(WriteError::Stale) => {}
            Err(WriteError::Duplicate) => return Err(taken(&after.display_name)),
            Err(error @ WriteError::Commit(_)) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

/// What becomes of a group with this body, which holds no members.
fn changed(context: &Context<'_>, before: &GroupRecord, mut body: Resource) -> Result<GroupRecord, ScimError> {
    body.shift_remove("id");
    body.shift_remove("meta");
    key(&body, "externalId")?;
    let display_name = required_key(&body, "displayName")?;
    Ok(GroupRecord { display_name, body, modified_at: now(context), revision: before.revision + 1, ..before.clone() })
}

async fn existing(context: &Context<'_>, id: &str) -> Result<GroupRecord, Refused> {
    groups::get(context.tenant, id).await?.ok_or_else(|| not_found(id))
}

/// The resource with its members.
fn whole(context: &Context<'_>, group: &GroupRecord, members: &[MemberRecord]) -> Resource {
    let mut row = stored(group.clone());
    if !members.is_empty() {
        row.body.insert("members".to_owned(), scan::members_value(&context.base, members));
    }
    scan::whole(context, KIND, row)
}

fn names(context: &Context<'_>) -> Names {
    if context.provider.profile.group_names_unique { Names::Unique } else { Names::Free }
}

pub(super) fn stored(group: GroupRecord) -> Stored {
    let GroupRecord { position, id, body, created_at, modified_at, revision, .. } = group;
    Stored { position, id, body, created_at, modified_at, revision }
}

fn taken(display_name: &str) -> Refused {
    ScimError::uniqueness(format!("There is a group with the displayName {display_name:?} already.")).into()
}

/// Ids, each once.
type Ids = BTreeSet<String>;
