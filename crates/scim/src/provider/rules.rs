//! What a profile asks of resources, on top of the schemas.

use super::{Provider, ResourceKind};
use crate::error::ScimError;
use crate::patch::{PatchRequest, applied};
use crate::value::is_primary;
use crate::{Resource, names, validate};
use serde_json::{Value, json};

/// What the provider itself says about a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The resource's id.
    pub id: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// When it was last changed, RFC 3339.
    pub last_modified: String,
    /// Its `ETag`, quotes and `W/` included.
    pub version: Option<String>,
}

/// What a PATCH made of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Patched {
    /// As it is now.
    pub resource: Resource,
    /// Whether that is different from before; if not, nothing needs storing and `meta.lastModified` stays.
    pub changed: bool,
}

/// The resource with its id, meta and `schemas`, as it is shown and as [`replaced`] and [`patched`] want it.
/// `base_url` has no slash at its end.
pub fn with_meta(provider: &Provider, kind: ResourceKind, mut resource: Resource, meta: &Meta, base_url: &str) -> Resource {
    validate::set_schemas(&mut resource, provider.schemas(kind));
    names::remove(&mut resource, "id");
    names::remove(&mut resource, "meta");
    // What is kept begins with them already.
    if resource.keys().next().is_none_or(|first| first != "schemas") {
        let schemas = names::remove(&mut resource, "schemas").unwrap_or_default();
        resource.shift_insert(0, "schemas".to_owned(), schemas);
    }
    resource.shift_insert(1, "id".to_owned(), json!(meta.id));
    // RFC 7643 section 3.1.
    let mut about = json!({
        "resourceType": kind.word(),
        "created": meta.created,
        "lastModified": meta.last_modified,
        "location": location(kind, &meta.id, base_url),
    });
    if let Some(version) = &meta.version {
        about["version"] = json!(version);
    }
    resource.insert("meta".to_owned(), about);
    resource
}

/// A new resource, checked and in form.
pub(super) fn accepted(provider: &Provider, kind: ResourceKind, incoming: &Resource) -> Result<Resource, ScimError> {
    let mut resource = validate::normalize(incoming, provider.schemas(kind), &provider.profile.leniency)?;
    finish(provider, kind, &mut resource)?;
    Ok(resource)
}

/// What a PUT makes of `existing`.
pub fn replaced(provider: &Provider, kind: ResourceKind, existing: &Resource, incoming: &Resource) -> Result<Patched, ScimError> {
    let mut resource = validate::replace(existing, incoming, provider.schemas(kind), &provider.profile.leniency)?;
    keep_names(provider, kind, existing, &mut resource);
    finish(provider, kind, &mut resource)?;
    let changed = resource != *existing;
    Ok(Patched { resource, changed })
}

/// What a PATCH makes of `existing`.
pub fn patched(
    provider: &Provider,
    kind: ResourceKind,
    existing: &Resource,
    request: &PatchRequest,
) -> Result<Patched, ScimError> {
    let applied = applied(existing, request, provider.schemas(kind), &provider.profile.leniency)?;
    let mut resource = applied.unwrap_or_else(|| existing.clone());
    keep_names(provider, kind, existing, &mut resource);
    finish(provider, kind, &mut resource)?;
    let changed = resource != *existing;
    Ok(Patched { resource, changed })
}

/// The profile's option: a rename is accepted and not carried out.
fn keep_names(provider: &Provider, kind: ResourceKind, existing: &Resource, resource: &mut Resource) {
    if !provider.profile.rename_ignored || kind != ResourceKind::User {
        return;
    }
    for name in ["userName", "emails"] {
        if let Some(before) = names::get(existing, name) {
            names::set(resource, name, before.clone());
        }
    }
}

fn finish(provider: &Provider, kind: ResourceKind, resource: &mut Resource) -> Result<(), ScimError> {
    if kind != ResourceKind::User {
        return Ok(());
    }
    if let (Some(default), Some(Value::Array(emails))) = (provider.profile.email_type_default, resource.get_mut("emails")) {
        for email in emails.iter_mut().filter_map(Value::as_object_mut) {
            if names::key(email, "type").is_none() {
                email.insert("type".to_owned(), json!(default));
            }
        }
    }
    if provider.profile.primary_email_required && !has_primary_email(resource) {
        return Err(ScimError::invalid_value("emails is required: one address with \"primary\": true."));
    }
    Ok(())
}

fn has_primary_email(resource: &Resource) -> bool {
    let address = |email: &Value| email.get("value").and_then(Value::as_str).is_some_and(|address| !address.trim().is_empty());
    match names::get(resource, "emails") {
        Some(Value::Array(emails)) => emails.iter().any(|email| is_primary(email) && address(email)),
        Some(_) | None => false,
    }
}

/// The URI of a resource.
pub fn location(kind: ResourceKind, id: &str, base_url: &str) -> String {
    format!("{base_url}/{}/{}", kind.endpoint(), encoded(id))
}

/// Ids are opaque, so they are percent-encoded in paths.
pub(super) fn encoded(id: &str) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
