//! The configuration file: plan, apply, export.

use crate::support::{Reply, World, world};
use provost_store::Actor;
use provost_store::apps::{self, connections};
use serde_json::{Value, json};

const FILE: &str = r#"apps:
  - name: Netskope
    catalogue: netskope
    sso: { acs_url: "https://tenant.example/acs", entity_id: "https://tenant.example" }
    access: { default: on, org_units: { "/Contractors": off }, groups: { "vip@example.com": on } }
    autoprovisioning:
      endpoint: "http://127.0.0.1:8090/api/v2/scim"
      token_file: ./token
      mapping: { title: user.organizations.title, displayName: null }
      scope: { groups: [ { group: "eng@example.com", members: all } ] }
      secondary_domains: skip_in_groups
      deprovisioning:
        app_off:   { delete_after: 7d }
        suspended: { delete_after: 21d }
        deleted:   { delete_after: 21d }
      guard: { floor: 5 }
      removal_quiet: 10s
      status: active
"#;

async fn directory(world: &World) {
    for name in ["ada", "bob"] {
        world.user(name).await;
    }
    for group in ["eng", "vip"] {
        world.call("POST", "/groups", json!({ "email": format!("{group}@example.com") })).await.expect(201);
    }
    world.call("POST", "/groups/eng@example.com/members", json!({ "member": "ada@example.com" })).await.expect(200);
    world.call("POST", "/org-units", json!({ "parent": "/", "name": "Contractors" })).await.expect(201);
}

fn body(file: &str) -> Value {
    json!({ "file": file, "tokens": { "Netskope": "the-token" } })
}

async fn apply(world: &World, file: &str) -> Reply {
    world.call("POST", "/config/apply", body(file)).await
}

async fn state(world: &World) -> String {
    let apps = apps::list(&world.store).await.unwrap();
    let connections = connections::list(&world.store).await.unwrap();
    format!("{apps:?} {connections:?}")
}

#[tokio::test]
async fn applying_twice_changes_nothing_the_second_time_and_says_so() {
    let world = world().await;
    directory(&world).await;
    let plan = world.call("POST", "/config/plan", body(FILE)).await.expect(200).json();
    assert_eq!((plan["changes"].as_bool(), plan["needs_confirmation"].as_bool()), (Some(true), Some(false)));
    assert_eq!(plan["apps"][0]["plan"]["counts"]["create"], 1);
    assert!(apps::list(&world.store).await.unwrap().is_empty(), "a plan changes nothing");
    let applied = apply(&world, FILE).await.expect(200).json();
    assert_eq!(applied["changed"], true);
    let done = json!([
        "add the app",
        "set the SSO details",
        "set the user access",
        "configure autoprovisioning",
        "turn autoprovisioning on"
    ]);
    assert_eq!(applied["apps"][0]["done"], done);
    let before = state(&world).await;
    let events = world.get("/log?limit=1000").await.json();
    let again = apply(&world, FILE).await.expect(200).json();
    assert_eq!((again["changed"].as_bool(), &again["apps"][0]["done"]), (Some(false), &json!([])));
    assert_eq!(again["plan"]["changes"], false);
    assert_eq!(state(&world).await, before);
    assert_eq!(world.get("/log?limit=1000").await.json(), events);
}

#[tokio::test]
async fn what_is_exported_changes_nothing_when_applied_and_holds_no_token() {
    let world = world().await;
    directory(&world).await;
    apply(&world, FILE).await.expect(200);
    // The console may keep the rows in any order.
    let mut connection = connections::list(&world.store).await.unwrap().remove(0);
    connection.config.mapping.reverse();
    connections::edit(&world.store, &Actor::CommandLine, connection.id, None, connection.config, false).await.unwrap();
    let other = json!({ "name": "Other", "catalogue": "generic" });
    world.call("POST", "/apps", other).await.expect(201);
    let exported = world.get("/config/export").await.expect(200);
    assert_eq!(exported.headers["content-type"], "text/yaml; charset=utf-8");
    assert!(!exported.text.contains("the-token"));
    let before = state(&world).await;
    let sent = json!({ "file": exported.text });
    let applied = world.call("POST", "/config/apply", sent.clone()).await.expect(200).json();
    assert_eq!(applied["changed"], false, "{}\n{applied}", exported.text);
    assert_eq!(state(&world).await, before);
    // A deleted scope group is a tombstone, which a file cannot name and must not lose.
    world.call("DELETE", "/groups/eng@example.com", json!({})).await.expect(204);
    let exported = world.get("/config/export").await.expect(200).text;
    let before = state(&world).await;
    let applied = world.call("POST", "/config/apply", json!({ "file": exported })).await.expect(200).json();
    assert_eq!((applied["changed"].as_bool(), state(&world).await), (Some(false), before));
    assert_eq!(applied["plan"]["apps"].as_array().unwrap().iter().filter(|app| app["warnings"] != json!([])).count(), 1);
}

