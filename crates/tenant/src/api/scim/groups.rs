//! Groups. Members are users of this tenant; nested groups are not supported.

use super::scan::{Scan, base_equality};
use super::{ATTEMPTS_MAX, Context, key, meta, not_found, not_kept, required_key};
use crate::api::answer::Refused;
use crate::groups::{self, GroupRecord, GroupSelection, MemberRecord};
use crate::users::WriteError;
use provost_db::DbError;
use provost_scim::list::{Listing, Page, Paging, Place};
use provost_scim::patch::PatchRequest;
use provost_scim::projection::Projection;
use provost_scim::provider::{self, ListQuery, Patched, ResourceKind, Response};
use provost_scim::{Resource, ScimError};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const KIND: ResourceKind = ResourceKind::Group;
/// Rows that a scan reads at once.
const SCAN_ROWS: usize = 200;

pub(super) async fn list(context: &Context<'_>, query: &ListQuery) -> Result<Response, Refused> {
    let schemas = context.provider.schemas(KIND);
    let page = match query.paging {
        Paging::Index(page) => page,
        Paging::Cursor { count, .. } => Page { start_index: 1, count },
    };
    let selection = match query.filter.as_ref().map(|filter| base_equality(filter, schemas)) {
        None => Some(GroupSelection::All),
        Some(Some((attribute, text))) => match attribute.as_str() {
            "displayname" => Some(GroupSelection::DisplayName(text)),
            "id" => Some(GroupSelection::Id(text)),
            _ => None,
        },
        Some(None) => None,
    };
    let (total, resources) = match (selection, &query.filter) {
        (Some(selection), _) => {
            let limit = usize::try_from(page.count).unwrap_or(usize::MAX);
            let (total, found) = groups::page(context.tenant, &selection, page.offset(), limit).await?;
            let mut resources = Vec::with_capacity(found.len());
            for group in &found {
                resources.push(shown(context, group, &query.projection).await?);
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
    for chunk in 0_u64.. {
        let offset = chunk * SCAN_ROWS as u64;
        let (_, found) = groups::page(context.tenant, &GroupSelection::All, offset, SCAN_ROWS).await?;
        for group in &found {
            scan.look(shown(context, group, &Projection::Default).await?);
        }
        if found.len() < SCAN_ROWS {
            break;
        }
    }
    Ok(())
}

pub(super) async fn get(context: &Context<'_>, id: &str, projection: &Projection) -> Result<Response, Refused> {
    let group = existing(context, id).await?;
    Ok(provider::found(&context.provider, KIND, &shown(context, &group, projection).await?, projection))
}

pub(super) async fn create(context: &Context<'_>, mut resource: Resource, projection: &Projection) -> Result<Response, Refused> {
    let inner = &context.tenant.inner;
    let members = resolve(context, take_members(&mut resource)).await?;
    key(&resource, "externalId")?;
    let now = inner.clock.now_micros();
    let group = GroupRecord {
        position: inner.ids.next(),
        id: provost_platform::random::uuid_v4(),
        display_name: required_key(&resource, "displayName")?,
        body: resource,
        created_at: now,
        modified_at: now,
        revision: 1,
    };
    let positions: Vec<i64> = members.iter().map(|member| member.position).collect();
    match groups::insert(&inner.db, &group, &positions).await {
        Ok(()) => Ok(provider::created(&context.provider, KIND, &shown(context, &group, projection).await?, projection)),
        Err(WriteError::Duplicate) => Err(taken(&group.display_name)),
        Err(error @ (WriteError::Stale | WriteError::Commit(_))) => Err(not_kept(error)),
    }
}

pub(super) async fn replace(
    context: &Context<'_>,
    id: &str,
    incoming: &Resource,
    projection: &Projection,
) -> Result<Response, Refused> {
    let group = change(context, id, |existing| provider::replaced(&context.provider, KIND, existing, incoming)).await?;
    Ok(provider::found(&context.provider, KIND, &shown(context, &group, projection).await?, projection))
}

pub(super) async fn patch(
    context: &Context<'_>,
    id: &str,
    request: &PatchRequest,
    projection: &Projection,
) -> Result<Response, Refused> {
    let group = change(context, id, |existing| provider::patched(&context.provider, KIND, existing, request)).await?;
    Ok(provider::changed(&context.provider, KIND, &shown(context, &group, projection).await?, projection))
}

pub(super) async fn delete(context: &Context<'_>, id: &str) -> Result<Response, Refused> {
    let _held = context.tenant.inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let group = existing(context, id).await?;
        match groups::remove(&context.tenant.inner.db, &group).await {
            Ok(()) => return Ok(provider::deleted()),
            Err(WriteError::Stale) => {}
            Err(error @ (WriteError::Duplicate | WriteError::Commit(_))) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

/// Reads the group with its members, changes it, and writes what has changed: one step for everybody else.
async fn change(
    context: &Context<'_>,
    id: &str,
    make: impl Fn(&Resource) -> Result<Patched, ScimError>,
) -> Result<GroupRecord, Refused> {
    let inner = &context.tenant.inner;
    let _held = inner.locks.hold(id).await;
    for _ in 0..ATTEMPTS_MAX {
        let before = existing(context, id).await?;
        let members = groups::members(&inner.db, before.position).await?;
        let made = make(&whole(context, &before, &members))?;
        if !made.changed {
            return Ok(before);
        }
        let mut body = made.resource;
        let wanted = take_members(&mut body);
        let held: BTreeSet<&String> = members.iter().map(|member| &member.id).collect();
        let new = wanted.iter().filter(|id| !held.contains(id)).cloned().collect();
        let added: Vec<i64> = resolve(context, new).await?.iter().map(|member| member.position).collect();
        let gone = members.iter().filter(|member| !wanted.contains(&member.id));
        let removed: Vec<i64> = gone.map(|member| member.position).collect();
        key(&body, "externalId")?;
        body.shift_remove("id");
        body.shift_remove("meta");
        let after = GroupRecord {
            display_name: required_key(&body, "displayName")?,
            body,
            modified_at: inner.clock.now_micros(),
            revision: before.revision + 1,
            ..before
        };
        match groups::replace(&inner.db, after.revision - 1, &after, &added, &removed).await {
            Ok(()) => return Ok(after),
            Err(WriteError::Stale) => {}
            Err(WriteError::Duplicate) => return Err(taken(&after.display_name)),
            Err(error @ WriteError::Commit(_)) => return Err(not_kept(error)),
        }
    }
    Err(not_kept(WriteError::Stale))
}

/// Takes the members out of a body: their ids, each once.
fn take_members(body: &mut Resource) -> BTreeSet<String> {
    let members = body.shift_remove("members");
    let items = members.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|item| item.get("value")?.as_str().map(str::to_owned)).collect()
}

/// The users behind these ids; an id that is nobody's is refused.
async fn resolve(context: &Context<'_>, ids: BTreeSet<String>) -> Result<Vec<MemberRecord>, Refused> {
    let ids: Vec<String> = ids.into_iter().collect();
    let found = groups::users_with_ids(&context.tenant.inner.db, &ids).await?;
    let known: BTreeSet<&String> = found.iter().map(|member| &member.id).collect();
    match ids.iter().find(|id| !known.contains(id)) {
        None => Ok(found),
        Some(id) => {
            let id: String = id.chars().take(64).collect();
            Err(ScimError::invalid_value(format!("members: there is no user with the id {id:?}.")).into())
        }
    }
}

async fn existing(context: &Context<'_>, id: &str) -> Result<GroupRecord, Refused> {
    groups::get(context.tenant, id).await?.ok_or_else(|| not_found(id))
}

/// The resource with its members.
fn whole(context: &Context<'_>, group: &GroupRecord, members: &[MemberRecord]) -> Resource {
    let mut body = group.body.clone();
    if !members.is_empty() {
        let items = members.iter().map(|member| json!({ "value": member.id, "type": "User", "display": member.user_name }));
        body.insert("members".to_owned(), items.collect());
    }
    let meta = meta(context, &group.id, group.created_at, group.modified_at, group.revision);
    provider::with_meta(&context.provider, KIND, body, &meta, &context.base)
}

/// The resource as it is shown: with its members, where they are to be seen.
async fn shown(context: &Context<'_>, group: &GroupRecord, projection: &Projection) -> Result<Resource, DbError> {
    let members = if provider::shows_members(&context.provider, projection) {
        groups::members(&context.tenant.inner.db, group.position).await?
    } else {
        Vec::new()
    };
    Ok(whole(context, group, &members))
}

fn taken(display_name: &str) -> Refused {
    ScimError::uniqueness(format!("There is a group with the displayName {display_name:?} already.")).into()
}
