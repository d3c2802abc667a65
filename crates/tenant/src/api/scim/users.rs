//! Users.

use super::scan::{Scan, base_equality};
use super::{ATTEMPTS_MAX, Context, key, meta, not_found, not_kept, required_key};
use crate::api::answer::Refused;
use crate::groups;
use crate::options::{DeleteEffect, SuspendEffect};
use crate::users::{self, UserRecord, UserSelection, WriteError};
use provost_db::DbError;
use provost_scim::list::{Listing, Page, Paging, Place};
use provost_scim::patch::PatchRequest;
use provost_scim::projection::Projection;
use provost_scim::provider::{self, ListQuery, Patched, ResourceKind, Response};
use provost_scim::{Resource, ScimError};
use serde_json::{Value, json};

const KIND: ResourceKind = ResourceKind::User;
/// Rows that a scan reads at once.
const SCAN_ROWS: usize = 500;

pub(super) async fn list(context: &Context<'_>, query: &ListQuery) -> Result<Response, Refused> {
    let schemas = context.provider.schemas(KIND);
    let page = match query.paging {
        Paging::Index(page) => page,
        Paging::Cursor { count, .. } => Page { start_index: 1, count },
    };
    let equality = query.filter.as_ref().map(|filter| base_equality(filter, schemas));
    let selection = match equality {
        None => Some(UserSelection::All),
        Some(Some((attribute, text))) => match attribute.as_str() {
            "username" => Some(UserSelection::UserName(text)),
            "externalid" => Some(UserSelection::ExternalId(text)),
            "id" => Some(UserSelection::Id(text)),
            _ => None,
        },
        Some(None) => None,
    };
    let (total, resources) = match (selection, &query.filter) {
        (Some(selection), _) => {
            let limit = usize::try_from(page.count).unwrap_or(usize::MAX);
            let (total, found) = users::page(context.tenant, &selection, page.offset(), limit).await?;
            let mut resources = Vec::with_capacity(found.len());
            for user in &found {
                resources.push(shown(context, user, &query.projection).await?);
            }
            (total, resources)
        }
        (None, Some(filter)) => {
            let mut scan = Scan::new(filter, schemas, page);
            scan_all(context, &mut scan).await?;
            (scan.total, scan.found)
        }
        (None, None) => (0, Vec::new()),
    };
    let listing = Listing { total: Some(total), place: Place::Index(page.start_index) };
    Ok(provider::listed(&context.provider, KIND, listing, &resources, &query.projection))
}

async fn scan_all(context: &Context<'_>, scan: &mut Scan<'_>) -> Result<(), DbError> {
    let mut after = i64::MIN;
    loop {
        let chunk = users::after(context.tenant, after, SCAN_ROWS).await?;
        let Some(last) = chunk.last() else { return Ok(()) };
        after = last.position;
        for user in &chunk {
            scan.look(shown(context, user, &Projection::Default).await?);
        }
    }
}

pub(super) async fn get(context: &Context<'_>, id: &str, projection: &Projection) -> Result<Response, Refused> {
    let user = living(context, id).await?;
    Ok(provider::found(&context.provider, KIND, &shown(context, &user, projection).await?, projection))
}

