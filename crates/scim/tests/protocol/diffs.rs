//! The PATCH between two resources: carrying it out on the one makes it the other, and it is small.

use crate::object;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use provost_scim::schema::{Attribute, AttributeType, Mutability, Schema, TENANT_USER};
use provost_scim::validate::normalize;
use provost_scim::{Leniency, PatchRequest, Resource, Schemas, apply, diff, patch};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BADGES: &str = "urn:example:params:2.0:Badges";

/// Every kind of attribute, also those that the core schemas have none of.
fn schemas() -> Schemas {
    let attribute = |name: &str, kind| Attribute::new(name, kind, "");
    let many = |attribute| Attribute { multi_valued: true, ..attribute };
    let immutable = |attribute| Attribute { mutability: Mutability::Immutable, ..attribute };
    let doors = Attribute {
        sub_attributes: vec![
            attribute("value", AttributeType::String),
            immutable(attribute("floor", AttributeType::Integer)),
            many(attribute("hours", AttributeType::String)),
        ],
        ..many(attribute("doors", AttributeType::Complex))
    };
    let locker = Attribute {
        sub_attributes: vec![
            attribute("label", AttributeType::String),
            many(attribute("keys", AttributeType::String)),
            many(attribute("shelves", AttributeType::Integer)),
        ],
        ..attribute("locker", AttributeType::Complex)
    };
    let attributes = vec![
        many(attribute("colours", AttributeType::String)),
        many(attribute("levels", AttributeType::Integer)),
        attribute("height", AttributeType::Decimal),
        attribute("since", AttributeType::DateTime),
        doors,
        locker,
    ];
    let badges = Schema { id: BADGES.to_owned(), name: "Badges".to_owned(), description: String::new(), attributes, open: false };
    Schemas::user().with_extension(badges)
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-cA-C]{1,2}", Just("a\"b\\".to_owned()), Just("ä ]".to_owned()), Just("x".repeat(2100))]
}

fn text() -> impl Strategy<Value = Value> {
    word().prop_map(Value::from)
}

fn objects(parts: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    values
        .into_iter()
        .map(|value| option::weighted(0.6, value))
        .collect::<Vec<_>>()
        .prop_map(move |values| {
            let present = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Value::Object(present.collect())
        })
        .boxed()
}

fn list(parts: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    vec(objects(parts), 0..5).prop_map(Value::from).boxed()
}

/// At most one value is primary.
fn with_primary(list: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    (list, option::of(0..5_usize), any::<bool>())
        .prop_map(|(mut list, primary, says_false)| {
            for (index, item) in list.as_array_mut().into_iter().flatten().enumerate() {
                if primary == Some(index) || says_false {
                    item["primary"] = json!(primary == Some(index));
                }
            }
            list
        })
        .boxed()
}

/// Any JSON, as attributes that nobody declared may have.
fn anything() -> BoxedStrategy<Value> {
    let leaf =
        prop_oneof![text(), any::<bool>().prop_map(Value::from), (0..3).prop_map(Value::from), Just(json!(1.0)), Just(json!([]))];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec(("[ab]", inner), 0..3).prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
    .boxed()
}

