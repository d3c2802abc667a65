//! Imports through the router.

use crate::support::{Reply, World, send, world};
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

const USERS: &str = "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Org Unit Path [Required],Shoe Size\n\
    Ada,Lovelace,ada@example.com,****,/Engineering,37\n\
    Bob,,bob@example.com,****,/,44\n\
    Cyd,Charisse,cyd@example.com,****,/,36\n";
const MEMBERS: &str = "Group Email [Required],Member Email,Member Type,Member Role\n\
    eng@example.com,ada@example.com,USER,MEMBER\n";

async fn import(world: &World, path: &str, file: &str) -> Reply {
    let request = Request::builder().method("POST").uri(format!("/api/v1/import/{path}"));
    let request = request.header("authorization", format!("Bearer {}", world.super_admin)).header("content-type", "text/csv");
    send(&world.router, request.body(Body::from(file.to_owned())).unwrap()).await
}

fn report(reply: &Reply) -> Value {
    assert_eq!(reply.headers["content-type"], "application/x-ndjson");
    let last: Value = serde_json::from_str(reply.text.lines().last().unwrap()).unwrap();
    last["report"].clone()
}

#[tokio::test]
async fn a_users_file_is_imported_and_its_bad_rows_are_named() {
    let world = world().await;
    let dry = report(&import(&world, "users?dry_run=true", USERS).await.expect(200));
    assert_eq!((dry["dry_run"].as_bool(), dry["users"]["added"].as_u64()), (Some(true), Some(2)));
    assert_eq!(world.get("/users").await.json()["items"], serde_json::json!([]));
    let done = report(&import(&world, "users", USERS).await.expect(200));
    assert_eq!(done["users"]["added"], 2);
    assert_eq!(done["rejected"][0]["line"], 3);
    assert_eq!(done["unknown_columns"], serde_json::json!(["Shoe Size"]));
    assert_eq!(done["org_units_created"], serde_json::json!(["/Engineering"]));
    assert_eq!(world.get("/users/ada@example.com").await.expect(200).json()["org_unit"], "/Engineering");
}

#[tokio::test]
async fn members_come_alone_or_behind_their_users() {
    let world = world().await;
    let both = format!("{USERS}{MEMBERS}");
    let path = format!("users?users_bytes={}", USERS.len());
    let dry = report(&import(&world, &format!("{path}&dry_run=true"), &both).await.expect(200));
    assert_eq!(
        (dry["users"]["added"].as_u64(), dry["members"]["added"].as_u64(), dry["members"]["outside"].as_u64()),
        (Some(2), Some(1), Some(0))
    );
    let done = report(&import(&world, &path, &both).await.expect(200));
    assert_eq!((done["users"]["added"].as_u64(), done["members"]["groups_created"].as_u64()), (Some(2), Some(1)));
    let again = report(&import(&world, "members", MEMBERS).await.expect(200));
    assert_eq!((again["members"]["rows"].as_u64(), again["members"]["unchanged"].as_u64()), (Some(1), Some(1)));
    assert_eq!(world.get("/groups/eng@example.com/members").await.json()["items"][0]["email"], "ada@example.com");
}

#[tokio::test]
async fn a_file_with_the_wrong_header_is_refused_as_a_problem() {
    let world = world().await;
    let refused = import(&world, "users", "Name,Mail\nAda,ada@example.com\n").await.expect(422);
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    import(&world, "members", "Group,Who\na,b\n").await.expect(422);
    import(&world, "users?users_bytes=9999", USERS).await.expect(400);
    import(&world, "users?absent=vanish", USERS).await.expect(400);
}
