//! Schemas as data: read from JSON, written back, and what their rules do.

use crate::object;
use provost_scim::projection::{Projection, project};
use provost_scim::schema::{
    Attribute, CanonicalRule, Comparison, Found, Mutability, Returned, Uniqueness, enterprise_user, group,
    resource_type_resource, schema_resource, user,
};
use provost_scim::validate::{BINARY_BYTES_MAX, STRING_BYTES_MAX, VALUES_MAX, check_required, normalize, replace};
use provost_scim::{
    AttributePath, AttributeType, Filter, Leniency, PatchOp, PatchOperation, PatchRequest, Resource, Schema, Schemas, ScimType,
    apply, matches, unique_keys,
};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const BADGE: &str = "urn:example:params:2.0:Badge";

/// An extension with every rule.
fn badge() -> Schema {
    let definition = json!({ "id": BADGE, "name": "Badge", "description": "Doors that open", "attributes": [
        { "name": "number", "type": "integer", "required": true, "uniqueness": "server" },
        { "name": "colour", "type": "string", "canonicalValues": ["red", "blue"] },
        { "name": "issued", "type": "dateTime", "mutability": "immutable" },
        { "name": "pin", "type": "string", "caseExact": true, "mutability": "writeOnly", "returned": "never" },
        { "name": "seen", "type": "dateTime", "mutability": "readOnly" },
        { "name": "photo", "type": "binary", "returned": "request" },
        { "name": "doors", "type": "complex", "multiValued": true, "returned": "always", "subAttributes": [
            { "name": "value", "type": "reference", "referenceTypes": ["external"], "required": true, "uniqueness": "global" },
            { "name": "ratio", "type": "decimal" }, { "name": "primary", "type": "boolean" }
        ] }
    ] });
    Schema::parse(&object(definition)).expect("it is a schema")
}

fn schemas() -> Schemas {
    Schemas::user().with_extension(badge())
}

fn with(badge: Value) -> Resource {
    let mut user = object(json!({ "schemas": [USER, BADGE], "userName": "a" }));
    user.insert(BADGE.to_owned(), badge);
    user
}

#[test]
fn schemas_read_back_as_they_were_written() {
    for schema in [user(), group(), enterprise_user(), badge()] {
        let resource = schema_resource(&schema, "https://example.com/v2");
        assert_eq!(Schema::parse(&resource), Ok(schema));
    }
    assert_eq!(
        Schema::parse(&schema_resource(&user(), "")).unwrap().attribute("username").unwrap().comparison,
        Comparison::UserName
    );
}

#[test]
fn what_a_schema_does_not_say_has_the_rfcs_defaults() {
    let schema = Schema::parse(&object(
        json!({ "ID": BADGE, "attributes": [{ "NAME": "x" }, { "name": "s", "mutability": "WRITEONLY" }] }),
    ));
    let secret = Attribute {
        mutability: Mutability::WriteOnly,
        returned: Returned::Never,
        ..Attribute::new("s", AttributeType::String, "")
    };
    assert_eq!(schema.as_ref().map(|schema| schema.name.as_str()), Ok("Badge"));
    assert_eq!(schema.unwrap().attributes, [Attribute::new("x", AttributeType::String, ""), secret]);
}

#[test]
fn what_is_no_schema_is_refused_with_the_reason() {
    let of = |attributes: Value| json!({ "id": BADGE, "attributes": attributes });
    let many: Vec<Value> = (0..1001).map(|index| json!({ "name": format!("a{index}") })).collect();
    let mut nested = json!({ "name": "x" });
    for _ in 0..40 {
        nested = json!({ "name": "x", "type": "complex", "subAttributes": [nested] });
    }
    let cases = [
        (json!({}), "has no id"),
        (json!({ "id": 5 }), "id is a string"),
        (json!({ "id": "badge" }), "not a URI"),
        (json!({ "id": "urn:" }), "not a URI"),
        (json!({ "id": "urn:x:a b" }), "not a URI"),
        (json!({ "id": "1x:y" }), "not a URI"),
        (of(json!({})), "attributes is an array"),
        (of(json!([5])), "holds objects"),
        (of(json!([{}])), "\"\" is not an attribute's name"),
        (of(json!([{ "name": "a b" }])), "\"a b\" is not an attribute's name"),
        (of(json!([{ "name": "a" }, { "name": "A" }])), "\"A\" occurs twice"),
        (of(json!([{ "name": "a", "type": "any" }])), "Badge:a: type cannot be \"any\""),
        (of(json!([{ "name": "a", "mutability": "never" }])), "mutability cannot be"),
        (of(json!([{ "name": "a", "returned": 1 }])), "returned is a string"),
        (of(json!([{ "name": "a", "uniqueness": "x" }])), "uniqueness cannot be"),
        (of(json!([{ "name": "a", "required": "true" }])), "required is true or false"),
        (of(json!([{ "name": "a", "canonicalValues": [1] }])), "canonicalValues is an array of strings"),
        (of(json!([{ "name": "a", "type": "complex" }])), "has subAttributes"),
        (of(json!([{ "name": "a", "subAttributes": [{ "name": "b" }] }])), "has subAttributes"),
        (of(json!([nested])), "at most 3 levels"),
        (of(json!([{ "name": "a", "mutability": "writeOnly", "returned": "default" }])), "returned never"),
        (of(json!(many)), "1001 attributes"),
    ];
    for (resource, says) in cases {
        let error = Schema::parse(&object(resource)).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
        assert!(error.detail.contains(says), "{}: {says}", error.detail);
    }
}

