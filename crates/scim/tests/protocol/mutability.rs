//! The parts of complex attributes by their mutability (RFC 7643 section 7): what was set once stays, what is the provider's stays,
//! and what is write-only is checked, not kept, and never told of.

use crate::object;
use provost_scim::filter::check;
use provost_scim::validate::{normalize, replace};
use provost_scim::{
    Filter, Leniency, PatchOp, PatchOperation, PatchRequest, Resource, Schema, Schemas, ScimError, ScimType, apply,
};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const SAFE: &str = "urn:example:params:2.0:Safe";

fn schemas() -> Schemas {
    let parts = json!([
        { "name": "label", "type": "string" },
        { "name": "serial", "type": "string", "mutability": "immutable" },
        { "name": "maker", "type": "string", "mutability": "readOnly" },
        { "name": "secret", "type": "string", "mutability": "writeOnly" }
    ]);
    let mut of_list = parts.as_array().cloned().expect("a list");
    of_list.push(json!({ "name": "value", "type": "string" }));
    let badge = json!([
        { "name": "number", "type": "string" },
        { "name": "holder", "type": "string", "mutability": "readOnly" }
    ]);
    let definition = json!({ "id": SAFE, "attributes": [
        { "name": "vault", "type": "complex", "subAttributes": parts },
        { "name": "vaults", "type": "complex", "multiValued": true, "subAttributes": of_list },
        { "name": "badge", "type": "complex", "mutability": "immutable", "subAttributes": badge }
    ] });
    Schemas::user().with_extension(Schema::parse(&object(definition)).expect("a schema"))
}

fn user(safe: Value) -> Resource {
    let mut user = object(json!({ "schemas": [USER, SAFE], "userName": "a" }));
    user.insert(SAFE.to_owned(), safe);
    user
}

/// The extension after a PUT.
fn put(stored: Value, sent: Value) -> Result<Value, ScimError> {
    replace(&user(stored), &user(sent), &schemas(), &Leniency::NONE).map(|after| after.get(SAFE).cloned().unwrap_or_default())
}

/// The extension after a PATCH of one operation.
fn patched(stored: Value, op: PatchOp, path: &str, value: Value) -> Result<Value, ScimError> {
    let mut after = user(stored);
    let operation = PatchOperation { op, path: Some(format!("{SAFE}:{path}")), value: Some(value) };
    apply(&mut after, &PatchRequest { operations: vec![operation] }, &schemas(), &Leniency::NONE)?;
    Ok(after.get(SAFE).cloned().unwrap_or_default())
}

fn assert_fixed(result: Result<Value, ScimError>, says: &str) {
    let error = result.expect_err(says);
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::Mutability)), "{}", error.detail);
    assert!(error.detail.contains(says), "{}", error.detail);
}

/// RFC 7644 section 3.5.1: "If one or more values are already set for the attribute, the input value(s) MUST match".
#[test]
fn a_part_that_was_set_once_stays_under_a_put() {
    let stored = || json!({ "vault": { "label": "l", "serial": "1", "maker": "M" } });
    assert_fixed(put(stored(), json!({ "vault": { "label": "l", "serial": "2" } })), "Safe:vault.serial cannot be changed");
    assert_eq!(
        put(stored(), json!({ "vault": { "label": "x" } })),
        Ok(json!({ "vault": { "label": "x", "serial": "1", "maker": "M" } }))
    );
    assert_eq!(put(stored(), json!({ "vault": { "label": "l", "serial": "1" } })), Ok(stored()));
    // The attribute itself is readWrite.
    assert_eq!(put(stored(), json!({})), Ok(Value::Null));
    assert_eq!(
        put(json!({ "vault": { "label": "l" } }), json!({ "vault": { "serial": "2" } })),
        Ok(json!({ "vault": { "serial": "2" } }))
    );
    // An immutable attribute with a part that is the provider's comes back without that part.
    let badge = || json!({ "badge": { "number": "7", "holder": "Ada" } });
    assert_eq!(put(badge(), json!({ "badge": { "number": "7" } })), Ok(badge()));
    assert_fixed(put(badge(), json!({ "badge": { "number": "8" } })), "Safe:badge cannot be changed");
}

