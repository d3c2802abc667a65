//! A group with a hundred thousand members: what a change of one member writes, counted by the database itself.

use crate::support::{GROUPS, USERS, World, world_at};
use provost_db::Location;
use provost_db::testing::sqlite_file;
use provost_tenant::ProfileName;
use rusqlite::Connection;
use serde_json::{Value, json};

const MEMBERS: i64 = 100_000;

/// Users, a group that all but the last are in, and a count of whatever is written from then on. By SQL, because this is about
/// the change and not about how they came.
const FILLED: &str = r#"
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100001)
    INSERT INTO tenant_user (position, id, user_name, user_name_key, external_id_key, display_name_key, active, search, body,
        created_at, modified_at, revision)
    SELECT i, 'u' || i, 'user' || i, 'user' || i, '~', '~', 1, 'user' || i,
        '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"user' || i || '","active":true}', 0, 0, 1 FROM n;
    INSERT INTO tenant_group (position, id, display_name, display_name_key, external_id_key, body, created_at, modified_at,
        revision, member_count)
    VALUES (1, 'g', 'Big', 'big', '~',
        '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Big"}', 0, 0, 1, 100000);
    INSERT INTO tenant_group_member SELECT 1, 0, position FROM tenant_user WHERE position <= 100000;
    INSERT INTO tenant_block SELECT 0, position / 1024, count(*), count(*) FROM tenant_user GROUP BY 2;
    INSERT INTO tenant_block VALUES (1, 0, 1, 0);
    INSERT INTO tenant_block_group SELECT kind, block / 64, sum(resources), sum(active) FROM tenant_block GROUP BY 1, 2;
    CREATE TABLE written (what TEXT);
"#;

fn opened(location: &Location) -> Connection {
    let Location::File(path) = location else { panic!("not a file") };
    Connection::open(path).unwrap()
}

fn fill(location: &Location) {
    let connection = opened(location);
    connection.execute_batch(&format!("BEGIN; {FILLED} COMMIT;")).unwrap();
    for table in ["tenant_user", "tenant_user_email", "tenant_group", "tenant_group_member", "tenant_block"] {
        for (event, name) in [("INSERT", "i"), ("UPDATE", "u"), ("DELETE", "d")] {
            let trigger = format!(
                "CREATE TRIGGER {table}_{name} AFTER {event} ON {table} BEGIN INSERT INTO written VALUES ('{event} {table}'); END"
            );
            connection.execute_batch(&trigger).unwrap();
        }
    }
}

/// What was written since the last time, one entry for each row.
fn written(location: &Location) -> Vec<String> {
    let connection = opened(location);
    let mut statement = connection.prepare("DELETE FROM written RETURNING what").unwrap();
    let mut written: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    written.sort();
    written
}

async fn patch(world: &World, operation: Value) {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
    let answer = world.call("PATCH", &format!("{GROUPS}/g?excludedAttributes=members"), Some(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn groups_of(world: &World, user: &str) -> usize {
    let user = world.call("GET", &format!("{USERS}/{user}"), None).await.json();
    user["groups"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn one_member_of_a_hundred_thousand_is_one_row() {
    let (location, _guard) = sqlite_file();
    let world = world_at(location.clone(), ProfileName::Standard).await;
    fill(&location);
    let last = format!("u{}", MEMBERS + 1);
    assert_eq!((groups_of(&world, "u1").await, groups_of(&world, &last).await), (1, 0));

    patch(&world, json!({ "op": "add", "path": "members", "value": [{ "value": last }] })).await;
    assert_eq!(written(&location), ["INSERT tenant_group_member", "UPDATE tenant_group"]);
    assert_eq!(groups_of(&world, &last).await, 1);

    patch(&world, json!({ "op": "remove", "path": format!("members[value eq \"{last}\"]") })).await;
    assert_eq!(written(&location), ["DELETE tenant_group_member", "UPDATE tenant_group"]);
    assert_eq!(groups_of(&world, &last).await, 0);

    // Whoever is a member already does not become one again.
    patch(&world, json!({ "op": "add", "path": "members", "value": [{ "value": "u7" }] })).await;
    assert_eq!(written(&location), Vec::<String>::new());

    // Another attribute of the group.
    patch(&world, json!({ "op": "replace", "path": "displayName", "value": "Bigger" })).await;
    assert_eq!(written(&location), ["UPDATE tenant_group"]);

    // Both in one request, beyond the number of values that a client could send; what is shown without being asked for is left out.
    let both = json!([{ "op": "replace", "path": "displayName", "value": "Biggest" },
        { "op": "add", "value": { "externalId": "x", "members": [{ "value": last }] } }]);
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": both });
    assert_eq!(world.call("PATCH", &format!("{GROUPS}/g"), Some(&body)).await.status, 204);
    assert_eq!(written(&location), ["INSERT tenant_group_member", "UPDATE tenant_group"]);
    let group = world.call("GET", &format!("{GROUPS}/g?excludedAttributes=members"), None).await.json();
    assert_eq!((&group["displayName"], &group["externalId"]), (&json!("Biggest"), &json!("x")));
    assert_eq!(groups_of(&world, &last).await, 1);

    // The user's end takes it out of the group, which changes by that.
    assert_eq!(world.call("DELETE", &format!("{USERS}/u5"), None).await.status, 204);
    let expected = ["DELETE tenant_group_member", "DELETE tenant_user", "UPDATE tenant_block", "UPDATE tenant_group"];
    assert_eq!(written(&location), expected);
}
