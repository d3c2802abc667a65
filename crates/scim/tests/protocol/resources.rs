//! Resources that come in, schemas, and what is shown.

use crate::{barbara, object};
use provost_scim::projection::{Projection, project};
use provost_scim::schema::{Attribute, Found, Mutability, Returned, Schema, schema_resource};
use provost_scim::validate::{normalize, replace};
use provost_scim::{
    AttributePath, AttributeType, Leniency, PatchOp, PatchOperation, PatchRequest, Resource, Schemas, ScimType, apply,
};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn without(mut resource: Resource, names: &[&str]) -> Resource {
    for name in names {
        resource.shift_remove(*name);
    }
    resource
}

#[test]
fn the_full_user_of_the_rfc_keeps_everything_that_is_the_clients() {
    let mut expected = without(barbara(), &["id", "groups", "meta", "password"]);
    expected[ENTERPRISE]["manager"].as_object_mut().unwrap().shift_remove("displayName");
    assert_eq!(normalize(&barbara(), &Schemas::user(), &Leniency::NONE), Ok(expected));
}

#[test]
fn spelling_and_unassigned_values_are_brought_into_form() {
    let incoming = object(json!({
        "SCHEMAS": [USER.to_uppercase()], "username": "a", "NAME": { "GIVENNAME": "A", "familyName": null }, "title": null, "emails": [], "roles": [null],
        ENTERPRISE.to_lowercase(): { "Department": "R&D" }, "id": "mine", "meta": 5
    }));
    let expected = json!({ "schemas": [USER, ENTERPRISE], "userName": "a", "name": { "givenName": "A" }, ENTERPRISE: { "department": "R&D" } });
    assert_eq!(normalize(&incoming, &Schemas::user(), &Leniency::NONE).map(Value::Object), Ok(expected));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let with = |extra: Value| {
        let mut user = object(json!({ "schemas": [USER], "userName": "a" }));
        user.extend(object(extra));
        user
    };
    let cases = [
        (object(json!({ "userName": "a" })), "invalidSyntax", "schemas"),
        (object(json!({ "schemas": [], "userName": "a" })), "invalidSyntax", "schemas"),
        (object(json!({ "schemas": [1], "userName": "a" })), "invalidSyntax", "strings"),
        (object(json!({ "schemas": [ENTERPRISE], "userName": "a" })), "invalidSyntax", USER),
        (object(json!({ "schemas": [USER, "urn:x"], "userName": "a" })), "invalidSyntax", "urn:x"),
        (object(json!({ "schemas": [USER] })), "invalidValue", "userName is required"),
        (with(json!({ "userName": " " })), "invalidValue", "userName is required"),
        (with(json!({ "userName": 5 })), "invalidValue", "userName is a string"),
        (with(json!({ "USERNAME": "b" })), "invalidSyntax", "\"USERNAME\" occurs twice"),
        (with(json!({ "name": { "givenName": "a", "givenname": "b" } })), "invalidSyntax", "in name"),
        (with(json!({ "name": [] })), "invalidValue", "name is an object"),
        (with(json!({ "name": { "shoe": 1 } })), "invalidValue", "name has no sub-attribute \"shoe\""),
        (with(json!({ "shoe": 1 })), "invalidValue", "\"shoe\""),
        (with(json!({ "active": "true" })), "invalidValue", "active is true or false"),
        (with(json!({ "emails": { "value": "a" } })), "invalidValue", "emails has several values"),
        (with(json!({ "emails": ["a"] })), "invalidValue", "emails is an object"),
        (with(json!({ "emails": [{ "value": "a", "primary": true }, { "primary": true }] })), "invalidValue", "only one"),
        (with(json!({ "x509Certificates": [{ "value": "%" }] })), "invalidValue", "base64"),
        (with(json!({ "password": 5 })), "invalidValue", "password is a string"),
        (with(json!({ ENTERPRISE: 5 })), "invalidValue", ENTERPRISE),
        (with(json!({ ENTERPRISE: { "shoe": 1 } })), "invalidValue", "shoe"),
    ];
    for (incoming, scim_type, says) in cases {
        let error = normalize(&incoming, &Schemas::user(), &Leniency::NONE).unwrap_err();
        assert_eq!((error.status, error.scim_type.map(ScimType::word)), (400, Some(scim_type)), "{}", error.detail);
        assert!(error.detail.contains(says), "{}", error.detail);
    }
}

