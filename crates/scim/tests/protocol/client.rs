//! What foreign providers answer.

use crate::object;
use provost_scim::Resource;
use provost_scim::client::deviations::{
    any_success, cursor_empty, error_in_description, error_in_detail, error_in_error, error_in_error_description,
    error_in_errors, error_in_message, error_in_result, error_in_status_message, id_as_number, resources_absent,
    status_as_number, status_in_errors_code, success_with_error, success_with_error_schema, success_with_error_status,
    success_with_error_word, success_with_errors, success_with_ok_false, success_with_status_message, total_as_text,
};
use provost_scim::client::{ReadError, error_of, error_text, id_of, read_list};
use serde_json::{Value, json};

#[test]
fn ids_are_strings_or_numbers() {
    let id = |resource: Value| id_of(&object(resource));
    assert_eq!(id(json!({ "id": "a-1" })).as_deref(), Some("a-1"));
    assert_eq!(id(json!({ "ID": 42 })).as_deref(), Some("42"));
    for resource in [json!({}), json!({ "id": "" }), json!({ "id": null }), json!({ "id": [1] })] {
        assert_eq!(id(resource), None);
    }
}

#[test]
fn lists_are_read_with_and_without_resources() {
    let page = read_list(json!({ "totalResults": 2, "Resources": [{ "id": 1 }, { "id": 2 }], "nextCursor": "c" })).unwrap();
    assert_eq!((page.resources.len(), page.total_results, page.next_cursor.as_deref()), (2, Some(2), Some("c")));
    let page = read_list(json!({ "totalResults": "0" })).unwrap();
    assert_eq!((page.resources.len(), page.total_results), (0, Some(0)));
    assert!(read_list(json!({ "totalResults": 5, "startIndex": 6 })).unwrap().resources.is_empty());
    assert!(read_list(json!({ "totalResults": 5, "itemsPerPage": 0 })).unwrap().resources.is_empty());
    assert_eq!(read_list(json!({ "resources": [] })).unwrap().total_results, None);
}

#[test]
fn what_is_no_list_is_never_an_empty_one() {
    let not_a_list =
        [json!([]), json!("x"), json!({}), json!({ "totalResults": 3 }), json!({ "Resources": {} }), json!({ "Resources": [1] })];
    for body in not_a_list {
        assert!(matches!(read_list(body.clone()), Err(ReadError::NotAList { .. })), "{body}");
    }
    let failed = read_list(json!({ "status": "error", "message": "No publisher" })).unwrap_err();
    assert_eq!(failed.to_string(), "the app answered with an error: No publisher");
}

#[test]
fn error_texts_are_found_in_every_known_shape() {
    let cases = [
        (
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "detail": "userName in use" }),
            "userName in use",
        ),
        (json!({ "message": "no such route" }), "no such route"),
        (json!({ "status": { "message": "bad token" } }), "bad token"),
        (json!({ "error": "invalid_token" }), "invalid_token"),
        (json!({ "error": { "code": 403, "message": "denied" } }), "denied"),
        (json!({ "error": "invalid_client", "error_description": "unknown client" }), "unknown client"),
        (json!({ "Errors": [{ "description": "user_not_found", "code": "404" }] }), "user_not_found"),
        (json!({ "Errors": { "description": "limit", "code": 429 } }), "limit"),
        (json!({ "ok": 0, "result": "This is a licensed feature", "status": 401 }), "This is a licensed feature"),
        (json!("plain words"), "plain words"),
        (json!({ "detail": "", "message": "second choice" }), "second choice"),
    ];
    for (body, text) in cases {
        assert_eq!(error_text(&body).as_deref(), Some(text), "{body}");
    }
    for body in [json!(null), json!({}), json!({ "code": 5 }), json!(""), json!([[[["deep"]]]])] {
        assert_eq!(error_text(&body), None, "{body}");
    }
}

#[test]
fn a_success_that_is_an_error_is_seen_and_a_resource_is_not_mistaken() {
    let error = error_of(&json!({ "ok": 0, "result": "licensed", "status": 401 })).unwrap();
    assert_eq!((error.status, error.text.as_str()), (Some(401), "licensed"));
    let error =
        error_of(&json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "scimType": "tooMany" }))
            .unwrap();
    assert_eq!((error.status, error.scim_type.as_deref()), (Some(400), Some("tooMany")));
    let error = error_of(&json!({ "Errors": [{ "description": "gone", "code": "404" }] })).unwrap();
    assert_eq!((error.status, error.text.as_str()), (Some(404), "gone"));
    assert!(error_of(&json!({ "status": { "message": "x" } })).is_some());
    for body in [
        json!({ "id": "1", "userName": "a", "status": "error" }),
        json!({ "totalResults": 0, "errors": [] }),
        json!({ "displayName": "Errors", "message": "hello" }),
        json!({ "ok": true, "status": 200 }),
        json!([]),
        json!(null),
    ] {
        assert_eq!(error_of(&body), None, "{body}");
    }
}