/// RFC 7643 section 7: the `id` of a schema is "The unique URI of the schema", and RFC 7644 figure 1 begins a path with any URI.
#[test]
fn a_schema_is_named_by_any_uri() {
    for id in ["urn:x:ext:1.0", "urn:x:y:2", "https://example.com/schemas/x", "https://example.com:8080/a/v1.b", "tag:x,y"] {
        let of = |id: &str| {
            Schema::parse(&object(json!({ "id": id, "attributes": [
            { "name": "flat" }, { "name": "box", "type": "complex", "multiValued": true, "subAttributes": [{ "name": "value" }] }
        ] })))
        };
        if id.contains(',') {
            // Lists of attributes in a query are divided by commas.
            assert!(of(id).unwrap_err().detail.contains("not a URI"), "{id}");
            continue;
        }
        let schemas = Schemas::user().with_extension(of(id).unwrap());
        let found = |text: &str| schemas.find(&AttributePath::parse(text).unwrap());
        assert!(matches!(found(&id.to_uppercase()), Some(Found::Extension(_))), "{id}");
        for path in ["flat", "box", "box.value"] {
            let path = format!("{id}:{path}");
            assert!(matches!(found(&path), Some(Found::Attribute { extension: Some(_), .. })), "{path}");
            assert_eq!(AttributePath::parse(&path).unwrap().to_string(), path);
        }
        let mut user = object(
            json!({ "schemas": [USER, id], "userName": "a", id: { "flat": "f", "box": [{ "value": "1" }, { "value": "2" }] } }),
        );
        assert_eq!(normalize(&user, &schemas, &Leniency::NONE).as_ref(), Ok(&user));
        let filter = Filter::parse(&format!("{id}:flat eq \"F\" and {id}:box[value eq \"2\"]")).unwrap();
        assert!(matches(&filter, &user, &schemas), "{filter}");
        let only = Projection::parse(Some(&[id.to_owned()]), None).unwrap();
        assert_eq!(project(user.clone(), &schemas, &only).keys().collect::<Vec<_>>(), ["schemas", id]);
        let remove = |path: String| PatchOperation { op: PatchOp::Remove, path: Some(path), value: None };
        let request =
            PatchRequest { operations: vec![remove(format!("{id}:box[value eq \"1\"]")), remove(format!("{id}:flat"))] };
        assert_eq!(apply(&mut user, &request, &schemas, &Leniency::NONE), Ok(true), "{id}");
        assert_eq!(user[id], json!({ "box": [{ "value": "2" }] }));
        assert_eq!(
            apply(&mut user, &PatchRequest { operations: vec![remove(id.to_owned())] }, &schemas, &Leniency::NONE),
            Ok(true)
        );
        assert_eq!(user.get(id), None);
    }
    let resource = schema_resource(&Schema::parse(&object(json!({ "id": "https://example.com/x" }))).unwrap(), "https://p");
    assert_eq!(resource["meta"]["location"], json!("https://p/Schemas/https:%2F%2Fexample.com%2Fx"));
}

