//! The console's pages about apps, through the router, as a browser without script meets them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use provost_core::app::Announced;
use provost_core::app::{Access, App, ConnectionStatus, ScopeMode, ServiceStatus, SsoDetails};
use provost_core::directory::{DomainKind, Group, User};
use provost_core::ids::AdminId;
use provost_core::provisioning::{DriftChange, DriftKind, Quarantine, Remote};
use provost_core::time::Span;
use provost_db::{Batch, Location};
use provost_platform::{Clock, Sealer};
use provost_server::Server;
use provost_server::access::session_subject;
use provost_store::admins::{self, Role};
use provost_store::apps::announcement::{self, Announcement};
use provost_store::apps::tests::{TestResult, answer_test, pending_tests};
use provost_store::apps::{self, connections, health};
use provost_store::directory::{domains, groups, org_units, users};
use provost_store::{Actor, Store, drafts, remote};
use std::time::Duration;
use tower::ServiceExt;
use url::form_urlencoded::Serializer;

const BY: Actor = Actor::CommandLine;
const ENDPOINT: &str = "http://127.0.0.1:9/api/v2/scim";
const TOKEN: &str = "tok-that-must-not-come-back";

/// A console with a super admin and an auditor, two users, a group, and a stand-in for the engine that answers tests:
/// tokens with "readonly" in them may only read, and there is nothing at endpoints that end with "/wrong".
struct Console {
    store: Store,
    router: Router,
    admin: String,
    admin_id: AdminId,
    auditor: String,
    ada: User,
    engineers: Group,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Page {
    fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |location| location.to_str().unwrap())
    }

    /// The value of a hidden field.
    fn hidden(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let from = self.text.find(&marker).unwrap_or_else(|| panic!("no field {name} in {}", self.text)) + marker.len();
        let raw = &self.text[from..from + self.text[from..].find('"').unwrap()];
        raw.replace("&quot;", "\"").replace("&amp;", "&").replace("&#39;", "'")
    }

    #[track_caller]
    fn shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.text.contains(text), "no “{text}” in {} {}", self.status, self.text);
        }
    }
}

async fn user(store: &Store, name: &str, unit: &str) -> User {
    let new = users::NewUser {
        primary_email: format!("{name}@example.com"),
        given_name: name.to_owned(),
        family_name: "Tester".to_owned(),
        org_unit_path: unit.to_owned(),
        attributes: serde_json::Map::new(),
    };
    users::add(store, &BY, new).await.unwrap()
}

impl Console {
    async fn new() -> Self {
        let store = Store::open(&Location::Memory, Clock::adjustable(), Sealer::from_key([3; 32])).await.unwrap();
        domains::add(&store, &BY, "example.com", DomainKind::Primary).await.unwrap();
        org_units::add(&store, &BY, "/", "Sales").await.unwrap();
        let ada = user(&store, "ada", "/").await;
        user(&store, "bo", "/Sales").await;
        let engineers = groups::add(&store, &BY, "eng@example.com", "Engineers", "").await.unwrap();
        groups::add_member(&store, &BY, engineers.id, "ada@example.com", provost_core::directory::MemberRole::Member)
            .await
            .unwrap();
        let admin = admins::create(&store, &BY, "root@example.com", "correct horse battery", Role::SuperAdmin).await.unwrap();
        let auditor = admins::create(&store, &BY, "audit@example.com", "correct horse battery", Role::Auditor).await.unwrap();
        let server = Server::new(store.clone(), vec!["127.0.0.0/8".parse().unwrap()]);
        let cookie = async |id: AdminId| {
            let cookie = server.sessions.start(&session_subject(id)).await.unwrap();
            cookie.value().to_str().unwrap().split(';').next().unwrap().to_owned()
        };
        let (admin_cookie, auditor_cookie) = (cookie(admin.id).await, cookie(auditor.id).await);
        let engine = store.clone();
        let mut wakes = engine.wakes();
        tokio::spawn(async move {
            loop {
                for test in pending_tests(&engine).await.unwrap() {
                    let can_write = !test.token.expose().contains("readonly");
                    let message = if can_write { "fine" } else { "the token may read but not write" };
                    let result = if test.endpoint.ends_with("/wrong") {
                        let message = "there is no SCIM service at this endpoint URL (404)".to_owned();
                        TestResult { ok: false, message, can_write: None, announced: None }
                    } else {
                        TestResult { ok: can_write, message: message.to_owned(), can_write: Some(can_write), announced: None }
                    };
                    answer_test(&engine, test.id, &result).await.unwrap();
                }
                wakes.changed().await;
            }
        });
        let router = provost_server::router(server);
        Self { store, router, admin: admin_cookie, admin_id: admin.id, auditor: auditor_cookie, ada, engineers }
    }

    async fn send(&self, cookie: &str, request: axum::http::request::Builder, body: String) -> Page {
        let request = request.header(HOST, "console.example").header(COOKIE, cookie).body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        assert!(!text.contains(TOKEN), "the token came back to the browser");
        Page { status: parts.status, headers: parts.headers, text }
    }

