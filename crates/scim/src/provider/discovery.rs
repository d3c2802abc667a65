//! What a provider says about itself (RFC 7644 section 4).

use super::answer::success;
use super::{Cursor, OPERATIONS_MAX, PAYLOAD_BYTES_MAX, Provider, ResourceKind, Response};
use crate::error::ScimError;
use crate::list::{ListResponse, Listing, Place};
use crate::path::shortened;
use crate::schema::{resource_type_resource, schema_resource};
use crate::{Resource, names};
use serde_json::{Value, json};

/// The URN of service provider configurations.
const CONFIG_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// The answer to `/ServiceProviderConfig` (RFC 7643 section 5): what the profile says that this provider can do. `base_url` has no
/// slash at its end.
pub fn service_provider_config(provider: &Provider, base_url: &str) -> Response {
    let supported = |supported: bool| json!({ "supported": supported });
    let mut body = json!({
        "schemas": [CONFIG_SCHEMA],
        "patch": supported(true),
        "bulk": bulk_support(provider.profile.bulk),
        "filter": { "supported": true, "maxResults": provider.profile.results_max },
        "changePassword": supported(false),
        "sort": supported(provider.profile.sorts),
        "etag": supported(provider.profile.etags),
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of this tenant in the Authorization header.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base_url}/ServiceProviderConfig") },
    });
    if provider.profile.cursors {
        body["pagination"] = pagination(provider);
    }
    success(200, provider, body)
}

fn bulk_support(supported: bool) -> Value {
    let (operations, bytes) = if supported { (OPERATIONS_MAX, PAYLOAD_BYTES_MAX) } else { (0, 0) };
    json!({ "supported": supported, "maxOperations": operations, "maxPayloadSize": bytes })
}

/// RFC 9865 section 4. Without a cursor a list is walked by index, as RFC 7644 has it.
fn pagination(provider: &Provider) -> Value {
    json!({
        "cursor": true,
        "index": true,
        "defaultPaginationMethod": "index",
        "defaultPageSize": provider.profile.results_max,
        "maxPageSize": provider.profile.results_max,
        "cursorTimeout": Cursor::TIMEOUT_MICROS / 1_000_000,
    })
}

/// The answer to `/ResourceTypes` (RFC 7643 section 6): users and groups, each with its schemas.
pub fn resource_types(provider: &Provider, base_url: &str) -> Response {
    let resources = ResourceKind::ALL.into_iter().map(|kind| resource_type_resource(provider.schemas(kind), base_url));
    listed(provider, resources.collect())
}

/// The answer to `/ResourceTypes/User` (RFC 7643 section 6); 404 for a name that is none.
pub fn resource_type(provider: &Provider, name: &str, base_url: &str) -> Result<Response, ScimError> {
    let kind = ResourceKind::ALL
        .into_iter()
        .find(|kind| names::same(kind.word(), name))
        .ok_or_else(|| ScimError::not_found(&shortened(name)))?;
    Ok(success(200, provider, Value::Object(resource_type_resource(provider.schemas(kind), base_url))))
}

/// The answer to `/Schemas` (RFC 7643 section 7): every schema of users and groups, extensions included.
pub fn schemas(provider: &Provider, base_url: &str) -> Response {
    listed(provider, all_schemas(provider, base_url))
}

/// The answer to `/Schemas/` with a URN (RFC 7643 section 7); 404 for one that is not known.
pub fn schema(provider: &Provider, urn: &str, base_url: &str) -> Result<Response, ScimError> {
    let named = |resource: &Resource| resource.get("id").and_then(Value::as_str).is_some_and(|id| names::same(id, urn));
    let found = all_schemas(provider, base_url).into_iter().find(named).ok_or_else(|| ScimError::not_found(&shortened(urn)))?;
    Ok(success(200, provider, Value::Object(found)))
}

fn all_schemas(provider: &Provider, base_url: &str) -> Vec<Resource> {
    let of_kind = |kind| std::iter::once(&provider.schemas(kind).base).chain(&provider.schemas(kind).extensions);
    ResourceKind::ALL.into_iter().flat_map(of_kind).map(|schema| schema_resource(schema, base_url)).collect()
}

fn listed(provider: &Provider, resources: Vec<Resource>) -> Response {
    let total = u64::try_from(resources.len()).unwrap_or(u64::MAX);
    let listing = Listing { total: Some(total), place: Place::Index(1) };
    success(200, provider, ListResponse { listing, resources }.body())
}
