//! The examples of RFC 7643 section 8 and of RFC 7644, as data. Filters and PATCH requests of the RFCs are among the cases of
//! their own modules.

use crate::{object, schemas_of};
use provost_scim::client::{error_of, id_of, read_list};
use provost_scim::filter::check;
use provost_scim::patch::{self, read_bulk_data};
use provost_scim::projection::{Projection, project};
use provost_scim::schema::{Attribute, Mutability, enterprise_user, group, schema_resource, user};
use provost_scim::validate::{normalize, replace};
use provost_scim::{Filter, Leniency, PatchPath, Resource, Schema, Schemas, ScimError, ScimType, apply, diff, json};
use serde_json::Value;
use std::collections::BTreeSet;

fn read(text: &str) -> Vec<Value> {
    serde_json::from_str(text).expect("the file holds an array")
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("{case} has no {name}"))
}

/// What of a resource is the client's.
fn clients_part(resource: &Resource, schemas: &Schemas) -> Resource {
    let mut part = resource.clone();
    part.retain(|name, value| {
        let attribute = schemas.attribute(name);
        let kept = attribute.is_none_or(|one| !matches!(one.mutability, Mutability::ReadOnly | Mutability::WriteOnly));
        let read_only =
            attribute.into_iter().flat_map(|one| &one.sub_attributes).filter(|one| one.mutability == Mutability::ReadOnly);
        for one in read_only {
            value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut).for_each(|item| {
                item.shift_remove(&one.name);
            });
        }
        kept && value.as_array().is_none_or(|items| !items.is_empty())
    });
    if let Some(manager) = part.values_mut().find_map(|value| value.get_mut("manager")).and_then(Value::as_object_mut) {
        manager.shift_remove("displayName");
    }
    part
}

#[test]
fn every_resource_is_valid_and_comes_back_whole() {
    for case in read(include_str!("../data/rfc/resources.json")) {
        let (section, schemas, resource) =
            (text(&case, "section"), schemas_of(text(&case, "kind")), object(case["resource"].clone()));
        let stored = normalize(&resource, &schemas, &Leniency::NONE).unwrap_or_else(|error| panic!("{section}: {error}"));
        assert_eq!(stored, clients_part(&resource, &schemas), "{section}");
        // Everything is shown but the password.
        let mut shown = resource.clone();
        shown.shift_remove("password");
        shown.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
        assert_eq!(project(&resource, &schemas, &Projection::Default), shown, "{section}");
        // Replacing it by itself changes nothing, and there is nothing to patch.
        let mut kept = resource.clone();
        kept.shift_remove("password");
        let replaced = replace(&kept, &resource, &schemas, &Leniency::NONE).unwrap();
        assert!(diff(&kept, &replaced, &schemas).operations.is_empty(), "{section}");
        let body = serde_json::to_vec(&resource).unwrap();
        assert_eq!(json::parse_object(&body), Ok(resource), "{section}");
    }
}

/// A schema whose every attribute may be written, to validate what only a provider writes.
fn writable(attributes: &mut [Attribute]) {
    for attribute in attributes {
        attribute.mutability = Mutability::ReadWrite;
        writable(&mut attribute.sub_attributes);
    }
}

#[test]
fn discovery_resources_obey_the_schemas_that_describe_them() {
    let schemas = read(include_str!("../data/rfc/schemas.json"));
    let mut described: Vec<Value> = read(include_str!("../data/rfc/discovery.json"));
    // The schema of schemas describes two levels of attributes and has three itself.
    for case in schemas.iter().filter(|case| !text(&case["resource"], "id").ends_with(":Schema")) {
        described.push(serde_json::json!({ "section": case["section"], "schema": case["resource"]["schemas"][0], "resource": case["resource"] }));
    }
    for case in described {
        let schema = schemas.iter().find(|schema| schema["resource"]["id"] == case["schema"]).expect("8.7.2 describes it");
        let mut schema = Schema::parse(&object(schema["resource"].clone())).unwrap();
        writable(&mut schema.attributes);
        let mut resource = object(case["resource"].clone());
        let schemas = Schemas::new(&schema.name.clone(), "/", "", schema);
        let stored =
            normalize(&resource, &schemas, &Leniency::NONE).unwrap_or_else(|error| panic!("{}: {error}", case["section"]));
        resource.shift_remove("meta");
        assert_eq!(stored, resource, "{}", case["section"]);
    }
}

/// `path: rule` for all in which two lists of attributes differ.
fn differences(prefix: &str, ours: &[Attribute], theirs: &[Attribute], found: &mut BTreeSet<String>) {
    let names: BTreeSet<&str> = ours.iter().chain(theirs).map(|attribute| attribute.name.as_str()).collect();
    for name in names {
        let path = format!("{prefix}{name}");
        let of = |list: &'_ [Attribute]| list.iter().find(|attribute| attribute.name == name).cloned();
        let (Some(ours), Some(theirs)) = (of(ours), of(theirs)) else {
            found.insert(format!("{path}: only one has it"));
            continue;
        };
        differences(&format!("{path}."), &ours.sub_attributes, &theirs.sub_attributes, found);
        if ours.case_exact != theirs.case_exact {
            found.insert(format!("{path}: caseExact"));
        }
        let rest = |one: Attribute| Attribute {
            description: String::new(),
            case_exact: false,
            required: false,
            sub_attributes: Vec::new(),
            ..one
        };
        if ours.required != theirs.required {
            found.insert(format!("{path}: required"));
        }
        assert_eq!(rest(ours), rest(theirs), "{path}");
    }
}

