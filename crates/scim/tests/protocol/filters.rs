//! Filters: what is read, what matches, what is refused, and that nothing takes long.

use crate::{barbara, cases};
use provost_scim::filter::{self, SyntaxError};
use provost_scim::{
    AttributePath, Filter, Leniency, PatchOp, PatchOperation, PatchPath, PatchRequest, Schemas, ScimType, apply, matches,
};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};

#[test]
fn every_example_is_read_printed_and_decided() {
    let cases = cases(include_str!("../data/rfc/filters.json"), include_str!("../data/filters.json"));
    let (user, schemas) = (barbara(), Schemas::user());
    for case in &cases {
        let text = case["filter"].as_str().unwrap();
        let parsed = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        filter::check(&parsed, &schemas).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(Filter::parse(&parsed.to_string()), Ok(parsed.clone()), "{text}");
        assert_eq!(matches(&parsed, &user, &schemas), case["matches"].as_bool().unwrap(), "{}: {text}", case["origin"]);
    }
    assert!(cases.len() > 35);
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../data/filters_refused.json")).unwrap();
    let schemas = Schemas::user();
    for case in &cases {
        let text = case["filter"].as_str().unwrap();
        let error = Filter::parse(text)
            .map_err(|error| error.in_filter())
            .and_then(|parsed| filter::check(&parsed, &schemas))
            .expect_err(text);
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidFilter)), "{text}");
        assert!(error.detail.contains(case["says"].as_str().unwrap()), "{text}: {}", error.detail);
    }
}

#[test]
fn messages_name_the_place() {
    let error = Filter::parse("userName eq \"ä\" und title pr").unwrap_err();
    assert_eq!(error.to_string(), "at character 17: expected \"and\", \"or\" or the end, found \"und\"");
}

#[test]
fn printing_keeps_the_tree() {
    for (text, printed) in [
        ("a pr or b pr and not (c pr)", "a pr or (b pr and not (c pr))"),
        ("(a pr and b pr) and c pr", "(a pr and b pr) and c pr"),
        ("((a EQ 1.5e3))", "a eq 1500.0"),
        ("e[t eq \"w\" or (u pr)].v SW \"x\"", "e[(t eq \"w\" or u pr) and v sw \"x\"]"),
        ("urn:x:2.0:U:a.b ne NULL", "urn:x:2.0:U:a.b ne null"),
    ] {
        assert_eq!(Filter::parse(text).unwrap().to_string(), printed);
    }
}

#[test]
fn limits_hold_at_their_borders() {
    let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(filter::DEPTH_MAX)).is_ok());
    assert!(matches!(Filter::parse(&nested(filter::DEPTH_MAX + 1)), Err(SyntaxError::TooDeep { .. })));
    let terms = |count: usize| vec!["a pr"; count].join(" or ");
    assert!(Filter::parse(&terms(filter::TERMS_MAX)).is_ok());
    assert_eq!(Filter::parse(&terms(filter::TERMS_MAX + 1)), Err(SyntaxError::TooManyTerms));
    let long = |length: usize| format!("a eq \"{}\"", "x".repeat(length - 7));
    assert!(Filter::parse(&long(2048)).is_ok());
    assert_eq!(Filter::parse(&long(2049)), Err(SyntaxError::TooLong { length: 2049 }));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test measures how long it takes")]