    async fn get_as(&self, cookie: &str, path: &str) -> Page {
        self.send(cookie, Request::get(path), String::new()).await
    }

    async fn get(&self, path: &str) -> Page {
        self.get_as(&self.admin, path).await
    }

    async fn post_as(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request =
            Request::post(path).header("sec-fetch-site", "same-origin").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(cookie, request, body).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_as(&self.admin, path, fields).await
    }

    /// The app, ON for everyone, with its SSO details.
    async fn app(&self) -> App {
        let app = apps::create(&self.store, &BY, "Netskope", "netskope").await.unwrap();
        let sso = SsoDetails { acs_url: "https://t.example/acs".to_owned(), entity_id: "https://t.example".to_owned() };
        let app = apps::set_sso(&self.store, &BY, app.id, None, Some(sso)).await.unwrap();
        let on = Access { default: ServiceStatus::On, ..Access::default() };
        apps::set_access(&self.store, &BY, app.id, None, on).await.unwrap()
    }

    /// Goes through the first three steps.
    async fn set_up_to_the_scope(&self, app: &App) {
        let step = |slug: &str| format!("/apps/{}/autoprovisioning/set-up/{slug}", app.id);
        self.post(&step("app-authorization"), &[("token", TOKEN), ("go", "continue")]).await;
        self.post(&step("endpoint-url"), &[("endpoint", ENDPOINT), ("go", "continue")]).await;
        let mapping = mapping_fields();
        let fields: Vec<(&str, &str)> = mapping.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let sent = self.post(&step("attribute-mapping"), &[fields.as_slice(), &[("go", "continue")]].concat()).await;
        assert_eq!(sent.location(), step("provisioning-scope"), "{}", sent.text);
    }

    /// Goes through the five steps.
    async fn set_up(&self, app: &App) {
        let step = |slug: &str| format!("/apps/{}/autoprovisioning/set-up/{slug}", app.id);
        self.set_up_to_the_scope(app).await;
        self.post(&step("provisioning-scope"), &[("go", "continue")]).await;
        let ticks = [("hard_delete.app_off", "on"), ("hard_delete_after.app_off", "7d"), ("go", "finish")];
        let sent = self.post(&step("deprovisioning"), &ticks).await;
        assert_eq!(sent.location(), format!("/apps/{}", app.id), "{}", sent.text);
    }
}

fn mapping_fields() -> Vec<(String, String)> {
    let profile = provost_core::app::profile("netskope").unwrap();
    let rows = provost_core::app::default_mapping(profile);
    rows.iter().map(|row| (format!("map.{}", row.target), row.source.to_string())).collect()
}