#[tokio::test]
async fn mapping_is_merged_over_the_catalogues_default() {
    let world = world().await;
    directory(&world).await;
    apply(&world, FILE).await.expect(200);
    let targets = async || -> Vec<String> {
        connections::list(&world.store).await.unwrap()[0].config.mapping.iter().map(|row| row.target.clone()).collect()
    };
    let expected =
        ["userName", "emails.value", "emails.primary", "emails.type", "name.givenName", "name.familyName", "externalId", "title"];
    assert_eq!(targets().await, expected);
    let file = FILE.replace("{ title: user.organizations.title, displayName: null }", "{ username: user.username }");
    apply(&world, &file).await.expect(200);
    assert!(!targets().await.contains(&"title".to_owned()));
    assert!(targets().await.contains(&"displayName".to_owned()));
    assert!(targets().await.contains(&"userName".to_owned()));
    let file = FILE.replace("displayName: null", "userName: null");
    let refused = apply(&world, &file).await.expect(422);
    assert!(refused.detail().contains("app \"Netskope\"") && refused.detail().contains("userName"), "{}", refused.text);
}

#[tokio::test]
async fn a_part_that_is_left_out_stays_and_turning_off_needs_no_confirmation() {
    let world = world().await;
    directory(&world).await;
    apply(&world, FILE).await.expect(200);
    let file = "apps:\n  - { name: netskope, catalogue: netskope, autoprovisioning: { status: inactive } }\n";
    let applied = world.call("POST", "/config/apply", json!({ "file": file })).await.expect(200).json();
    assert_eq!(applied["apps"][0]["done"], json!(["turn autoprovisioning off"]));
    let back = file.replace("inactive", "active");
    let applied = world.call("POST", "/config/apply", json!({ "file": back })).await.expect(200).json();
    assert_eq!(applied["apps"][0]["done"], json!(["turn autoprovisioning on"]));
    let exported = world.get("/config/export").await.text;
    for kept in ["7d", "eng@example.com", "/Contractors", "user.organizations.title", "10s"] {
        assert!(exported.contains(kept), "{kept}: {exported}");
    }
}

#[tokio::test]
async fn names_that_nobody_has_and_values_that_cannot_be_are_refused_before_anything_changes() {
    let world = world().await;
    directory(&world).await;
    for (from, to, said) in [
        ("eng@example.com", "none@example.com", "none@example.com"),
        ("/Contractors", "/Nowhere", "/Nowhere"),
        ("\"vip@example.com\": on", "\"vip@example.com\": off", "only turn an app on"),
        ("catalogue: netskope", "catalogue: netscape", "netscape"),
        ("127.0.0.1:8090", "{tenant-name}.example", "{tenant-name}"),
        ("http://127.0.0.1:8090", "http://192.168.0.7", "192.168.0.7"),
        ("title: user.organizations.title", "title: user.title", "user.title"),
        ("{ delete_after: 7d }", "{ delete_after: 7d, suspend_after: 1d }", "cannot suspend"),
        ("    sso: {", "    # sso: {", "single sign-on"),
        ("      status: active", "      statsu: active", "line 18, column 7"),
    ] {
        let refused = apply(&world, &FILE.replace(from, to)).await.expect(422);
        assert!(refused.detail().contains(said), "{said}: {}", refused.text);
        assert!(apps::list(&world.store).await.unwrap().is_empty(), "{said}");
    }
    let without_token = world.call("POST", "/config/apply", json!({ "file": FILE })).await.expect(422);
    assert!(without_token.detail().contains("token_file"), "{}", without_token.text);
    let stray = json!({ "file": FILE, "tokens": { "Netskope": "t", "Other": "t" } });
    assert!(world.call("POST", "/config/apply", stray).await.expect(422).detail().contains("Other"));
    let suspending = FILE.replace("catalogue: netskope", "catalogue: netskope-suspend");
    let suspending = suspending.replace("{ delete_after: 7d }", "{ delete_after: 7d, suspend_after: 7d }");
    let refused = apply(&world, &suspending).await.expect(422);
    assert!(refused.detail().contains("must be later than suspend"), "{}", refused.text);
}