fn huge_input_is_refused_quickly() {
    let started = Instant::now();
    for piece in ["(", "not (", "emails[", "a pr and ", "\"", "\\\"", "urn:"] {
        let huge = piece.repeat(1_000_000 / piece.len());
        assert!(matches!(Filter::parse(&huge), Err(SyntaxError::TooLong { .. })));
        assert!(matches!(AttributePath::parse(&huge), Err(SyntaxError::TooLong { .. })));
        assert!(matches!(PatchPath::parse(&huge), Err(SyntaxError::TooLong { .. })));
        let largest = piece.repeat(2048 / piece.len());
        assert!(Filter::parse(&largest).is_err());
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn an_index_can_use_equalities() {
    let parsed = Filter::parse("userName eq \"a\"").unwrap();
    assert_eq!(parsed.equality(), Some((&AttributePath::of("userName"), "a")));
    let parsed = Filter::parse("active eq true and userName eq \"a\"").unwrap();
    assert_eq!(parsed.equality(), None);
    assert_eq!(parsed.required_equality(), Some((&AttributePath::of("userName"), "a")));
    assert_eq!(Filter::parse("userName eq \"a\" or title pr").unwrap().required_equality(), None);
    assert_eq!(Filter::parse("not (userName eq \"a\")").unwrap().required_equality(), None);
}

#[test]
fn numbers_compare_as_numbers_in_open_attributes() {
    let schemas = Schemas::user();
    let urn = "urn:ietf:params:scim:schemas:extension:tenant:2.0:User";
    let user =
        crate::object(json!({ "userName": "a", urn: { "badge": 12, "ratio": 1.5, "floors": ["1", "2"], "box": { "x": 1 } } }));
    for (text, expected) in [
        ("badge gt 9", true),
        ("badge eq 12.0", true),
        ("BADGE lt 9", false),
        ("ratio ge 1.5", true),
        ("floors eq \"2\"", true),
        ("box.x eq 1", true),
        ("box[x eq 2]", false),
        ("nothing pr", false),
    ] {
        let mut whole = String::new();
        write!(whole, "{urn}:{text}").unwrap();
        assert_eq!(matches(&Filter::parse(&whole).unwrap(), &user, &schemas), expected, "{text}");
    }
}

/// RFC 7644 table 3, `pr`: "if it contains a non-empty node for complex attributes, there is a match"; RFC 7643 section 2.5: null is
/// the same as unassigned.
#[test]
fn a_complex_value_without_value_is_there_all_the_same() {
    let schemas = Schemas::user();
    let user =
        crate::object(json!({ "userName": "a", "emails": [{ "type": "work", "display": "only" }], "roles": [{ "value": "" }],
        "phoneNumbers": [{ "value": "1" }], "addresses": [{ "type": "work" }], "name": { "givenName": "A" } }));
    for (text, expected) in [
        ("emails pr", true),
        ("not (emails pr)", false),
        ("emails eq null", false),
        ("emails ne null", true),
        ("emails.value pr", false),
        ("emails.value eq null", true),
        ("emails[type eq \"work\"]", true),
        ("emails[value pr]", false),
        ("emails eq \"only\"", false),
        ("phoneNumbers pr", true),
        ("phoneNumbers eq null", false),
        ("addresses pr and name pr", true),
        ("roles pr", false),
        ("ims pr", false),
        ("ims eq null", true),
    ] {
        let filter = Filter::parse(text).unwrap();
        assert_eq!(filter::check(&filter, &schemas), Ok(()), "{text}");
        assert_eq!(matches(&filter, &user, &schemas), expected, "{text}");
    }
}

/// A list of scalars calls its values `value`, declared or not.
#[test]
fn the_values_of_a_list_of_scalars_are_chosen_by_value() {
    let urn = "urn:ietf:params:scim:schemas:extension:tenant:2.0:User";
    let list = crate::object(json!({ "id": "urn:x:2.0:L", "attributes": [
        { "name": "texts", "multiValued": true, "caseExact": true }, { "name": "numbers", "type": "integer", "multiValued": true }
    ] }));
    let schemas = Schemas::user().with_extension(provost_scim::Schema::parse(&list).unwrap());
    let lists = json!({ "texts": ["a", "b"], "numbers": [1, 2] });
    let user = crate::object(json!({ "userName": "a", urn: lists, "urn:x:2.0:L": lists }));
    for urn in [urn, "urn:x:2.0:L"] {
        for (text, expected) in [
            ("texts eq \"a\"", true),
            ("texts[value eq \"a\"]", true),
            ("texts[VALUE eq \"c\"]", false),
            ("texts[value sw \"b\" and value ne \"a\"]", true),
            ("numbers[value gt 1]", true),
            ("numbers[value gt 1 and value lt 2]", false),
        ] {
            let filter = Filter::parse(&format!("{urn}:{text}")).unwrap();
            assert_eq!(filter::check(&filter, &schemas), Ok(()), "{text}");
            assert_eq!(matches(&filter, &user, &schemas), expected, "{urn}:{text}");
        }
        for (path, left) in [("texts[value eq \"a\"]", json!(["b"])), ("numbers[value eq 2]", json!([1]))] {
            let mut after = user.clone();
            let operation = PatchOperation { op: PatchOp::Remove, path: Some(format!("{urn}:{path}")), value: None };
            let request = PatchRequest { operations: vec![operation] };
            assert_eq!(apply(&mut after, &request, &schemas, &Leniency::NONE), Ok(true), "{urn}:{path}");
            assert_eq!(after[urn][&path[..path.find('[').unwrap()]], left);
        }
    }
}

/// The lower case of a capital sigma depends on where it stands, and a part of a text has its letters elsewhere than the whole.
#[test]
fn parts_of_a_text_are_found_whatever_letter_they_end_in() {
    let schemas = Schemas::user();
    for name in ["ΟΔΟΣΑ ΣΣ", "οδοσα σς", "Οδοςα ςσ"] {
        let user = crate::object(json!({ "userName": "a", "displayName": name }));
        for filter in [
            "eq \"ΟΔΟΣΑ ΣΣ\"",
            "eq \"οδοσα σς\"",
            "sw \"ΟΔΟΣ\"",
            "sw \"οδος\"",
            "sw \"οδοσ\"",
            "co \"ΔΟΣ\"",
            "ew \"Σ\"",
            "ge \"ΟΔΟΣΑ ΣΣ\"",
            "le \"οδοςα ςς\"",
        ] {
            let filter = Filter::parse(&format!("displayName {filter}")).unwrap();
            assert!(matches(&filter, &user, &schemas), "{filter} of {name}");
        }
        assert!(!matches(&Filter::parse("displayName gt \"οδοσα σσ\"").unwrap(), &user, &schemas), "{name}");
    }
}

#[test]
fn paths_are_taken_apart() {
    for (text, schema, attribute, sub_attribute) in [
        ("userName", None, "userName", None),
        ("name.givenName", None, "name", Some("givenName")),
        ("members.$ref", None, "members", Some("$ref")),
        ("urn:a:2.0:User:userName", Some("urn:a:2.0:User"), "userName", None),
        ("urn:a:2.0:User:manager.displayName", Some("urn:a:2.0:User"), "manager", Some("displayName")),
    ] {
        let path = AttributePath::parse(text).unwrap();
        assert_eq!(
            (path.schema.as_deref(), path.attribute.as_str(), path.sub_attribute.as_deref()),
            (schema, attribute, sub_attribute)
        );
        assert_eq!(path.to_string(), text);
    }
    for text in ["", ".", "a.", ".a", "a.b.c", "a b", "a:b", "urn:", "urn:a:", "é", "a[b", "-a", "$"] {
        assert!(AttributePath::parse(text).is_err(), "{text}");
    }
    let text = "urn:a:2.0:User:emails[type eq \"work\" and not (primary eq true)].value";
    assert_eq!(PatchPath::parse(text).unwrap().to_string(), text);
    for text in [
        "emails[",
        "emails[]",
        "emails[type pr",
        "emails[type pr]x",
        "emails[type pr].",
        "emails[type pr].a.b",
        "e.x[type pr]",
        "[type pr]",
    ] {
        assert!(PatchPath::parse(text).is_err(), "{text}");
    }
}