#[test]
fn a_part_of_a_value_in_a_list_that_was_set_once_stays() {
    let stored = || json!({ "vaults": [{ "value": "v", "serial": "9", "maker": "M" }, { "value": "w", "label": "l" }] });
    let vaults = |first: Value| json!([first, { "value": "w", "label": "l" }]);
    let other = || vaults(json!({ "value": "v", "serial": "8" }));
    let says = "Safe:vaults.serial cannot be changed";
    assert_fixed(put(stored(), json!({ "vaults": other() })), says);
    assert_fixed(patched(stored(), PatchOp::Replace, "vaults", other()), says);
    assert_fixed(patched(stored(), PatchOp::Add, "vaults", json!([{ "value": "v", "serial": "8" }])), says);
    assert_fixed(patched(stored(), PatchOp::Replace, "vaults[value eq \"v\"]", json!({ "value": "v", "serial": "8" })), says);
    assert_fixed(patched(stored(), PatchOp::Add, "vaults[value eq \"v\"]", json!({ "serial": "8" })), says);
    for same in [json!({ "value": "v", "serial": "9" }), json!({ "value": "v" })] {
        assert_eq!(put(stored(), json!({ "vaults": vaults(same.clone()) })), Ok(stored()));
        assert_eq!(patched(stored(), PatchOp::Replace, "vaults", vaults(same)), Ok(stored()));
    }
    // What is another value has nothing to keep.
    assert_eq!(
        put(stored(), json!({ "vaults": [{ "value": "x", "serial": "8" }] })),
        Ok(json!({ "vaults": [{ "value": "x", "serial": "8" }] }))
    );
    // The same value twice, shown and sent back.
    let twice = || json!({ "vaults": [{ "value": "v", "serial": "8" }, { "value": "v", "serial": "9" }] });
    assert_eq!(put(twice(), twice()), Ok(twice()));
}

/// RFC 7644 section 3.5.2.3: "all matching record values SHALL be replaced", but for what cannot be.
#[test]
fn a_value_that_is_replaced_by_a_path_keeps_what_was_set_once() {
    let stored = || json!({ "vaults": [{ "value": "v", "serial": "9", "maker": "M", "label": "l" }] });
    assert_eq!(
        patched(stored(), PatchOp::Replace, "vaults[value eq \"v\"]", json!({ "label": "x" })),
        Ok(json!({ "vaults": [{ "label": "x", "serial": "9" }] }))
    );

    let group = json!({ "schemas": [GROUP], "id": "9", "displayName": "G", "members": [
        { "value": "1", "type": "User", "$ref": "https://example.com/Users/1", "display": "One" }, { "value": "2", "type": "User" }
    ]});
    let patched = |path: &str, value: Value| {
        let mut after = object(group.clone());
        let operation = PatchOperation { op: PatchOp::Replace, path: Some(path.to_owned()), value: Some(value) };
        apply(&mut after, &PatchRequest { operations: vec![operation] }, &Schemas::group(), &Leniency::NONE)?;
        Ok(Value::Object(after))
    };
    for value in [json!({ "type": "User" }), json!({ "$ref": "../Users/1" }), json!({ "value": "1", "type": "user" })] {
        assert_eq!(patched("members[value eq \"1\"]", value.clone()), Ok(group.clone()), "{value}");
    }
    assert_fixed(patched("members[value eq \"1\"]", json!({ "value": "2" })), "members.value cannot be changed");
    assert_fixed(patched("members[value eq \"1\"]", json!({ "type": "Group" })), "members.type cannot be changed");
    assert_fixed(patched("members", json!([{ "value": "1", "type": "Group" }])), "members.type cannot be changed");
}

