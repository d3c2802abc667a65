//! What the server says about itself (RFC 7644 section 4, RFC 7643 sections 5 to 7, RFC 9865 section 4).

use crate::answer::{Answer, Stop};
use crate::requirement::{Need, Requirement, check};
use crate::session::{MEDIA_TYPE, Request, Session};
use crate::values::{LIST, USER, at, items, member, texts};
use provost_platform::Method;
use serde_json::{Value, json};

const CONFIG: &str = "/ServiceProviderConfig";
const CONFIG_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const TYPE_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const KINDS: [&str; 8] = ["string", "boolean", "decimal", "integer", "dateTime", "reference", "complex", "binary"];
const MUTABILITIES: [&str; 4] = ["readOnly", "readWrite", "immutable", "writeOnly"];
const RETURNED: [&str; 4] = ["always", "never", "default", "request"];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("config-answers", "RFC 7644 4", "answers GET /ServiceProviderConfig with its configuration", &[], |s| Box::pin(config(s))),
    check("config-media-type", "RFC 7644 3.1", "answers with application/scim+json", &[], |s| Box::pin(media_type(s))),
    check("config-features", "RFC 7643 5", "says of patch, bulk, filter, changePassword, sort and etag whether it supports them", &[], |s| Box::pin(features(s))),
    check("config-limits", "RFC 7643 5", "gives bulk's and filter's limits as numbers", &[], |s| Box::pin(limits(s))),
    check("config-authentication", "RFC 7643 5", "describes each authentication scheme with type, name and description", &[], |s| Box::pin(schemes(s))),
    check("config-meta", "RFC 7643 3.1", "gives its configuration meta.resourceType and meta.location", &[], |s| Box::pin(config_meta(s))),
    check("config-pagination", "RFC 9865 4", "says cursor and index as truth values, and limits as numbers, in pagination", &[Need::Cursor], |s| Box::pin(pagination(s))),
    check("config-read-only", "RFC 7644 4", "takes no change of its configuration", &[], |s| Box::pin(config_read_only(s))),
    check("types-listed", "RFC 7644 4", "lists its resource types with right totals", &[], |s| Box::pin(types(s))),
    check("types-shape", "RFC 7643 6", "gives each resource type name, endpoint and schema", &[], |s| Box::pin(types_shape(s))),
    check("types-by-id", "RFC 7644 4", "answers GET /ResourceTypes/NAME for each type it lists", &[], |s| Box::pin(types_by_id(s))),
    check("types-unknown", "RFC 7644 3.12", "answers 404 for a resource type it does not have", &[], |s| Box::pin(types_unknown(s))),
    check("types-no-filter", "RFC 7644 4", "answers 403 when resource types are asked with a filter", &[], |s| Box::pin(types_filter(s))),
    check("schemas-listed", "RFC 7644 4", "lists its schemas with right totals", &[], |s| Box::pin(schemas(s))),
    check("schemas-complete", "RFC 7643 7", "lists the schema of every resource type and extension", &[], |s| Box::pin(schemas_complete(s))),
    check("schemas-by-id", "RFC 7644 4", "answers GET /Schemas/URN for each schema it lists", &[], |s| Box::pin(schemas_by_id(s))),
    check("schemas-unknown", "RFC 7644 3.12", "answers 404 for a schema it does not have", &[], |s| Box::pin(schemas_unknown(s))),
    check("schemas-attributes", "RFC 7643 7", "gives each attribute a name, a known type, multiValued, and known words for mutability and returned", &[], |s| Box::pin(attributes(s))),
    check("schemas-user-name", "RFC 7643 8.7.1", "declares userName required, unique and without regard to case", &[], |s| Box::pin(user_name(s))),
    check("schemas-no-filter", "RFC 7644 4", "answers 403 when schemas are asked with a filter", &[], |s| Box::pin(schemas_filter(s))),
];

async fn config(session: &Session) -> Result<(), Stop> {
    session.get(CONFIG).await?.is(&[200])?.has_schema(CONFIG_SCHEMA)
}