#[test]
fn a_put_keeps_what_is_the_providers() {
    let next = object(json!({ "schemas": [USER], "id": "other", "userName": "b", "meta": {}, "groups": [] }));
    let replaced = replace(&barbara(), &next, &Schemas::user(), &Leniency::NONE).unwrap();
    let (id, groups, meta) = (&barbara()["id"], &barbara()["groups"], &barbara()["meta"]);
    assert_eq!(Value::Object(replaced), json!({ "schemas": [USER], "userName": "b", "id": id, "groups": groups, "meta": meta }));
}

#[test]
fn a_put_keeps_what_the_provider_knows_of_values_that_stay() {
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "9", "displayName": "G", "members": [
        { "value": "1", "$ref": "https://example.com/Users/1", "display": "One" }, { "value": "2", "display": "Two" }
    ]});
    let put = |members: Value| {
        let incoming = json!({ "schemas": group["schemas"], "displayName": "G", "members": members });
        replace(&object(group.clone()), &object(incoming), &Schemas::group(), &Leniency::NONE).unwrap()
    };
    assert_eq!(Value::Object(put(json!([{ "value": "1" }, { "value": "2", "display": "Zwei" }]))), group);
    assert_eq!(
        put(json!([{ "value": "3" }, { "value": "2" }]))["members"],
        json!([{ "value": "3" }, { "value": "2", "display": "Two" }])
    );

    // The manager's name belongs to the manager, not to the attribute.
    let put = |manager: &str| {
        let incoming = json!({ "schemas": [USER, ENTERPRISE], "userName": "a", ENTERPRISE: { "manager": { "value": manager } } });
        replace(&barbara(), &object(incoming), &Schemas::user(), &Leniency::NONE).unwrap()[ENTERPRISE]["manager"].clone()
    };
    assert_eq!(put("26118915-6090-4610-87e4-49d8ca9f808d")["displayName"], "John Smith");
    assert_eq!(put("another"), json!({ "value": "another" }));
}

#[test]
fn immutable_attributes_are_set_once() {
    let mut schemas = Schemas::user();
    let badge = Attribute { mutability: Mutability::Immutable, ..Attribute::new("badge", AttributeType::Integer, "") };
    let extension = Schema {
        id: "urn:x:2.0:Badge".into(),
        name: "Badge".into(),
        description: String::new(),
        attributes: vec![badge],
        open: false,
    };
    schemas = schemas.with_extension(extension);
    let user = |badge: Value| object(json!({ "schemas": [USER], "userName": "a", "urn:x:2.0:Badge": badge }));
    let stored = normalize(&user(json!({ "badge": 7 })), &schemas, &Leniency::NONE).unwrap();
    let put = |badge| replace(&stored, &user(badge), &schemas, &Leniency::NONE);
    assert_eq!(put(json!({ "badge": 7 })).as_ref(), Ok(&stored));
    assert_eq!(put(json!({})).as_ref(), Ok(&stored));
    assert_eq!(put(json!({ "badge": 8 })).unwrap_err().scim_type, Some(ScimType::Mutability));
    assert_eq!(put(json!({ "badge": "7" })).unwrap_err().scim_type, Some(ScimType::InvalidValue));

    let patched = |op, value: Option<Value>, of: &Resource| {
        let path = Some("urn:x:2.0:Badge:badge".to_owned());
        let mut next = of.clone();
        let request = PatchRequest { operations: vec![PatchOperation { op, path, value }] };
        apply(&mut next, &request, &schemas, &Leniency::NONE).map_err(|error| error.scim_type.map(ScimType::word))
    };
    let unset = object(json!({ "schemas": [USER], "userName": "a" }));
    assert_eq!(patched(PatchOp::Add, Some(json!(7)), &unset), Ok(true));
    assert_eq!(patched(PatchOp::Replace, Some(json!(7)), &stored), Ok(false));
    assert_eq!(patched(PatchOp::Replace, Some(json!(8)), &stored), Err(Some("mutability")));
    assert_eq!(patched(PatchOp::Remove, None, &stored), Err(Some("mutability")));
}