/// RFC 7644 section 3.5.2: "a client MUST NOT modify an attribute that has mutability "readOnly" or "immutable"". To repeat what is
/// there modifies nothing.
#[test]
fn what_is_the_providers_is_refused_in_a_patch_without_a_path_unless_it_is_repeated() {
    let definition = json!({ "id": "urn:x:2.0:Seen", "attributes": [
        { "name": "seen", "type": "dateTime", "mutability": "readOnly" }, { "name": "note" }
    ] });
    let schemas = Schemas::user().with_extension(Schema::parse(&object(definition)).unwrap());
    let stored = object(json!({ "schemas": [USER, "urn:x:2.0:Seen"], "id": "1", "userName": "a",
        "groups": [{ "value": "7", "$ref": "../Groups/7", "display": "G" }],
        "meta": { "resourceType": "User", "created": "2010-01-23T04:56:22Z", "version": "W/\"1\"" },
        "urn:x:2.0:Seen": { "seen": "2020-01-01T00:00:00Z" } }));
    let sent = |value: Value, leniency: &Leniency| {
        let mut after = stored.clone();
        let operation = PatchOperation { op: PatchOp::Replace, path: None, value: Some(value) };
        apply(&mut after, &PatchRequest { operations: vec![operation] }, &schemas, leniency)
    };
    for (value, name) in [
        (json!({ "id": "q" }), "id"),
        (json!({ "ID": null }), "id"),
        (json!({ "groups": [{ "value": "zzz" }] }), "groups"),
        (json!({ "groups": [] }), "groups"),
        (json!({ "groups": "7" }), "groups"),
        (json!({ "groups": [{ "value": "7" }, { "value": "8" }] }), "groups"),
        (json!({ "title": "T", "meta": { "created": "2001-01-01T00:00:00Z" } }), "meta"),
        (json!({ "urn:x:2.0:Seen": { "seen": "2021-01-01T00:00:00Z" } }), "urn:x:2.0:Seen:seen"),
    ] {
        let error = sent(value.clone(), &Leniency::NONE).expect_err(name);
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::Mutability)), "{value}");
        assert_eq!(error.detail, format!("{name} is read-only."));
        assert!(sent(value, &Leniency { read_only_passed_over: true, ..Leniency::NONE }).is_ok());
    }
    assert_eq!(sent(Value::Object(stored.clone()), &Leniency::NONE), Ok(false));
    for value in [
        json!({ "id": "1", "GROUPS": [{ "value": "7" }], "meta": { "Version": "W/\"1\"" } }),
        json!({ "urn:x:2.0:Seen": { "seen": "2020-01-01T00:00:00Z" }, "meta": { "created": "2010-01-23T04:56:22Z", "location": null } }),
    ] {
        assert_eq!(sent(value, &Leniency::NONE), Ok(false));
    }
}

/// A PATCH may name the schemas that a POST may name.
#[test]
fn a_patch_names_known_schemas_only() {
    let sent = |path: Option<&str>, value: Value, leniency: &Leniency| {
        let mut after = user(json!({ "vault": { "label": "l" } }));
        let operation = PatchOperation { op: PatchOp::Add, path: path.map(str::to_owned), value: Some(value) };
        apply(&mut after, &PatchRequest { operations: vec![operation] }, &schemas(), leniency)
            .map_err(|error| (error.scim_type, error.detail))
    };
    let unknown = || Err((Some(ScimType::InvalidValue), "schemas: \"urn:foo\" is not a schema of User.".to_owned()));
    let old = "urn:scim:schemas:core:1.0";
    assert_eq!(sent(None, json!({ "schemas": [USER, "urn:foo"] }), &Leniency::NONE), unknown());
    assert_eq!(sent(Some("schemas"), json!(["urn:foo"]), &Leniency::NONE), unknown());
    assert!(sent(Some("schemas"), json!([old]), &Leniency::NONE).is_err());
    assert_eq!(sent(Some("schemas"), json!([old]), &Leniency { scim_1_schemas: true, ..Leniency::NONE }), Ok(false));
    assert_eq!(sent(Some("schemas"), json!(["urn:foo"]), &Leniency { unknown_passed_over: true, ..Leniency::NONE }), Ok(false));
    let enterprise = provost_scim::schema::ENTERPRISE_USER.to_uppercase();
    assert_eq!(sent(None, json!({ "schemas": [USER, SAFE, enterprise] }), &Leniency::NONE), Ok(false));
}

