//! What a request asks for (RFC 7644 section 3.2, table 2).

use super::bulk::{self, BulkCall};
use super::query::{Parameters, decoded};
use super::{Method, Provider, ProviderRequest, Request, ResourceKind, rules};
use crate::error::ScimError;
use crate::path::shortened;
use crate::{Resource, json, patch};
use serde_json::Value;

/// Reads a request. Only call it for clients that may ask: it parses bodies.
pub fn plan(provider: &Provider, request: &Request<'_>) -> Result<ProviderRequest, ScimError> {
    let Request { method, path, query, body } = *request;
    route(provider, &Asked { method, path, query, body: Body::Bytes(body) })
}

/// The same for a call of a bulk request: a resource made, replaced, changed or removed, and nothing else.
pub fn plan_operation(provider: &Provider, call: &BulkCall) -> Result<ProviderRequest, ScimError> {
    let body = call.data.as_ref().map_or(Body::Bytes(&[]), Body::Object);
    let asked = Asked { method: call.method, path: &call.path, query: call.query.as_deref(), body };
    let first = call.path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    let of_resources = ResourceKind::ALL.iter().any(|kind| kind.endpoint() == first);
    if !of_resources || call.path.ends_with("/.search") {
        let path = shortened(&call.path);
        return Err(ScimError::invalid_value(format!("path: \"{path}\" is not /Users, /Groups or a resource of theirs.")));
    }
    route(provider, &asked)
}

/// A request whose body may have been read as a part of another one.
struct Asked<'a> {
    method: Method,
    path: &'a str,
    query: Option<&'a str>,
    body: Body<'a>,
}

enum Body<'a> {
    Bytes(&'a [u8]),
    Object(&'a Resource),
}

impl Body<'_> {
    fn object(&self) -> Result<Resource, ScimError> {
        match self {
            Self::Bytes(bytes) => json::parse_object(bytes),
            Self::Object(members) => Ok((*members).clone()),
        }
    }
}

fn route(provider: &Provider, request: &Asked<'_>) -> Result<ProviderRequest, ScimError> {
    let path = request.path.trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["Users"] => collection(provider, request, ResourceKind::User),
        ["Groups"] => collection(provider, request, ResourceKind::Group),
        ["Users", ".search"] => search(provider, request, ResourceKind::User),
        ["Groups", ".search"] => search(provider, request, ResourceKind::Group),
        ["Users", id] => resource(provider, request, ResourceKind::User, id),
        ["Groups", id] => resource(provider, request, ResourceKind::Group, id),
        ["ServiceProviderConfig"] => discovery(request, ProviderRequest::ServiceProviderConfig),
        ["ResourceTypes"] => discovery(request, ProviderRequest::ResourceTypes),
        ["ResourceTypes", name] => discovery(request, ProviderRequest::ResourceType { name: decoded(name, false)? }),
        ["Schemas"] => discovery(request, ProviderRequest::Schemas),
        ["Schemas", urn] => discovery(request, ProviderRequest::Schema { urn: decoded(urn, false)? }),
        // RFC 7644 section 3.11: a provider that does not support the alias answers 501.
        ["Me"] => Ok(not_implemented("The endpoint /Me")),
        ["Bulk"] if provider.profile.bulk => match request.method {
            Method::Post => Ok(ProviderRequest::Bulk(bulk::read(&request.body.object()?)?)),
            Method::Get | Method::Put | Method::Patch | Method::Delete => Err(wrong_method(request)),
        },
        ["Bulk"] => Ok(not_implemented("Bulk")),
        ["" | ".search"] if !provider.profile.searches_root => Ok(not_implemented("Searching all kinds of resources at once")),
        [""] => root(provider, request, Method::Get),
        [".search"] => root(provider, request, Method::Post),
        _ => Err(ScimError::new(404, format!("There is no endpoint \"/{}\".", shortened(path)))),
    }
}

