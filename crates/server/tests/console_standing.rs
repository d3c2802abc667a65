//! How a connection stands, at home, on the app's card and in the list of apps: nobody reads that all is well when it is not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{COOKIE, HOST};
use provost_core::app::{Halt, HaltReason};
use provost_core::time::Span;
use provost_server::Server;
use provost_server::access::session_subject;
use provost_store::accounts::standstill::{self, StandstillReason};
use provost_store::admins::{self, Role};
use provost_store::apps::connections;
use provost_store::{Actor, Store};
use provost_testkit::{Fault, World};
use tower::ServiceExt;

const BY: Actor = Actor::CommandLine;
const ALL_IS_WELL: [&str; 3] = ["Up to date", "Syncing active", "nobody failing now"];

/// Home, the app's page and the list of apps.
struct Pages {
    home: String,
    card: String,
    list: String,
}

struct Console {
    router: Router,
    cookie: String,
}

impl Console {
    async fn new(store: &Store) -> Self {
        let server = Server::new(store.clone(), vec!["127.0.0.0/8".parse().unwrap()]);
        let admin = admins::create(store, &BY, "root@example.com", "correct horse battery", Role::SuperAdmin).await.unwrap();
        let cookie = server.sessions.start(&session_subject(admin.id)).await.unwrap();
        let cookie = cookie.value().to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { router: provost_server::router(server), cookie }
    }

    async fn get(&self, path: &str) -> String {
        let request = Request::get(path).header(HOST, "console.example").header(COOKIE, &self.cookie);
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
    }

    async fn pages(&self, world: &World) -> Pages {
        let app = format!("/apps/{}", world.app.id);
        Pages { home: self.get("/").await, card: self.get(&app).await, list: self.get("/apps").await }
    }
}

#[track_caller]
fn shows(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "no “{text}” in {page}");
    }
}

#[track_caller]
fn hides(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(!page.contains(text), "“{text}” in {page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_to_date_is_said_only_while_it_is_so() {
    let world = World::new("netskope").await;
    world.add("ada", "/").await;
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    let console = Console::new(&world.store).await;
    let pages = console.pages(&world).await;
    shows(&pages.home, &["Up to date: every change is delivered.", "Syncing active"]);
    shows(&pages.card, &["Syncing active", "nobody failing now"]);
    shows(&pages.list, &["Autoprovisioning On</td>"]);

    world.proxy.every(|request| request.method == "POST", Fault::Answer(400, Vec::new(), "{}".to_owned()));
    world.add("bo", "/").await;
    world.settle().await;
    let home = console.get("/").await;
    shows(&home, &["Not up to date", "1 user failing", "/autoprovisioning/failures"]);
    hides(&home, &ALL_IS_WELL[..1]);

    let message = "A backup was restored.";
    standstill::note(&world.store, connection.id, StandstillReason::Restored, Span(0), message).await.unwrap();
    let pages = console.pages(&world).await;
    shows(&pages.home, &["No removal is sent", "removals stopped", "/autoprovisioning/held"]);
    shows(&pages.card, &[">removals stopped<"]);
    shows(&pages.list, &["Autoprovisioning On", ">removals stopped<"]);
    for page in [&pages.home, &pages.card] {
        hides(page, &ALL_IS_WELL[..2]);
    }

    let halt = Halt { reason: HaltReason::NeedsReauthorization, message: "401".to_owned(), since: world.store.now() };
    connections::set_halt(&world.store, connection.id, &halt).await.unwrap();
    let pages = console.pages(&world).await;
    for page in [&pages.home, &pages.card, &pages.list] {
        shows(page, &[">needs reauthorization<"]);
        hides(page, &ALL_IS_WELL);
    }
    shows(&pages.home, &["Nothing is sent until the app is ", "/autoprovisioning\">reauthorized"]);
}