async fn media_type(session: &Session) -> Result<(), Stop> {
    is_scim(&session.get(CONFIG).await?)
}

/// The media type is that of RFC 7644 section 3.1, with or without parameters.
pub(super) fn is_scim(answer: &Answer) -> Result<(), Stop> {
    let found = answer.header("content-type").unwrap_or("absent");
    let plain = found.split(';').next().unwrap_or_default().trim();
    answer.demand(plain.eq_ignore_ascii_case(MEDIA_TYPE), &format!("Content-Type is {found}"))
}

async fn features(session: &Session) -> Result<(), Stop> {
    let answer = session.get(CONFIG).await?.is(&[200])?;
    for feature in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
        let said = answer.get(&format!("{feature}.supported"));
        answer.demand(said.is_some_and(Value::is_boolean), &format!("{feature}.supported is no truth value"))?;
    }
    Ok(())
}

async fn limits(session: &Session) -> Result<(), Stop> {
    let answer = session.get(CONFIG).await?.is(&[200])?;
    for limit in ["bulk.maxOperations", "bulk.maxPayloadSize", "filter.maxResults"] {
        answer.number(limit)?;
    }
    Ok(())
}

async fn schemes(session: &Session) -> Result<(), Stop> {
    let answer = session.get(CONFIG).await?.is(&[200])?;
    let listed = answer.get("authenticationSchemes");
    answer.demand(listed.is_some_and(Value::is_array), "authenticationSchemes is no list")?;
    let whole =
        |scheme: &Value| ["type", "name", "description"].iter().all(|name| at(scheme, name).is_some_and(Value::is_string));
    answer.demand(items(listed).iter().all(whole), "a scheme lacks type, name or description")
}

async fn config_meta(session: &Session) -> Result<(), Stop> {
    let answer = session.get(CONFIG).await?.is(&[200])?;
    answer.has("meta.resourceType", &json!("ServiceProviderConfig"))?;
    answer.demand(answer.text("meta.location")?.ends_with(CONFIG), "meta.location is another one")
}

async fn pagination(session: &Session) -> Result<(), Stop> {
    let answer = session.get(CONFIG).await?.is(&[200])?;
    for name in ["cursor", "index"] {
        let said = answer.get(&format!("pagination.{name}"));
        answer.demand(said.is_some_and(Value::is_boolean), &format!("pagination.{name} is no truth value"))?;
    }
    for name in ["defaultPageSize", "maxPageSize", "cursorTimeout"] {
        let said = answer.get(&format!("pagination.{name}"));
        answer.demand(said.is_none_or(Value::is_u64), &format!("pagination.{name} is no number"))?;
    }
    Ok(())
}

async fn config_read_only(session: &Session) -> Result<(), Stop> {
    for method in [Method::Post, Method::Put, Method::Patch, Method::Delete] {
        let answer = session.send(Request::new(method, CONFIG).json(&json!({ "schemas": [CONFIG_SCHEMA] }))).await?;
        answer.is(&[403, 404, 405, 501])?;
    }
    Ok(())
}

/// A whole list: its schema, its total, its resources.
async fn listed(session: &Session, path: &str) -> Result<Answer, Stop> {
    let answer = session.get(path).await?.is(&[200])?;
    answer.has_schema(LIST)?;
    let count = i64::try_from(answer.resources().len()).unwrap_or(i64::MAX);
    let total = answer.number("totalResults")?;
    answer.demand(count > 0 && total == count, &format!("totalResults is {total} with {count} resources"))?;
    Ok(answer)
}

async fn types(session: &Session) -> Result<(), Stop> {
    listed(session, "/ResourceTypes").await.map(drop)
}

async fn types_shape(session: &Session) -> Result<(), Stop> {
    let answer = listed(session, "/ResourceTypes").await?;
    for kind in answer.resources() {
        let whole = ["name", "endpoint", "schema"].iter().all(|name| member(kind, name).is_some_and(Value::is_string));
        answer.demand(whole, "a resource type lacks name, endpoint or schema")?;
        let named = items(member(kind, "schemas")).iter().any(|urn| urn == TYPE_SCHEMA);
        answer.demand(named, "a resource type does not name its schema in schemas")?;
    }
    Ok(())
}