#[tokio::test]
async fn an_app_is_added_from_the_catalogue() {
    let console = Console::new().await;
    console.get("/apps").await.shows(&["No apps yet", "Add app"]);
    console.get("/apps/add?q=netsk").await.shows(&["Netskope", "Select"]);
    console.get("/apps/add?q=zzz").await.shows(&["No app of the catalogue"]);
    console.get("/apps/add/netskope").await.shows(&["ACS URL", "Entity ID"]);
    let fields = [("name", "Netskope"), ("acs_url", "https://t.example/acs"), ("entity_id", "https://t.example")];
    let added = console.post("/apps/add/netskope", &fields).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER);
    let page = console.get(added.location()).await;
    page.shows(&["EDIT DETAILS", "DELETE APP", "User access", "OFF for everyone", "Service provider details", "ACS URL"]);
    page.shows(&["Autoprovisioning isn't configured", "Configure autoprovisioning"]);
    let again = console.post("/apps/add/netskope", &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    again.shows(&["exists already"]);
    console.get("/apps").await.shows(&["Details", "Autoprovisioning not configured"]);
    assert_eq!(console.get("/apps/12345").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_assistant_goes_through_five_steps_and_never_shows_the_token() {
    let console = Console::new().await;
    let app = console.app().await;
    let step = |slug: &str| format!("/apps/{}/autoprovisioning/set-up/{slug}", app.id);
    let first = console.get(&step("app-authorization")).await;
    first.shows(&["Set up autoprovisioning for Netskope", "Access token", "CANCEL", "CONTINUE", "Provisioning scope (optional)"]);
    assert_eq!(console.get(&step("deprovisioning")).await.location(), step("app-authorization"));
    let empty = console.post(&step("app-authorization"), &[("token", " "), ("go", "continue")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let token = console.post(&step("app-authorization"), &[("token", TOKEN), ("go", "continue")]).await;
    assert_eq!(token.location(), step("endpoint-url"));
    let kept = drafts::get(&console.store, &format!("autoprovisioning:{}:{}", app.id, console.admin_id)).await.unwrap();
    assert!(kept.unwrap().expose().contains(TOKEN), "the draft is kept under app and administrator");
    console.get(&step("endpoint-url")).await.shows(&["https://{tenant-name}.goskope.com/api/v2/scim", "BACK"]);
    for (typed, says) in [
        ("https://{tenant-name}.goskope.com/api/v2/scim", "{tenant-name} still stands"),
        ("http://acme.example/scim", "https://"),
        ("https://10.0.0.1/scim", "private"),
    ] {
        let page = console.post(&step("endpoint-url"), &[("endpoint", typed), ("go", "continue")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        page.shows(&[says]);
    }
    let endpoint = console.post(&step("endpoint-url"), &[("endpoint", ENDPOINT), ("go", "continue")]).await;
    assert_eq!(endpoint.location(), step("attribute-mapping"), "{}", endpoint.text);
    let mapping = console.get(&step("attribute-mapping")).await;
    mapping.shows(&["userName", "* (required)", "Basic Information", "Add attribute", "ada@example.com", "mapping-preview"]);
    let broken = console.post(&step("attribute-mapping"), &[("map.userName", "user.primary_email"), ("go", "continue")]).await;
    broken.shows(&["emails.value is mandatory"]);
    let fields = mapping_fields();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let added =
        console.post(&step("attribute-mapping"), &[fields.as_slice(), &[("go", "add"), ("add_target", "title")]].concat()).await;
    added.shows(&["name=\"map.title\"", "Choose…"]);
    let sent = console.post(&step("attribute-mapping"), &[fields.as_slice(), &[("go", "continue")]].concat()).await;
    assert_eq!(sent.location(), step("provisioning-scope"));
    console.get(&step("provisioning-scope")).await.shows(&["Search groups", "2 users now"]);
    let found = console.post(&step("provisioning-scope"), &[("q", "en"), ("go", "search")]).await;
    found.shows(&["eng@example.com", "Direct members", "All members"]);
    let id = console.engineers.id.to_string();
    let chosen = console.post(&step("provisioning-scope"), &[("q", "en"), ("add", &id), (&format!("members.{id}"), "all")]).await;
    chosen.shows(&["1 user now", "Remove"]);
    let (group, members) = (format!("group.{id}"), format!("members.{id}"));
    let sent = console.post(&step("provisioning-scope"), &[(&group, "on"), (&members, "all"), ("go", "continue")]).await;
    assert_eq!(sent.location(), step("deprovisioning"));
    let last = console.get(&step("deprovisioning")).await;
    last.shows(&["When an app is turned off for a user", "When a user is suspended", "When a user is deleted"]);
    last.shows(&["Hard delete the account in Netskope", "within 24 hours", "after 21 days", "FINISH"]);
    assert!(!last.text.contains("Suspend Netskope account"), "the profile has no suspend");
    let selected = |page: &Page, word: &str| page.text.matches(&format!("value=\"{word}\" selected")).count();
    assert_eq!((selected(&last, "21d"), selected(&last, "within_24_hours")), (3, 0), "the longest is chosen: {}", last.text);
    let ticks = [("hard_delete.deleted", "on"), ("hard_delete_after.deleted", "1d"), ("go", "finish")];
    let done = console.post(&step("deprovisioning"), &ticks).await;
    assert_eq!(done.location(), format!("/apps/{}", app.id), "{}", done.text);
    let edit = console.get(&format!("/apps/{}/autoprovisioning/edit/deprovisioning", app.id)).await;
    assert_eq!((selected(&edit, "21d"), selected(&edit, "1d")), (2, 1), "what is set stays: {}", edit.text);
    let connection = connections::of_app(&console.store, app.id).await.unwrap().unwrap();
    assert_eq!((connection.config.scope.mode, connection.status), (ScopeMode::Groups, ConnectionStatus::Inactive));
    let credential = connections::credential(&console.store, connection.id).await.unwrap().unwrap();
    assert_eq!(credential.expose(), TOKEN);
    let kept = drafts::get(&console.store, &format!("autoprovisioning:{}:{}", app.id, console.admin_id)).await.unwrap();
    assert!(kept.is_none(), "the draft ends with the set-up");
}

#[tokio::test]
async fn a_mistyped_endpoint_is_corrected_after_going_back_and_cancel_begins_anew() {
    let console = Console::new().await;
    let app = console.app().await;
    let step = |slug: &str| format!("/apps/{}/autoprovisioning/set-up/{slug}", app.id);
    let wrong = "http://127.0.0.1:9/api/v2/wrong";
    console.post(&step("app-authorization"), &[("token", TOKEN), ("go", "continue")]).await;
    console.post(&step("endpoint-url"), &[("endpoint", wrong), ("go", "continue")]).await.shows(&["no SCIM service"]);
    // BACK, and the token once more: it is not the token that is wrong.
    console.post(&step("endpoint-url"), &[("endpoint", wrong), ("go", "back")]).await;
    let token = console.post(&step("app-authorization"), &[("token", TOKEN), ("go", "continue")]).await;
    assert_eq!((token.status, token.location()), (StatusCode::SEE_OTHER, &*step("endpoint-url")), "{}", token.text);
    console.get(&step("endpoint-url")).await.shows(&[wrong]);
    assert_eq!(console.get(&step("attribute-mapping")).await.location(), step("endpoint-url"), "it was not tested well");
    let endpoint = console.post(&step("endpoint-url"), &[("endpoint", ENDPOINT), ("go", "continue")]).await;
    assert_eq!(endpoint.location(), step("attribute-mapping"), "{}", endpoint.text);

    console.get(&step("app-authorization")).await.shows(&[&step("cancel"), "A token was entered."]);
    assert_eq!(console.get(&step("cancel")).await.location(), format!("/apps/{}", app.id));
    let kept = drafts::get(&console.store, &format!("autoprovisioning:{}:{}", app.id, console.admin_id)).await.unwrap();
    assert!(kept.is_none(), "the draft ends with CANCEL");
    assert_eq!(console.get(&step("endpoint-url")).await.location(), step("app-authorization"));
}

#[tokio::test]
async fn a_token_that_may_only_read_is_refused_in_the_assistant_and_when_reauthorizing() {
    let console = Console::new().await;
    let app = console.app().await;
    let step = |slug: &str| format!("/apps/{}/autoprovisioning/set-up/{slug}", app.id);
    console.post(&step("app-authorization"), &[("token", "readonly-token"), ("go", "continue")]).await;
    let page = console.post(&step("endpoint-url"), &[("endpoint", ENDPOINT), ("go", "continue")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows(&["The token may read but not write."]);
    assert_eq!(console.get(&step("attribute-mapping")).await.location(), step("endpoint-url"));
    // With the endpoint known, a new token is tried in the first step.
    let page = console.post(&step("app-authorization"), &[("token", "readonly-2"), ("go", "continue")]).await;
    page.shows(&["The token may read but not write."]);
    console.set_up(&app).await;
    let path = format!("/apps/{}/autoprovisioning/reauthorize", app.id);
    console.get(&path).await.shows(&["Access token", "Re-authorize"]);
    console.post(&path, &[("token", "readonly-3")]).await.shows(&["The token may read but not write."]);
    assert_eq!(console.post(&path, &[("token", "another-token")]).await.status, StatusCode::SEE_OTHER);
    let connection = connections::of_app(&console.store, app.id).await.unwrap().unwrap();
    assert_eq!(connections::credential(&console.store, connection.id).await.unwrap().unwrap().expose(), "another-token");
}

#[tokio::test]
async fn turning_on_shows_the_plan_and_off_and_delete_ask_first() {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    let path = |rest: &str| format!("/apps/{}/autoprovisioning/{rest}", app.id);
    let page = console.get(&format!("/apps/{}", app.id)).await;
    page.shows(&["Inactive", "Syncing inactive", "view sync log", "Users created", "Users updated", "Users deleted", "Failures"]);
    page.shows(&["in the last 30 days", "Download list"]);
    let ask = console.get(&path("turn-on")).await;
    ask.shows(&["Turn on", "TURN ON", "CANCEL", "Full list (2 users)", "ada@example.com"]);
    let hash = ask.hidden("hash");
    let on = console.post(&path("turn-on"), &[("hash", &hash), ("revision", &ask.hidden("revision"))]).await;
    assert_eq!(on.status, StatusCode::SEE_OTHER);
    let status = async || connections::of_app(&console.store, app.id).await.unwrap().unwrap().status;
    assert_eq!(status().await, ConnectionStatus::Active);
    console.get("/apps").await.shows(&["Autoprovisioning On"]);
    console.get(&path("turn-off")).await.shows(&["Turn off", "No request starts after this"]);
    console.post(&path("turn-off"), &[]).await;
    assert_eq!(status().await, ConnectionStatus::Inactive);
    console.get(&path("delete")).await.shows(&["Delete", "Nothing is sent"]);
    console.post(&path("delete"), &[]).await;
    assert!(connections::of_app(&console.store, app.id).await.unwrap().is_none());
    assert_eq!(console.get(&path("turn-on")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_app_that_is_off_for_everyone_says_that_nobody_has_access() {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    let (turn_on, hint) = (format!("/apps/{}/autoprovisioning/turn-on", app.id), "Nobody has access to Netskope yet");
    assert!(!console.get(&turn_on).await.text.contains(hint));
    let app = apps::set_access(&console.store, &BY, app.id, None, Access::default()).await.unwrap();
    let access = format!("href=\"/apps/{}/access\"", app.id);
    console.get(&turn_on).await.shows(&[hint, &access, "2 without an account, and none to be made"]);

    let connection = connections::required_of_app(&console.store, app.id).await.unwrap();
    connections::delete_configuration(&console.store, &BY, connection.id).await.unwrap();
    console.set_up_to_the_scope(&app).await;
    let step = format!("/apps/{}/autoprovisioning/set-up/provisioning-scope", app.id);
    console.get(&step).await.shows(&[hint, &access, "0 users now"]);
}

#[tokio::test]
async fn the_card_tells_of_a_quarantine_and_lets_it_be_probed() {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    let connection = connections::required_of_app(&console.store, app.id).await.unwrap();
    connections::turn_on(&console.store, &BY, connection.id, None).await.unwrap();
    let now = console.store.now();
    let none = health::ConnectionHealth::default();
    let paused = health::ConnectionHealth { paused_until: Some(now + Span::hours(1)), ..none.clone() };
    health::set(&console.store, &connection, &none, &paused).await.unwrap();
    let page = format!("/apps/{}", app.id);
    console.get(&page).await.shows(&["Netskope asked us to wait until"]);
    let rest = Quarantine::begin("out of <order>", now);
    let resting = health::ConnectionHealth { quarantine: Some(rest), ..none };
    health::set(&console.store, &connection, &paused, &resting).await.unwrap();
    let card = console.get(&page).await;
    card.shows(&[">in quarantine<", "Netskope is in quarantine", "out of &lt;order&gt;", "In quarantine since", "Try now"]);
    assert!(!card.text.contains("Syncing active"), "{}", card.text);
    console.get("/").await.shows(&[">in quarantine<", "the app is in quarantine"]);
    console.get("/apps").await.shows(&["Autoprovisioning On", ">in quarantine<"]);
    console.get("/reporting/admin").await.shows(&["App in quarantine"]);
    let sent = console.post(&format!("{page}/autoprovisioning/probe"), &[]).await;
    assert_eq!(sent.location(), page);
    let asked = health::get(&console.store, connection.id).await.unwrap().quarantine.unwrap();
    assert!(asked.next_probe_at < now + Span::seconds(60));
    connections::turn_off(&console.store, &BY, connection.id).await.unwrap();
    assert!(!console.get(&page).await.text.contains("quarantine"), "what is off rests anyway");
}

#[tokio::test]
async fn the_settings_show_what_the_app_announces() {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    let path = format!("/apps/{}/autoprovisioning", app.id);
    assert!(!console.get(&path).await.text.contains("What the app announces"), "it was not asked yet");
    let connection = connections::required_of_app(&console.store, app.id).await.unwrap();
    let announced = Announced { patch: Some(false), results_max: Some(250), ..Announced::default() };
    let mut kept = Announcement { read_at: console.store.now(), announced: Some(announced), message: None };
    announcement::keep(&console.store, &connection, &kept).await.unwrap();
    console.get(&path).await.shows(&["What the app announces", "Read from the app", "Paging by cursor", "not said", ">250<"]);
    kept = Announcement { announced: None, message: Some("the app answered 503".to_owned()), ..kept };
    announcement::keep(&console.store, &connection, &kept).await.unwrap();
    console.get(&path).await.shows(&["the app answered 503", "tried again", ">250<"]);
}

#[tokio::test]
async fn the_tokens_end_is_entered_and_warned_of_on_the_card_and_at_home() {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    let path = format!("/apps/{}/autoprovisioning", app.id);
    console.get(&path).await.shows(&["Access token expires", "Not entered"]);
    let odd = console.post(&format!("{path}/token-expiry"), &[("token_expires", "soon")]).await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY);
    odd.shows(&["is not a date"]);
    let ended = console.store.now() + Span::days(5);
    let day = ended.to_string()[..10].to_owned();
    let saved = console.post(&format!("{path}/token-expiry"), &[("token_expires", &day)]).await;
    assert_eq!(saved.location(), path);
    for page in [format!("/apps/{}", app.id), "/".to_owned()] {
        console.get(&page).await.shows(&["The access token expires in ", &day]);
    }
    console.get(&format!("{path}/token-expiry")).await.shows(&[&format!("value=\"{day}\"")]);
    console.post(&format!("{path}/token-expiry"), &[("token_expires", "")]).await;
    assert!(!console.get("/").await.text.contains("The access token expires"));
}

#[tokio::test]
async fn an_edit_shows_its_plan_before_update_and_a_stale_one_is_refused() {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    let path = |rest: &str| format!("/apps/{}/autoprovisioning{rest}", app.id);
    console.get(&path("")).await.shows(&[
        "App authorization",
        "Reauthorize",
        "Endpoint URL",
        "Attribute mapping",
        "Provisioning scope",
        "Deprovisioning",
        "Status",
        "Turn on",
        "Delete configuration",
    ]);
    let revision = console.get(&path("/edit/scope")).await.hidden("revision");
    let moved = [("endpoint", "http://127.0.0.1:9/other"), ("revision", &revision), ("go", "review")];
    console.post(&path("/edit/endpoint"), &moved).await.shows(&["Update endpoint URL?"]);
    let id = console.engineers.id.to_string();
    let (group, members) = (format!("group.{id}"), format!("members.{id}"));
    let fields = [(group.as_str(), "on"), (&members, "direct"), ("revision", &revision), ("go", "review")];
    let review = console.post(&path("/edit/scope"), &fields).await;
    review.shows(&["Update provisioning scope?", "Update", "Create"]);
    let before = connections::of_app(&console.store, app.id).await.unwrap().unwrap();
    assert_eq!(before.config.scope.mode, ScopeMode::Everyone, "a review changes nothing");
    let hash = review.hidden("hash");
    let update = [(group.as_str(), "on"), (&members, "direct"), ("revision", &revision), ("hash", &hash), ("go", "update")];
    let updated = console.post(&path("/edit/scope"), &update).await;
    assert_eq!(updated.location(), path(""), "{}", updated.text);
    let after = connections::of_app(&console.store, app.id).await.unwrap().unwrap();
    assert_eq!(after.config.scope.mode, ScopeMode::Groups);
    console.get(&path("")).await.shows(&["eng@example.com (direct members)"]);
    let stale = console.post(&path("/edit/scope"), &update).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    stale.shows(&["was changed meanwhile by root@example.com at", "Your change was not made"]);
    let revision = after.revision.to_string();
    let emptied = console.post(&path("/edit/scope"), &[("revision", &revision), ("go", "review")]).await;
    assert_eq!(emptied.status, StatusCode::UNPROCESSABLE_ENTITY);
    emptied.shows(&["No group is left", "Provision everybody with access to Netskope"]);
}

#[tokio::test]
async fn an_edit_by_which_users_would_fail_is_carried_out_only_by_who_has_read_so() {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    let edit = format!("/apps/{}/autoprovisioning/edit/mapping", app.id);
    let revision = console.get(&edit).await.hidden("revision");
    let sent = |source: &str, more: &[(&str, &str)]| {
        let rows = mapping_fields().into_iter();
        let rows = rows.map(|(name, value)| if name == "map.userName" { (name, source.to_owned()) } else { (name, value) });
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        rows.chain(more).chain([("revision".to_owned(), revision.clone())]).collect::<Vec<_>>()
    };
    let post = async |fields: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        console.post(&edit, &fields).await
    };
    let harmless = post(sent("user.primary_email", &[("go", "review")])).await;
    harmless.shows(&["Update attribute mapping?"]);
    assert!(!harmless.text.to_lowercase().contains("would fail"), "{}", harmless.text);
    let warned = "2 users would fail who do not fail now";
    let review = post(sent("user.organizations.title", &[("go", "review")])).await;
    review.shows(&["Update attribute mapping?", warned, "Would fail", "the mandatory attribute userName has no value"]);
    let unread = post(sent("user.organizations.title", &[("go", "update"), ("hash", &harmless.hidden("hash"))])).await;
    assert_eq!(unread.status, StatusCode::CONFLICT, "another plan was read");
    unread.shows(&["The plan has changed since you read it", warned]);
    let read = post(sent("user.organizations.title", &[("go", "update"), ("hash", &review.hidden("hash"))])).await;
    assert_eq!(read.location(), format!("/apps/{}/autoprovisioning", app.id), "{}", read.text);
    console.get(&format!("/apps/{}/autoprovisioning/turn-on", app.id)).await.shows(&["Before users are provisioned", warned]);
    console.get(&format!("/apps/{}/autoprovisioning/plan?show=would_fail", app.id)).await.shows(&["Would fail", "Failing: "]);
}

#[tokio::test]
async fn service_status_is_set_for_units_groups_and_everyone() {
    let console = Console::new().await;
    let app = console.app().await;
    let path = format!("/apps/{}/access", app.id);
    let page = console.get(&path).await;
    page.shows(&["Service status", "All users in this account", "Sales", "ON for everyone", "SAVE"]);
    let sales = org_units::find_by_path(&console.store, "/Sales").await.unwrap().id.to_string();
    console.get(&format!("{path}?unit={sales}")).await.shows(&["Inherited from /", "OVERRIDE"]);
    let revision = app.revision.to_string();
    let off = [("revision", revision.as_str()), ("unit", &sales), ("status", "off"), ("go", "override")];
    assert_eq!(console.post(&path, &off).await.status, StatusCode::SEE_OTHER);
    let stored = apps::get(&console.store, app.id).await.unwrap();
    assert_eq!(stored.access.org_units.len(), 1);
    console.get(&format!("{path}?unit={sales}")).await.shows(&["Overridden", "INHERIT"]);
    assert_eq!(console.post(&path, &off).await.status, StatusCode::CONFLICT, "the revision has moved");
    // Once autoprovisioning is configured, the plan stands before SAVE.
    console.set_up(&app).await;
    let revision = stored.revision.to_string();
    let everyone = [("revision", revision.as_str()), ("status", "off")];
    let review = console.post(&path, &everyone).await;
    review.shows(&["Save the service status?", "SAVE"]);
    assert_eq!(apps::get(&console.store, app.id).await.unwrap().access, stored.access);
    let (access, hash) = (review.hidden("access"), review.hidden("hash"));
    let saved = console.post(&path, &[("access", &access), ("revision", &revision), ("hash", &hash)]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    assert_eq!(apps::get(&console.store, app.id).await.unwrap().access, Access::default());
    console.get(&format!("{path}?groups=1&q=eng")).await.shows(&["eng@example.com", "Turn on"]);
}

#[tokio::test]
async fn an_auditor_sees_every_page_without_buttons_and_changes_nothing() {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    let base = format!("/apps/{}", app.id);
    let explain = format!("/autoprovisioning/explain?user={}", console.ada.primary_email);
    for rest in [
        "",
        "/access",
        "/autoprovisioning",
        "/autoprovisioning/log",
        "/autoprovisioning/failures",
        "/autoprovisioning/failures.csv",
        "/autoprovisioning/accounts",
        "/autoprovisioning/plan",
        "/autoprovisioning/held",
        "/autoprovisioning/drift",
        "/autoprovisioning/not-managed",
        &explain,
    ] {
        let page = console.get_as(&console.auditor, &format!("{base}{rest}")).await;
        assert_eq!(page.status, StatusCode::OK, "{rest}: {}", page.text);
        for label in [
            "EDIT DETAILS",
            "DELETE APP",
            ">SAVE<",
            ">Edit<",
            "Reauthorize",
            ">Turn on<",
            "Retry all",
            "Approve all",
            "Check for drift<",
        ] {
            assert!(!page.text.contains(label), "{rest} shows {label}");
        }
    }
    for rest in [
        "/edit",
        "/sso",
        "/delete",
        "/access",
        "/autoprovisioning/turn-on",
        "/autoprovisioning/turn-off",
        "/autoprovisioning/delete",
        "/autoprovisioning/sync",
        "/autoprovisioning/probe",
        "/autoprovisioning/retry",
        "/autoprovisioning/held",
        "/autoprovisioning/drift",
        "/autoprovisioning/drift/settings",
        "/autoprovisioning/drift/confirm",
        "/autoprovisioning/drift/cancel",
        "/autoprovisioning/reauthorize",
        "/autoprovisioning/edit/scope",
        "/autoprovisioning/set-up/app-authorization",
    ] {
        let page = console.post_as(&console.auditor, &format!("{base}{rest}"), &[("go", "approve-all")]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{rest}");
    }
    assert_eq!(console.post_as(&console.auditor, "/apps/add/generic", &[("name", "X")]).await.status, StatusCode::FORBIDDEN);
    let nobody = console.get_as("", &base).await;
    assert!(nobody.location().starts_with("/sign-in?next="), "{}", nobody.location());
    assert!(nobody.headers.get(SET_COOKIE).is_none());
}

/// A check of the app that has shown one stranger and one account of Ada's that differs.
async fn checked(console: &Console, app: &App) -> remote::Listing {
    let store = &console.store;
    let connection = connections::of_app(store, app.id).await.unwrap().unwrap();
    let check = remote::last_check(store, connection.id).await.unwrap().unwrap();
    let resource = serde_json::json!({ "id": "s-1", "userName": "stranger@example.com", "active": false });
    let remote = Remote { id: "s-1".to_owned(), resource: resource.as_object().cloned() };
    let page = remote::join_page(store, &connection, &check, vec![remote::Shown::of(&remote, &connection)]).await.unwrap();
    let change =
        DriftChange { attribute: "name.givenName".to_owned(), ours: Some("Ada".into()), theirs: Some("<b>Mallory</b>".into()) };
    let difference = remote::FoundDifference {
        user_id: console.ada.id,
        email: console.ada.primary_email.clone(),
        remote_id: "a-1".to_owned(),
        kind: DriftKind::Changed,
        changes: vec![change],
        action: remote::DriftAction::Reported,
        found_at: store.now(),
    };
    let differences = [difference];
    let kept =
        remote::Kept { page: &page, place: "{}".to_owned(), steady: true, differences: &differences, counts_as_page: true };
    remote::keep_page(store, &check, kept).await.unwrap()
}

#[tokio::test]
async fn drift_is_checked_shown_held_confirmed_and_set() {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    let path = |rest: &str| format!("/apps/{}/autoprovisioning/{rest}", app.id);
    console.get(&path("drift")).await.shows(&["Check for drift", "No check was made yet", "every week"]);
    console.get(&path("not-managed")).await.shows(&["were not listed as a whole yet"]);
    console.post(&path("drift"), &[]).await;
    console.get(&path("drift")).await.shows(&["waiting", "Cancel the check", "sends nothing now"]);
    let check = checked(&console, &app).await;
    console.get(&path("drift")).await.shows(&[
        "listing",
        "ada@example.com",
        "name.givenName",
        "&lt;b&gt;Mallory&lt;/b&gt;",
        "reported",
    ]);
    remote::hold(&console.store, &check, "The app lists 1 account.", remote::ListingCounts::default()).await.unwrap();
    console.get(&path("drift")).await.shows(&["held", "The app lists 1 account.", "They are gone: go on"]);
    console.post(&path("drift/confirm"), &[]).await;
    let check = checked(&console, &app).await;
    remote::finish(&console.store, &check, remote::ListingState::Done, None, remote::ListingCounts::default()).await.unwrap();
    console.get(&path("drift")).await.shows(&["done", "1 changed", "1 account on 2 pages"]);
    console.get(&path("not-managed")).await.shows(&[
        "stranger@example.com",
        "s-1",
        "inactive",
        "1 account of Netskope belongs to no user",
    ]);
    console.get(&path("not-managed?q=nobody")).await.shows(&["No account fits."]);
    let set = console.post(&path("drift/settings"), &[("rule", "accept"), ("hours", "0")]).await;
    assert_eq!(set.status, StatusCode::SEE_OTHER, "{}", set.text);
    let drift = connections::of_app(&console.store, app.id).await.unwrap().unwrap().config.drift;
    assert_eq!((drift.rule.word(), drift.every), ("accept", None));
    console.post(&path("drift/settings"), &[("rule", "destroy"), ("hours", "0")]).await;
    let unchanged = connections::of_app(&console.store, app.id).await.unwrap().unwrap().config.drift;
    assert_eq!(unchanged, drift);
}

/// So many people that their plan is made behind the pages.
async fn people(store: &Store, count: i64) {
    let root = org_units::find_by_path(store, "/").await.unwrap().id.get();
    let mut batch = Batch::bulk();
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) \
               INSERT INTO directory_user (id, primary_email, given_name, family_name, org_unit_id, attributes, created_at, revision) \
               SELECT i, 'user' || i || '@example.com', 'User', 'Number ' || i, $1, '{}', 0, 1 FROM n";
    batch.expect(count.unsigned_abs(), sql, [root.into(), count.into()]);
    let sql = "UPDATE directory_user_count SET users = users + $2 WHERE org_unit_id = $1 AND state = 'active'";
    batch.expect(1, sql, [root.into(), count.into()]);
    store.db.commit(batch).await.unwrap();
}

/// A console over so many, with an app that is set up.
async fn large() -> (Console, App) {
    let console = Console::new().await;
    let app = console.app().await;
    console.set_up(&app).await;
    people(&console.store, 5_000).await;
    (console, app)
}

/// Asks until the plan is there.
async fn once_there(ask: impl AsyncFn() -> Page) -> Page {
    let there = async {
        loop {
            let page = ask().await;
            if !page.text.contains("data-live=\"/apps/") {
                return page;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), there).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_does_not_wait_for_the_plan_of_a_large_directory() {
    let (console, app) = large().await;
    let path = |rest: &str| format!("/apps/{}/autoprovisioning/{rest}", app.id);
    let far = ["Users looked at", " of 5,002", "Look again"];

    console.get(&path("plan")).await.shows(&far);
    let plan = once_there(async || console.get(&path("plan")).await).await;
    plan.shows(&["Everybody was looked at between", "Changes since then are not in it", "the first 2000 of 5002 users"]);
    assert!(!plan.text.contains("Look again"));
    assert_eq!(console.get(&path("plan?again=1")).await.location(), path("plan"));
    console.get(&path("plan")).await.shows(&far);

    let ask = once_there(async || console.get(&path("turn-on")).await).await;
    ask.shows(&["Everybody was looked at between", "TURN ON", "Full list (5002 users)"]);
    let (hash, revision) = (ask.hidden("hash"), ask.hidden("revision"));
    user(&console.store, "new", "/").await;
    let late = console.post(&path("turn-on"), &[("hash", &hash), ("revision", &revision)]).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "it is compared with a plan that is made then");
    late.shows(&["The plan has changed since you read it", "Full list (5003 users)"]);
    let on = console.post(&path("turn-on"), &[("hash", &late.hidden("hash")), ("revision", &revision)]).await;
    assert_eq!(on.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_of_a_large_directory_is_asked_for_again_with_its_fields() {
    let (console, app) = large().await;
    let path = |rest: &str| format!("/apps/{}/{rest}", app.id);
    let edit = path("autoprovisioning/edit/scope");
    let revision = console.get(&edit).await.hidden("revision");
    let id = console.engineers.id.to_string();
    let (group, members) = (format!("group.{id}"), format!("members.{id}"));
    let first = console.post(&edit, &[(&group, "on"), (&members, "direct"), ("revision", &revision), ("go", "review")]).await;
    first.shows(&["Users looked at", " of 5,002", "Look again"]);
    let marker = "data-live=\"";
    let from = first.text.find(marker).unwrap() + marker.len();
    let progress = first.text[from..].split('"').next().unwrap();
    let told = once_there(async || console.get(progress).await).await;
    told.shows(&["The plan is there", "See the plan"]);
    let again = [&group, &members, "revision", "go"].map(|name| (name, first.hidden(name)));
    let again: Vec<(&str, &str)> = again.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let review = console.post(&edit, &again).await;
    review.shows(&["Update provisioning scope?", "Everybody was looked at between"]);
    let hash = review.hidden("hash");
    let update = [(group.as_str(), "on"), (&members, "direct"), ("revision", &revision), ("hash", &hash), ("go", "update")];
    assert_eq!(console.post(&edit, &update).await.location(), path("autoprovisioning"));

    let revision = apps::get(&console.store, app.id).await.unwrap().revision.to_string();
    let off = [("revision", revision.as_str()), ("status", "off")];
    let first = console.post(&path("access"), &off).await;
    first.shows(&["Users looked at", " of 5,002"]);
    let (access, unit) = (first.hidden("access"), first.hidden("unit"));
    let again = [("access", access.as_str()), ("revision", &revision), ("unit", &unit)];
    let review = once_there(async || console.post(&path("access"), &again).await).await;
    review.shows(&["Save the service status?", "Everybody was looked at between", "SAVE"]);
    let hash = review.hidden("hash");
    let saved = console.post(&path("access"), &[("access", &access), ("revision", &revision), ("hash", &hash)]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
}
