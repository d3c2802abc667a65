//! Organizational units and domains.

use crate::support::world;
use provost_store::directory::{domains, org_units};

#[tokio::test]
async fn a_unit_is_added_moved_and_deleted_only_when_empty() {
    let world = world().await;
    world.domain().await;
    world.unit("/", "Sales").await;
    world.unit("/", "Research").await;
    let ada = world.user("ada", "/Sales").await;
    let browser = world.super_admin().await;
    browser.get("/directory/org-units").await.shows(&["Whole organization", "Sales", "1 user"]);
    let add = |name| [("name", name), ("parent", "/Sales")];
    let emea = browser.post("/directory/org-units/add", &add("EMEA")).await.leads();
    browser.post("/directory/org-units/add", &add("emea")).await.expect(422).shows(&["exists already", "value=\"emea\""]);
    let sales = org_units::find_by_path(&world.store, "/Sales").await.unwrap().id;
    let page = format!("/directory/org-units/{sales}");
    browser.get(&page).await.shows(&["EMEA", "1 user", "/directory/users?org_unit="]);
    browser
        .post(&format!("{page}/edit"), &[("name", "Sales"), ("parent", "/Sales/EMEA")])
        .await
        .expect(422)
        .shows(&["into itself"]);
    browser.post(&format!("{page}/edit"), &[("name", "Selling"), ("parent", "/Research")]).await.leads();
    browser.get(&emea).await.shows(&["Selling", "EMEA"]);
    assert_eq!(org_units::get(&world.store, ada.org_unit).await.unwrap().path, "/Research/Selling");
    browser
        .get(&format!("{page}/delete"))
        .await
        .expect(200)
        .shows(&["cannot be deleted yet", "1 user and 1 unit"])
        .hides(&["DELETE"]);
    browser.post(&format!("{page}/delete"), &[]).await.expect(422).shows(&["move them elsewhere"]);
    browser.get(&format!("{emea}/delete")).await.shows(&["DELETE"]);
    assert_eq!(browser.post(&format!("{emea}/delete"), &[]).await.leads(), "/directory/org-units");
    browser.get(&emea).await.expect(404);
    let root = org_units::find_by_path(&world.store, "/").await.unwrap().id;
    browser
        .post(&format!("/directory/org-units/{root}/delete"), &[])
        .await
        .expect(422)
        .shows(&["cannot be renamed, moved or deleted"]);
}

#[tokio::test]
async fn domains_are_added_made_primary_and_removed_when_unused() {
    let world = world().await;
    let browser = world.super_admin().await;
    browser.get("/directory/domains").await.shows(&["No domain yet", "Add domain"]);
    browser.post("/directory/domains/add", &[("name", "Example.com"), ("kind", "alias")]).await.leads();
    browser.get("/directory/domains").await.shows(&["example.com", "Primary"]);
    browser
        .post("/directory/domains/add", &[("name", "no dots"), ("kind", "secondary")])
        .await
        .expect(422)
        .shows(&["is not a domain name", "value=\"no dots\""]);
    browser.post("/directory/domains/add", &[("name", "second.example"), ("kind", "secondary")]).await.leads();
    world.user("ada", "/").await;
    let id = |name: &'static str| {
        let store = world.store.clone();
        async move { domains::list(&store).await.unwrap().into_iter().find(|domain| domain.name == name).unwrap().id }
    };
    let (first, second) = (id("example.com").await, id("second.example").await);
    browser.post(&format!("/directory/domains/{first}/remove"), &[]).await.expect(422).shows(&["primary domain"]);
    browser.post(&format!("/directory/domains/{second}/primary"), &[]).await.leads();
    browser
        .post(&format!("/directory/domains/{first}/remove"), &[])
        .await
        .expect(422)
        .shows(&["1 users and groups have addresses"]);
    browser.post(&format!("/directory/domains/{first}/primary"), &[]).await.leads();
    browser.post(&format!("/directory/domains/{second}/remove"), &[]).await.leads();
    browser.get("/directory/domains").await.hides(&["second.example"]);
}
