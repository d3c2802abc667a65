//! Groups and their members.

use crate::support::world;
use provost_store::Actor;
use provost_store::directory::groups;

#[tokio::test]
async fn a_group_is_added_filled_edited_and_deleted() {
    let world = world().await;
    world.domain().await;
    let ada = world.user("ada", "/").await;
    let browser = world.super_admin().await;
    browser
        .post("/directory/groups/add", &[("name", "Eng"), ("email", "eng@elsewhere.example")])
        .await
        .expect(422)
        .shows(&["is not one of", "value=\"Eng\""]);
    let page = browser
        .post("/directory/groups/add", &[("name", "Eng"), ("email", "eng@example.com"), ("description", "All of us")])
        .await
        .leads();
    let nested = groups::add(&world.store, &Actor::CommandLine, "web@example.com", "Web", "").await.unwrap();
    let add = format!("{page}/members/add");
    for member in ["ada@example.com", "web@example.com", "guest@partner.example"] {
        assert_eq!(browser.post(&add, &[("member", member), ("role", "MEMBER")]).await.leads(), page);
    }
    browser.get(&page).await.shows(&["ada Example", "Nested group", "Outside", "guest@", "All of us", &ada.id.to_string()]);
    let again = browser.post(&add, &[("member", "ada@example.com"), ("role", "MEMBER")]).await.expect(422);
    again.shows(&["is a member of eng@example.com already", "value=\"ada@example.com\""]);
    let inner = format!("/directory/groups/{}/members/add", nested.id);
    browser.post(&inner, &[("member", "eng@example.com"), ("role", "OWNER")]).await.expect(422).shows(&["would contain itself"]);
    let remove = format!("{page}/members/remove");
    browser
        .get(&format!("{remove}?member=ada%40example.com"))
        .await
        .shows(&["Remove ada@example.com from Eng?", "No app uses the group"]);
    browser.post(&remove, &[("member", "ada@example.com")]).await.leads();
    browser.get(&page).await.hides(&["ada Example"]);
    browser.post(&remove, &[("member", "ada@example.com")]).await.expect(422).shows(&["not a direct member"]);
    let edit = format!("{page}/edit");
    let revision = browser.get(&edit).await.hidden("revision");
    let form = |name, revision| [("name", name), ("email", "eng@example.com"), ("description", ""), ("revision", revision)];
    browser.post(&edit, &form("Engineering", &revision)).await.leads();
    browser.post(&edit, &form("Stale", &revision)).await.expect(409).shows(&["changed meanwhile", "value=\"Stale\""]);
    browser.post(&edit, &form("Stale", "")).await.expect(409);
    browser.get("/directory/groups?q=engin").await.shows(&["Engineering"]).hides(&["web@example.com"]);
    browser.get(&format!("{page}/delete")).await.shows(&["Delete the group Engineering?", "2 direct memberships"]);
    assert_eq!(browser.post(&format!("{page}/delete"), &[]).await.leads(), "/directory/groups");
    browser.get(&page).await.expect(404);
}
