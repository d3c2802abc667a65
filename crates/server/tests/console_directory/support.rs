//! A server over a new SQLite file, sessions of its administrators, and what a browser would send.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use provost_core::directory::{DomainKind, User};
use provost_db::Location;
use provost_platform::{Clock, Sealer};
use provost_server::Server;
use provost_server::access::session_subject;
use provost_store::admins::{self, Admin, Role};
use provost_store::directory::users::NewUser;
use provost_store::directory::{domains, org_units, users};
use provost_store::log::{self, LogQuery};
use provost_store::{Actor, Store};
use tower::ServiceExt;
use url::form_urlencoded::Serializer;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) server: Server,
    pub(crate) router: Router,
    _folder: tempfile::TempDir,
}

/// A browser: the router, and the cookie that it sends.
pub(crate) struct Browser {
    pub(crate) router: Router,
    pub(crate) cookie: String,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The texts stand on the page.
    #[track_caller]
    pub(crate) fn shows(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.text.contains(text), "{text:?} is not on the page: {}", self.text);
        }
        self
    }

    #[track_caller]
    pub(crate) fn hides(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(!self.text.contains(text), "{text:?} is on the page: {}", self.text);
        }
        self
    }

    /// Where a redirect leads.
    #[track_caller]
    pub(crate) fn leads(&self) -> String {
        assert_eq!(self.status.as_u16(), 303, "{}", self.text);
        self.headers["location"].to_str().unwrap().to_owned()
    }

    /// The value of a hidden field.
    #[track_caller]
    pub(crate) fn hidden(&self, name: &str) -> String {
        let start = format!("type=\"hidden\" name=\"{name}\" value=\"");
        let (_, rest) = self.text.split_once(&start).unwrap_or_else(|| panic!("no field {name}: {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }
}

pub(crate) async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::File(folder.path().join("provost.db"));
    let store = Store::open(&location, Clock::adjustable(), Sealer::from_key([7; 32])).await.unwrap();
    let server = Server::new(store.clone(), vec!["127.0.0.0/8".parse().unwrap()]);
    World { router: provost_server::router(server.clone()), store, server, _folder: folder }
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Reply {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Reply { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Browser {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        let request = Request::builder().uri(path).header("cookie", &self.cookie).body(Body::empty()).unwrap();
        send(&self.router, request).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.post_from(path, fields, "same-origin").await
    }

    /// A POST that a page of the `site` sends.
    pub(crate) async fn post_from(&self, path: &str, fields: &[(&str, &str)], site: &str) -> Reply {
        let request = Request::builder()
            .method("POST")
            .uri(path)
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site);
        send(&self.router, request.body(Body::from(encoded(fields))).unwrap()).await
    }
}

impl World {
    pub(crate) async fn admin(&self, email: &str, role: Role) -> Admin {
        admins::create(&self.store, &Actor::CommandLine, email, PASSWORD, role).await.unwrap()
    }

    /// A browser in which the administrator is signed in.
    pub(crate) async fn browser_of(&self, admin: &Admin) -> Browser {
        let cookie = self.server.sessions.start(&session_subject(admin.id)).await.unwrap();
        let cookie = cookie.value().to_str().unwrap().split(';').next().unwrap().to_owned();
        Browser { router: self.router.clone(), cookie }
    }

    pub(crate) async fn super_admin(&self) -> Browser {
        self.browser_of(&self.admin("root@example.com", Role::SuperAdmin).await).await
    }

    pub(crate) async fn auditor(&self) -> Browser {
        self.browser_of(&self.admin("auditor@example.com", Role::Auditor).await).await
    }

    pub(crate) fn stranger(&self) -> Browser {
        Browser { router: self.router.clone(), cookie: String::new() }
    }

    pub(crate) async fn domain(&self) {
        domains::add(&self.store, &Actor::CommandLine, "example.com", DomainKind::Primary).await.unwrap();
    }

    pub(crate) async fn unit(&self, parent: &str, name: &str) {
        org_units::add(&self.store, &Actor::CommandLine, parent, name).await.unwrap();
    }

    /// The user `NAME@example.com`.
    pub(crate) async fn user(&self, name: &str, org_unit: &str) -> User {
        let new = NewUser {
            primary_email: format!("{name}@example.com"),
            given_name: name.to_owned(),
            family_name: "Example".to_owned(),
            org_unit_path: org_unit.to_owned(),
            attributes: serde_json::Map::new(),
        };
        users::add(&self.store, &Actor::CommandLine, new).await.unwrap()
    }

    /// How many events the log holds.
    pub(crate) async fn events(&self) -> usize {
        log::list(&self.store, &LogQuery { limit: 1_000, ..LogQuery::default() }).await.unwrap().items.len()
    }
}
