//! The resources and schemas of RFC 7643 section 8 and the paths of RFC 7644, as data. Filters and PATCH requests of the RFCs are
//! among the cases of their own modules too, and requests with their answers are in `rfc_exchanges`.

use crate::{object, schemas_of};
use provost_scim::projection::{Projection, project};
use provost_scim::schema::{Attribute, AttributeType, Mutability, enterprise_user, group, schema_resource, user};
use provost_scim::validate::{normalize, replace};
use provost_scim::{Leniency, PatchPath, Resource, Schema, Schemas, diff, json};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

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
        assert_eq!(project(resource.clone(), &schemas, &Projection::Default), shown, "{section}");
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

/// RFC 7643 section 5 has a `type` of authentication schemes and section 2.4 a `primary`; section 8.7.2 describes neither.
fn complete(schema: &mut Schema) {
    let Some(schemes) = schema.attributes.iter_mut().find(|one| one.name == "authenticationSchemes") else { return };
    let named = |parts: &[Attribute], name: &str| parts.iter().any(|part| part.name == name);
    assert!(!named(&schemes.sub_attributes, "type") && !named(&schemes.sub_attributes, "primary"));
    let name = schemes.sub_attributes[0].clone();
    schemes.sub_attributes.push(Attribute { name: "type".to_owned(), ..name.clone() });
    let kind = AttributeType::Boolean;
    schemes.sub_attributes.push(Attribute { name: "primary".to_owned(), kind, required: false, ..name });
}

#[test]
fn discovery_resources_obey_the_schemas_that_describe_them() {
    let schemas = read(include_str!("../data/rfc/schemas.json"));
    let mut described: Vec<Value> = read(include_str!("../data/rfc/discovery.json"));
    // The schema of schemas describes two levels of attributes and has three itself. None of them names it in `schemas`.
    for case in schemas.iter().filter(|case| !text(&case["resource"], "id").ends_with(":Schema")) {
        let mut resource = case["resource"].clone();
        assert_eq!(resource.get("schemas"), None);
        resource["schemas"] = serde_json::json!([SCHEMA]);
        described.push(serde_json::json!({ "section": case["section"], "schema": SCHEMA, "resource": resource }));
    }
    for case in described {
        let schema = schemas.iter().find(|schema| schema["resource"]["id"] == case["schema"]).expect("8.7.2 describes it");
        let mut schema = Schema::parse(&object(schema["resource"].clone())).unwrap();
        complete(&mut schema);
        writable(&mut schema.attributes);
        let mut resource = object(case["resource"].clone());
        let schemas = Schemas::new(&schema.name.clone(), "/", "", schema);
        let stored =
            normalize(&resource, &schemas, &Leniency::NONE).unwrap_or_else(|error| panic!("{}: {error}", case["section"]));
        resource.shift_remove("meta");
        assert_eq!(stored, resource, "{}", case["section"]);
    }
}

/// RFC 4648 section 3.1; RFC 7643 asks for nothing else.
#[test]
fn a_certificate_has_no_line_breaks() {
    let mut user = crate::barbara();
    let whole = user["x509Certificates"][0]["value"].as_str().expect("base64").to_owned();
    assert_eq!((whole.len(), &whole[..4]), (1120, "MIID"), "the certificate of section 8.2, all of it");
    for broken in
        [format!("{}\n{}", &whole[..64], &whole[64..]), format!("{whole}\n"), format!("{} {}", &whole[..64], &whole[64..])]
    {
        user["x509Certificates"][0]["value"] = Value::from(broken);
        let error = normalize(&user, &Schemas::user(), &Leniency::ALL).unwrap_err();
        assert!(error.detail.contains("x509Certificates.value is a string in base64"), "{}", error.detail);
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
fn paths_name_what_exists() {
    for case in read(include_str!("../data/rfc/paths.json")) {
        let path = PatchPath::parse(text(&case, "path")).unwrap_or_else(|error| panic!("{case}: {error}"));
        // RFC 7643 section 4.2 gives members a `display`; the path's example in RFC 7644 is of another schema.
        let exists = case.get("exists").is_none_or(|exists| exists == true);
        assert_eq!(schemas_of(text(&case, "kind")).find(&path.attribute).is_some(), exists, "{case}");
        assert_eq!(path.to_string(), text(&case, "path"));
    }
}

/// How many examples there are of each section, so that none gets lost.
#[test]
fn every_section_with_examples_is_there() {
    let expected = [
        ("7643 3", 1),
        ("7643 8.1", 1),
        ("7643 8.2", 1),
        ("7643 8.3", 1),
        ("7643 8.4", 1),
        ("7643 8.5", 1),
        ("7643 8.6", 2),
        ("7643 8.7.1", 3),
        ("7643 8.7.2", 3),
        ("7644 3.10", 6),
        ("7644 3.12", 2),
        ("7644 3.14", 2),
        ("7644 3.3", 1),
        ("7644 3.4.1", 1),
        ("7644 3.4.2", 1),
        ("7644 3.4.2.1", 1),
        ("7644 3.4.2.2", 21),
        ("7644 3.4.2.4", 1),
        ("7644 3.4.3", 1),
        ("7644 3.5.1", 1),
        ("7644 3.5.2", 7),
        ("7644 3.5.2.1", 2),
        ("7644 3.5.2.2", 4),
        ("7644 3.5.2.3", 4),
        ("7644 3.6", 2),
        ("7644 3.7.1", 2),
        ("7644 3.7.2", 3),
        ("7644 3.7.3", 3),
        ("7644 3.7.4", 1),
        ("7644 3.8", 1),
        ("7644 3.9", 1),
        ("7644 4", 1),
        ("9865 2", 2),
        ("9865 2.4", 1),
        ("9865 3", 1),
        ("9865 4", 1),
    ];
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    let mut count = |place: String| *found.entry(place).or_default() += 1;
    for case in read(include_str!("../data/rfc/exchanges.json")) {
        count(format!("{} {}", case["rfc"], text(&case, "section")));
    }
    let files = [
        ("section", include_str!("../data/rfc/resources.json")),
        ("section", include_str!("../data/rfc/discovery.json")),
        ("section", include_str!("../data/rfc/schemas.json")),
        ("section", include_str!("../data/rfc/paths.json")),
        ("origin", include_str!("../data/rfc/filters.json")),
    ];
    for (name, file) in files {
        for case in read(file) {
            let place = text(&case, name).split(',').next().and_then(|place| place.strip_prefix("RFC "));
            count(place.expect("an RFC").to_owned());
        }
    }
    let found: Vec<(&str, u32)> = found.iter().map(|(place, count)| (place.as_str(), *count)).collect();
    assert_eq!(found, expected);
}