#[tokio::test]
async fn a_plan_for_many_must_be_confirmed_by_its_hash_or_by_yes() {
    let world = world().await;
    directory(&world).await;
    for number in 0..100 {
        world.user(&format!("user{number}")).await;
    }
    let file = FILE.replace("{ groups: [ { group: \"eng@example.com\", members: all } ] }", "everyone");
    let refused = apply(&world, &file).await.expect(409).json();
    assert_eq!(refused["plan"]["apps"][0]["plan"]["counts"]["create"], 102);
    assert!(apps::list(&world.store).await.unwrap().is_empty());
    let hash = refused["plan"]["hash"].as_str().unwrap();
    world.call("POST", "/config/apply?confirm=0000", body(&file)).await.expect(409);
    world.call("POST", &format!("/config/apply?confirm={hash}"), body(&file)).await.expect(200);
    assert_eq!(apply(&world, &file).await.expect(200).json()["changed"], false);
    let narrower = FILE.replace("status: active", "status: inactive");
    world.call("POST", "/config/apply?yes=true", body(&narrower)).await.expect(200);
}

#[tokio::test]
async fn a_file_by_which_users_would_fail_must_be_confirmed() {
    let world = world().await;
    directory(&world).await;
    apply(&world, FILE).await.expect(200);
    let before = state(&world).await;
    let broken = FILE.replace("title: user.organizations.title", "userName: user.organizations.title");
    let plan = world.call("POST", "/config/plan", body(&broken)).await.expect(200).json();
    assert_eq!((&plan["needs_confirmation"], &plan["apps"][0]["plan"]["counts"]["would_fail"]), (&json!(true), &json!(1)));
    let refused = apply(&world, &broken).await.expect(409);
    assert!(refused.detail().contains("Netskope: 1 who would fail and do not fail now"), "{}", refused.text);
    assert_eq!(state(&world).await, before);
    let confirmed = format!("/config/apply?confirm={}", plan["hash"].as_str().unwrap());
    world.call("POST", &confirmed, body(&broken)).await.expect(200);
    let harmless = broken.replace("removal_quiet: 10s", "removal_quiet: 20s");
    let applied = apply(&world, &harmless).await.expect(200).json();
    assert_eq!(applied["apps"][0]["done"], json!(["edit the removal_quiet"]), "whoever fails already is not asked about");
}

#[tokio::test]
async fn another_host_needs_its_own_token_and_another_token_is_stored() {
    let world = world().await;
    directory(&world).await;
    apply(&world, FILE).await.expect(200);
    let moved = FILE.replace("127.0.0.1:8090", "127.0.0.2:8090");
    let refused = world.call("POST", "/config/apply", json!({ "file": moved })).await.expect(422);
    assert!(refused.detail().contains("another host"), "{}", refused.text);
    let applied = apply(&world, &moved).await.expect(200).json();
    assert_eq!(applied["apps"][0]["done"], json!(["edit the endpoint", "store the new access token"]));
    let connection = connections::list(&world.store).await.unwrap().remove(0);
    assert_eq!(connection.halt, None);
    let other = json!({ "file": moved, "tokens": { "netskope": "another" } });
    let applied = world.call("POST", "/config/apply", other.clone()).await.expect(200).json();
    assert_eq!(applied["apps"][0]["done"], json!(["store the new access token"]));
    assert_eq!(world.call("POST", "/config/apply", other).await.expect(200).json()["changed"], false);
    let second = moved.replace("name: Netskope", "name: Second");
    let body = json!({ "file": second, "tokens": { "Second": "t" } });
    let refused = world.call("POST", "/config/apply", body).await.expect(422);
    assert!(refused.detail().contains("already"), "{}", refused.text);
}