/// RFC 7643 section 7: a writeOnly value "SHALL NOT be returned", and this crate's resources may be shown.
#[test]
fn write_only_parts_are_checked_and_not_kept() {
    let accepted = |safe: Value| normalize(&user(safe), &schemas(), &Leniency::NONE);
    let sent =
        json!({ "vault": { "label": "l", "secret": "S" }, "vaults": [{ "secret": "S" }, { "value": "v", "secret": "S" }] });
    let kept = json!({ "vault": { "label": "l" }, "vaults": [{ "value": "v" }] });
    assert_eq!(accepted(sent).unwrap()[SAFE], kept);
    assert_eq!(accepted(json!({ "vault": { "secret": "S" } })).unwrap().get(SAFE), None);
    assert!(accepted(json!({ "vault": { "secret": 5 } })).unwrap_err().detail.contains("vault.secret is a string"));

    for (path, value) in [
        ("vault.secret", json!("S")),
        ("vault", json!({ "secret": "S" })),
        ("vaults[value eq \"v\"].secret", json!("S")),
        ("vaults.secret", json!("S")),
        ("vaults[value eq \"v\"]", json!({ "value": "v", "secret": "S" })),
        ("vaults", json!([{ "value": "v", "secret": "S" }])),
    ] {
        for op in [PatchOp::Add, PatchOp::Replace] {
            assert_eq!(patched(kept.clone(), op, path, value.clone()), Ok(kept.clone()), "{} {path}", op.word());
        }
    }
    assert_eq!(patched(json!({}), PatchOp::Add, "vault.secret", json!("S")), Ok(Value::Null));
    assert_eq!(patched(json!({}), PatchOp::Add, "vaults.secret", json!("S")), Ok(Value::Null));
}

#[test]
fn required_write_only_values_are_asked_for_wherever_they_are() {
    let of = |required: [bool; 2]| {
        let definition = json!({ "id": SAFE, "attributes": [
            { "name": "pin", "type": "string", "mutability": "writeOnly", "required": required[0] },
            { "name": "vault", "type": "complex", "subAttributes": [
                { "name": "label", "type": "string" },
                { "name": "secret", "type": "string", "mutability": "writeOnly", "required": required[1] }
            ] }
        ] });
        Schemas::user().with_extension(Schema::parse(&object(definition)).unwrap())
    };
    let says = |required: [bool; 2], safe: Value| {
        normalize(&user(safe), &of(required), &Leniency::NONE).map(|kept| kept.get(SAFE).cloned()).map_err(|error| error.detail)
    };
    assert_eq!(says([true, false], json!({ "vault": { "label": "l" } })), Err(format!("{SAFE}:pin is required.")));
    assert_eq!(says([true, false], json!({ "pin": " " })), Err(format!("{SAFE}:pin is required.")));
    assert_eq!(says([true, false], json!({ "pin": "1" })), Ok(None));
    assert_eq!(says([false, true], json!({ "vault": { "label": "l" } })), Err(format!("{SAFE}:vault.secret is required.")));
    assert_eq!(
        says([false, true], json!({ "vault": { "label": "l", "secret": "S" } })),
        Ok(Some(json!({ "vault": { "label": "l" } })))
    );
    // A PATCH cannot know what was set before.
    let schemas = of([true, true]);
    let mut stored = user(json!({ "vault": { "label": "l" } }));
    let operation = PatchOperation { op: PatchOp::Replace, path: Some(format!("{SAFE}:vault.label")), value: Some(json!("x")) };
    assert_eq!(apply(&mut stored, &PatchRequest { operations: vec![operation] }, &schemas, &Leniency::NONE), Ok(true));
}

#[test]
fn no_filter_tells_of_what_is_never_shown() {
    for filter in [
        "password pr",
        "not (password pr)",
        "password eq null",
        &format!("{SAFE}:vault.secret pr"),
        &format!("{SAFE}:vaults.secret pr"),
        &format!("{SAFE}:vaults[secret pr]"),
        &format!("{SAFE}:vaults[value eq \"v\" and not (secret eq \"S\")]"),
    ] {
        let error = check(&Filter::parse(filter).unwrap(), &schemas()).expect_err(filter);
        assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{filter}");
        assert!(error.detail.contains("never shown"), "{filter}: {}", error.detail);
    }
    let hidden = json!({ "id": SAFE, "attributes": [
        { "name": "box", "type": "complex", "multiValued": true, "returned": "never", "subAttributes": [{ "name": "value" }] }
    ] });
    let schemas = Schemas::user().with_extension(Schema::parse(&object(hidden)).unwrap());
    for filter in ["box pr", "box eq \"x\"", "box.value pr", "box[value pr]"] {
        let filter = Filter::parse(&format!("{SAFE}:{filter}")).unwrap();
        assert!(check(&filter, &schemas).unwrap_err().detail.contains("never shown"), "{filter}");
    }
}
