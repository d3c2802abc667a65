//! Apps and their autoprovisioning.

use crate::support::{Reply, World, world};
use provost_core::app::Announced;
use provost_core::provisioning::Quarantine;
use provost_core::time::Span;
use provost_platform::Secret;
use provost_store::apps::announcement::{self, Announcement};
use provost_store::apps::health::{self, ConnectionHealth};
use provost_store::apps::{connections, tests};
use serde_json::{Value, json};

const ENDPOINT: &str = "http://127.0.0.1:8090/api/v2/scim";
pub(crate) const BASE: &str = "/apps/Netskope/autoprovisioning";

pub(crate) async fn app(world: &World) {
    world.call("POST", "/apps", json!({ "name": "Netskope", "catalogue": "netskope" })).await.expect(201);
    let sso = json!({ "acs_url": "https://tenant.example/acs", "entity_id": "tenant" });
    world.call("PUT", "/apps/netskope/sso", sso).await.expect(200);
    world.call("PUT", "/apps/Netskope/access", json!({ "default": "on" })).await.expect(200);
}

pub(crate) async fn configured(world: &World, more: Value) -> Reply {
    let mut body = json!({ "endpoint": ENDPOINT, "token": "first-token" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.call("PUT", BASE, body).await
}

#[tokio::test]
async fn autoprovisioning_is_configured_read_edited_and_deleted() {
    let world = world().await;
    world.call("POST", "/apps", json!({ "name": "Netskope", "catalogue": "netskope" })).await.expect(201);
    let without_sso = configured(&world, json!({})).await.expect(422);
    assert!(without_sso.detail().contains("single sign-on"), "{}", without_sso.text);
    world.get(BASE).await.expect(422);
    let sso = json!({ "acs_url": "https://tenant.example/acs", "entity_id": "tenant" });
    world.call("PUT", "/apps/Netskope/sso", sso).await.expect(200);
    configured(&world, json!({ "deprovisioning": { "deleted": { "delete_after": "7d" } } })).await.expect(201);
    configured(&world, json!({})).await.expect(409);
    let shown = world.get(BASE).await.expect(200);
    assert!(!shown.text.contains("first-token"));
    let body = shown.json();
    assert_eq!((body["status"].as_str(), body["has_token"].as_bool()), (Some("inactive"), Some(true)));
    assert_eq!(body["deprovisioning"]["deleted"]["delete_after"], "7d");
    assert_eq!(body["warnings"].as_array().unwrap().len(), 1);
    let edit = json!({ "secondary_domains": "include", "mapping": { "title": "user.organizations.title", "displayName": null } });
    let edited = world.call("PATCH", BASE, edit).await.expect(200).json();
    assert_eq!(edited["mapping"]["title"], "user.organizations.title");
    assert_eq!(edited["mapping"]["displayName"], Value::Null);
    assert_eq!(
        (edited["secondary_domains"].as_str(), edited["deprovisioning"]["deleted"]["delete_after"].as_str()),
        (Some("include"), Some("7d"))
    );
    assert!(edited["plan"]["counts"].is_object());
    world.with_header("PATCH", BASE, ("if-match", "\"1\""), json!({ "archived": "as_suspended" })).await.expect(412);
    world.call("DELETE", BASE, json!({})).await.expect(204);
    world.get(BASE).await.expect(422);
    world.call("DELETE", "/apps/Netskope", json!({})).await.expect(204);
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_what_to_do() {
    let world = world().await;
    app(&world).await;
    for (more, said) in [
        (json!({ "endpoint": "https://{tenant-name}.goskope.com/api/v2/scim" }), "{tenant-name}"),
        (json!({ "endpoint": "http://tenant.example/scim" }), "https"),
        (json!({ "endpoint": "https://10.0.0.1/scim" }), "private"),
        (json!({ "token": null }), "access token is missing"),
        (json!({ "token": "two words" }), "access token"),
        (json!({ "mapping": { "userName": null } }), "userName is mandatory"),
        (json!({ "mapping": { "active": "true" } }), "active"),
        (json!({ "mapping": { "title": "user.titel" } }), "user.titel"),
        (json!({ "mapping": { "colour": "user.id" } }), "colour is not an attribute"),
        (json!({ "scope": { "groups": [{ "group": "none@example.com", "members": "all" }] } }), "none@example.com"),
        (json!({ "scope": { "groups": [] } }), "lists none"),
        (json!({ "deprovisioning": { "suspended": { "suspend_after": "1d", "delete_after": "7d" } } }), "cannot suspend"),
        (json!({ "guard": { "percent": 101 } }), "100"),
        (json!({ "removal_quiet": "2h" }), "removal_quiet"),
        (json!({ "drift": { "every": "10m" } }), "1h"),
        (json!({ "within_24_hours_delete": "24h" }), "within 24 hours"),
    ] {
        let refused = configured(&world, more).await;
        assert!([422, 404].contains(&refused.status.as_u16()), "{}", refused.text);
        assert!(refused.detail().contains(said), "{said}: {}", refused.text);
    }
    configured(&world, json!({ "colour": "red" })).await.expect(400);
    configured(&world, json!({ "deprovisioning": { "deleted": { "delete_after": "8d" } } })).await.expect(400);
    world.get(BASE).await.expect(422);
}

#[tokio::test]
async fn hard_delete_must_be_later_than_suspend() {
    let world = world().await;
    world.call("POST", "/apps", json!({ "name": "Netskope", "catalogue": "netskope-suspend" })).await.expect(201);
    let sso = json!({ "acs_url": "https://tenant.example/acs", "entity_id": "tenant" });
    world.call("PUT", "/apps/Netskope/sso", sso).await.expect(200);
    let rule = |suspend: &str, delete: &str| json!({ "deprovisioning": { "suspended": { "suspend_after": suspend, "delete_after": delete } } });
    for (suspend, delete) in [("7d", "7d"), ("7d", "1d"), ("1d", "within_24_hours")] {
        let refused = configured(&world, rule(suspend, delete)).await.expect(422);
        assert!(refused.detail().contains("must be later than suspend"), "{}", refused.text);
    }
    configured(&world, rule("within_24_hours", "within_24_hours")).await.expect(201);
}

#[tokio::test]
async fn turning_on_for_many_needs_the_plans_hash() {
    let world = world().await;
    app(&world).await;
    configured(&world, json!({})).await.expect(201);
    let turn_on = async |body| world.call("POST", &format!("{BASE}/turn-on"), body).await;
    for number in 0..100 {
        world.user(&format!("user{number}")).await;
    }
    world.user("last").await;
    let refused = turn_on(json!({})).await.expect(409);
    let body = refused.json();
    assert_eq!(
        (body["plan"]["counts"]["create"].as_u64(), body["plan"]["needs_confirmation"].as_bool()),
        (Some(101), Some(true))
    );
    assert_eq!(body["type"], "urn:provost:problem:needs-confirmation");
    let hash = body["plan"]["hash"].as_str().unwrap().to_owned();
    assert_eq!(world.get(BASE).await.json()["status"], "inactive");
    world.user("later").await;
    let moved = turn_on(json!({ "confirm": hash })).await.expect(409);
    assert!(moved.detail().contains("has changed since"), "{}", moved.text);
    let hash = moved.json()["plan"]["hash"].clone();
    assert_eq!(turn_on(json!({ "confirm": hash })).await.expect(200).json()["status"], "active");
    turn_on(json!({})).await.expect(200);
    assert_eq!(world.call("POST", &format!("{BASE}/turn-off"), json!({})).await.expect(200).json()["status"], "inactive");
    turn_on(json!({ "yes": true })).await.expect(200);
}

#[tokio::test]
async fn turning_on_for_few_needs_no_confirmation_and_a_plan_of_an_edit_changes_nothing() {
    let world = world().await;
    app(&world).await;
    world.user("ada").await;
    configured(&world, json!({})).await.expect(201);
    let plan = world.get(&format!("{BASE}/plan")).await.expect(200).json();
    assert_eq!((plan["counts"]["create"].as_u64(), plan["entries"][0]["email"].as_str()), (Some(1), Some("ada@example.com")));
    let off = world.call("POST", &format!("{BASE}/plan"), json!({ "access": { "default": "off" } })).await.expect(200).json();
    assert_eq!(off["counts"]["create"], 0);
    let skipped =
        world.call("POST", &format!("{BASE}/plan"), json!({ "mapping": { "userName": "user.organizations.title" } })).await;
    assert_eq!(skipped.expect(200).json()["counts"]["would_fail"], 1);
    assert_eq!(world.get(&format!("{BASE}/plan")).await.json(), plan);
    world.call("POST", &format!("{BASE}/turn-on"), json!({})).await.expect(200);
    let explained = world.get(&format!("{BASE}/explain/ada@example.com")).await.expect(200).json();
    assert!(explained["lines"].as_array().unwrap().len() > 2, "{explained}");
    world.get(&format!("{BASE}/explain/nobody@example.com")).await.expect(404);
}

#[tokio::test]
async fn an_edit_by_which_users_would_fail_is_confirmed_while_the_app_is_on() {
    let world = world().await;
    app(&world).await;
    world.user("ada").await;
    world.user("bob").await;
    configured(&world, json!({})).await.expect(201);
    world.call("POST", &format!("{BASE}/turn-on"), json!({})).await.expect(200);
    let broken = json!({ "mapping": { "userName": "user.organizations.title" } });
    let refused = world.call("PATCH", BASE, broken.clone()).await.expect(409);
    assert!(refused.detail().contains("2 who would fail and do not fail now"), "{}", refused.text);
    let plan = refused.json()["plan"].clone();
    assert_eq!((&plan["counts"]["would_fail"], &plan["entries"][0]["action"]), (&json!(2), &json!("would_fail")));
    assert_eq!(world.get(BASE).await.json()["mapping"]["userName"], "user.primary_email", "nothing was changed");
    world.call("PATCH", &format!("{BASE}?confirm=0000"), broken.clone()).await.expect(409);
    world.with_header("PATCH", BASE, ("if-match", "\"1\""), broken.clone()).await.expect(412);
    let confirmed = format!("{BASE}?confirm={}", plan["hash"].as_str().unwrap());
    let edited = world.call("PATCH", &confirmed, broken.clone()).await.expect(200).json();
    assert_eq!((&edited["mapping"]["userName"], &edited["plan"]), (&json!("user.organizations.title"), &plan));
    // They fail by what is stored: a harmless edit is not asked about, nor one that changes nothing.
    world.call("PATCH", BASE, broken).await.expect(200);
    world.call("PATCH", BASE, json!({ "archived": "as_suspended" })).await.expect(200);
    let off = json!({ "mapping": { "userName": "user.primary_email" } });
    world.call("PATCH", BASE, off).await.expect(200);
    let broken = json!({ "mapping": { "emails.value": "user.emails.home" } });
    world.call("PATCH", &format!("{BASE}?yes=true"), broken).await.expect(200);
}

#[tokio::test]
async fn a_service_status_by_which_users_would_fail_is_confirmed_while_the_app_is_on() {
    let world = world().await;
    app(&world).await;
    let (path, on) = ("/apps/Netskope/access", json!({ "default": "on" }));
    world.call("PUT", path, json!({ "default": "off" })).await.expect(200);
    world.user("ada").await;
    configured(&world, json!({ "mapping": { "userName": "user.organizations.title" } })).await.expect(201);
    world.call("PUT", path, on.clone()).await.expect(200);
    world.call("PUT", path, json!({ "default": "off" })).await.expect(200);
    world.call("POST", &format!("{BASE}/turn-on"), json!({})).await.expect(200);
    let refused = world.call("PUT", path, on.clone()).await.expect(409);
    assert!(refused.detail().contains("the service status of \"Netskope\" needs to be confirmed"), "{}", refused.text);
    assert_eq!(world.get("/apps/Netskope").await.json()["access"]["default"], "off", "nothing was changed");
    world.with_header("PUT", path, ("if-match", "\"1\""), on.clone()).await.expect(412);
    let hash = refused.json()["plan"]["hash"].as_str().unwrap().to_owned();
    world.call("PUT", &format!("{path}?confirm={hash}"), on.clone()).await.expect(200);
    world.call("PUT", path, on).await.expect(200);
}

#[tokio::test]
async fn an_edit_of_an_app_that_is_off_is_asked_about_when_it_is_turned_on() {
    let world = world().await;
    app(&world).await;
    world.user("ada").await;
    configured(&world, json!({})).await.expect(201);
    let broken = json!({ "mapping": { "userName": "user.organizations.title" } });
    let edited = world.call("PATCH", BASE, broken).await.expect(200).json();
    assert_eq!(edited["plan"]["needs_confirmation"], true);
    let refused = world.call("POST", &format!("{BASE}/turn-on"), json!({})).await.expect(409);
    assert!(refused.detail().contains("lets users fail who do not fail now"), "{}", refused.text);
    world.call("POST", &format!("{BASE}/turn-on"), json!({ "yes": true })).await.expect(200);
}

#[tokio::test]
async fn status_lists_and_verbs_answer_before_anything_was_sent() {
    let world = world().await;
    app(&world).await;
    configured(&world, json!({})).await.expect(201);
    let status = world.get(&format!("{BASE}/status")).await.expect(200).json();
    assert_eq!(
        (status["app"].as_str(), status["status"].as_str(), &status["halted"]),
        (Some("Netskope"), Some("inactive"), &Value::Null)
    );
    assert_eq!(status["usage_30_days"]["created"]["days"].as_array().unwrap().len(), 30);
    assert_eq!(status["accounts"]["linked"], 0);
    for list in ["accounts", "failures", "held", "accounts?state=linked", "accounts?leaving=true"] {
        assert_eq!(world.get(&format!("{BASE}/{list}")).await.expect(200).json()["items"], json!([]), "{list}");
    }
    world.get(&format!("{BASE}/accounts?state=odd")).await.expect(400);
    let csv = world.with_header("GET", &format!("{BASE}/failures"), ("accept", "text/csv"), json!({})).await.expect(200);
    assert!(csv.text.contains("User,User ID,Operation"), "{}", csv.text);
    assert_eq!(world.call("POST", &format!("{BASE}/held/approve"), json!({})).await.expect(200).json(), json!({ "approved": 0 }));
    let nobody = world.call("POST", &format!("{BASE}/held/reject"), json!({ "users": ["ada@example.com"] })).await.expect(422);
    assert!(nobody.detail().contains("ada@example.com"), "{}", nobody.text);
    assert_eq!(world.call("POST", &format!("{BASE}/retry"), json!({})).await.expect(200).json(), json!({ "retried": 0 }));
    world.call("POST", &format!("{BASE}/sync"), json!({})).await.expect(409);
    world.call("POST", &format!("{BASE}/turn-on"), json!({})).await.expect(200);
    world.call("POST", &format!("{BASE}/sync"), json!({})).await.expect(200);
    assert_eq!(world.get(&format!("{BASE}/status")).await.json()["pending"], true);
    let names: Vec<String> = world.get("/log?app=Netskope").await.expect(200).json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        names.contains(&"CREATE_AUTO_PROV_CONFIG".to_owned()) && names.contains(&"AUTO_PROV_SYNC_REQUESTED".to_owned()),
        "{names:?}"
    );
}

#[tokio::test]
async fn what_the_app_announces_is_told_with_when_it_was_read() {
    let world = world().await;
    app(&world).await;
    configured(&world, json!({})).await.expect(201);
    assert_eq!(world.get(BASE).await.json()["announcement"], Value::Null);
    let announced = Announced { patch: Some(false), results_max: Some(200), ..Announced::default() };
    let connection = connections::list(&world.store).await.unwrap().remove(0);
    let kept = Announcement { read_at: world.store.now(), announced: Some(announced), message: None };
    announcement::keep(&world.store, &connection, &kept).await.unwrap();
    let told = world.get(BASE).await.expect(200).json()["announcement"].clone();
    assert_eq!((&told["announced"]["patch"], &told["announced"]["results_max"]), (&json!(false), &json!(200)));
    assert_eq!((told["announced"]["etag"].clone(), told["read_at"].is_string()), (Value::Null, true));
}

#[tokio::test]
async fn when_the_token_expires_is_entered_and_warned_of() {
    let world = world().await;
    app(&world).await;
    configured(&world, json!({})).await.expect(201);
    let (expiry, status) = (format!("{BASE}/token-expiry"), format!("{BASE}/status"));
    let status = async || world.get(&status).await.expect(200).json();
    assert_eq!(status().await["token_warning"], Value::Null);
    let odd = world.call("PUT", &expiry, json!({ "expires_at": "soon" })).await;
    assert!(odd.detail().contains("\"soon\""), "{}", odd.text);
    let kept = world.call("PUT", &expiry, json!({ "expires_at": "2020-01-31" })).await.expect(200).json();
    assert_eq!(kept["token_expires_at"], "2020-01-31T00:00:00Z");
    assert!(status().await["token_warning"].as_str().is_some_and(|words| words.contains("expired at 2020-01-31")));
    let renewed = json!({ "token": "second-token", "expires_at": "2990-01-01T00:00:00Z" });
    let kept = world.call("POST", &format!("{BASE}/reauthorize"), renewed).await.expect(200).json();
    assert_eq!(kept["token_expires_at"], "2990-01-01T00:00:00Z");
    assert_eq!(status().await["token_warning"], Value::Null);
    world.call("PUT", &expiry, json!({ "expires_at": null })).await.expect(200);
    assert_eq!(status().await["token_expires_at"], Value::Null);
}

/// What came along when the token was copied is told apart from what was copied wrongly, on every way in.
#[tokio::test]
async fn a_token_with_spaces_in_it_is_refused_wherever_it_comes_in() {
    let world = world().await;
    app(&world).await;
    let file = "apps:\n  - name: Netskope\n    catalogue: netskope\n    autoprovisioning:\n      endpoint: \
                https://tenant.goskope.com/SCIM/v2/abc\n      token_file: ./token\n      scope: everyone\n";
    for (token, why) in [("", "is empty"), ("two words", "spaces"), ("line\nbreak", "line breaks")] {
        let refused = configured(&world, json!({ "token": token })).await.expect(422);
        assert!(refused.detail().contains(why), "{}", refused.text);
        let body = json!({ "file": file, "tokens": { "Netskope": token } });
        let refused = world.call("POST", "/config/plan", body).await.expect(422);
        assert!(refused.detail().contains(why) && refused.detail().contains("Netskope"), "{}", refused.text);
    }
    configured(&world, json!({ "token": 7 })).await.expect(400);
    configured(&world, json!({ "token": " the-token\n" })).await.expect(201);
    for token in ["", "two words"] {
        world.call("POST", &format!("{BASE}/reauthorize"), json!({ "token": token })).await.expect(422);
    }
}

#[tokio::test]
async fn a_test_is_a_row_that_the_engine_answers() {
    let world = world().await;
    app(&world).await;
    let test = format!("{BASE}/test");
    world.call("POST", &test, json!({ "endpoint": ENDPOINT })).await.expect(422);
    let private = world.call("POST", &test, json!({ "endpoint": "https://192.168.0.1/scim", "token": "t" })).await.expect(422);
    assert!(private.detail().contains("private"), "{}", private.text);
    let store = world.store.clone();
    let engine = tokio::spawn(async move {
        loop {
            if let Some(pending) = tests::pending_tests(&store).await.unwrap().pop() {
                assert_eq!((pending.endpoint.as_str(), pending.token.expose()), (ENDPOINT, "the-token"));
                let message = "the token may read only".to_owned();
                let result = tests::TestResult { ok: false, message, can_write: Some(false), announced: None };
                return tests::answer_test(&store, pending.id, &result).await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    });
    let body = json!({ "endpoint": ENDPOINT, "token": "the-token" });
    let result = world.call("POST", &test, body).await.expect(200).json();
    assert_eq!(result, json!({ "ok": false, "message": "the token may read only", "can_write": false }));
    engine.await.unwrap();
}

#[tokio::test]
async fn a_new_token_is_stored_and_never_shown() {
    let world = world().await;
    app(&world).await;
    configured(&world, json!({})).await.expect(201);
    let reply = world.call("POST", &format!("{BASE}/reauthorize"), json!({ "token": "second-token" })).await.expect(200);
    assert!(!reply.text.contains("second-token"));
    let id = connections::list(&world.store).await.unwrap()[0].id;
    let stored: Secret = connections::credential(&world.store, id).await.unwrap().unwrap();
    assert_eq!(stored.expose(), "second-token");
    for path in ["/log", "/config/export", BASE, "/apps"] {
        let text = world.get(path).await.expect(200).text;
        assert!(!text.contains("second-token") && !text.contains("first-token"), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_drift_check_is_asked_for_shown_and_cancelled() {
    let world = world().await;
    app(&world).await;
    configured(&world, json!({ "drift": { "differences": "report", "every": "0" } })).await.expect(201);
    let path = |rest: &str| format!("{BASE}/drift{rest}");
    let before = world.get(&path("")).await.expect(200).json();
    assert_eq!((&before["differences"], &before["check"], &before["next_check"]), (&json!("report"), &json!(null), &json!(null)));
    world.call("POST", &path("/confirm"), json!({})).await.expect(422);
    let asked = world.call("POST", &path(""), json!({})).await.expect(200).json();
    assert_eq!((&asked["state"], &asked["differences"]), (&json!("waiting"), &json!("report")));
    let again = world.call("POST", &path(""), json!({ "differences": "repair" })).await.expect(200).json();
    assert_eq!(again["id"], asked["id"], "one at a time");
    world.call("POST", &path(""), json!({ "differences": "destroy" })).await.expect(400);
    let cancelled = world.call("POST", &path("/cancel"), json!({})).await.expect(200).json();
    assert_eq!((&cancelled["state"], &cancelled["open"]), (&json!("cancelled"), &json!(false)));
    let other = world.call("POST", &path(""), json!({ "differences": "accept" })).await.expect(200).json();
    assert_eq!(other["differences"], "accept");
    assert_eq!(world.get(&path("/differences")).await.expect(200).json(), json!({ "items": [], "next": null }));
    let none = world.get(&format!("{BASE}/not-managed?limit=5")).await.expect(200).json();
    assert_eq!((&none["items"], &none["count"], &none["listed_at"]), (&json!([]), &json!(0), &json!(null)));
}

#[tokio::test]
async fn the_catalogue_says_what_can_be_added() {
    let world = world().await;
    let catalogue = world.get("/catalogue").await.expect(200).json();
    let entries = catalogue["items"].as_array().unwrap();
    assert_eq!(entries.len(), provost_core::app::catalogue().len());
    for (number, entry) in entries.iter().enumerate() {
        let added = json!({ "name": format!("App {number}"), "catalogue": entry["key"] });
        assert_eq!(world.call("POST", "/apps", added).await.expect(201).json()["catalogue"], entry["key"]);
    }
    let netskope = entries.iter().find(|entry| entry["key"] == "netskope").unwrap();
    assert_eq!(netskope["name"], "Netskope");
    assert!(netskope["mandatory"].as_array().unwrap().contains(&json!("userName")), "{netskope}");
}

#[tokio::test]
async fn an_app_in_quarantine_can_be_asked_at_once_whether_it_works() {
    let world = world().await;
    app(&world).await;
    world.call("POST", &format!("{BASE}/probe"), json!({})).await.expect(422);
    configured(&world, json!({})).await.expect(201);
    world.call("POST", &format!("{BASE}/probe"), json!({})).await.expect(204);
    let connection = connections::list(&world.store).await.unwrap().remove(0);
    let now = world.store.now();
    let quarantine = Quarantine { since: now, probes: 2, next_probe_at: now + Span::hours(2), message: "503".to_owned() };
    let old = health::get(&world.store, connection.id).await.unwrap();
    let resting = ConnectionHealth { quarantine: Some(quarantine), ..old.clone() };
    health::set(&world.store, &connection, &old, &resting).await.unwrap();
    let status = async || world.get(&format!("{BASE}/status")).await.expect(200).json();
    assert_eq!(status().await["quarantine"]["next_probe"], (now + Span::hours(2)).to_string());
    world.call("POST", &format!("{BASE}/probe"), json!({})).await.expect(204);
    let status = status().await;
    assert!(status["quarantine"]["next_probe"].as_str() <= status["now"].as_str(), "{status}");
}
