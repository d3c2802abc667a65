//! A server in fifty lines that takes whatever comes: enough to see what the runner does with wrong answers.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Keeps every body as a user, checks nothing, ignores filters and PATCH; announces patch and filter.
    Careless,
    /// The same, and answers every DELETE with 500.
    KeepsEverything,
    /// Answers everything with a page.
    NotScim,
    /// Answers users with 401.
    RefusesTheToken,
}

/// The path of a user that was there before.
const FOREIGN: &str = "/Users/foreign";

#[derive(Debug)]
struct Store {
    behaviour: Behaviour,
    users: BTreeMap<String, Value>,
    made: usize,
}

pub(crate) struct Server {
    pub base: String,
    store: Arc<Mutex<Store>>,
}

impl Server {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let foreign = json!({ "id": "foreign", "userName": "foreign", "displayName": "Ada Lovelace" });
        let users = BTreeMap::from([(FOREIGN.to_owned(), foreign)]);
        let store = Arc::new(Mutex::new(Store { behaviour, users, made: 0 }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let base = format!("http://{}/scim", listener.local_addr().expect("it is bound"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&store));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, store }
    }

    /// How many users were ever made.
    pub(crate) fn made(&self) -> usize {
        self.store.lock().expect("no request panics").made
    }

    /// The paths of the users that are there and were not before.
    pub(crate) fn stored(&self) -> Vec<String> {
        self.store.lock().expect("no request panics").users.keys().filter(|path| *path != FOREIGN).cloned().collect()
    }

    pub(crate) fn foreign_untouched(&self) -> bool {
        self.store.lock().expect("no request panics").users[FOREIGN]["displayName"] == "Ada Lovelace"
    }
}

async fn answer(State(store): State<Arc<Mutex<Store>>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let mut store = store.lock().expect("no request panics");
    if store.behaviour == Behaviour::NotScim {
        return "<html>It works!</html>".into_response();
    }
    let path = uri.path().trim_start_matches("/scim").to_owned();
    match (method.as_str(), path.as_str()) {
        ("GET", "/ServiceProviderConfig") => said(StatusCode::OK, &config()),
        ("GET", "/Users") if store.behaviour == Behaviour::RefusesTheToken => StatusCode::UNAUTHORIZED.into_response(),
        ("GET", "/Users") => {
            let users: Vec<&Value> = store.users.values().collect();
            said(StatusCode::OK, &json!({ "totalResults": users.len(), "Resources": users }))
        }
        ("POST", "/Users") => store.make(&body),
        ("DELETE", _) if store.behaviour == Behaviour::KeepsEverything => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        ("DELETE", path) if store.users.remove(path).is_some() => StatusCode::NO_CONTENT.into_response(),
        ("GET" | "PATCH", path) if store.users.contains_key(path) => said(StatusCode::OK, &store.users[path]),
        _ => said(StatusCode::NOT_FOUND, &json!({ "error": "not here" })),
    }
}

impl Store {
    fn make(&mut self, body: &[u8]) -> Response {
        let Ok(Value::Object(mut user)) = serde_json::from_slice(body) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        self.made += 1;
        user.insert("id".to_owned(), json!(self.made.to_string()));
        let user = Value::Object(user);
        self.users.insert(format!("/Users/{}", self.made), user.clone());
        said(StatusCode::CREATED, &user)
    }
}

fn config() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "filter": { "supported": true, "maxResults": 100 },
    })
}

fn said(status: StatusCode, body: &Value) -> Response {
    (status, body.to_string()).into_response()
}