#[test]
fn projections_show_what_was_asked_for_and_what_is_always_shown() {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let only = |list: &[&str]| Projection::parse(Some(&names(list)), None).unwrap();
    let except = |list: &[&str]| Projection::parse(None, Some(&names(list))).unwrap();
    let shown = |projection: &Projection| project(barbara(), &Schemas::user(), projection);
    let keys = |projection: &Projection| shown(projection).keys().cloned().collect::<Vec<_>>();

    assert!(!shown(&Projection::Default).contains_key("password"));
    assert_eq!(keys(&only(&["userName"])), ["schemas", "id", "userName"]);
    assert_eq!(keys(&only(&["password", "nothing"])), ["schemas", "id"]);
    let parts = shown(&only(&["NAME.GIVENNAME", "emails.value"]));
    assert_eq!(parts["name"], json!({ "givenName": "Barbara" }));
    assert_eq!(parts["emails"], json!([{ "value": "bjensen@example.com" }, { "value": "babs@jensen.org" }]));
    let of_extension = shown(&only(&[&format!("{ENTERPRISE}:manager.value"), &format!("{ENTERPRISE}:division")]));
    assert_eq!(
        of_extension[ENTERPRISE],
        json!({ "division": "Theme Park", "manager": { "value": "26118915-6090-4610-87e4-49d8ca9f808d" } })
    );
    assert_eq!(shown(&only(&[ENTERPRISE]))[ENTERPRISE], barbara()[ENTERPRISE]);

    let rest = shown(&except(&["id", "schemas", "emails", "name.formatted", ENTERPRISE]));
    assert!(rest.contains_key("id") && rest.contains_key("schemas"));
    assert!(!rest.contains_key("emails") && !rest.contains_key(ENTERPRISE));
    assert_eq!(rest["name"].as_object().unwrap().len(), 5);

    let both = Projection::parse(Some(&names(&["a"])), Some(&names(&["b"])));
    assert_eq!(both.unwrap_err().scim_type, Some(ScimType::InvalidValue));
    assert!(Projection::parse(Some(&names(&["a b"])), None).is_err());
}

#[test]
fn attributes_on_request_are_shown_by_name_only() {
    let mut schemas = Schemas::group();
    for attribute in schemas.base.attributes.iter_mut().filter(|attribute| attribute.name == "members") {
        attribute.returned = Returned::Request;
    }
    let group = object(json!({ "id": "1", "displayName": "G", "members": [{ "value": "2" }] }));
    assert!(!project(group.clone(), &schemas, &Projection::Default).contains_key("members"));
    let asked = Projection::Only(vec![AttributePath::of("MEMBERS")]);
    assert!(project(group, &schemas, &asked).contains_key("members"));
}

#[test]
fn what_is_shown_is_spelled_as_the_schema_has_it_and_stays_in_its_place() {
    let user = json!({
        "schemas": [USER], "USERNAME": "ada", "nickName": "A", "Name": { "givenName": "Ada" }, "unheardOf": 1,
        (ENTERPRISE.to_ascii_uppercase()): { "DEPARTMENT": "Engines", "division": "North", "colour": "red" },
    });
    let shown = project(user.as_object().cloned().unwrap(), &Schemas::user(), &Projection::Default);
    assert_eq!(shown.keys().collect::<Vec<_>>(), ["schemas", "userName", "nickName", "name", ENTERPRISE]);
    assert_eq!(shown[ENTERPRISE].as_object().unwrap().keys().collect::<Vec<_>>(), ["department", "division"]);
    assert_eq!((&shown["userName"], &shown[ENTERPRISE]["department"]), (&json!("ada"), &json!("Engines")));
}

