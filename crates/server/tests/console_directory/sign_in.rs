//! Signing in and out, waiting after wrong passwords, and the first administrator.

use crate::support::{PASSWORD, world};
use provost_store::admins::{self, Role};

fn cookie_of(reply: &crate::support::Reply) -> Option<String> {
    let mut cookies = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    cookies.find(|cookie| cookie.starts_with("provost_console=")).map(|cookie| cookie.split(';').next().unwrap().to_owned())
}

#[tokio::test]
async fn who_signs_in_comes_to_the_page_that_was_asked_for() {
    let world = world().await;
    world.admin("root@example.com", Role::SuperAdmin).await;
    let browser = world.stranger();
    let asked = browser.get("/directory/users?state=deleted").await;
    assert_eq!(asked.leads(), "/sign-in?next=%2Fdirectory%2Fusers%3Fstate%3Ddeleted");
    let page = browser.get(&asked.leads()).await.expect(200).shows(&["E-mail", "Password", ">Sign in</button>"]);
    assert_eq!(page.hidden("next"), "/directory/users?state=deleted");
    let fields = [("email", " Root@Example.com "), ("password", PASSWORD), ("next", "/directory/users?state=deleted")];
    let signed_in = browser.post("/sign-in", &fields).await;
    assert_eq!(signed_in.leads(), "/directory/users?state=deleted");
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let browser = crate::support::Browser { cookie: cookie_of(&signed_in).unwrap(), ..world.stranger() };
    browser.get("/directory/users").await.expect(200).shows(&["root@example.com", "Sign out"]);
    assert_eq!(browser.get("/sign-in").await.leads(), "/");
    let out = browser.post("/sign-out", &[]).await;
    assert_eq!(out.leads(), "/sign-in");
    assert_eq!(browser.get("/directory/users").await.leads(), "/sign-in?next=%2Fdirectory%2Fusers");
}

#[tokio::test]
async fn next_never_leads_to_another_site() {
    let world = world().await;
    world.admin("root@example.com", Role::SuperAdmin).await;
    for evil in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        let fields = [("email", "root@example.com"), ("password", PASSWORD), ("next", evil)];
        assert_eq!(world.stranger().post("/sign-in", &fields).await.leads(), "/", "{evil}");
    }
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_soon_wait() {
    let world = world().await;
    world.admin("root@example.com", Role::SuperAdmin).await;
    let browser = world.stranger();
    let wrong = [("email", "root@example.com"), ("password", "not the one")];
    for _ in 0..6 {
        let refused = browser.post("/sign-in", &wrong).await.expect(422).shows(&["is wrong", "root@example.com"]);
        assert!(cookie_of(&refused).is_none() && !refused.text.contains("not the one"));
    }
    let waits = browser.post("/sign-in", &wrong).await.expect(429).shows(&["too many wrong passwords"]);
    assert_eq!(waits.headers["retry-after"], "1");
    let right = [("email", "root@example.com"), ("password", PASSWORD)];
    let still = browser.post("/sign-in", &right).await.expect(429);
    assert!(cookie_of(&still).is_none());
    // Another account is not held up, and nobody learns whether it exists.
    browser.post("/sign-in", &[("email", "nobody@example.com"), ("password", "x")]).await.expect(422).shows(&["is wrong"]);
}

#[tokio::test]
async fn the_first_start_link_makes_one_super_admin_once() {
    let world = world().await;
    let browser = world.stranger();
    browser.get("/sign-in").await.expect(200).shows(&["There is no administrator yet"]).hides(&["Password"]);
    let token = admins::first_start_token(&world.store).await.unwrap().unwrap();
    let page = browser.get(&format!("/first-start?token={}", token.expose())).await.expect(200);
    assert_eq!(page.hidden("token"), token.expose());
    let form =
        |token, email, password, repeated| [("token", token), ("email", email), ("password", password), ("repeated", repeated)];
    let own = "ada@example.com";
    for (fields, said) in [
        (form(token.expose(), own, PASSWORD, "another"), "passwords differ"),
        (form(token.expose(), own, "short", "short"), "8"),
        (form(token.expose(), "ada@gmail.com", PASSWORD, PASSWORD), "consumer mail"),
        (form("pvs_wrong", own, PASSWORD, PASSWORD), "not valid"),
    ] {
        browser.post("/first-start", &fields).await.expect(422).shows(&[said]);
    }
    let made = browser.post("/first-start", &form(token.expose(), own, PASSWORD, PASSWORD)).await;
    assert_eq!(made.leads(), "/");
    let browser = crate::support::Browser { cookie: cookie_of(&made).unwrap(), ..world.stranger() };
    browser.get("/account/admins").await.expect(200).shows(&["ada@example.com", "Super admin"]);
    let again = world.stranger();
    again.post("/first-start", &form(token.expose(), "eve@example.com", PASSWORD, PASSWORD)).await.expect(422);
    again.get("/first-start?token=x").await.expect(200).shows(&["Already set up"]);
    assert_eq!(admins::list(&world.store).await.unwrap().len(), 1);
}