pub(super) async fn create(context: &Context<'_>, mut resource: Resource, projection: &Projection) -> Result<Response, Refused> {
    resource.entry("active").or_insert(Value::Bool(true));
    let inner = &context.tenant.inner;
    let now = inner.clock.now_micros();
    let new = UserRecord {
        position: inner.ids.next(),
        id: provost_platform::random::uuid_v4(),
        created_at: now,
        revision: 1,
        ..columns(resource, now)?
    };
    match users::insert(&inner.db, &new).await {
        Ok(()) => Ok(provider::created(&context.provider, KIND, &shown(context, &new, projection).await?, projection)),
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
    let user = change(context, id, |existing| {
        let mut incoming = incoming.clone();
        // A body that does not speak of `active` does not mean to change it.
        let silent = !incoming.keys().any(|name| name.eq_ignore_ascii_case("active"));
        if let (true, Some(active)) = (silent, existing.get("active")) {
            incoming.insert("active".to_owned(), active.clone());
        }
        provider::replaced(&context.provider, KIND, existing, &incoming)
    });
    let user = user.await?;
    Ok(provider::found(&context.provider, KIND, &shown(context, &user, projection).await?, projection))
}

pub(super) async fn patch(
    context: &Context<'_>,
    id: &str,
    request: &PatchRequest,
    projection: &Projection,
) -> Result<Response, Refused> {
    let user = change(context, id, |existing| provider::patched(&context.provider, KIND, existing, request)).await?;
    Ok(provider::changed(&context.provider, KIND, &shown(context, &user, projection).await?, projection))
}

pub(super) async fn delete(context: &Context<'_>, id: &str) -> Result<Response, Refused> {
    let _held = context.tenant.inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let user = living(context, id).await?;
        match remove(context, &user).await {
            Ok(()) => return Ok(provider::deleted()),
            Err(WriteError::Stale) => {}
            Err(error @ (WriteError::Duplicate | WriteError::Commit(_))) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

/// Reads the user, changes it, and writes it: one step for everybody else. A change that changes nothing writes nothing.
async fn change(
    context: &Context<'_>,
    id: &str,
    make: impl Fn(&Resource) -> Result<Patched, ScimError>,
) -> Result<UserRecord, Refused> {
    let inner = &context.tenant.inner;
    let _held = inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let before = living(context, id).await?;
        let made = make(&whole(context, &before))?;
        if !made.changed {
            return Ok(before);
        }
        let after = UserRecord {
            position: before.position,
            id: before.id.clone(),
            created_at: before.created_at,
            revision: before.revision + 1,
            ..columns(made.resource, inner.clock.now_micros())?
        };
        let removes = before.active && !after.active && context.options.suspend_effect == SuspendEffect::Removes;
        let written =
            if removes { remove(context, &before).await } else { users::replace(&inner.db, before.revision, &after).await };
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
    let inner = &context.tenant.inner;
    let tombstone_at = match context.options.delete_effect {
        DeleteEffect::Hard => None,
        DeleteEffect::Soft => Some(inner.clock.now_micros()),
    };
    users::remove(&inner.db, user, tombstone_at).await
}

async fn living(context: &Context<'_>, id: &str) -> Result<UserRecord, Refused> {
    users::get(context.tenant, id).await?.ok_or_else(|| not_found(id))
}

/// The columns that a body decides; position, id, creation and revision are the caller's.
fn columns(mut body: Resource, now: i64) -> Result<UserRecord, ScimError> {
    for name in ["id", "meta", "groups"] {
        body.shift_remove(name);
    }
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

/// The resource as a change starts from it.
fn whole(context: &Context<'_>, user: &UserRecord) -> Resource {
    let meta = meta(context, &user.id, user.created_at, user.modified_at, user.revision);
    provider::with_meta(&context.provider, KIND, user.body.clone(), &meta, &context.base)
}

/// The resource as it is shown: with its groups, where the profile shows them.
async fn shown(context: &Context<'_>, user: &UserRecord, projection: &Projection) -> Result<Resource, DbError> {
    let mut resource = whole(context, user);
    if provider::shows_groups(&context.provider, projection) {
        let groups = groups::of_user(&context.tenant.inner.db, user.position).await?;
        if !groups.is_empty() {
            let items = groups.iter().map(|(id, name)| json!({ "value": id, "display": name, "type": "direct" }));
            resource.insert("groups".to_owned(), items.collect());
        }
    }
    Ok(resource)
}

fn taken(user: &UserRecord) -> Refused {
    ScimError::uniqueness(format!("There is a user with the userName {:?} already.", user.user_name)).into()
}
