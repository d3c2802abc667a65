//! Which values of a resource no other may have (RFC 7643 section 7, `uniqueness`).
//!
//! A provider keeps the keys of what it stores, each with the id of its resource. Before it stores a resource it looks the keys of
//! that one up, and answers 409 when one of them is another's.

use crate::path::AttributePath;
use crate::schema::Schemas;
use crate::{Resource, names};
use serde_json::Value;
use std::collections::BTreeSet;

/// The values of a resource that no other of its type may have, of every attribute and sub-attribute whose schema says
/// `"uniqueness": "server"` or `"global"`: the path of the attribute, and what the value is compared by
/// ([`crate::Attribute::value_key`]: as `caseExact` says, and user names by PRECIS).
///
/// The same value twice in one resource has one key, and an empty text has none. `id` has one where the resource has an `id`.
///
/// ```
/// use provost_scim::provider::{Method, Provider, ProviderProfile, ProviderRequest, Request, failed, plan};
/// use provost_scim::{AttributePath, Resource, Schema, ScimError, unique_keys};
/// use serde_json::json;
/// use std::collections::BTreeMap;
///
/// let badge = json!({ "id": "urn:example:params:2.0:Badge", "attributes": [
///     { "name": "number", "type": "integer", "uniqueness": "server" }
/// ]});
/// let mut provider = Provider::new(ProviderProfile::standard());
/// provider.users = provider.users.with_extension(Schema::parse(badge.as_object().unwrap()).unwrap());
///
/// // Whose is which value? In a database this is a table with a unique index.
/// let mut owners: BTreeMap<(AttributePath, String), String> = BTreeMap::new();
/// let mut store = |id: &str, user: &Resource| -> Result<(), ScimError> {
///     let keys = unique_keys(user, &provider.users);
///     if let Some((path, _)) = keys.iter().find(|key| owners.get(*key).is_some_and(|owner| owner != id)) {
///         return Err(ScimError::uniqueness(format!("{path} is another user's.")));
///     }
///     owners.retain(|_, owner| owner != id);
///     owners.extend(keys.into_iter().map(|key| (key, id.to_owned())));
///     Ok(())
/// };
/// let posted = |name: &str, number: u64| {
///     let body = json!({
///         "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:params:2.0:Badge"],
///         "userName": name, "urn:example:params:2.0:Badge": { "number": number }
///     }).to_string();
///     match plan(&provider, &Request { method: Method::Post, path: "/Users", query: None, body: body.as_bytes() }) {
///         Ok(ProviderRequest::Create { resource, .. }) => resource,
///         other => panic!("{other:?} is no create"),
///     }
/// };
/// assert_eq!(store("1", &posted("ada", 7)), Ok(()));
/// let response = failed(&provider, &store("2", &posted("grace", 7)).unwrap_err());
/// let body = response.body.unwrap();
/// assert_eq!((response.status, body["scimType"].as_str()), (409, Some("uniqueness")));
/// assert_eq!(body["detail"], "urn:example:params:2.0:Badge:number is another user's.");
/// assert_eq!(store("2", &posted("ＡＤＡ", 8)).unwrap_err().detail, "userName is another user's.");
/// assert_eq!(store("2", &posted("grace", 8)), Ok(()));
/// // Who gives a value back leaves it to others.
/// assert_eq!(store("1", &posted("ada", 9)), Ok(()));
/// assert_eq!(store("2", &posted("grace", 7)), Ok(()));
/// ```
pub fn unique_keys(resource: &Resource, schemas: &Schemas) -> Vec<(AttributePath, String)> {
    let mut keys = Vec::new();
    for (path, attribute) in schemas.unique_attributes() {
        let holder = match &path.schema {
            Some(urn) => names::get(resource, urn).and_then(Value::as_object),
            None => Some(resource),
        };
        let values = holder.and_then(|holder| names::get(holder, &path.attribute)).into_iter().flat_map(each);
        let values: Vec<&Value> = match &path.sub_attribute {
            Some(part) => values.filter_map(|value| names::get(value.as_object()?, part)).flat_map(each).collect(),
            None => values.collect(),
        };
        let found: BTreeSet<String> =
            values.into_iter().filter_map(|value| attribute.value_key(value)).filter(|key| !key.trim().is_empty()).collect();
        keys.extend(found.into_iter().map(|key| (path.clone(), key)));
    }
    keys
}

fn each(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}