/// The methods that a path takes, for the `Allow` of a 405 (RFC 9110 section 15.5.6). What is no endpoint takes reading, which says
/// so with a 404.
pub fn allowed_methods(path: &str) -> &'static [Method] {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["Users" | "Groups"] => &[Method::Get, Method::Post],
        [".search" | "Bulk"] | ["Users" | "Groups", ".search"] => &[Method::Post],
        ["Users" | "Groups", _] => &[Method::Get, Method::Put, Method::Patch, Method::Delete],
        _ => &[Method::Get],
    }
}

fn not_implemented(what: &str) -> ProviderRequest {
    ProviderRequest::NotImplemented { what: what.to_owned() }
}

fn collection(provider: &Provider, request: &Asked<'_>, kind: ResourceKind) -> Result<ProviderRequest, ScimError> {
    let parameters = Parameters::of_query(request.query)?;
    match request.method {
        Method::Get => Ok(ProviderRequest::List { kind, query: parameters.list_query(provider, &[kind])? }),
        Method::Post => {
            let incoming = request.body.object()?;
            let resource = rules::accepted(provider, kind, &incoming)?;
            Ok(ProviderRequest::Create { kind, resource, projection: parameters.projection()? })
        }
        Method::Put | Method::Patch | Method::Delete => Err(wrong_method(request)),
    }
}

fn search(provider: &Provider, request: &Asked<'_>, kind: ResourceKind) -> Result<ProviderRequest, ScimError> {
    match request.method {
        Method::Post => {
            let parameters = Parameters::of_search(&request.body.object()?)?;
            Ok(ProviderRequest::List { kind, query: parameters.list_query(provider, &[kind])? })
        }
        Method::Get | Method::Put | Method::Patch | Method::Delete => Err(wrong_method(request)),
    }
}

/// RFC 7644 section 3.4.2.1: all kinds of resources at once.
fn root(provider: &Provider, request: &Asked<'_>, method: Method) -> Result<ProviderRequest, ScimError> {
    if request.method != method {
        return Err(wrong_method(request));
    }
    let parameters = match method {
        Method::Post => Parameters::of_search(&request.body.object()?)?,
        Method::Get | Method::Put | Method::Patch | Method::Delete => Parameters::of_query(request.query)?,
    };
    Ok(ProviderRequest::ListAll { query: parameters.list_query(provider, &ResourceKind::ALL)? })
}

fn resource(provider: &Provider, request: &Asked<'_>, kind: ResourceKind, id: &str) -> Result<ProviderRequest, ScimError> {
    let id = decoded(id, false).map_err(|_| ScimError::not_found(&shortened(id)))?;
    let parameters = Parameters::of_query(request.query)?;
    match request.method {
        Method::Get => {
            // RFC 7644 section 3.4.1: only attributes and excludedAttributes mean something here.
            Ok(ProviderRequest::Get { kind, id, projection: parameters.projection()? })
        }
        Method::Put => {
            let incoming = request.body.object()?;
            Ok(ProviderRequest::Replace { kind, id, incoming, projection: parameters.projection()? })
        }
        Method::Patch => {
            let body = Value::Object(request.body.object()?);
            let patch = patch::read(&body, &provider.profile.leniency)?;
            Ok(ProviderRequest::Patch { kind, id, request: patch, projection: parameters.projection()? })
        }
        Method::Delete => Ok(ProviderRequest::Delete { kind, id }),
        Method::Post => Err(wrong_method(request)),
    }
}

/// RFC 7644 section 4: discovery is by GET; a filter on it is a 403.
fn discovery(request: &Asked<'_>, answer: ProviderRequest) -> Result<ProviderRequest, ScimError> {
    let filters =
        request.query.is_some_and(|query| query.split('&').any(|pair| pair.to_ascii_lowercase().starts_with("filter=")));
    match request.method {
        Method::Get if filters => Err(ScimError::new(403, "This endpoint takes no filter.")),
        Method::Get => Ok(answer),
        Method::Post | Method::Put | Method::Patch | Method::Delete => Err(wrong_method(request)),
    }
}

fn wrong_method(request: &Asked<'_>) -> ScimError {
    ScimError::new(405, format!("\"{}\" does not take this method.", shortened(request.path)))
}
