//! What holds for any input.

use crate::{barbara, object};
use proptest::prelude::*;
use provost_scim::client::{error_of, error_text, read_list};
use provost_scim::filter::{CompareOperator, SyntaxError, check};
use provost_scim::provider::{self, Method, Provider, ProviderProfile, Request};
use provost_scim::validate::normalize;
use provost_scim::{
    AttributePath, Filter, Leniency, Literal, PatchOp, PatchOperation, PatchPath, PatchRequest, Resource, Schemas, apply, json,
    matches,
};
use serde_json::{Number, Value, json};

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z][a-zA-Z0-9_-]{0,7}", Just("not".to_owned()), Just("and".to_owned()), Just("$ref".to_owned())]
}

fn path() -> impl Strategy<Value = AttributePath> {
    let schema = proptest::option::of("urn:[a-z]{1,5}:2\\.0:[A-Z][a-z]{0,4}");
    (schema, name(), proptest::option::of(name())).prop_map(|(schema, attribute, sub_attribute)| AttributePath {
        schema,
        attribute,
        sub_attribute,
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<String>().prop_map(Literal::String),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<f64>().prop_filter_map("finite", |number| Number::from_f64(number).map(Literal::Number)),
        any::<bool>().prop_map(Literal::Boolean),
        Just(Literal::Null),
    ]
}

fn comparison() -> impl Strategy<Value = Filter> {
    let operator = (0..CompareOperator::ALL.len()).prop_map(|index| CompareOperator::ALL[index]);
    let compare = (path(), operator, literal()).prop_map(|(path, operator, value)| Filter::Compare { path, operator, value });
    prop_oneof![3 => compare, 1 => path().prop_map(Filter::Present)]
}

fn logical(leaf: impl Strategy<Value = Filter> + 'static) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let values = (path(), logical(comparison())).prop_map(|(path, filter)| Filter::Values {
        path: AttributePath { sub_attribute: None, ..path },
        filter: Box::new(filter),
    });
    logical(prop_oneof![4 => comparison(), 1 => values])
}

/// The path of an operation: mostly with a filter, before which a sub-attribute cannot stand but after it.
fn patch_path() -> impl Strategy<Value = PatchPath> {
    let filter = proptest::option::weighted(0.8, logical(comparison()));
    (path(), filter).prop_map(|(attribute, filter)| PatchPath { attribute, filter })
}