#[test]
fn our_schemas_are_the_rfcs_but_for_what_its_text_says_otherwise() {
    let cases = read(include_str!("../data/rfc/schemas.json"));
    let mut found = BTreeSet::new();
    for (case, ours) in cases.iter().zip([user(), group(), enterprise_user()]) {
        let theirs = Schema::parse(&object(case["resource"].clone())).unwrap();
        assert_eq!(theirs.id, ours.id);
        differences("", &ours.attributes, &theirs.attributes, &mut found);
        assert_eq!(Schema::parse(&schema_resource(&theirs, "")), Ok(theirs));
    }
    let (case_exact, others): (Vec<&str>, Vec<&str>) =
        found.iter().map(String::as_str).partition(|path| path.ends_with(": caseExact"));
    // Section 2.4 has `primary` for every multi-valued attribute, section 4.2 a `display` for members and `displayName` "REQUIRED".
    assert_eq!(others, ["addresses.primary: only one has it", "displayName: required", "members.display: only one has it"]);
    // Section 2.3.7: references are case exact; so are identifiers (section 3.1) and what holds one, passwords and base64.
    assert_eq!(
        case_exact.join(" ").replace(": caseExact", ""),
        "groups.$ref groups.value manager.$ref manager.value members.$ref members.value password photos.value profileUrl \
         x509Certificates.value"
    );
}

#[test]
fn lists_are_read() {
    for case in read(include_str!("../data/rfc/lists.json")) {
        let section = text(&case, "section");
        let page = read_list(&case["body"]).unwrap_or_else(|error| panic!("{section}: {error}"));
        assert_eq!(page.total_results, case["total"].as_u64(), "{section}");
        assert_eq!(page.next_cursor.as_deref(), case["next"].as_str(), "{section}");
        let ids: Vec<Value> = page.resources.iter().filter_map(id_of).map(Value::from).collect();
        assert_eq!(Value::Array(ids), case["ids"], "{section}");
    }
}

#[test]
fn searches_ask_for_what_exists() {
    for case in read(include_str!("../data/rfc/searches.json")) {
        let (section, body) = (text(&case, "section"), &case["body"]);
        let filter = Filter::parse(text(body, "filter")).unwrap_or_else(|error| panic!("{section}: {error}"));
        assert_eq!(check(&filter, &schemas_of(text(&case, "kind"))), Ok(()), "{section}");
        let names = |name: &str| body.get(name).and_then(|names| serde_json::from_value::<Vec<String>>(names.clone()).ok());
        assert!(Projection::parse(names("attributes").as_deref(), names("excludedAttributes").as_deref()).is_ok(), "{section}");
    }
}

#[test]
fn errors_are_read_and_written_alike() {
    for case in read(include_str!("../data/rfc/errors.json")) {
        let (section, body) = (text(&case, "section"), &case["body"]);
        let error = error_of(body).unwrap_or_else(|| panic!("{section} is no error"));
        assert_eq!(error.text, text(body, "detail"), "{section}");
        let scim_type = error.scim_type.as_deref().map(|word| ScimType::parse(word).expect("the RFCs know it"));
        let ours = ScimError { status: error.status.expect("the RFCs give one"), scim_type, detail: error.text };
        assert_eq!(&ours.body(), body, "{section}");
    }
}

#[test]
fn paths_name_what_exists() {
    for case in read(include_str!("../data/rfc/paths.json")) {
        let path = PatchPath::parse(text(&case, "path")).unwrap_or_else(|error| panic!("{case}: {error}"));
        // RFC 7643 section 4.2 gives members a `display`; the path's example in RFC 7644 is of another schema.
        let exists = case.get("exists").is_none_or(|exists| exists == true);
        assert_eq!(schemas_of(text(&case, "kind")).find(&path.attribute).is_some(), exists, "{case}");
        assert_eq!(path.to_string(), text(&case, "path"));
    }
}

#[test]
fn every_operation_in_a_bulk_request_could_stand_alone() {
    let leniency = Leniency::NONE;
    for case in read(include_str!("../data/rfc/bulk.json")) {
        let section = text(&case, "section");
        for operation in case["body"]["Operations"].as_array().expect("there are operations") {
            let kind = if text(operation, "path").starts_with("/Groups") { "Group" } else { "User" };
            let (schemas, data) = (schemas_of(kind), &operation["data"]);
            match text(operation, "method") {
                "POST" | "PUT" => {
                    let resource = normalize(&object(data.clone()), &schemas, &leniency);
                    assert!(resource.is_ok(), "{section}: {resource:?}");
                }
                "PATCH" => {
                    let mut user = object(serde_json::json!({ "userName": "Bob", "nickName": "Bobby" }));
                    let request = read_bulk_data(data, &leniency).unwrap_or_else(|error| panic!("{section}: {error}"));
                    assert_eq!(apply(&mut user, &request, &schemas, &leniency), Ok(true), "{section}");
                    assert_eq!(user["userName"], "Dave");
                    assert!(!user.contains_key("nickName"));
                    let body = serde_json::json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": data });
                    assert_eq!(read_bulk_data(&body, &leniency), Ok(request));
                }
                method => assert_eq!((method, data), ("DELETE", &Value::Null), "{section}"),
            }
        }
    }
}