/// Where the words are, by the function that finds them there and by a body that has them nowhere else.
type Words = (&'static str, fn(&Resource) -> Option<&Value>, Value);

#[test]
fn each_place_of_words_is_found_by_its_function_and_by_no_other() {
    let places: [Words; 8] = [
        ("detail", error_in_detail, json!({ "status": "409", "detail": "words" })),
        ("message", error_in_message, json!({ "code": 9, "Message": "words" })),
        ("status.message", error_in_status_message, json!({ "status": { "code": 9, "message": "words" } })),
        ("error_description", error_in_error_description, json!({ "error_description": "words" })),
        ("error", error_in_error, json!({ "error": { "code": 9, "message": "words" } })),
        ("description", error_in_description, json!({ "code": "9", "description": "words" })),
        ("errors", error_in_errors, json!({ "Errors": [{ "code": "9", "description": "words" }] })),
        ("result", error_in_result, json!({ "ok": 0, "result": "words" })),
    ];
    for (name, _, body) in &places {
        assert_eq!(error_text(body).as_deref(), Some("words"), "{name}");
        let body = object(body.clone());
        for (other, find, _) in &places {
            assert_eq!(find(&body).is_some(), name == other, "{other} in {name}");
        }
    }
    // Of several the first in this order is taken.
    for (index, (name, _, body)) in places.iter().enumerate() {
        for (later, _, other) in &places[index + 1..] {
            let mut both = object(serde_json::from_str(&other.to_string().replace("words", "others")).unwrap());
            both.extend(object(body.clone()));
            assert_eq!(error_text(&Value::Object(both)).as_deref(), Some("words"), "{name} before {later}");
        }
    }
}

/// What says that a success is none, by the function that sees it and by a body that says it in no other way.
type Mark = (&'static str, fn(&Resource) -> bool, Value);

#[test]
fn each_mark_of_an_error_is_seen_by_its_function_and_by_no_other() {
    let error = "urn:ietf:params:scim:api:messages:2.0:Error";
    let marks: [Mark; 7] = [
        ("schema", success_with_error_schema, json!({ "schemas": [error], "detail": "words" })),
        ("word", success_with_error_word, json!({ "status": "Error", "message": "words" })),
        ("status.message", success_with_status_message, json!({ "status": { "message": "words" } })),
        ("status", success_with_error_status, json!({ "status": 401, "result": "words" })),
        ("ok", success_with_ok_false, json!({ "ok": false, "result": "words" })),
        ("error", success_with_error, json!({ "error": "words" })),
        ("errors", success_with_errors, json!({ "Errors": { "description": "words" } })),
    ];
    for (name, _, body) in &marks {
        let members = object(body.clone());
        for (other, says, _) in &marks {
            assert_eq!(says(&members), name == other, "{other} in {name}");
        }
        assert_eq!(error_of(body).map(|error| error.text).as_deref(), Some("words"), "{name}");
        // A resource is one, whatever it looks like, unless it says by the RFC's schema that it is an error.
        let mut resource = members;
        resource.insert("userName".to_owned(), json!("ada"));
        assert_eq!(error_of(&Value::Object(resource)).is_some(), *name == "schema", "{name}");
    }
    let other_spellings: [Mark; 5] = [
        ("schema", success_with_error_schema, json!({ "schemas": error })),
        ("word", success_with_error_word, json!({ "status": "failure" })),
        ("status", success_with_error_status, json!({ "status": " 500 " })),
        ("ok", success_with_ok_false, json!({ "ok": 0 })),
        ("errors", success_with_errors, json!({ "errors": ["words"] })),
    ];
    for (name, says, body) in other_spellings {
        assert!(says(&object(body.clone())) && error_of(&body).is_some(), "{name}: {body}");
    }
    for body in [
        json!({ "status": "ok", "ok": 1, "error": null, "errors": [] }),
        json!({ "status": 200, "ok": true, "error": false, "errors": {} }),
        json!({ "status": { "code": 200 }, "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"] }),
        json!({ "status": 99_999, "schemas": [7] }),
    ] {
        let members = object(body.clone());
        assert!(marks.iter().all(|(_, says, _)| !says(&members)) && error_of(&body).is_none(), "{body}");
    }
}

#[test]
fn each_deviation_of_a_value_is_read_and_the_rfcs_own_form_is_none() {
    assert_eq!(id_as_number(&json!(42)).as_deref(), Some("42"));
    assert_eq!(total_as_text(&json!(" 42 ")), Some(42));
    assert_eq!(status_as_number(&json!(404)), Some(404));
    let code = |body: Value| status_in_errors_code(&object(body)).cloned();
    assert_eq!(code(json!({ "Errors": [{ "code": "404" }] })), Some(json!("404")));
    assert_eq!(code(json!({ "errors": { "code": 429 } })), Some(json!(429)));
    assert_eq!([json!("42"), json!(null), json!([1])].iter().find_map(id_as_number), None);
    assert_eq!([json!(42), json!("many"), json!("-1"), json!(null)].iter().find_map(total_as_text), None);
    assert_eq!([json!("404"), json!(-1), json!(4.5)].iter().find_map(status_as_number), None);
    assert_eq!([json!({ "code": 404 }), json!({ "errors": [] }), json!({ "errors": ["x"] })].into_iter().find_map(code), None);
    assert_eq!([json!(""), json!("c"), json!(null)].map(|cursor| cursor_empty(&cursor)), [true, false, false]);
    assert_eq!(read_list(json!({ "totalResults": 0, "nextCursor": "" })).unwrap().next_cursor, None);
    assert_eq!([199, 200, 201, 202, 204, 299, 300, 404].map(any_success), [false, true, true, true, true, true, false, false]);

    let absent = |list: Value| resources_absent(&object(list));
    for list in [
        json!({ "totalResults": "0" }),
        json!({ "totalResults": 0, "Resources": null }),
        json!({ "totalResults": 5, "startIndex": 6 }),
        json!({ "totalResults": 5, "itemsPerPage": "0" }),
    ] {
        assert!(absent(list.clone()) && read_list(list.clone()).unwrap().resources.is_empty(), "{list}");
    }
    for list in [json!({}), json!({ "totalResults": 5 }), json!({ "totalResults": 5, "startIndex": 1, "itemsPerPage": 5 })] {
        assert!(!absent(list.clone()) && read_list(list.clone()).is_err(), "{list}");
    }
    assert!(!absent(json!({ "totalResults": 0, "Resources": [] })), "they are there");
}
