//! PATCH requests that nobody means well with: many operations on many values. What they cost is bounded.

use crate::hostile::quickly;
use crate::object;
use provost_scim::patch::{self, COMPARISONS_MAX, OPERATIONS_MAX};
use provost_scim::provider::{Provider, ProviderProfile, ResourceKind, patched};
use provost_scim::validate::{PLAIN_VALUES_MAX, VALUES_MAX, normalize};
use provost_scim::{Leniency, Resource, Schemas, ScimType, apply};
use serde_json::{Value, json};

#[test]
fn requests_of_many_operations_end_quickly() {
    let emails: Vec<Value> = (0..20).map(|index| json!({ "value": index.to_string() })).collect();
    let user = object(json!({ "userName": "a", "emails": emails }));
    let operations = |operation: fn(usize) -> Value| -> Vec<Value> { (0..OPERATIONS_MAX).map(operation).collect() };
    for operations in [
        operations(|index| json!({ "op": "replace", "path": "title", "value": index.to_string() })),
        operations(
            |index| json!({ "op": "add", "path": "emails", "value": [{ "value": format!("new{}", index % 980), "primary": true }] }),
        ),
        operations(
            |index| json!({ "op": "replace", "path": format!("emails[value eq \"{}\"].display", index % 20), "value": "x" }),
        ),
        operations(
            |index| json!({ "op": "add", "path": format!("urn:ietf:params:scim:schemas:extension:tenant:2.0:User:a{index}"), "value": 1 }),
        ),
    ] {
        let body = json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": operations });
        quickly(&body["Operations"][0].to_string(), || {
            let request = patch::read(&body, &Leniency::NONE).expect("there are not too many");
            assert_eq!(apply(&mut user.clone(), &request, &Schemas::user(), &Leniency::NONE), Ok(true));
        });
    }
}

/// A user as large as can be, and as many operations as look at each of its values.
#[test]
fn operations_that_look_at_many_values_are_counted() {
    let long = "É".repeat(25);
    let user = |name: &str| {
        let emails: Vec<Value> = (0..PLAIN_VALUES_MAX).map(|index| json!({ "value": format!("{name}@{index}") })).collect();
        object(json!({ "userName": "a", "emails": emails }))
    };
    let (plain, short, long_user) = (user("e"), user("é"), user(&long));
    let patched = |user: &Resource, count: usize, path: &str| {
        let operation = |index: usize| json!({ "op": "replace", "path": path, "value": index.to_string() });
        let body = json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": (0..count).map(operation).collect::<Vec<_>>() });
        let request = patch::read(&body, &Leniency::NONE).expect("there are not too many");
        let mut patched = user.clone();
        let result = apply(&mut patched, &request, &Schemas::user(), &Leniency::NONE);
        assert!(result.is_ok() || patched == *user);
        result
    };
    let one = |operator: &str, name: &str| format!("emails[value {operator} \"{name}@7\"].display");
    // What a value counts for grows with its text, and more so outside ASCII.
    let most = COMPARISONS_MAX / PLAIN_VALUES_MAX;
    for (user, count, name) in [(&plain, most, "e"), (&short, most / 7, "é"), (&long_user, most / 31, long.as_str())] {
        for (path, count) in [(one("eq", name), count), (one("co", name), count / 3)] {
            quickly(&path, || assert_eq!(patched(user, count, &path), Ok(true)));
        }
    }
    let many = format!("emails[{}].display", vec!["value co \"É\""; 50].join(" and "));
    for (user, count, path) in [
        (&plain, most + 1, one("eq", "e")),
        (&short, most / 6 + 1, one("eq", "é")),
        (&long_user, most / 30 + 1, one("eq", &long)),
        (&plain, most / 3 + 1, one("co", "e")),
        (&short, 2, many.clone()),
        (&long_user, OPERATIONS_MAX, many),
    ] {
        quickly(&path, || {
            let error = patched(user, count, &path).unwrap_err();
            let expected = "emails: the operations would look at more than 200000 values; send fewer in one request.";
            assert_eq!((error.scim_type, error.detail.as_str()), (Some(ScimType::InvalidSyntax), expected));
        });
    }
}

/// A group whose members are kept in it can be changed, however many they are, but not time and again in one request.
#[test]
fn the_largest_list_is_looked_at_once() {
    let members: Vec<Value> = (0..VALUES_MAX).map(|index| json!({ "value": index.to_string() })).collect();
    let group = object(json!({ "displayName": "G", "members": members }));
    let provider = Provider::new(ProviderProfile::standard());
    let without = |paths: &[&str]| {
        let operations: Vec<Value> = paths.iter().map(|path| json!({ "op": "remove", "path": path })).collect();
        let request =
            patch::read(&json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": operations }), &Leniency::NONE).unwrap();
        patched(&provider, ResourceKind::Group, &group, &request).map(|patched| patched.changed)
    };
    let [first, second] = ["members[value eq \"7\"]", "members[value eq \"8\" or value eq \"9\"]"];
    quickly(first, || assert_eq!(without(&[first, second]), Ok(true)));
    let [first, second] = ["members[value co \"7\"]", "members[value co \"8\"]"];
    quickly(first, || assert_eq!(without(&[first]), Ok(true)));
    quickly(second, || assert_eq!(without(&[first, second]).unwrap_err().scim_type, Some(ScimType::InvalidSyntax)));
}

#[test]
fn an_attribute_has_as_many_values_as_the_limits_say() {
    let emails = |count: usize| (0..count).map(|index| json!({ "value": index.to_string() })).collect::<Vec<_>>();
    let user = |count: usize| object(json!({ "userName": "a", "emails": emails(count) }));
    let normal = |count: usize| normalize(&user(count), &Schemas::user(), &Leniency::ALL);
    assert!(normal(PLAIN_VALUES_MAX).is_ok());
    assert!(normal(PLAIN_VALUES_MAX + 1).unwrap_err().detail.contains("emails has 1001 values"));
    let body = json!({ "Operations": [{ "op": "add", "path": "emails", "value": [{ "value": "one more" }] }] });
    let request = patch::read(&body, &Leniency::ALL).unwrap();
    let error = apply(&mut user(PLAIN_VALUES_MAX), &request, &Schemas::user(), &Leniency::ALL).unwrap_err();
    assert_eq!(error.detail, "emails would have more than 1000 values.");
    let open = |count: usize| object(json!({ "userName": "a", provost_scim::schema::TENANT_USER: { "list": vec![1; count] } }));
    assert!(normalize(&open(PLAIN_VALUES_MAX), &Schemas::user(), &Leniency::ALL).is_ok());
    assert!(normalize(&open(PLAIN_VALUES_MAX + 1), &Schemas::user(), &Leniency::ALL).unwrap_err().detail.contains("1001 values"));
}

#[test]
fn members_added_one_by_one_are_added_at_once() {
    let members = |ids: std::ops::Range<usize>| -> Vec<Value> { ids.map(|id| json!({ "value": id.to_string() })).collect() };
    let group = object(json!({ "displayName": "G", "members": members(0..5_000) }));
    let operations: Vec<Value> =
        members(4_500..5_500).into_iter().map(|member| json!({ "op": "add", "path": "members", "value": [member] })).collect();
    let request = patch::read(&json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": operations }), &Leniency::NONE).unwrap();
    quickly("adding members one by one", || {
        let mut patched = group.clone();
        assert_eq!(apply(&mut patched, &request, &Schemas::group(), &Leniency::NONE), Ok(true));
        assert_eq!(patched["members"], Value::Array(members(0..5_500)));
    });
}
