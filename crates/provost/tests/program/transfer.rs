//! A tenant's users and groups out of one installation and into another, through files and pipes.

use crate::run::{provost, provost_reading};
use provost_testkit::unique_dir;
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

fn lines() -> String {
    let user = |id: &str| json!({ "schemas": [USER], "id": id, "userName": format!("{id}@example.com") });
    let group = json!({ "schemas": [GROUP], "id": "g", "displayName": "Both", "members": [{ "value": "a" }, { "value": "b" }] });
    format!("{}\n{}\n{group}\n", user("a"), user("b"))
}

#[test]
fn a_tenant_moves_through_a_file_and_through_a_pipe() {
    let folder = unique_dir();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (first, second, file) = (at("first"), at("second"), at("users.jsonl"));
    let said = provost_reading(&lines(), &["tenant", "import", "-", "--data", &first]).well();
    assert!(said.contains("New users: 2. New groups: 1. Lines that were here already: 0."), "{said}");
    let printed = provost(&["tenant", "export", "--data", &first]).well();
    assert_eq!(printed.lines().count(), 3, "{printed}");
    provost(&["tenant", "export", &file, "--data", &first]).well();
    assert_eq!(std::fs::read_to_string(&file).expect("it was written"), printed);
    for (new, unchanged) in [(true, 0), (false, 3)] {
        let ran = provost(&["tenant", "import", &file, "--data", &second, "--json"]);
        let expected = json!({ "users": if new { 2 } else { 0 }, "groups": i32::from(new), "unchanged": unchanged });
        assert_eq!((ran.code, ran.json()), (Some(0), expected));
    }
    assert_eq!(provost(&["tenant", "export", "--data", &second]).well(), printed);
}

#[test]
fn a_bad_file_is_told_line_by_line_and_changes_nothing() {
    let folder = unique_dir();
    let data = folder.path().join("data").to_string_lossy().into_owned();
    let bad = format!("{}{{\n{}\n", lines(), json!({ "schemas": [USER], "id": "c" }));
    let ran = provost_reading(&bad, &["tenant", "import", "-", "--data", &data]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:#?}");
    for part in [
        "line 4 is not one JSON object",
        "line 5 is refused by the schema: userName is required",
        "2 of 5 lines cannot be imported",
    ] {
        assert!(ran.err.contains(part), "{part:?} is not said: {ran:#?}");
    }
    let ran = provost_reading(&bad, &["tenant", "import", "-", "--data", &data, "--json"]);
    let numbers: Vec<Value> = ran.json()["bad"].as_array().expect("a list").iter().map(|bad| bad["line"].clone()).collect();
    assert_eq!((ran.code, numbers), (Some(1), vec![json!(4), json!(5)]));
    assert_eq!(provost(&["tenant", "export", "--data", &data]).well(), "");
    let missing = folder.path().join("missing.jsonl").to_string_lossy().into_owned();
    provost(&["tenant", "import", &missing, "--data", &data]).refused(&["cannot read", "missing.jsonl"]);
    let nowhere = folder.path().join("no/such/folder/out.jsonl").to_string_lossy().into_owned();
    provost(&["tenant", "export", &nowhere, "--data", &data]).refused(&["cannot write", "out.jsonl"]);
}
