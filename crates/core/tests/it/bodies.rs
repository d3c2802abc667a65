//! Bodies: from a user's attributes to the account's body, the part of a remote resource that is ours, and the smallest
//! PATCH between two bodies.

use crate::kit::{apply_patch, connection, object, row, user};
use proptest::prelude::*;
use provost_core::app::{AttributeMapping, MappingFailure, Profile, desired_body, profile};
use provost_core::provisioning::{diff, managed_part, matching_value};
use provost_scim::PatchOp;
use serde_json::{Map, Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn netskope() -> &'static Profile {
    profile("netskope").expect("the catalogue has it")
}

#[test]
fn the_catalogues_mapping_makes_the_body_that_the_guide_shows() {
    let connection = connection("netskope");
    let body = desired_body(&user(7, "ada@example.com"), &connection.config.mapping, netskope());
    let expected = json!({
        "userName": "ada@example.com",
        "emails": [{ "value": "ada@example.com", "primary": true, "type": "work" }],
        "name": { "givenName": "Ada", "familyName": "Number7" },
        "displayName": "Ada Number7",
        "externalId": "7",
        "title": "Engineer",
    });
    assert_eq!(body, Ok(object(expected)));
}

#[test]
fn empty_values_are_left_out_and_a_mandatory_one_is_a_failure() {
    let mut user = user(7, "ada@example.com");
    user.attributes = object(json!({ "organizations": [{ "title": "" }] }));
    let mapping = [row("userName", "user.primary_email"), row("title", "user.organizations.title")];
    let body = desired_body(&user, &mapping, netskope());
    assert_eq!(body, Ok(object(json!({ "userName": "ada@example.com" }))));
    let mapping = [row("userName", "user.organizations.title")];
    let missing = MappingFailure::MandatoryMissing {
        target: "userName".to_owned(),
        source_attribute: "user.organizations.title".to_owned(),
    };
    assert_eq!(desired_body(&user, &mapping, netskope()), Err(missing));
}

#[test]
fn a_list_element_of_constants_alone_is_left_out() {
    let mapping = [
        row("userName", "user.primary_email"),
        row("phoneNumbers.value", "user.phones.work"),
        row("phoneNumbers.type", "'work'"),
    ];
    let mut user = user(7, "ada@example.com");
    let without = desired_body(&user, &mapping, netskope()).expect("it maps");
    assert_eq!(without.get("phoneNumbers"), None);
    user.attributes = object(json!({ "phones": [{ "type": "work", "value": "+1" }] }));
    let with = desired_body(&user, &mapping, netskope()).expect("it maps");
    assert_eq!(with["phoneNumbers"], json!([{ "value": "+1", "type": "work" }]));
}

#[test]
fn an_extension_is_an_object_under_its_urn() {
    let department = format!("{ENTERPRISE}:department");
    let mut user = user(7, "ada@example.com");
    user.attributes = object(json!({ "organizations": [{ "department": "R&D" }] }));
    let body = desired_body(&user, &[row(&department, "user.organizations.department")], netskope()).expect("it maps");
    assert_eq!(body, object(json!({ ENTERPRISE: { "department": "R&D" } })));
}

#[test]
fn a_value_and_an_object_under_one_name_are_a_failure_not_a_panic() {
    for targets in [["name", "name.givenName"], ["name.givenName", "name"]] {
        let mapping: Vec<AttributeMapping> = targets.iter().map(|target| row(target, "user.name.given_name")).collect();
        let body = desired_body(&user(7, "ada@example.com"), &mapping, netskope());
        assert_eq!(body, Err(MappingFailure::Shape(targets[1].to_owned())));
    }
}

#[test]
fn the_managed_part_is_what_the_mapping_names_and_nothing_else() {
    let remote = json!({
        "id": "r1", "meta": { "version": "3" }, "USERNAME": "ada@example.com", "nickName": "Ada", "active": "True",
        "emails": [
            { "value": "home@example.org", "type": "home", "primary": true },
            { "value": "ada@example.com", "type": "work", "primary": "false" },
        ],
        "name": { "givenName": "Ada", "formatted": "Ada L." }, "title": null,
    });
    let expected = json!({
        "userName": "ada@example.com",
        "emails": [{ "value": "ada@example.com", "primary": false, "type": "work" }],
        "name": { "givenName": "Ada" },
        "active": true,
    });
    assert_eq!(managed_part(&object(remote), &connection("netskope")), object(expected));
    // RFC 7643 section 4.1.1: without `active`, an account is taken to be active.
    assert_eq!(managed_part(&Map::new(), &connection("netskope")), object(json!({ "active": true })));
}

