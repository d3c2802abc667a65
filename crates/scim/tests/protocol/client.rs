//! What foreign providers answer.

use crate::object;
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
    let page = read_list(&json!({ "totalResults": 2, "Resources": [{ "id": 1 }, { "id": 2 }], "nextCursor": "c" })).unwrap();
    assert_eq!((page.resources.len(), page.total_results, page.next_cursor.as_deref()), (2, Some(2), Some("c")));
    let page = read_list(&json!({ "totalResults": "0" })).unwrap();
    assert_eq!((page.resources.len(), page.total_results), (0, Some(0)));
    assert!(read_list(&json!({ "totalResults": 5, "startIndex": 6 })).unwrap().resources.is_empty());
    assert!(read_list(&json!({ "totalResults": 5, "itemsPerPage": 0 })).unwrap().resources.is_empty());
    assert_eq!(read_list(&json!({ "resources": [] })).unwrap().total_results, None);
}

#[test]
fn what_is_no_list_is_never_an_empty_one() {
    let not_a_list =
        [json!([]), json!("x"), json!({}), json!({ "totalResults": 3 }), json!({ "Resources": {} }), json!({ "Resources": [1] })];
    for body in not_a_list {
        assert!(matches!(read_list(&body), Err(ReadError::NotAList { .. })), "{body}");
    }
    let failed = read_list(&json!({ "status": "error", "message": "No publisher" })).unwrap_err();
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