fn user() -> impl Strategy<Value = Resource> {
    let kind = || prop_oneof![Just(json!("work")), Just(json!("home")), Just(json!("Work"))].boxed();
    let emails = || with_primary(list(vec![("value", text().boxed()), ("type", kind()), ("display", text().boxed())]));
    let addresses = with_primary(list(vec![("locality", text().boxed()), ("type", kind())]));
    let name = objects(vec![("givenName", text().boxed()), ("familyName", text().boxed())]);
    let manager = objects(vec![("value", text().boxed()), ("$ref", text().boxed())]);
    let enterprise = objects(vec![("department", text().boxed()), ("manager", manager)]);
    let texts = || vec(text(), 0..4).prop_map(Value::from).boxed();
    let numbers = || vec((0..3).prop_map(Value::from), 0..4).prop_map(Value::from).boxed();
    let doors = list(vec![("value", text().boxed()), ("floor", (0..2).prop_map(Value::from).boxed()), ("hours", texts())]);
    let locker = objects(vec![("label", text().boxed()), ("keys", texts()), ("shelves", numbers())]);
    let badges = objects(vec![
        ("colours", texts()),
        ("levels", numbers()),
        ("height", prop_oneof![Just(json!(1)), Just(json!(1.0)), Just(json!(2.5))].boxed()),
        ("since", prop_oneof![Just(json!("2020-01-01T00:00:00Z")), Just(json!("2020-01-01T01:00:00+01:00"))].boxed()),
        ("doors", doors),
        ("locker", locker),
    ]);
    let odd = objects(vec![
        ("plain", anything()),
        ("favourite colour", anything()),
        ("a.b", anything()),
        ("a:b", anything()),
        ("2.0", anything()),
    ]);
    let rest = objects(vec![
        ("title", text().boxed()),
        ("active", any::<bool>().prop_map(Value::from).boxed()),
        ("name", name),
        ("emails", emails()),
        ("phoneNumbers", emails()),
        ("addresses", addresses),
        ("externalId", text().boxed()),
        (ENTERPRISE, enterprise),
        (BADGES, badges),
        (TENANT_USER, odd),
    ]);
    (word(), rest).prop_map(|(name, rest)| {
        let mut user = object(json!({ "schemas": [USER], "userName": name }));
        user.extend(object(rest));
        user.insert("schemas".to_owned(), json!([USER, ENTERPRISE, BADGES, TENANT_USER]));
        normalize(&user, &schemas(), &Leniency::NONE).expect("what is generated is valid")
    })
}

/// Members in any order, each once.
fn group() -> impl Strategy<Value = Resource> {
    let member = (option::of(prop_oneof![Just("User"), Just("Group")]), option::weighted(0.2, Just("https://example.com/x")));
    (
        word(),
        proptest::collection::btree_map("[a-e]{1,2}", member, 0..8)
            .prop_map(|members| members.into_iter().collect::<Vec<_>>())
            .prop_shuffle(),
    )
        .prop_map(|(name, members)| {
            let members: Vec<Value> = members
                .into_iter()
                .map(|(value, (kind, reference))| json!({ "value": value, "type": kind, "$ref": reference }))
                .collect();
            let group = object(json!({ "schemas": [GROUP], "displayName": name, "members": members }));
            normalize(&group, &Schemas::group(), &Leniency::NONE).expect("what is generated is valid")
        })
}

/// Members are a set.
fn sorted(mut group: Resource) -> Resource {
    if let Some(members) = group.get_mut("members").and_then(Value::as_array_mut) {
        members.sort_by_key(|member| member["value"].to_string());
    }
    group
}

fn applied(before: &Resource, patch: &PatchRequest, schemas: &Schemas) -> Resource {
    let mut after = before.clone();
    let result = apply(&mut after, patch, schemas, &Leniency::NONE);
    assert!(result.is_ok(), "{result:?}: {patch:?}");
    after
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn carried_out_it_makes_one_user_the_other(before in user(), after in user()) {
        let schemas = schemas();
        let patch = diff(&before, &after, &schemas);
        prop_assert_eq!(applied(&before, &patch, &schemas), after.clone(), "{:?}", patch);
        prop_assert_eq!(patch.operations.is_empty(), before == after);
        prop_assert!(diff(&after, &after, &schemas).operations.is_empty());
        if !patch.operations.is_empty() {
            let body = serde_json::to_value(&patch).unwrap();
            prop_assert_eq!(patch::read(&body, &Leniency::NONE), Ok(patch));
        }
    }

    #[test]
    fn carried_out_it_makes_one_group_the_other(before in group(), after in group()) {
        let schemas = Schemas::group();
        let patch = diff(&before, &after, &schemas);
        prop_assert_eq!(sorted(applied(&before, &patch, &schemas)), sorted(after.clone()), "{:?}", patch);
        prop_assert_eq!(patch.operations.is_empty(), sorted(before.clone()) == sorted(after.clone()));
    }

    #[test]
    fn one_changed_value_of_a_list_is_one_short_operation(user in user(), at in 0..5_usize, display in "[d-f]{3}") {
        let mut after = user.clone();
        let Some(email) = after.get_mut("emails").and_then(|emails| emails.get_mut(at)) else { return Ok(()) };
        let short = email["value"].as_str().is_some_and(|value| value.len() < 100);
        email["display"] = json!(display);
        let patch = diff(&user, &after, &schemas());
        prop_assert_eq!(patch.operations.len(), 1);
        let path = patch.operations[0].path.clone().unwrap();
        let values: std::collections::BTreeSet<_> =
            after["emails"].as_array().unwrap().iter().map(|email| email["value"].to_string().to_lowercase()).collect();
        if short && values.len() == after["emails"].as_array().unwrap().len() && !values.contains("null") {
            prop_assert!(path.starts_with("emails[value eq ") && path.ends_with("].display"), "{}", path);
        }
    }
}

