//! A tenant in memory, and a client that talks to its router.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use provost_db::Location;
use provost_platform::Clock;
use provost_tenant::tokens::{self, Lifetime};
use provost_tenant::{ProfileName, Tenant, admins, router};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const ADMIN: &str = "ada@tenant.example";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const USERS: &str = "/api/v2/scim/Users";
pub(crate) const GROUPS: &str = "/api/v2/scim/Groups";

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A tenant with a token for Users and Groups.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) tenant: Tenant,
    pub(crate) clock: Clock,
    pub(crate) token: String,
    router: Router,
}

pub(crate) async fn world() -> World {
    world_at(Location::Memory, ProfileName::Netskope).await
}

pub(crate) async fn world_at(location: Location, profile: ProfileName) -> World {
    let clock = Clock::adjustable();
    let tenant = Tenant::open(location, clock.clone(), profile).await.unwrap();
    admins::create(&tenant, ADMIN, PASSWORD).await.unwrap();
    let token = token(&tenant, "ci", &["/api/v2/scim/Users:rw", "/api/v2/scim/Groups:rw"]).await;
    World { router: router(tenant.clone()), tenant, clock, token }
}

pub(crate) async fn token(tenant: &Tenant, name: &str, grants: &[&str]) -> String {
    let grants = grants.iter().map(|grant| grant.parse().unwrap()).collect();
    tokens::create(tenant, name, grants, Lifetime::default()).await.unwrap().expose().to_owned()
}

/// Runs statements at the database itself, for what would take the API too long.
pub(crate) async fn run_sql(location: &Location, sql: &str) {
    match location {
        Location::File(path) => {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.execute_batch(&format!("BEGIN; {sql}; COMMIT;")).unwrap();
        }
        Location::Postgres(url) => {
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
            let running = tokio::spawn(connection);
            client.batch_execute(sql).await.unwrap();
            drop(client);
            running.await.unwrap().unwrap();
        }
        Location::Memory => panic!("nobody else can open what is in memory"),
    }
}

impl World {
    /// The same client at another node.
    pub(crate) fn on(&self, tenant: &Tenant) -> Self {
        Self { router: router(tenant.clone()), tenant: tenant.clone(), ..self.clone() }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Sends a request with the token and a JSON body.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.call_as(&self.token, method, path, body).await
    }

    pub(crate) async fn call_as(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "tenant.test")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/scim+json");
        self.send(request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()).await
    }

    /// Makes a user and answers its id.
    pub(crate) async fn make_user(&self, user_name: &str) -> String {
        let answer = self.call("POST", USERS, Some(&user(user_name))).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// One PATCH of a user, and the user afterwards.
    pub(crate) async fn patched(&self, id: &str, operations: Value) -> Value {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        let answer = self.call("PATCH", &format!("{USERS}/{id}"), Some(&body)).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
        self.call("GET", &format!("{USERS}/{id}"), None).await.json()
    }

    /// The total and the user names of a list.
    pub(crate) async fn listed(&self, query: &str) -> (u64, Vec<String>) {
        let answer = self.call("GET", &format!("{USERS}?{query}"), None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        let names = body["Resources"].as_array().unwrap().iter().map(|user| user["userName"].as_str().unwrap().to_owned());
        (body["totalResults"].as_u64().unwrap(), names.collect())
    }
}

/// The body of a create, in the vendor's shape.
pub(crate) fn user(user_name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user_name,
        "name": { "familyName": "Byron", "givenName": "Ada" },
        "active": true,
        "emails": [{ "value": user_name, "primary": true }],
        "externalId": "ext-1",
        "meta": { "resourceType": "User" },
    })
}