/// RFC 7643 section 7, `returned`, of sub-attributes: one on request is shown when it is named, beside whatever else is, and one
/// that is returned always whatever is left out.
#[test]
fn parts_are_shown_as_their_own_rules_say() {
    let urn = "urn:x:2.0:D";
    let parts = json!([
        { "name": "value" }, { "name": "label" }, { "name": "hidden", "returned": "request" }, { "name": "key", "returned": "always" }
    ]);
    let attributes = json!([
        { "name": "doors", "type": "complex", "multiValued": true, "subAttributes": parts },
        { "name": "gates", "type": "complex", "returned": "always", "subAttributes": parts },
        { "name": "plain", "type": "complex", "subAttributes": [{ "name": "value" }] }
    ]);
    let schemas = Schemas::user().with_extension(Schema::parse(&object(json!({ "id": urn, "attributes": attributes }))).unwrap());
    let door = json!({ "value": "v", "label": "l", "hidden": "h", "key": "k" });
    let user = object(json!({ "id": "1", urn: { "doors": [door], "gates": door, "plain": { "value": "v" } } }));
    let shown = |list: &[&str], is_exclusion: bool| {
        let names: Vec<String> = list.iter().map(|name| format!("{urn}{name}")).collect();
        let (only, except) = if is_exclusion { (None, Some(names.as_slice())) } else { (Some(names.as_slice()), None) };
        let shown = project(user.clone(), &schemas, &Projection::parse(only, except).unwrap());
        let words = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        let of = |name: &str| shown[urn].get(name).map(|value| words(value.get(0).unwrap_or(value))).unwrap_or_default();
        (of("doors"), of("gates"), of("plain"))
    };
    let expect = |doors: &str, gates: &str, plain: &str| (doors.to_owned(), gates.to_owned(), plain.to_owned());
    let rest = "value label key";
    for (names, doors, gates, plain) in [
        (vec![":doors"], rest, rest, ""),
        (vec![":doors", ":doors.hidden"], "value label hidden key", rest, ""),
        (vec![":doors.HIDDEN", ":DOORS"], "value label hidden key", rest, ""),
        (vec![":doors.hidden"], "hidden key", rest, ""),
        (vec!["", ":doors.hidden"], "value label hidden key", rest, "value"),
        (vec![":gates.hidden"], "key", "value label hidden key", ""),
    ] {
        assert_eq!(shown(&names, false), expect(doors, gates, plain), "attributes={names:?}");
    }
    for (names, doors, gates, plain) in [
        (vec![":doors", ":gates", ":plain"], "key", rest, ""),
        (vec![":doors", ":doors.label"], "key", rest, "value"),
        (vec![":doors.label", ":doors.key"], "value key", rest, "value"),
        (vec![""], "key", rest, ""),
    ] {
        assert_eq!(shown(&names, true), expect(doors, gates, plain), "excludedAttributes={names:?}");
    }
}

#[test]
fn schemas_know_what_paths_name() {
    let schemas = Schemas::user();
    let found = |text: &str| schemas.find(&AttributePath::parse(text).unwrap());
    for text in ["userName", "USERNAME", "name.givenName", "meta.created", "externalId", "groups.$ref", "emails.primary"] {
        assert!(matches!(found(text), Some(Found::Attribute { extension: None, .. })), "{text}");
    }
    assert!(matches!(found(&format!("{}:USERNAME", USER.to_uppercase())), Some(Found::Attribute { extension: None, .. })));
    assert!(matches!(
        found(&format!("{ENTERPRISE}:manager.value")),
        Some(Found::Attribute { extension: Some(_), sub_attribute: Some(_), .. })
    ));
    assert!(matches!(found(ENTERPRISE), Some(Found::Extension(_))));
    for text in ["department", "name.x", "urn:x:y", &format!("{ENTERPRISE}:userName"), &format!("{ENTERPRISE}:manager.x")] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn schema_resources_carry_every_rule() {
    let schemas = Schemas::user();
    let resource = schema_resource(&schemas.base, "https://example.com/v2");
    assert_eq!(resource["meta"]["location"], format!("https://example.com/v2/Schemas/{USER}"));
    let names: Vec<&str> =
        resource["attributes"].as_array().unwrap().iter().map(|attribute| attribute["name"].as_str().unwrap()).collect();
    // RFC 7643 section 4.1, all of them.
    let expected = "userName name displayName nickName profileUrl title userType preferredLanguage locale timezone active password \
                    emails phoneNumbers ims photos addresses groups entitlements roles x509Certificates";
    assert_eq!(names.join(" "), expected);
    let user_name = json!({
        "name": "userName", "type": "string", "multiValued": false, "description": "The name that the user signs in with.", "required": true,
        "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "server"
    });
    assert_eq!(resource["attributes"][0], user_name);
    assert_eq!(resource["attributes"][11]["mutability"], "writeOnly");
    assert_eq!(resource["attributes"][11]["returned"], "never");
    assert_eq!(resource["attributes"][12]["subAttributes"].as_array().unwrap().len(), 4);
}
