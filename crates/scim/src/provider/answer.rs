//! Results as responses (RFC 7644 section 3).

use super::{PatchAnswer, Preconditions, Provider, ResourceKind, Response};
use crate::error::ScimError;
use crate::list::{ListResponse, Listing};
use crate::path::AttributePath;
use crate::projection::{Projection, project};
use crate::{Resource, names};
use serde_json::Value;

/// Whether an answer shows a group's members, so that they need loading.
pub fn shows_members(provider: &Provider, projection: &Projection) -> bool {
    shows(provider.profile.groups_show_members, "members", projection)
}

/// Whether an answer shows a user's groups, so that they need loading.
pub fn shows_groups(provider: &Provider, projection: &Projection) -> bool {
    provider.profile.users_show_groups && shows(true, "groups", projection)
}

/// Whether an answer shows the names of a group's members, which are the names of others and change without the group. Where they may
/// be, the answer is yes.
pub fn shows_member_names(provider: &Provider, projection: &Projection) -> bool {
    let named = |paths: &[AttributePath]| {
        let is_name = |path: &AttributePath| path.sub_attribute.as_ref().is_none_or(|part| names::same(part, "display"));
        paths.iter().any(|path| names::same(&path.attribute, "members") && is_name(path))
    };
    shows_members(provider, projection)
        && match projection {
            Projection::Default | Projection::Without(_) => !provider.profile.member_names_on_request,
            Projection::Only(paths) => named(paths),
        }
}

fn shows(by_default: bool, attribute: &str, projection: &Projection) -> bool {
    match projection {
        Projection::Default => by_default,
        Projection::Only(_) => projection.asks_for(attribute),
        Projection::Without(paths) => {
            by_default && !paths.iter().any(|path| names::same(&path.attribute, attribute) && path.sub_attribute.is_none())
        }
    }
}

/// 200 with one resource. `resource` has its meta; see [`super::with_meta`].
pub fn found(provider: &Provider, kind: ResourceKind, resource: Resource, projection: &Projection) -> Response {
    with_resource(200, provider, kind, resource, projection)
}

/// 304 when the client has this version already, otherwise 200.
pub fn found_or_known(
    provider: &Provider,
    kind: ResourceKind,
    resource: Resource,
    projection: &Projection,
    preconditions: &Preconditions,
) -> Response {
    match meta_text(&resource, "version").filter(|version| preconditions.not_modified(version)) {
        Some(version) => not_modified(&version),
        None => found(provider, kind, resource, projection),
    }
}

/// 201 with the new resource. RFC 7644 section 3.3: the URI stands in `Location` and in `meta.location`.
pub fn created(provider: &Provider, kind: ResourceKind, resource: Resource, projection: &Projection) -> Response {
    with_resource(201, provider, kind, resource, projection)
}

/// The answer to a PATCH. RFC 7644 section 3.5.2: 200 with the resource or 204, and 200 when attributes are asked for.
pub fn changed(provider: &Provider, kind: ResourceKind, resource: Resource, projection: &Projection) -> Response {
    match (provider.profile.patch_answer, projection) {
        (PatchAnswer::NoContent, Projection::Default | Projection::Without(_)) => {
            Response { location: meta_text(&resource, "location"), etag: meta_text(&resource, "version"), ..deleted() }
        }
        (PatchAnswer::Resource, _) | (PatchAnswer::NoContent, Projection::Only(_)) => found(provider, kind, resource, projection),
    }
}

/// 204 without a body: the answer to a DELETE (RFC 7644 section 3.6).
pub fn deleted() -> Response {
    Response { status: 204, content_type: None, location: None, etag: None, body: None }
}

/// 304 for a client that has this version already (RFC 7644 section 3.14, RFC 9110 section 15.4.5).
pub fn not_modified(version: &str) -> Response {
    Response { status: 304, etag: Some(version.to_owned()), ..deleted() }
}

/// 200 with one page of a list: `resources`, which stand where `listing` says.
pub fn listed(
    provider: &Provider,
    kind: ResourceKind,
    listing: Listing,
    resources: Vec<Resource>,
    projection: &Projection,
) -> Response {
    listed_together(provider, listing, vec![(kind, resources)], projection)
}

/// The same for several kinds, one after the other (RFC 7644 section 3.4.2.1).
pub fn listed_together(
    provider: &Provider,
    listing: Listing,
    parts: Vec<(ResourceKind, Vec<Resource>)>,
    projection: &Projection,
) -> Response {
    let all = parts.into_iter().flat_map(|(kind, resources)| resources.into_iter().map(move |resource| (kind, resource)));
    let resources = all.map(|(kind, resource)| {
        let mut shown = shown(provider, kind, resource, projection);
        for name in &provider.profile.lists_omit {
            shown.shift_remove(*name);
        }
        shown
    });
    let list = ListResponse { listing, resources: resources.collect() };
    success(200, provider, list.body())
}

/// The answer that says why a request was not carried out (RFC 7644 section 3.12), for every error that this crate gives and for
/// your own.
pub fn failed(provider: &Provider, error: &ScimError) -> Response {
    let content_type = Some(provider.profile.error_content_type.to_owned());
    Response { status: error.status, content_type, location: None, etag: None, body: Some(error.body()) }
}

pub(super) fn success(status: u16, provider: &Provider, body: Value) -> Response {
    let content_type = Some(provider.profile.success_content_type.to_owned());
    Response { status, content_type, location: None, etag: None, body: Some(body) }
}

/// The examples of RFC 7644 have `Location` in the answers to reads and changes too.
fn with_resource(status: u16, provider: &Provider, kind: ResourceKind, resource: Resource, projection: &Projection) -> Response {
    let (location, etag) = (meta_text(&resource, "location"), meta_text(&resource, "version"));
    Response { location, etag, ..success(status, provider, Value::Object(shown(provider, kind, resource, projection))) }
}

fn shown(provider: &Provider, kind: ResourceKind, resource: Resource, projection: &Projection) -> Resource {
    let mut shown = project(resource, provider.schemas(kind), projection);
    let hidden = match kind {
        ResourceKind::User => (!shows_groups(provider, projection)).then_some("groups"),
        ResourceKind::Group => (!shows_members(provider, projection)).then_some("members"),
    };
    if let Some(hidden) = hidden {
        shown.shift_remove(hidden);
    }
    shown
}

fn meta_text(resource: &Resource, name: &str) -> Option<String> {
    let meta = names::get(resource, "meta")?.as_object()?;
    names::get(meta, name)?.as_str().map(str::to_owned)
}
