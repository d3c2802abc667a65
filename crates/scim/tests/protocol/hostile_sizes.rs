//! The largest inputs that are valid: a megabyte of what the limits let through is dealt with as quickly as one of nonsense.

use crate::hostile::quickly;
use crate::object;
use provost_scim::json::{parse_object, parse_object_within};
use provost_scim::patch::{self, OPERATIONS_MAX};
use provost_scim::projection::{Projection, project};
use provost_scim::provider::{
    self, BulkRun, Meta, Method, Provider, ProviderProfile, ProviderRequest, Request, ResourceKind, patched, replaced,
};
use provost_scim::schema::{TENANT_USER, schema_resource};
use provost_scim::validate::{ATTRIBUTES_MAX, PLAIN_VALUES_MAX, STRING_BYTES_MAX, VALUES_MAX, normalize, replace};
use provost_scim::{AttributePath, Filter, Leniency, Resource, Schema, Schemas, apply, client, diff, filter, matches, sort};
use serde_json::{Value, json};
use std::ops::Range;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const MEGABYTE: usize = 1 << 20;

fn members(ids: Range<usize>) -> Value {
    ids.map(|id| json!({ "value": format!("{id:06}"), "type": "User" })).collect()
}

fn plain_members(ids: Range<usize>) -> Value {
    ids.map(|id| json!({ "value": format!("{id:06}") })).collect()
}

fn group(members: &Value) -> Resource {
    object(json!({ "schemas": [GROUP], "displayName": "All", "members": members }))
}

fn body(value: impl serde::Serialize) -> Vec<u8> {
    let body = serde_json::to_vec(&value).expect("a value is written");
    assert!(body.len() <= MEGABYTE, "{} bytes", body.len());
    body
}

/// A user whose addresses make a megabyte.
fn user() -> Resource {
    let address = |index: usize| json!({ "value": format!("{index}@{}", "e".repeat(980)), "type": "work" });
    let emails: Vec<Value> = (0..PLAIN_VALUES_MAX).map(address).collect();
    object(json!({ "schemas": [USER], "userName": "ada", "emails": emails }))
}

#[test]
fn the_largest_groups_are_read_and_replaced_quickly() {
    let schemas = Schemas::group();
    let whole = body(group(&members(0..30_000)));
    quickly("a group in a megabyte", || {
        let incoming = parse_object(&whole).expect("it has not too many values");
        let stored = normalize(&incoming, &schemas, &Leniency::NONE).expect("it is a group");
        assert_eq!(stored["members"].as_array().map(Vec::len), Some(30_000));
    });
    let largest = group(&plain_members(0..VALUES_MAX));
    quickly("the largest group", || drop(normalize(&largest, &schemas, &Leniency::NONE).expect("it is a group")));
    let (before, after) = (group(&members(0..30_000)), group(&members(1..30_001)));
    quickly("another group in its place", || {
        assert_eq!(replace(&before, &after, &schemas, &Leniency::NONE).as_ref(), Ok(&after));
    });
    let provider = Provider::new(ProviderProfile::standard());
    quickly("another group in its place, at a provider", || {
        assert!(replaced(&provider, ResourceKind::Group, &before, &after).expect("it may be replaced").changed);
    });
}

