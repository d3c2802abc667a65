//! The same story on SQLite and on PostgreSQL, and what survives a restart.

use crate::support::{GROUPS, USERS, World, user, world_at};
use provost_db::testing::locations;
use provost_platform::Clock;
use provost_tenant::options::{DeleteEffect, Options};
use provost_tenant::{ProfileName, Tenant, admins, tokens, users};
use serde_json::json;

#[tokio::test]
async fn both_engines_tell_the_same_story() {
    for (engine, location, _guard) in locations() {
        let world = world_at(location.clone(), ProfileName::Netskope).await;
        story(engine, &world).await;
        let again = Tenant::open(location, Clock::system(), ProfileName::Netskope).await.unwrap();
        assert_eq!(users::count(&again).await.unwrap(), (3, 2), "{engine}: after a restart");
        assert_eq!(tokens::list(&again).await.unwrap().len(), 1, "{engine}");
        assert_eq!(admins::list(&again).await.unwrap().len(), 1, "{engine}");
        assert_eq!(again.options().await.unwrap().delete_effect, DeleteEffect::Soft, "{engine}");
        assert_eq!(again.requests_total(), 0, "{engine}: the request log is in memory");
    }
}

async fn story(engine: &str, world: &World) {
    let options = Options { delete_effect: DeleteEffect::Soft, ..Options::default() };
    world.tenant.set_options(&options).await.unwrap();
    let ids = [
        world.make_user("a@example.com").await,
        world.make_user("b@example.com").await,
        world.make_user("%_!@example.com").await,
    ];
    assert_eq!(world.call("POST", USERS, Some(&user("A@example.com"))).await.status, 409, "{engine}");
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G",
        "members": [{ "value": ids[0] }, { "value": ids[1] }] });
    let made = world.call("POST", GROUPS, Some(&group)).await;
    assert_eq!(made.status, 201, "{engine}: {}", made.text);
    assert_eq!(world.call("POST", GROUPS, Some(&group)).await.status, 409, "{engine}");
    assert_eq!(world.call("DELETE", &format!("{USERS}/{}", ids[0]), None).await.status, 204, "{engine}");
    world.make_user("A@example.com").await;
    world.patched(&ids[1], json!([{ "op": "replace", "path": "active", "value": false }])).await;
    assert_eq!(
        world.listed("").await,
        (3, ["b@example.com", "%_!@example.com", "A@example.com"].map(str::to_owned).to_vec()),
        "{engine}"
    );
    assert_eq!(world.listed("filter=userName%20eq%20%22a@EXAMPLE.com%22").await.0, 1, "{engine}");
    let found = users::page(&world.tenant, &users::UserSelection::Search("%_!".to_owned()), 0, 10).await.unwrap();
    assert_eq!(found.0, 1, "{engine}: search takes no wildcards");
    let path = format!("{GROUPS}/{}?attributes=members", made.json()["id"].as_str().unwrap());
    assert_eq!(world.call("GET", &path, None).await.json()["members"].as_array().unwrap().len(), 1, "{engine}");
    assert_eq!(tokens::list(&world.tenant).await.unwrap()[0].grants.len(), 2, "{engine}");
}