/// Texts that look like filters, paths and bodies more often than noise does.
fn soup() -> impl Strategy<Value = String> {
    let words = [
        "userName",
        "emails",
        "name.givenName",
        "emails[",
        "]",
        "(",
        ")",
        "not",
        "and",
        "or",
        "eq",
        "pr",
        "co",
        "\"a\"",
        "\"",
        "\\",
        "true",
        "1.5e9",
        " ",
        ".",
        ":",
        "urn:ietf:params:scim:schemas:core:2.0:User:",
        "$ref",
        "é",
        "\u{0}",
        "[type eq \"work\"].value",
    ];
    proptest::collection::vec((0..words.len()).prop_map(move |index| words[index]), 0..40).prop_map(|words| words.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![Just("work".to_owned()), Just("true".to_owned()), Just("2011-05-13T04:42:34Z".to_owned()), ".{0,6}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof![known_name(), ".{0,4}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn known_name() -> impl Strategy<Value = String> {
    let names = [
        "schemas",
        "id",
        "externalId",
        "meta",
        "userName",
        "USERNAME",
        "name",
        "givenName",
        "active",
        "title",
        "password",
        "emails",
        "groups",
        "value",
        "type",
        "primary",
        "display",
        "x509Certificates",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "department",
        "manager",
        "urn:ietf:params:scim:schemas:extension:tenant:2.0:User",
        "Resources",
        "totalResults",
        "detail",
        "status",
        "error",
    ];
    (0..names.len()).prop_map(move |index| names[index].to_owned())
}

fn operation() -> impl Strategy<Value = PatchOperation> {
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let paths = [
        "userName".to_owned(),
        "title".to_owned(),
        "name.givenName".to_owned(),
        "name".to_owned(),
        "active".to_owned(),
        "emails".to_owned(),
        "emails.display".to_owned(),
        "emails.primary".to_owned(),
        "emails[type eq \"work\"]".to_owned(),
        "emails[type eq \"home\"].value".to_owned(),
        "emails[primary eq true].primary".to_owned(),
        "emails[type eq \"other\"].value".to_owned(),
        "id".to_owned(),
        "schemas".to_owned(),
        urn.to_owned(),
        format!("{urn}:department"),
        format!("{urn}:manager.value"),
        "urn:ietf:params:scim:schemas:extension:tenant:2.0:User:x".to_owned(),
        "password".to_owned(),
        "nothing".to_owned(),
    ];
    let path = proptest::option::weighted(0.9, (0..paths.len()).prop_map(move |index| paths[index].clone()));
    let op = prop_oneof![Just(PatchOp::Add), Just(PatchOp::Remove), Just(PatchOp::Replace)];
    let fitting = prop_oneof![
        Just(json!("x")),
        Just(json!(true)),
        Just(json!([{ "value": "n@example.com", "primary": true }])),
        Just(json!({ "value": "v", "type": "work" })),
        Just(json!({ "givenName": "G", "title": "T", "active": false })),
        Just(json!({ "department": "D" })),
    ];
    (op, path, proptest::option::weighted(0.9, prop_oneof![2 => fitting, 1 => value()]))
        .prop_map(|(op, path, value)| PatchOperation { op, path, value })
}

fn primaries(resource: &Resource) -> usize {
    let emails = resource.get("emails").and_then(Value::as_array).cloned().unwrap_or_default();
    emails.iter().filter(|email| email["primary"] == json!(true)).count()
}

/// One of few, so that the same ones meet, in all forms.
fn email() -> impl Strategy<Value = Value> {
    let value = proptest::option::weighted(0.8, prop_oneof![Just("a@x"), Just("b@x"), Just("A@x")]);
    let kind = proptest::option::of(prop_oneof![Just("work"), Just("home")]);
    (value, kind, proptest::option::of(any::<bool>()), proptest::option::of(prop_oneof![Just("1"), Just("2")])).prop_map(
        |(value, kind, primary, display)| {
            let mut email = Resource::new();
            for (name, text) in [("value", value), ("type", kind), ("display", display)] {
                email.extend(text.map(|text| (name.to_owned(), json!(text))));
            }
            email.extend(primary.map(|flag| ("primary".to_owned(), json!(flag))));
            Value::Object(email)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn filters_read_back_as_they_were_printed(filter in filter()) {
        let text = filter.to_string();
        match Filter::parse(&text) {
            Ok(read) => prop_assert_eq!(read, filter),
            Err(error) => prop_assert!(matches!(error, SyntaxError::TooLong { .. } | SyntaxError::TooManyTerms), "{}: {}", text, error),
        }
    }

    #[test]
    fn paths_read_back_as_they_were_printed(path in path()) {
        prop_assert_eq!(AttributePath::parse(&path.to_string()), Ok(path));
    }

    #[test]
    fn paths_of_operations_read_back_as_they_were_printed(path in patch_path()) {
        let text = path.to_string();
        match PatchPath::parse(&text) {
            Ok(read) => prop_assert_eq!(read, path),
            Err(error) => prop_assert!(matches!(error, SyntaxError::TooLong { .. } | SyntaxError::TooManyTerms), "{}: {}", text, error),
        }
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in prop_oneof![soup(), any::<String>()]) {
        let schemas = Schemas::user();
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter.clone()));
            let _ = check(&filter, &schemas);
            let _ = matches(&filter, &barbara(), &schemas);
        }
        if let Ok(path) = PatchPath::parse(&text) {
            prop_assert_eq!(PatchPath::parse(&path.to_string()), Ok(path));
        }
        let _ = AttributePath::parse(&text);
        let _ = json::parse_object(text.as_bytes());
        let request = Request { method: Method::Get, path: &text, query: Some(&text), body: text.as_bytes() };
        let _ = provider::plan(&Provider::new(ProviderProfile::standard()), &request);
    }

    #[test]
    fn a_filter_and_its_negation_never_agree(filter in filter()) {
        let (user, schemas) = (barbara(), Schemas::user());
        let negation = Filter::Not(Box::new(filter.clone()));
        prop_assert_ne!(matches(&filter, &user, &schemas), matches(&negation, &user, &schemas));
    }

    #[test]
    fn no_value_makes_the_readers_panic_and_what_is_accepted_stays_accepted(incoming in value()) {
        let _ = read_list(incoming.clone());
        let _ = error_of(&incoming);
        let _ = error_text(&incoming);
        let Value::Object(mut incoming) = incoming else { return Ok(()) };
        incoming.insert("userName".to_owned(), json!("a"));
        incoming.shift_remove("USERNAME");
        for leniency in [Leniency::NONE, Leniency::ALL] {
            let schemas = Schemas::user();
            if let Ok(resource) = normalize(&incoming, &schemas, &leniency) {
                prop_assert_eq!(normalize(&resource, &schemas, &Leniency::NONE), Ok(resource.clone()));
                prop_assert!(!resource.contains_key("password") && !resource.contains_key("id"));
            }
        }
    }

    #[test]
    fn a_patch_is_carried_out_whole_or_not_at_all(operations in proptest::collection::vec(operation(), 1..5), lenient in any::<bool>()) {
        let leniency = if lenient { Leniency::ALL } else { Leniency::NONE };
        let schemas = Schemas::user();
        let mut before = barbara();
        before.shift_remove("password");
        let mut whole = before.clone();
        let result = apply(&mut whole, &PatchRequest { operations: operations.clone() }, &schemas, &leniency);
        // The oracle carries the operations out one by one.
        let mut one_by_one = before.clone();
        let mut steps = Ok(());
        for operation in operations {
            steps = steps.and_then(|()| apply(&mut one_by_one, &PatchRequest { operations: vec![operation] }, &schemas, &leniency).map(|_| ()));
        }
        match result {
            Err(_) => prop_assert_eq!(&whole, &before),
            Ok(changed) => {
                prop_assert_eq!(changed, whole != before);
                // One by one, a required attribute may be missing between two steps; otherwise both ways end the same.
                if steps.is_ok() {
                    prop_assert_eq!(&whole, &one_by_one);
                }
                prop_assert!(primaries(&whole) <= 1);
                prop_assert_eq!(&whole["id"], &before["id"]);
                prop_assert!(whole["userName"].is_string());
                prop_assert!(!whole.contains_key("password"));
            }
        }
        if steps.is_ok() {
            prop_assert!(result.is_ok());
        }
    }

    /// Additions that follow each other are carried out as one step, for speed; each may make another value primary.
    #[test]
    fn additions_in_one_request_are_additions_one_after_the_other(
        start in proptest::collection::vec(email(), 0..4),
        additions in proptest::collection::vec(proptest::collection::vec(email(), 1..3), 1..7),
    ) {
        let schemas = Schemas::user();
        let user = normalize(&object(json!({ "userName": "a", "emails": start })), &schemas, &Leniency::NONE);
        let Ok(user) = user else { return Ok(()) };
        let add = |values: &Vec<Value>| PatchOperation {
            op: PatchOp::Add,
            path: Some("emails".to_owned()),
            value: Some(json!(values)),
        };
        let mut at_once = user.clone();
        let request = PatchRequest { operations: additions.iter().map(add).collect() };
        let result = apply(&mut at_once, &request, &schemas, &Leniency::NONE);
        let mut in_turn = user.clone();
        let steps = additions.iter().try_for_each(|values| {
            apply(&mut in_turn, &PatchRequest { operations: vec![add(values)] }, &schemas, &Leniency::NONE).map(drop)
        });
        prop_assert_eq!(result.map(drop), steps.clone());
        prop_assert_eq!(at_once, if steps.is_ok() { in_turn } else { user });
    }

    #[test]
    fn what_a_patch_leaves_is_valid(operations in proptest::collection::vec(operation(), 1..5)) {
        let schemas = Schemas::user();
        let mut user = object(json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a", "emails": [{ "value": "a@example.com", "primary": true }] }));
        if apply(&mut user, &PatchRequest { operations }, &schemas, &Leniency::ALL).is_ok() {
            prop_assert_eq!(normalize(&user, &schemas, &Leniency::NONE), Ok(user.clone()));
        }
    }
}
