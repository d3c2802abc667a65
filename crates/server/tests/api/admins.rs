//! Administrators and API keys: the same rules and the same events as in the console.

use crate::support::{World, send, world};
use axum::body::Body;
use axum::http::Request;
use provost_core::time::Span;
use provost_server::Server;
use provost_server::access::session_subject;
use provost_store::admins;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

impl World {
    async fn admin(&self, name: &str, role: &str) -> Value {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD, "role": role });
        self.call("POST", "/admins", body).await.expect(201).json()
    }

    /// The cookie of a new session of the administrator.
    async fn session(&self, email: &str) -> String {
        let admin = admins::find(&self.store, email).await.unwrap();
        let cookie = Server::new(self.store.clone(), Vec::new()).sessions.start(&session_subject(admin.id)).await.unwrap();
        cookie.value().to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    /// Whether the console takes the cookie.
    async fn is_signed_in(&self, cookie: &str) -> bool {
        let request = Request::builder().uri("/account/admins").header("cookie", cookie).body(Body::empty()).unwrap();
        send(&self.router, request).await.status == 200
    }

    /// Names and details of the events that were not there before, the newest first.
    async fn events(&self, newest: usize) -> Vec<(String, Value)> {
        let log = self.get(&format!("/log?limit={newest}")).await.expect(200).json();
        let events = log["items"].as_array().unwrap().iter();
        events.map(|event| (event["name"].as_str().unwrap().to_owned(), event["detail"].clone())).collect()
    }
}

#[tokio::test]
async fn administrators_are_added_changed_and_disabled() {
    let world = world().await;
    let root = world.admin("Root", "super-admin").await;
    assert_eq!((root["email"].as_str(), root["role"].as_str()), (Some("root@example.com"), Some("super-admin")));
    assert_eq!((&root["disabled_since"], &root["last_sign_in"]), (&json!(null), &json!(null)));
    let sam = world.admin("sam", "auditor").await;
    let id = sam["id"].as_str().unwrap();
    assert_eq!(world.get(&format!("/admins/{id}")).await.expect(200).json(), sam);
    assert_eq!(world.get("/admins/SAM@example.com").await.expect(200).json(), sam);
    assert_eq!(world.get("/admins").await.json()["items"], json!([root, sam]));

    let raised = world.call("PATCH", "/admins/sam@example.com", json!({ "role": "super-admin" })).await.expect(200).json();
    assert_eq!(raised["role"], "super-admin");
    world.call("PUT", &format!("/admins/{id}/password"), json!({ "password": "another long password" })).await.expect(204);
    assert_eq!(admins::check_password(&world.store, "sam@example.com", PASSWORD).await.unwrap(), None);
    assert!(admins::check_password(&world.store, "sam@example.com", "another long password").await.unwrap().is_some());
    let disabled = world.call("POST", &format!("/admins/{id}/disable"), json!({})).await.expect(200).json();
    assert!(disabled["disabled_since"].is_string() && disabled["last_sign_in"].is_string(), "{disabled}");
    assert_eq!(admins::check_password(&world.store, "sam@example.com", "another long password").await.unwrap(), None);

    let of = |role: &str| json!({ "admin": "sam@example.com", "role": role });
    let expected = [
        ("DISABLE_ADMIN", of("super-admin")),
        ("CHANGE_ADMIN_PASSWORD", of("super-admin")),
        ("ASSIGN_ROLE", of("super-admin")),
        ("CREATE_ADMIN", of("auditor")),
    ];
    assert_eq!(world.events(4).await, expected.map(|(name, detail)| (name.to_owned(), detail)));
    assert_eq!(world.get("/log?limit=1").await.json()["items"][0]["actor"], "API key all");
}