#[test]
fn members_are_added_and_removed_by_the_ten_thousand_quickly() {
    let provider = Provider::new(ProviderProfile::standard());
    let one = |operation: Value| body(json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": [operation] }));
    let added = one(json!({ "op": "add", "path": "members", "value": members(20_000..50_000) }));
    let removed = one(json!({ "op": "remove", "path": "members", "value": plain_members(0..30_000) }));
    let replaced = one(json!({ "op": "replace", "path": "members", "value": members(20_000..50_000) }));
    let many: Vec<Value> = (0..OPERATIONS_MAX)
        .map(|index| 15_000 + index * 30)
        .map(|first| json!({ "op": "add", "path": "members", "value": plain_members(first..first + 30) }))
        .collect();
    let in_turn = body(json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": many }));
    let before = group(&members(0..30_000));
    for (what, body, count) in
        [("added", added, 50_000), ("removed", removed, 0), ("given", replaced, 30_000), ("added in turn", in_turn, 45_000)]
    {
        let request = parse_object(&body).expect("it has not too many values");
        let request = patch::read(&Value::Object(request), &Leniency::NONE).expect("it is a PATCH");
        quickly(what, || {
            let group = patched(&provider, ResourceKind::Group, &before, &request).expect("it may be changed").resource;
            assert_eq!(group.get("members").and_then(Value::as_array).map_or(0, Vec::len), count);
        });
    }
}

#[test]
fn the_largest_users_are_read_changed_and_shown_quickly() {
    let (schemas, user) = (Schemas::user(), user());
    let bytes = body(&user);
    quickly("a user of a megabyte", || {
        let incoming = parse_object(&bytes).expect("it has not too many values");
        assert_eq!(normalize(&incoming, &schemas, &Leniency::NONE).as_ref(), Ok(&user));
        assert_eq!(replace(&user, &incoming, &schemas, &Leniency::NONE).as_ref(), Ok(&user));
    });
    let paths = |names: &[&str]| names.iter().map(|name| AttributePath::parse(name).expect("a path")).collect::<Vec<_>>();
    let named = paths(&["emails.value"; 100]);
    for projection in [Projection::Default, Projection::Only(named.clone()), Projection::Without(named)] {
        quickly("showing a user of a megabyte", || assert!(project(user.clone(), &schemas, &projection).len() > 1));
    }
    let mut other = user.clone();
    for email in other["emails"].as_array_mut().expect("a list") {
        email["display"] = json!("x");
    }
    quickly("the changes of a user of a megabyte", || assert!(!diff(&user, &other, &schemas).operations.is_empty()));
    quickly("the order of users of a megabyte", || {
        let by = AttributePath::of("emails");
        assert!(sort::compare(&user, &other, &by, false, &schemas).is_eq());
        assert_eq!(sort::key(&user, &by, &schemas), sort::key(&other, &by, &schemas));
    });
    // What is composed, in the longest text.
    let marks = format!("a{}", "\u{315}\u{5ae}\u{300}\u{1f88}".repeat(STRING_BYTES_MAX / 9 - 1));
    let named = object(json!({ "schemas": [USER], "userName": marks }));
    quickly("the order of the longest names", || {
        let stored = normalize(&named, &schemas, &Leniency::NONE).expect("it is a user");
        assert!(sort::compare(&stored, &user, &AttributePath::of("userName"), false, &schemas).is_gt());
    });
}

/// As many attributes as a schema may have, with names as long as they may be, and values for all of them.
#[test]
fn the_largest_schemas_are_read_and_obeyed_quickly() {
    let urn = "urn:example:params:2.0:Wide";
    // Comparing long names takes a build without optimization seconds.
    let length = if cfg!(debug_assertions) { 20 } else { 250 };
    let name = |index: usize| format!("{}{index:04}", "n".repeat(length));
    let attributes: Vec<Value> =
        (0..ATTRIBUTES_MAX).map(|index| json!({ "name": name(index), "description": "d".repeat(500) })).collect();
    let definition = body(json!({ "id": urn, "attributes": attributes }));
    let read = || Schema::parse(&parse_object(&definition).expect("it has not too many values")).expect("it is a schema");
    let schema = read();
    quickly("a schema of a megabyte", || assert_eq!(read(), schema));
    quickly("writing a schema of a megabyte", || assert_eq!(schema_resource(&schema, "").len(), 6));
    let schemas = Schemas::user().with_extension(schema);
    // In other letters, so that no name is found at first sight.
    for spelled in [str::to_owned as fn(&str) -> String, str::to_uppercase] {
        let values: Resource = (0..ATTRIBUTES_MAX).map(|index| (spelled(&name(index)), json!("v".repeat(500)))).collect();
        let user = object(json!({ "schemas": [USER, urn], "userName": "ada", urn: values }));
        let bytes = body(&user);
        quickly("a user with many attributes", || {
            let incoming = parse_object(&bytes).expect("it has not too many values");
            assert!(normalize(&incoming, &schemas, &Leniency::NONE).is_ok());
        });
        let named: Vec<AttributePath> = (0..100)
            .map(|index| AttributePath { schema: Some(urn.to_owned()), ..AttributePath::of(&spelled(&name(index + 800))) })
            .collect();
        for projection in [Projection::Only(named.clone()), Projection::Without(named)] {
            quickly("showing many attributes", || assert!(project(user.clone(), &schemas, &projection).contains_key(urn)));
        }
        let operations: Vec<Value> = (0..OPERATIONS_MAX)
            .map(|index| json!({ "op": "replace", "path": format!("{urn}:{}", spelled(&name(index))), "value": "w" }))
            .collect();
        let request = json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": operations });
        body(&request);
        let stored = normalize(&user, &schemas, &Leniency::NONE).expect("it is a user");
        let mut changed = stored.clone();
        changed[urn].as_object_mut().expect("an object").values_mut().for_each(|value| *value = json!("w"));
        quickly("the changes of many attributes", || {
            assert_eq!(diff(&stored, &changed, &schemas).operations.len(), ATTRIBUTES_MAX);
        });
        quickly("patching many attributes", || {
            let request = patch::read(&request, &Leniency::NONE).expect("it is a PATCH");
            assert_eq!(apply(&mut stored.clone(), &request, &schemas, &Leniency::NONE), Ok(true));
        });
    }
    // Nobody declared these.
    let open: Resource = (0..ATTRIBUTES_MAX).map(|index| (format!("a{index}"), json!("v".repeat(1_000)))).collect();
    let user = object(json!({ "schemas": [USER, TENANT_USER], "userName": "ada", TENANT_USER: open }));
    let named: Vec<AttributePath> = (0..100)
        .map(|index| AttributePath { schema: Some(TENANT_USER.to_owned()), ..AttributePath::of(&format!("a{}", index * 10)) })
        .collect();
    quickly("a user with many attributes that nobody declared", || {
        let stored = normalize(&user, &Schemas::user(), &Leniency::NONE).expect("it is a user");
        assert_eq!(
            project(stored, &Schemas::user(), &Projection::Only(named.clone()))[TENANT_USER].as_object().map(Resource::len),
            Some(100)
        );
    });
}

#[test]
fn the_largest_group_is_searched_quickly() {
    let (schemas, group) = (Schemas::group(), group(&plain_members(0..VALUES_MAX)));
    for text in ["members eq \"none\"", "members[value eq \"none\"]", "members.value co \"none\"", "members.type pr"] {
        let wanted = Filter::parse(text).expect("a filter");
        filter::check(&wanted, &schemas).expect("it makes sense");
        quickly(text, || assert!(!matches(&wanted, &group, &schemas)));
    }
}

/// RFC 7644 section 3.7.1: operations that refer to each other in a circle.
#[test]
fn the_largest_bulk_request_in_one_circle_is_planned_quickly() {
    let provider = Provider::new(ProviderProfile::standard());
    let operations: Vec<Value> = (0..provider::OPERATIONS_MAX)
        .map(|index| {
            let next = format!("bulkId:{}", (index + 1) % provider::OPERATIONS_MAX);
            let data =
                json!({ "schemas": [GROUP], "displayName": "g".repeat(700), "members": [{ "value": next, "type": "Group" }] });
            json!({ "method": "POST", "path": "/Groups", "bulkId": index.to_string(), "data": data })
        })
        .collect();
    let urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    let bytes = body(json!({ "schemas": [urn], "Operations": operations }));
    quickly("a bulk request in one circle", || {
        let request = Request { method: Method::Post, path: "/Bulk", query: None, body: &bytes };
        let Ok(ProviderRequest::Bulk(bulk)) = provider::plan(&provider, &request) else { panic!("it is a bulk request") };
        let mut run = BulkRun::new(bulk, "");
        let mut calls = 0;
        while let Some(next) = run.next_call() {
            calls += 1;
            let response = match provider::plan_operation(&provider, &next.call).expect("it is valid") {
                ProviderRequest::Create { kind, resource, projection } => {
                    let at = || "2020-01-01T00:00:00Z".to_owned();
                    let meta = Meta { id: format!("id{calls}"), created: at(), last_modified: at(), version: None };
                    provider::created(&provider, kind, provider::with_meta(&provider, kind, resource, &meta, ""), &projection)
                }
                ProviderRequest::Patch { .. } => provider::deleted(),
                other => panic!("{other:?} was not asked for"),
            };
            run.note(&next, &response);
        }
        // One of them is made without its member, and completed at the end.
        assert_eq!(calls, provider::OPERATIONS_MAX + 1);
        assert_eq!(run.finish(&provider).status, 200);
    });
}

#[test]
fn the_longest_query_strings_are_read_or_refused_quickly() {
    let provider = Provider::new(ProviderProfile::standard());
    let long = |start: &str, piece: &str| format!("{start}{}", piece.repeat((60_000 - start.len()) / piece.len()));
    let names = |parameter: &str| {
        let list: Vec<String> = (0..100).map(|index| format!("{TENANT_USER}:{}{index}", "n".repeat(500))).collect();
        format!("{parameter}={}", list.join(","))
    };
    for (query, is_read) in [
        (long("", "a=b&"), true),
        (long("", "attributes=userName&"), true),
        (long("", "filter=userName+pr&"), true),
        (long("", "sortBy=userName&"), true),
        (long("x=", "%C3%A9"), true),
        (long("attributes=", ","), true),
        (names("attributes"), true),
        (names("excludedAttributes"), true),
        (long("attributes=a", ",a"), false),
        (long("filter=", "("), false),
        (long("filter=userName+eq+%22", "a"), false),
        (long("sortBy=", "a."), false),
        (long("count=", "9"), false),
        (long("cursor=", "A"), true),
        (long("", "%"), false),
    ] {
        assert!((50_000..=60_000).contains(&query.len()));
        let request = Request { method: Method::Get, path: "/Users", query: Some(&query), body: b"" };
        quickly(&query[..30], || assert_eq!(provider::plan(&provider, &request).is_ok(), is_read, "{}", &query[..30]));
    }
}

#[test]
fn a_megabyte_of_a_foreign_list_is_read_quickly() {
    for item in ["{}", "{\"id\":12345678}", "{\"id\":\"1\",\"userName\":\"a\"}"] {
        let list = format!("{{\"totalResults\":1,\"Resources\":[{}]}}", vec![item; (MEGABYTE - 50) / (item.len() + 1)].join(","));
        let read: Value = Value::Object(parse_object_within(list.as_bytes(), usize::MAX).expect("it is an object"));
        quickly(item, || assert!(client::read_list(read.clone()).expect("it is a list").resources.len() > 10_000));
    }
    let words = json!({ "status": "error", "errors": vec![json!({ "code": 1 }); 50_000] });
    quickly("an error in many parts", || assert!(client::error_of(&words).is_some()));
}
