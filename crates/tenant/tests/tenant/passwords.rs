//! `password` is accepted, not kept and never shown (RFC 7643 section 4.1.1), however it comes.

use crate::support::{USERS, World, user, world_at};
use provost_db::Location;
use provost_db::testing::sqlite_file;
use provost_tenant::{ProfileName, transfer};
use serde_json::{Value, json};
use std::io::Cursor;

const SECRET: &str = "secret-of-the-user";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Everything that is kept and everything that is shown of the users, as text.
async fn all_that_is_there(world: &World, location: &Location, id: &str) -> String {
    let mut texts = Vec::new();
    for query in ["", "?attributes=password", "?attributes=userName,password"] {
        for path in [format!("{USERS}/{id}{query}"), format!("{USERS}{query}")] {
            let answer = world.call("GET", &path, None).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            texts.push(answer.text);
        }
    }
    let mut lines = Vec::new();
    transfer::export(&world.tenant, &mut lines, |_| ()).await.unwrap();
    texts.push(String::from_utf8(lines).unwrap());
    let Location::File(path) = location else { panic!("not a file") };
    let database = rusqlite::Connection::open(path).unwrap();
    let mut rows = database.prepare("SELECT body || search FROM tenant_user").unwrap();
    texts.extend(rows.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap));
    texts.concat()
}

#[tokio::test]
async fn a_password_is_taken_and_neither_kept_nor_shown() {
    for profile in [ProfileName::Netskope, ProfileName::Standard] {
        let (location, _guard) = sqlite_file();
        let world = world_at(location.clone(), profile).await;
        let with = |title: &str| {
            let mut body = user("ada@example.com");
            body["title"] = json!(title);
            body["password"] = json!(SECRET);
            body
        };
        let made = world.call("POST", USERS, Some(&with("made"))).await;
        assert_eq!(made.status, 201, "{profile}: {}", made.text);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let path = format!("{USERS}/{id}");
        let patch = |operations: Value| json!({ "schemas": [PATCH], "Operations": operations });
        let title = |title: &str| json!({ "op": "replace", "path": "title", "value": title });
        let mut answers = vec![made.text];
        for (method, body, expected) in [
            ("PUT", with("replaced"), "replaced"),
            ("PATCH", patch(json!([title("patched"), { "op": "replace", "path": "password", "value": SECRET }])), "patched"),
            ("PATCH", patch(json!([{ "op": "add", "path": "password", "value": SECRET }, title("added")])), "added"),
            ("PATCH", patch(json!([{ "op": "replace", "value": { "password": SECRET, "title": "merged" } }])), "merged"),
            ("PATCH", patch(json!([{ "op": "replace", "path": "password", "value": SECRET }])), "merged"),
            ("PUT", with("again"), "again"),
        ] {
            let answer = world.call(method, &path, Some(&body)).await;
            assert!(answer.status.is_success(), "{profile}, {method} {body}: {}", answer.text);
            answers.push(answer.text);
            let shown = world.call("GET", &path, None).await.json();
            assert_eq!(shown["title"], expected, "{profile}, {method} {body}: the rest is carried out");
        }
        let line = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "imported", "userName": "imported",
            "password": SECRET });
        let done = transfer::import(&world.tenant, &mut Cursor::new(line.to_string().into_bytes()), |_| ()).await.unwrap();
        assert_eq!(done.users, 1, "{profile}");
        for id in [&id, "imported"] {
            let there = answers.concat() + &all_that_is_there(&world, &location, id).await;
            assert!(!there.contains(SECRET) && !there.contains("\"password\""), "{profile}: {there}");
        }
    }
}

/// A password that is none is refused by its name and not repeated.
#[tokio::test]
async fn a_password_that_is_no_text_is_refused() {
    let (location, _guard) = sqlite_file();
    let world = world_at(location, ProfileName::Standard).await;
    let path = format!("{USERS}/{}", world.make_user("ada@example.com").await);
    let mut body = user("bob@example.com");
    body["password"] = json!([SECRET]);
    let patch = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "password", "value": [SECRET] }] });
    for (method, path, body) in [("POST", USERS, &body), ("PUT", &path, &body), ("PATCH", &path, &patch)] {
        let answer = world.call(method, path, Some(body)).await;
        assert_eq!((answer.status.as_u16(), answer.json()["scimType"].as_str()), (400, Some("invalidValue")), "{}", answer.text);
        assert!(answer.text.contains("password") && !answer.text.contains(SECRET), "{method}: {}", answer.text);
    }
    // Nobody finds out by asking whether it begins with this.
    let answer = world.call("GET", &format!("{USERS}?filter=password%20sw%20%22s%22"), None).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(world.call("GET", &format!("{USERS}?sortBy=password"), None).await.status, 400);
}
