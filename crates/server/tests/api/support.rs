//! A server over a new SQLite file, its keys, and calls to its router.

use crate::contract;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use provost_db::Location;
use provost_platform::{Clock, Sealer};
use provost_server::Server;
use provost_store::admins::{self, Role};
use provost_store::{Actor, Store};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) router: Router,
    pub(crate) super_admin: String,
    pub(crate) auditor: String,
    _folder: tempfile::TempDir,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text))
    }

    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

pub(crate) async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::File(folder.path().join("provost.db"));
    let store = Store::open(&location, Clock::adjustable(), Sealer::from_key([7; 32])).await.unwrap();
    let key = async |name: &str, role| {
        admins::create_key(&store, &Actor::CommandLine, name, role, None).await.unwrap().secret.expose().to_owned()
    };
    let super_admin = key("all", Role::SuperAdmin).await;
    let auditor = key("reader", Role::Auditor).await;
    let server = Server::new(store.clone(), vec!["127.0.0.0/8".parse().unwrap()]);
    World { router: provost_server::router(server), store, super_admin, auditor, _folder: folder }
}

/// What a request is answered; what it asked and what came of it is held against the document of the API.
pub(crate) async fn send(router: &Router, request: Request<Body>) -> Reply {
    let (asked, body) = request.into_parts();
    let sent = to_bytes(body, usize::MAX).await.unwrap();
    let request = Request::from_parts(asked.clone(), Body::from(sent.clone()));
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    contract::check(&asked, &sent, &parts, &text);
    Reply { status: parts.status, headers: parts.headers, text }
}

impl World {
    pub(crate) async fn as_key(&self, key: Option<&str>, method: &str, path: &str, body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        send(&self.router, request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.as_key(Some(&self.super_admin), "GET", &format!("/api/v1{path}"), None).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        self.as_key(Some(&self.super_admin), method, &format!("/api/v1{path}"), Some(body)).await
    }

    pub(crate) async fn with_header(&self, method: &str, path: &str, header: (&str, &str), body: Value) -> Reply {
        let key = format!("Bearer {}", self.super_admin);
        let request = Request::builder().method(method).uri(format!("/api/v1{path}")).header("authorization", key);
        send(&self.router, request.header(header.0, header.1).body(Body::from(body.to_string())).unwrap()).await
    }

    /// Adds the user `NAME@example.com`.
    pub(crate) async fn user(&self, name: &str) {
        let body =
            serde_json::json!({ "primary_email": format!("{name}@example.com"), "given_name": name, "family_name": "Example" });
        self.call("POST", "/users", body).await.expect(201);
    }
}