#[tokio::test]
async fn what_the_console_refuses_of_administrators_the_api_refuses_too() {
    let world = world().await;
    world.admin("root", "super-admin").await;
    let add = |email: &str, password: &str| json!({ "email": email, "password": password, "role": "auditor" });
    world.call("POST", "/admins", add("root@example.com", PASSWORD)).await.expect(409);
    for body in [add("sam@example.com", "short"), add("sam@gmail.com", PASSWORD), add("no address", PASSWORD)] {
        world.call("POST", "/admins", body).await.expect(422);
    }
    let odd = json!({ "email": "sam@example.com", "password": PASSWORD, "role": "owner" });
    let odd = world.call("POST", "/admins", odd).await.expect(400);
    assert!(odd.detail().contains("`super-admin`") && !odd.text.contains(PASSWORD), "{}", odd.text);
    world.get("/admins/sam@example.com").await.expect(404);
    world.get("/admins/7").await.expect(404);

    let demoted = world.call("PATCH", "/admins/root@example.com", json!({ "role": "auditor" })).await.expect(422);
    assert!(demoted.detail().contains("is the last super admin"), "{}", demoted.text);
    let gone = world.call("POST", "/admins/root@example.com/disable", json!({})).await.expect(422);
    assert!(gone.detail().contains("is the last super admin"), "{}", gone.text);
    let weak = world.call("PUT", "/admins/root@example.com/password", json!({ "password": "short" })).await.expect(422);
    assert!(weak.detail().contains('8'), "{}", weak.text);
    assert!(admins::check_password(&world.store, "root@example.com", PASSWORD).await.unwrap().is_some());
}

#[tokio::test]
async fn a_new_password_and_the_end_of_an_administrator_end_their_sessions_and_no_others() {
    let world = world().await;
    world.admin("root", "super-admin").await;
    world.admin("sam", "auditor").await;
    let root = world.session("root@example.com").await;
    for (method, verb, body) in
        [("PUT", "password", json!({ "password": "another long password" })), ("POST", "disable", json!({}))]
    {
        let sam = world.session("sam@example.com").await;
        assert!(world.is_signed_in(&sam).await, "{verb}");
        // Even a request that comes with the session's own cookie is the key's.
        let path = format!("/admins/sam@example.com/{verb}");
        world.with_header(method, &path, ("cookie", &sam), body).await;
        let kept = "SELECT 1 FROM web_session";
        let sessions = world.store.db.read(provost_db::Query::new(kept, [])).await.unwrap();
        assert_eq!((world.is_signed_in(&sam).await, sessions.len()), (false, 1), "{verb}");
    }
    assert!(world.is_signed_in(&root).await);
}

#[tokio::test]
async fn a_key_is_shown_once_works_by_its_role_and_is_revoked() {
    let world = world().await;
    let made = world.call("POST", "/api-keys", json!({ "name": " ci ", "role": "auditor" })).await.expect(201);
    assert_eq!(made.headers["cache-control"], "no-store");
    let made = made.json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert_eq!((made["name"].as_str(), made["role"].as_str()), (Some("ci"), Some("auditor")));
    let call = async |method: &str, path: &str, body: Value| {
        world.as_key(Some(secret), method, &format!("/api/v1{path}"), Some(body)).await
    };
    call("GET", "/users", json!({})).await.expect(200);

    let shown = world.get("/api-keys/ci").await.expect(200).json();
    assert!(shown.get("secret").is_none() && shown["last_used_at"].is_string(), "{shown}");
    assert_eq!(world.get(&format!("/api-keys/{id}")).await.json(), shown);
    let names: Vec<Value> =
        world.get("/api-keys").await.json()["items"].as_array().unwrap().iter().map(|key| key["name"].clone()).collect();
    assert_eq!(names, ["all", "ci", "reader"]);
    world.call("POST", "/api-keys", json!({ "name": "ci", "role": "auditor" })).await.expect(409);
    world.call("POST", "/api-keys", json!({ "name": " ", "role": "auditor" })).await.expect(422);
    world.get("/api-keys/cj").await.expect(404);

    let revoked = world.call("POST", "/api-keys/ci/revoke", json!({})).await.expect(200).json();
    assert!(revoked["revoked_at"].is_string(), "{revoked}");
    call("GET", "/users", json!({})).await.expect(401);
    assert_eq!(world.call("POST", &format!("/api-keys/{id}/revoke"), json!({})).await.expect(200).json(), revoked);
    let created = json!({ "key": "ci", "role": "auditor" });
    let expected = [("REVOKE_API_KEY", json!({ "key": "ci" })), ("CREATE_API_KEY", created)];
    assert_eq!(world.events(2).await, expected.map(|(name, detail)| (name.to_owned(), detail)));
}