#[test]
fn an_extension_of_ones_own_is_validated_like_the_rfcs() {
    let accepted = json!({ "number": 7, "colour": "green", "issued": "2020-01-01T00:00:00Z", "doors": [{ "value": "a" }, { "value": "b", "ratio": 0.5, "primary": true }] });
    let stored = normalize(&with(accepted.clone()), &schemas(), &Leniency::NONE).unwrap();
    assert_eq!(stored[BADGE], accepted);
    let mut sent = accepted.clone();
    sent["pin"] = json!("1234");
    sent["seen"] = json!("2020-01-01T00:00:00Z");
    assert_eq!(normalize(&with(sent), &schemas(), &Leniency::NONE).as_ref(), Ok(&stored));
    let cases = [
        (json!({ "colour": "red" }), "number is required"),
        (json!({ "number": 1.5 }), "number is a whole number"),
        (json!({ "number": 7, "issued": "today" }), "issued is an instant"),
        (json!({ "number": 7, "photo": "%" }), "photo is a string in base64"),
        (json!({ "number": 7, "doors": [{ "ratio": 1 }] }), "doors.value is required"),
        (json!({ "number": 7, "doors": [{ "value": "a", "ratio": "1" }] }), "doors.ratio is a number"),
        (
            json!({ "number": 7, "doors": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] }),
            "only one value can be primary",
        ),
    ];
    for (badge, says) in cases {
        let error = normalize(&with(badge), &schemas(), &Leniency::NONE).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
        assert!(error.detail.contains(BADGE) && error.detail.contains(says), "{}", error.detail);
    }
    // Without the extension nothing of it is asked for, unless the resource type requires it.
    let without = object(json!({ "schemas": [USER], "userName": "a" }));
    assert!(normalize(&without, &schemas(), &Leniency::NONE).is_ok());
    let requiring = Schemas::user().with_required_extension(badge());
    let error = normalize(&without, &requiring, &Leniency::NONE).unwrap_err();
    assert!(error.detail.contains(&format!("{BADGE} is required")), "{}", error.detail);
    assert_eq!(resource_type_resource(&requiring, "")["schemaExtensions"][2], json!({ "schema": BADGE, "required": true }));
}