#[test]
fn the_matching_value_is_read_from_values_objects_and_lists() {
    let matching = |attribute: &str, body: Value| {
        let mut profile = netskope().clone();
        attribute.clone_into(&mut profile.matching);
        matching_value(&object(body), &profile)
    };
    assert_eq!(matching("userName", json!({ "userName": "a" })).as_deref(), Some("a"));
    assert_eq!(matching("name.formatted", json!({ "name": { "formatted": "a" } })).as_deref(), Some("a"));
    assert_eq!(matching("emails.value", json!({ "emails": [{ "value": "a" }] })).as_deref(), Some("a"));
    assert_eq!(matching("userName", json!({})), None);
}

#[test]
fn the_smallest_patch() {
    let before = object(json!({
        "userName": "a", "title": "x", "nickName": "n", "active": true, "name": { "givenName": "A", "familyName": "B" },
        "emails": [{ "value": "a" }], ENTERPRISE: { "department": "d", "costCenter": "c" },
    }));
    let after = object(json!({
        "userName": "a", "title": "y", "active": true, "name": { "givenName": "A", "familyName": "C" },
        "emails": [{ "value": "b" }], ENTERPRISE: { "department": "d" },
    }));
    let patch = diff(&before, &after, netskope()).expect("they differ");
    let said: Vec<(PatchOp, &str)> =
        patch.operations.iter().map(|operation| (operation.op, operation.path.as_deref().expect("ours have one"))).collect();
    let cost_center = format!("{ENTERPRISE}:costCenter");
    let expected = [
        (PatchOp::Replace, "title"),
        (PatchOp::Replace, "name.familyName"),
        (PatchOp::Replace, "emails"),
        (PatchOp::Remove, cost_center.as_str()),
        (PatchOp::Remove, "nickName"),
    ];
    assert_eq!(said, expected);
    assert_eq!(diff(&after, &after, netskope()), None);
}

#[test]
fn truth_values_go_out_as_text_where_the_app_asks_for_it() {
    let mut texts = netskope().clone();
    texts.boolean_strings = true;
    let after = object(json!({ "active": true, "emails": [{ "primary": false }] }));
    let patch = diff(&Map::new(), &after, &texts).expect("they differ");
    let values: Vec<&Value> = patch.operations.iter().filter_map(|operation| operation.value.as_ref()).collect();
    assert_eq!(values, [&json!("true"), &json!([{ "primary": "false" }])]);
}

fn body() -> impl Strategy<Value = Map<String, Value>> {
    let text = || prop::option::weighted(0.6, "[ab]");
    (text(), text(), text(), text(), text(), prop::option::of(any::<bool>())).prop_map(
        |(title, given, family, email, unit, active)| {
            let mut body = Map::new();
            let mut put = |name: &str, value: Option<Value>| value.map(|value| body.insert(name.to_owned(), value));
            put("title", title.map(Value::from));
            put("active", active.map(Value::from));
            put("emails", email.map(|email| json!([{ "value": email }])));
            put(ENTERPRISE, unit.map(|unit| json!({ "department": unit })));
            let mut name = Map::new();
            given.map(|given| name.insert("givenName".to_owned(), given.into()));
            family.map(|family| name.insert("familyName".to_owned(), family.into()));
            put("name", (!name.is_empty()).then_some(Value::Object(name)));
            body
        },
    )
}

proptest! {
    #[test]
    fn applying_the_difference_gives_the_desired_body(before in body(), after in body()) {
        let mut applied = before.clone();
        if let Some(patch) = diff(&before, &after, netskope()) {
            prop_assert_ne!(&before, &after);
            apply_patch(&mut applied, &patch);
        }
        prop_assert_eq!(applied, after);
    }
}
