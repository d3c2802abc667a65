//! Users.

use super::scan::{self, shown, whole};
use super::size::refuse_large;
use super::{ATTEMPTS_MAX, Context, key, not_found, not_kept, now, required_key, version};
use crate::api::answer::Refused;
use crate::find::rows::Stored;
use crate::options::{DeleteEffect, SuspendEffect};
use crate::users::{self, UserRecord, WriteError};
use provost_scim::patch::PatchRequest;
use provost_scim::projection::Projection;
use provost_scim::provider::{self, ListQuery, Patched, ResourceKind, Response};
use provost_scim::{AttributePath, Resource, ScimError};
use serde_json::Value;

const KIND: ResourceKind = ResourceKind::User;

pub(super) async fn list(context: &Context<'_>, query: &ListQuery) -> Result<Response, Refused> {
    scan::list(context, KIND, query).await
}

pub(super) async fn get(context: &Context<'_>, id: &str, projection: &Projection) -> Result<Response, Refused> {
    let (user, is_in_groups) = users::get_with_groups(context.tenant, id).await?.ok_or_else(|| not_found(id))?;
    let user =
        if is_in_groups { shown(context, KIND, stored(user), projection).await? } else { whole(context, KIND, stored(user)) };
    Ok(provider::found_or_known(context.provider, KIND, user, projection, &context.preconditions))
}

pub(super) async fn create(context: &Context<'_>, mut resource: Resource, projection: &Projection) -> Result<Response, Refused> {
    resource.entry("active").or_insert(Value::Bool(true));
    let inner = &context.tenant.inner;
    let now = now(context);
    let new = UserRecord {
        id: provost_platform::random::uuid_v4(),
        created_at: now,
        revision: 1,
        position: inner.positions.next(&inner.db, KIND).await?,
        ..columns(resource, now)?
    };
    match users::insert(&inner.db, &new).await {
        // Nobody can have put it into a group yet.
        Ok(()) => Ok(provider::created(context.provider, KIND, whole(context, KIND, stored(new)), projection)),
        Err(WriteError::Duplicate) => Err(taken(&new)),
        Err(error @ (WriteError::Stale | WriteError::Commit(_))) => Err(not_kept(error)),
    }
}

pub(super) async fn replace(
    context: &Context<'_>,
    id: &str,
    incoming: &Resource,
    projection: &Projection,
) -> Result<Response, Refused> {
    let known = without_groups();
    let user = change(context, id, &known, |existing| {
        let mut incoming = incoming.clone();
        // A body that does not speak of `active` does not mean to change it.
        let silent = !incoming.keys().any(|name| name.eq_ignore_ascii_case("active"));
        if let (true, Some(active)) = (silent, existing.get("active")) {
            incoming.insert("active".to_owned(), active.clone());
        }
        provider::replaced(context.provider, KIND, existing, &incoming)
    });
    let user = stored(user.await?);
    Ok(provider::found(context.provider, KIND, shown(context, KIND, user, projection).await?, projection))
}

pub(super) async fn patch(
    context: &Context<'_>,
    id: &str,
    request: &PatchRequest,
    projection: &Projection,
) -> Result<Response, Refused> {
    let known = if repeats_groups(request) { Projection::Default } else { without_groups() };
    let user = change(context, id, &known, |existing| provider::patched(context.provider, KIND, existing, request)).await?;
    Ok(provider::changed(context.provider, KIND, shown(context, KIND, stored(user), projection).await?, projection))
}

pub(super) async fn delete(context: &Context<'_>, id: &str) -> Result<Response, Refused> {
    let _held = context.tenant.inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let user = living(context, id).await?;
        context.preconditions.allow_change(&version(user.revision))?;
        match remove(context, &user).await {
            Ok(()) => return Ok(provider::deleted()),
            Err(WriteError::Stale) => {}
            Err(error @ (WriteError::Duplicate | WriteError::Commit(_))) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

/// Whether a PATCH says what may be the user's groups, or the version that depends on them: as it is shown it is no change, and
/// otherwise it is refused.
fn repeats_groups(request: &PatchRequest) -> bool {
    let names = |name: &String| ["groups", "meta"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let pathless = request.operations.iter().filter(|operation| operation.path.is_none());
    pathless.filter_map(|operation| operation.value.as_ref()?.as_object()).any(|members| members.keys().any(names))
}

fn without_groups() -> Projection {
    Projection::Without(vec![AttributePath::of("groups")])
}

/// Reads the user, changes it, and writes it: one step for everybody else. A change that changes nothing writes nothing.
async fn change(
    context: &Context<'_>,
    id: &str,
    known: &Projection,
    make: impl Fn(&Resource) -> Result<Patched, ScimError>,
) -> Result<UserRecord, Refused> {
    let inner = &context.tenant.inner;
    let _held = inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let before = living(context, id).await?;
        context.preconditions.allow_change(&version(before.revision))?;
        let made = make(&shown(context, KIND, stored(before.clone()), known).await?)?;
        if !made.changed {
            return Ok(before);
        }
        let after = UserRecord {
            position: before.position,
            id: before.id.clone(),
            created_at: before.created_at,
            revision: before.revision + 1,
            ..columns(made.resource, now(context))?
        };
        let removes = before.active && !after.active && context.options.suspend_effect == SuspendEffect::Removes;
        let written = if removes { remove(context, &before).await } else { users::replace(&inner.db, &before, &after).await };
        match written {
            Ok(()) => return Ok(after),
            Err(WriteError::Stale) => {}
            Err(WriteError::Duplicate) => return Err(taken(&after)),
            Err(error @ WriteError::Commit(_)) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

async fn remove(context: &Context<'_>, user: &UserRecord) -> Result<(), WriteError> {
    let now = now(context);
    let tombstone_at = match context.options.delete_effect {
        DeleteEffect::Hard => None,
        DeleteEffect::Soft => Some(now),
    };
    users::remove(&context.tenant.inner.db, user, tombstone_at, now).await
}

async fn living(context: &Context<'_>, id: &str) -> Result<UserRecord, Refused> {
    users::get(context.tenant, id).await?.ok_or_else(|| not_found(id))
}

/// The columns that a body decides; position, id, creation and revision are the caller's.
fn columns(mut body: Resource, now: i64) -> Result<UserRecord, ScimError> {
    for name in ["id", "meta", "groups"] {
        body.shift_remove(name);
    }
    refuse_large(&body)?;
    Ok(UserRecord {
        position: 0,
        id: String::new(),
        user_name: required_key(&body, "userName")?,
        external_id: key(&body, "externalId")?,
        active: body.get("active") != Some(&Value::Bool(false)),
        body,
        created_at: now,
        modified_at: now,
        revision: 0,
    })
}

pub(super) fn stored(user: UserRecord) -> Stored {
    let UserRecord { position, id, body, created_at, modified_at, revision, .. } = user;
    Stored { position, id, body, created_at, modified_at, revision }
}

fn taken(user: &UserRecord) -> Refused {
    ScimError::uniqueness(format!("There is a user with the userName {:?} already.", user.user_name)).into()
}