#[tokio::test]
async fn a_key_can_have_an_end() {
    let world = world().await;
    let make = async |name: &str, end: &str| {
        world.call("POST", "/api-keys", json!({ "name": name, "role": "auditor", "expires_at": end })).await
    };
    make("guest", "2000-01-01").await.expect(422);
    make("guest", "soon").await.expect(400);
    let end = world.store.now() + Span::hours(1);
    let made = make("guest", &end.to_string()).await.expect(201).json();
    assert_eq!((&made["state"], &made["expires_at"]), (&json!("active"), &json!(end.to_string())));
    let expected = json!({ "key": "guest", "role": "auditor", "expires_at": end.to_string() });
    assert_eq!(world.events(1).await, [("CREATE_API_KEY".to_owned(), expected)]);
    let read = async || world.as_key(made["secret"].as_str(), "GET", "/api/v1/users", None).await;
    read().await.expect(200);
    world.store.clock.advance_micros(Span::hours(1).0);
    assert!(read().await.expect(401).detail().contains("expired"));
    assert_eq!(world.get("/api-keys/guest").await.expect(200).json()["state"], "expired");
    assert_eq!(world.get("/api-keys/all").await.json()["expires_at"], json!(null));
}

#[tokio::test]
async fn a_key_that_only_reads_makes_no_key_and_no_administrator_and_raises_nobody() {
    let world = world().await;
    world.admin("root", "super-admin").await;
    world.admin("sam", "auditor").await;
    let state =
        async || (world.get("/admins").await.text, world.get("/api-keys").await.json()["items"].as_array().unwrap().len());
    let before = (state().await, world.events(1_000).await);
    for role in ["auditor", "super-admin"] {
        let admin = json!({ "email": "eve@example.com", "password": PASSWORD, "role": role });
        let asked = [
            ("POST", "/api-keys", json!({ "name": "eve", "role": role })),
            ("POST", "/api-keys/all/revoke", json!({})),
            ("POST", "/admins", admin),
            ("PATCH", "/admins/sam@example.com", json!({ "role": role })),
            ("PUT", "/admins/root@example.com/password", json!({ "password": "another long password" })),
            ("POST", "/admins/root@example.com/disable", json!({})),
        ];
        for (method, path, body) in asked {
            world.as_key(Some(&world.auditor), method, &format!("/api/v1{path}"), Some(body)).await.expect(403);
        }
    }
    assert_eq!((state().await, world.events(1_000).await), before);
}

#[tokio::test]
async fn secrets_are_in_no_other_answer_and_in_no_event() {
    let world = world().await;
    world.admin("root", "super-admin").await;
    let made = world.call("POST", "/api-keys", json!({ "name": "ci", "role": "super-admin" })).await.expect(201).json();
    let secret = made["secret"].as_str().unwrap();
    world.call("PUT", "/admins/root@example.com/password", json!({ "password": "another long password" })).await.expect(204);
    for path in ["/log?limit=1000", "/api-keys", "/api-keys/ci", "/admins", "/admins/root@example.com", "/config/export"] {
        let text = world.get(path).await.expect(200).text;
        for hidden in [secret, "pvk_", PASSWORD, "another long password", "argon2", "hash"] {
            assert!(!text.contains(hidden), "{hidden} is in the answer of {path}: {text}");
        }
    }
}