#[test]
fn a_patch_keeps_what_the_schema_requires() {
    let stored = normalize(&with(json!({ "number": 7, "doors": [{ "value": "a" }] })), &schemas(), &Leniency::NONE).unwrap();
    let patched = |op, path: &str, value: Option<Value>| {
        let operation = PatchOperation { op, path: Some(format!("{BADGE}:{path}")), value };
        let mut user = stored.clone();
        apply(&mut user, &PatchRequest { operations: vec![operation] }, &schemas(), &Leniency::NONE).map_err(|error| error.detail)
    };
    for (op, path, value, says) in [
        (PatchOp::Remove, "number", None, "number is required and cannot be removed"),
        (PatchOp::Remove, "doors[value eq \"a\"].value", None, "doors.value is required and cannot be removed"),
        (PatchOp::Add, "doors", Some(json!([{ "ratio": 1 }])), "doors.value is required"),
        (PatchOp::Replace, "seen", Some(json!("2020-01-01T00:00:00Z")), "seen is read-only"),
    ] {
        let error = patched(op, path, value).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(patched(PatchOp::Add, "doors", Some(json!([{ "value": "b" }]))), Ok(true));
}

#[test]
fn canonical_values_are_a_hint_unless_the_schema_says_otherwise() {
    let mut strict = badge();
    strict.attributes[1].canonical_rule = CanonicalRule::Only;
    let (lenient, strict) = (schemas(), Schemas::user().with_extension(strict));
    let colour = |colour: &str| with(json!({ "number": 7, "colour": colour }));
    assert!(normalize(&colour("green"), &lenient, &Leniency::NONE).is_ok());
    assert!(normalize(&colour("Red"), &strict, &Leniency::NONE).is_ok());
    let error = normalize(&colour("green"), &strict, &Leniency::NONE).unwrap_err();
    assert!(error.detail.ends_with("colour is one of red, blue, not \"green\"."), "{}", error.detail);
}

#[test]
fn unique_attributes_are_listed_with_their_paths() {
    let schemas = schemas();
    let unique: Vec<(String, Uniqueness)> =
        schemas.unique_attributes().into_iter().map(|(path, attribute)| (path.to_string(), attribute.uniqueness)).collect();
    let server = |path: &str| (path.to_owned(), Uniqueness::Server);
    assert_eq!(
        unique,
        [
            server("userName"),
            server("id"),
            server(&format!("{BADGE}:number")),
            (format!("{BADGE}:doors.value"), Uniqueness::Global)
        ]
    );
}

#[test]
fn unique_values_have_one_key_in_every_spelling() {
    let keys = |user_name: &str, badge: Value| {
        let mut user = with(badge);
        user.insert("userName".to_owned(), json!(user_name));
        unique_keys(&normalize(&user, &schemas(), &Leniency::NONE).unwrap(), &schemas())
    };
    let path = |text: &str| AttributePath::parse(text).unwrap();
    let (number, door) = (path(&format!("{BADGE}:number")), path(&format!("{BADGE}:doors.value")));
    // The title, the colour and what else is nobody's alone has none.
    let found =
        keys("ＡＤＡ", json!({ "number": 7, "colour": "red", "doors": [{ "value": "B" }, { "value": "a" }, { "value": "b" }] }));
    let expected = [
        (path("userName"), "ada".to_owned()),
        (number.clone(), "7".to_owned()),
        (door.clone(), "a".to_owned()),
        (door, "b".to_owned()),
    ];
    assert_eq!(found, expected);
    assert_eq!(keys("ada", json!({ "number": 7 })), expected[..2]);
    assert_ne!(keys("ada", json!({ "number": 8 }))[1], expected[1]);
    // As a resource is stored, with its id, also where its names are spelled otherwise; what is empty is no value.
    let stored = object(json!({ "id": "X", "USERNAME": " ", BADGE.to_uppercase(): { "Number": 7 } }));
    assert_eq!(unique_keys(&stored, &schemas()), [(path("id"), "X".to_owned()), (number, "7".to_owned())]);
    assert_eq!(unique_keys(&Resource::new(), &schemas()), []);
}

#[test]
fn values_have_the_same_key_exactly_when_they_are_the_same() {
    let attribute = |kind, case_exact| Attribute { case_exact, ..Attribute::new("x", kind, "") };
    let [text, exact] = [false, true].map(|case_exact| attribute(AttributeType::String, case_exact));
    let [instant, decimal, integer, truth] =
        [AttributeType::DateTime, AttributeType::Decimal, AttributeType::Integer, AttributeType::Boolean]
            .map(|kind| attribute(kind, false));
    let cases = [
        (&text, json!("É"), json!("é"), true),
        (&text, json!("a"), json!("a "), false),
        (&exact, json!("A"), json!("a"), false),
        (&exact, json!("A"), json!("A"), true),
        (&instant, json!("2020-01-01T02:00:00+02:00"), json!("2020-01-01T00:00:00.000Z"), true),
        (&instant, json!("2020-01-01T00:00:00Z"), json!("2020-01-01T00:00:01Z"), false),
        (&decimal, json!(7), json!(7.0), true),
        (&decimal, json!(0.0), json!(-0.0), true),
        (&decimal, json!(7), json!(7.5), false),
        (&integer, json!(9_007_199_254_740_992_i64), json!(9_007_199_254_740_993_i64), false),
        (&truth, json!(true), json!(false), false),
    ];
    for (attribute, a, b, same) in cases {
        let (a_key, b_key) = (attribute.value_key(&a), attribute.value_key(&b));
        assert!(a_key.is_some() && b_key.is_some());
        assert_eq!(a_key == b_key, same, "{a} and {b}");
    }
    for value in [json!(null), json!(["a"]), json!({ "value": "a" })] {
        assert_eq!(text.value_key(&value), None);
    }
}

#[test]
fn a_required_password_is_asked_for_and_not_kept() {
    let mut schemas = Schemas::user();
    for attribute in schemas.base.attributes.iter_mut().filter(|attribute| attribute.name == "password") {
        attribute.required = true;
    }
    let user = |password: Value| object(json!({ "schemas": [USER], "userName": "a", "password": password }));
    assert!(normalize(&user(Value::Null), &schemas, &Leniency::NONE).unwrap_err().detail.contains("password is required"));
    let stored = normalize(&user(json!("secret")), &schemas, &Leniency::NONE).unwrap();
    assert!(!stored.contains_key("password"));
    assert_eq!(check_required(&stored, &schemas), Ok(()));
    assert!(replace(&stored, &user(json!("other")), &schemas, &Leniency::NONE).is_ok());
}

#[test]
fn lengths_and_counts_have_limits() {
    let tenant = provost_scim::schema::TENANT_USER;
    let user = |name: &str, value: Value| {
        let mut user = object(json!({ "schemas": [USER, tenant], "userName": "a" }));
        user.insert(name.to_owned(), value);
        normalize(&user, &Schemas::user(), &Leniency::NONE).map(|_| ()).map_err(|error| error.detail)
    };
    let long = |length: usize| json!("a".repeat(length));
    assert_eq!(user("title", long(STRING_BYTES_MAX)), Ok(()));
    assert_eq!(user("title", long(STRING_BYTES_MAX + 1)), Err("title has 65537 bytes; at most 65536 are taken.".to_owned()));
    let certificate = |length: usize| json!([{ "value": long(length) }]);
    assert_eq!(user("x509Certificates", certificate(BINARY_BYTES_MAX)), Ok(()));
    assert!(user("x509Certificates", certificate(BINARY_BYTES_MAX + 4)).unwrap_err().contains("x509Certificates.value has"));
    assert!(user(tenant, json!({ "x": [{ "y": long(STRING_BYTES_MAX + 1) }] })).unwrap_err().contains(":x has 65537 bytes"));
    assert!(user(tenant, json!({ "x": { "a".repeat(STRING_BYTES_MAX + 1): 1 } })).unwrap_err().contains("65537 bytes"));

    let members = |count: usize| vec![json!({ "value": "1" }); count];
    let group = |count: usize| object(json!({ "schemas": [GROUP], "displayName": "G", "members": members(count) }));
    assert!(normalize(&group(VALUES_MAX), &Schemas::group(), &Leniency::NONE).is_ok());
    let error = normalize(&group(VALUES_MAX + 1), &Schemas::group(), &Leniency::NONE).unwrap_err();
    assert!(error.detail.contains("members has 100001 values"), "{}", error.detail);
}