fn operations(before: Value, after: Value, schemas: &Schemas) -> Value {
    let (before, after) = (object(before), object(after));
    let patch = diff(&before, &after, schemas);
    assert_eq!(Value::Object(applied(&before, &patch, schemas)), Value::Object(after));
    serde_json::to_value(patch).expect("it can be written")["Operations"].take()
}

#[test]
fn each_kind_of_change_has_its_operation() {
    let schemas = schemas();
    let user = |rest: Value| {
        let mut user = object(json!({ "schemas": [USER], "userName": "ada" }));
        user.extend(object(rest));
        Value::Object(user)
    };
    let with = |urn: &str, rest: Value| user(json!({ "schemas": [USER, urn], urn: rest }));
    let set = |op: &str, path: &str, value: Value| json!({ "op": op, "path": path, "value": value });
    let department = format!("{ENTERPRISE}:department");
    let manager = format!("{ENTERPRISE}:manager.value");
    let cases = [
        (user(json!({})), user(json!({ "title": "T" })), json!([set("add", "title", json!("T"))])),
        (user(json!({ "title": "S" })), user(json!({ "title": "T" })), json!([set("replace", "title", json!("T"))])),
        (user(json!({ "title": "T" })), user(json!({})), json!([{ "op": "remove", "path": "title" }])),
        (
            user(json!({ "name": { "givenName": "A", "familyName": "K" } })),
            user(json!({ "name": { "givenName": "B", "middleName": "M" } })),
            json!([{ "op": "remove", "path": "name.familyName" }, set("replace", "name.givenName", json!("B")), set("add", "name.middleName", json!("M"))]),
        ),
        (user(json!({ "name": { "givenName": "A" } })), user(json!({})), json!([{ "op": "remove", "path": "name" }])),
        (user(json!({})), with(ENTERPRISE, json!({ "department": "R" })), json!([set("add", &department, json!("R"))])),
        (with(ENTERPRISE, json!({ "department": "R" })), user(json!({})), json!([{ "op": "remove", "path": department }])),
        (
            with(ENTERPRISE, json!({ "manager": { "value": "1" } })),
            with(ENTERPRISE, json!({ "manager": { "value": "2" } })),
            json!([set("replace", &manager, json!("2"))]),
        ),
        // Another primary value: the old one gives way first.
        (
            user(json!({ "emails": [{ "value": "a" }, { "value": "b", "primary": true }] })),
            user(json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b" }] })),
            json!([{ "op": "remove", "path": "emails[value eq \"b\"].primary" }, set("add", "emails[value eq \"a\"].primary", json!(true))]),
        ),
        // The same address twice: a filter would mean both.
        (
            user(json!({ "emails": [{ "value": "a", "type": "work" }, { "value": "A", "type": "home" }] })),
            user(json!({ "emails": [{ "value": "a", "type": "work" }] })),
            json!([set("replace", "emails", json!([{ "value": "a", "type": "work" }]))]),
        ),
        // Nothing stays.
        (
            user(json!({ "emails": [{ "value": "a" }] })),
            user(json!({ "emails": [{ "value": "b" }] })),
            json!([set("replace", "emails", json!([{ "value": "b" }]))]),
        ),
        (
            user(json!({ "emails": [{ "value": "a" }, { "value": "b" }] })),
            user(json!({ "emails": [{ "value": "b" }, { "value": "a" }] })),
            json!([set("replace", "emails", json!([{ "value": "b" }, { "value": "a" }]))]),
        ),
        (
            with(BADGES, json!({ "colours": ["red"] })),
            with(BADGES, json!({ "colours": ["red", "blue"] })),
            json!([set("add", &format!("{BADGES}:colours"), json!(["blue"]))]),
        ),
        // What is immutable about a value makes it another value.
        (
            with(BADGES, json!({ "doors": [{ "value": "x" }, { "value": "y", "floor": 1 }] })),
            with(BADGES, json!({ "doors": [{ "value": "x" }, { "value": "y", "floor": 2 }] })),
            json!([
                { "op": "remove", "path": format!("{BADGES}:doors[value eq \"y\"]") },
                set("add", &format!("{BADGES}:doors"), json!([{ "value": "y", "floor": 2 }]))
            ]),
        ),
        (
            with(TENANT_USER, json!({ "favourite colour": "red" })),
            with(TENANT_USER, json!({ "favourite colour": "blue" })),
            json!([{ "op": "replace", "value": { TENANT_USER: { "favourite colour": "blue" } } }]),
        ),
    ];
    for (before, after, expected) in cases {
        assert_eq!(operations(before, after, &schemas), expected);
    }
}

/// An add would take two spellings of one text for one.
#[test]
fn a_list_of_values_that_cannot_be_told_apart_comes_as_a_whole() {
    let with = |badges: Value| json!({ "schemas": [USER, BADGES], "userName": "ada", BADGES: badges });
    for (before, after, path) in [
        (json!({ "height": 1 }), json!({ "height": 1, "colours": ["a", "A"] }), "colours"),
        (json!({ "locker": { "label": "L" } }), json!({ "locker": { "label": "L", "keys": ["a", "A"] } }), "locker.keys"),
    ] {
        let expected = json!([{ "op": "replace", "path": format!("{BADGES}:{path}"), "value": ["a", "A"] }]);
        assert_eq!(operations(with(before), with(after), &schemas()), expected);
    }
}

#[test]
fn what_is_the_providers_is_passed_over() {
    let before =
        json!({ "schemas": [USER], "id": "1", "userName": "a", "groups": [{ "value": "9" }], "meta": { "version": "1" } });
    let after = json!({ "schemas": [USER, ENTERPRISE], "id": "2", "userName": "a", "meta": { "version": "2" }, "shoe": 1,
        ENTERPRISE: { "manager": { "displayName": "Somebody" } } });
    assert!(diff(&object(before), &object(after), &Schemas::user()).operations.is_empty());

    let group = |display: &str| object(json!({ "displayName": "G", "members": [{ "value": "1", "display": display }] }));
    assert!(diff(&group("One"), &group("Eins"), &Schemas::group()).operations.is_empty());
}

fn large(ids: impl Iterator<Item = usize>) -> Resource {
    let members: Vec<Value> = ids.map(|id| json!({ "value": format!("{id:08}"), "type": "User" })).collect();
    object(json!({ "schemas": [GROUP], "displayName": "All", "members": members }))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test measures how long it takes")]
fn one_change_among_ten_thousand_members_is_one_small_operation() {
    let schemas = Schemas::group();
    let before = large(0..10_000);
    let (fewer, more) = (large((0..10_000).filter(|id| *id != 5_000)), large(0..10_001));
    let reversed = large((0..10_000).rev());
    let started = Instant::now();
    let removal = diff(&before, &fewer, &schemas);
    let addition = diff(&before, &more, &schemas);
    assert!(diff(&before, &reversed, &schemas).operations.is_empty());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    for (patch, after) in [(removal, fewer), (addition, more)] {
        assert_eq!(patch.operations.len(), 1);
        assert!(serde_json::to_string(&patch).unwrap().len() < 200, "{patch:?}");
        assert_eq!(applied(&before, &patch, &schemas), after);
    }
}

#[test]
fn many_removals_share_operations_and_stay_within_the_limits() {
    let schemas = Schemas::group();
    let before = large(0..2_000);
    for (left, operations) in [(1_900, 100), (1_000, 20), (4, 1)] {
        let after = large(0..left);
        let patch = diff(&before, &after, &schemas);
        assert!(patch.operations.len().abs_diff(operations) <= 5, "{} operations to leave {left}", patch.operations.len());
        assert!(patch.operations.len() <= patch::OPERATIONS_MAX);
        assert_eq!(applied(&before, &patch, &schemas), after);
    }
}