async fn types_by_id(session: &Session) -> Result<(), Stop> {
    let answer = listed(session, "/ResourceTypes").await?;
    for name in answer.listed("name") {
        session.get(&format!("/ResourceTypes/{name}")).await?.is(&[200])?.has("name", &json!(name))?;
    }
    Ok(())
}

async fn types_unknown(session: &Session) -> Result<(), Stop> {
    session.get("/ResourceTypes/conformance-unknown").await?.error(404, &[]).map(drop)
}

async fn types_filter(session: &Session) -> Result<(), Stop> {
    session.get("/ResourceTypes?filter=name%20eq%20%22User%22").await?.is(&[403]).map(drop)
}

async fn schemas(session: &Session) -> Result<(), Stop> {
    listed(session, "/Schemas").await.map(drop)
}

async fn schemas_complete(session: &Session) -> Result<(), Stop> {
    let types = listed(session, "/ResourceTypes").await?;
    let schemas = listed(session, "/Schemas").await?;
    let there = schemas.listed("id");
    for kind in types.resources() {
        let base = member(kind, "schema").and_then(Value::as_str);
        for urn in base.into_iter().chain(texts(items(member(kind, "schemaExtensions")), "schema")) {
            schemas.demand(there.contains(&urn), &format!("{urn} is missing"))?;
        }
    }
    Ok(())
}

async fn schemas_by_id(session: &Session) -> Result<(), Stop> {
    for urn in listed(session, "/Schemas").await?.listed("id") {
        let answer = session.get(&format!("/Schemas/{urn}")).await?.is(&[200])?;
        answer.has_schema(SCHEMA_SCHEMA)?;
        answer.has("id", &json!(urn))?;
    }
    Ok(())
}

async fn schemas_unknown(session: &Session) -> Result<(), Stop> {
    session.get("/Schemas/urn:conformance:unknown").await?.error(404, &[]).map(drop)
}

async fn schemas_filter(session: &Session) -> Result<(), Stop> {
    session.get("/Schemas?filter=id%20pr").await?.is(&[403]).map(drop)
}

async fn attributes(session: &Session) -> Result<(), Stop> {
    let answer = listed(session, "/Schemas").await?;
    for schema in answer.resources() {
        let id = member(schema, "id").and_then(Value::as_str).unwrap_or("?");
        for attribute in items(member(schema, "attributes")) {
            described(attribute).map_err(|what| answer.fault(&format!("{id}: {what}")))?;
        }
    }
    Ok(())
}

fn described(attribute: &Value) -> Result<(), String> {
    let name = member(attribute, "name").and_then(Value::as_str).ok_or("an attribute has no name")?;
    let word = |field: &str, known: &[&str]| match member(attribute, field).and_then(Value::as_str) {
        Some(word) if known.contains(&word) => Ok(()),
        Some(word) => Err(format!("{name}: {field} is {word}")),
        None => Err(format!("{name}: no {field}")),
    };
    word("type", &KINDS)?;
    word("mutability", &MUTABILITIES)?;
    word("returned", &RETURNED)?;
    if !member(attribute, "multiValued").is_some_and(Value::is_boolean) {
        return Err(format!("{name}: no multiValued"));
    }
    items(member(attribute, "subAttributes")).iter().try_for_each(described)
}

async fn user_name(session: &Session) -> Result<(), Stop> {
    let answer = session.get(&format!("/Schemas/{USER}")).await?.is(&[200])?;
    let found = items(answer.get("attributes")).iter().find(|attribute| member(attribute, "name") == Some(&json!("userName")));
    let user_name = found.ok_or_else(|| answer.fault("there is no userName"))?;
    answer.demand(member(user_name, "required") == Some(&json!(true)), "userName is not required")?;
    answer.demand(
        matches!(member(user_name, "uniqueness").and_then(Value::as_str), Some("server" | "global")),
        "userName is not unique",
    )?;
    answer.demand(member(user_name, "caseExact") != Some(&json!(true)), "userName is declared caseExact")
}
