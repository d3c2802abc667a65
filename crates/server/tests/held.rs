//! Held removals as administrators meet them, over the management API and in the console: the engine runs, the app is a tenant
//! over real HTTP, and what is approved is seen to go.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "api/contract.rs"]
mod contract;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{Request, StatusCode};
use provost_core::app::{Access, Action, ConnectionConfig, DeprovisioningPolicy, GracePeriod, Rule, ServiceStatus};
use provost_core::directory::User;
use provost_core::time::{Span, Timestamp};
use provost_server::Server;
use provost_server::access::session_subject;
use provost_store::admins::{self, Role};
use provost_store::directory::{org_units, users};
use provost_store::{Actor, apps};
use provost_testkit::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tower::ServiceExt;
use url::form_urlencoded::Serializer;

const BY: Actor = Actor::CommandLine;
const BASE: &str = "/api/v1/apps/Netskope/autoprovisioning";

/// Twelve people, of whom three were deleted and three suspended more than a day ago: six hard deletes are due, three pass in 24
/// hours, and so all are held.
struct Held {
    world: World,
    router: Router,
    people: Vec<User>,
    /// When the last of the six went.
    left_at: Timestamp,
    key: String,
    reading_key: String,
    admin: String,
    auditor: String,
}

struct Answer {
    status: StatusCode,
    /// Where it leads.
    location: String,
    /// The cookie that comes with it.
    cookie: String,
    text: String,
}

impl Answer {
    #[track_caller]
    fn json(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    #[track_caller]
    fn shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.text.contains(text), "no “{text}” in {} {}", self.status, self.text);
        }
    }

    /// The values of all fields of this name.
    fn values(&self, name: &str) -> Vec<&str> {
        let marker = format!("name=\"{name}\" value=\"");
        self.text.split(&marker).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
    }

    /// The row of the table in which somebody stands.
    #[track_caller]
    fn row_of(&self, person: &User) -> &str {
        let row = self.text.split("<tr").find(|row| row.contains(&person.primary_email));
        row.unwrap_or_else(|| panic!("{} has no row in {}", person.primary_email, self.text))
    }

    /// The value of the box in that row.
    #[track_caller]
    fn box_of(&self, person: &User) -> String {
        let marker = "name=\"removal\" value=\"";
        let row = self.row_of(person);
        let from = row.find(marker).unwrap_or_else(|| panic!("no box in {row}")) + marker.len();
        row[from..].split('"').next().unwrap().to_owned()
    }
}

impl Held {
    async fn new() -> Self {
        Self::with(12, 3).await
    }

    /// The same with so many people, of whom so many were deleted, and as many suspended.
    async fn with(count: usize, leavers: usize) -> Self {
        let world = World::new("netskope").await;
        let store = &world.store;
        let off = org_units::add(store, &BY, "/", "Off").await.unwrap();
        let access = Access { default: ServiceStatus::On, org_units: [(off.id, ServiceStatus::Off)].into(), ..Access::default() };
        apps::set_access(store, &BY, world.app.id, None, access).await.unwrap();
        let mut people = Vec::new();
        for number in 0..count {
            people.push(world.add(&format!("person{number}"), "/").await);
        }
        let in_a_day = Rule { suspend: None, hard_delete: Some(Action { after: GracePeriod::Days1, edited_at: None }) };
        let deprovisioning = DeprovisioningPolicy { app_off: in_a_day, suspended: in_a_day, deleted: in_a_day };
        world.turn_on(ConnectionConfig { deprovisioning, ..world.config() }).await;
        world.settle().await;
        for person in &people[..leavers] {
            users::delete(store, &BY, person.id).await.unwrap();
        }
        for person in &people[leavers..2 * leavers] {
            users::suspend(store, &BY, person.id, "").await.unwrap();
        }
        let left_at = store.now();
        world.settle().await;
        world.advance(Span::hours(30)).await;
        let key =
            async |name: &str, role| admins::create_key(store, &BY, name, role, None).await.unwrap().secret.expose().to_owned();
        let (key, reading_key) = (key("all", Role::SuperAdmin).await, key("reader", Role::Auditor).await);
        let server = Server::new(store.clone(), vec!["127.0.0.0/8".parse().unwrap()]);
        let cookie = async |email: &str, role| {
            let admin = admins::create(store, &BY, email, "correct horse battery", role).await.unwrap();
            let cookie = server.sessions.start(&session_subject(admin.id)).await.unwrap();
            cookie.value().to_str().unwrap().split(';').next().unwrap().to_owned()
        };
        let admin = cookie("root@example.com", Role::SuperAdmin).await;
        let auditor = cookie("audit@example.com", Role::Auditor).await;
        let held = Self { router: provost_server::router(server), people, left_at, key, reading_key, admin, auditor, world };
        assert_eq!((held.deletes(), held.listed().await.len()), (0, 2 * leavers), "all of them are held");
        held
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (asked, sent) = request.into_parts();
        let sent = to_bytes(sent, usize::MAX).await.unwrap();
        let request = Request::from_parts(asked.clone(), Body::from(sent.clone()));
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        contract::check(&asked, &sent, &parts, &text);
        let header = |name| parts.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let cookie = header(SET_COOKIE).split(';').next().unwrap().to_owned();
        Answer { status: parts.status, location: header(LOCATION), cookie, text }
    }

    async fn api(&self, key: &str, method: &str, path: &str, body: &Value) -> Answer {
        let request =
            Request::builder().method(method).uri(format!("{BASE}{path}")).header(AUTHORIZATION, format!("Bearer {key}"));
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Gives a verdict, and waits until what follows from it is done.
    async fn verdict(&self, path: &str, body: Value) -> Answer {
        let answer = self.api(&self.key, "POST", path, &body).await;
        self.world.settle().await;
        answer
    }

    /// The addresses that the API lists as held.
    async fn listed(&self) -> BTreeSet<String> {
        let list = self.api(&self.key, "GET", "/held", &Value::Null).await.json(200);
        list["items"].as_array().unwrap().iter().map(|item| item["email"].as_str().unwrap().to_owned()).collect()
    }

    fn path(&self) -> String {
        format!("/apps/{}/autoprovisioning/held", self.world.app.id)
    }

    async fn page_as(&self, cookie: &str) -> Answer {
        self.page_at(&self.path(), cookie).await
    }

    async fn page_at(&self, path: &str, cookie: &str) -> Answer {
        self.send(Request::get(path).header(HOST, "console.example").header(COOKIE, cookie).body(Body::empty()).unwrap()).await
    }

    async fn page(&self) -> Answer {
        self.page_as(&self.admin).await
    }

    async fn post_as(&self, cookie: &str, go: &str, fields: &[(&str, &str)]) -> Answer {
        let body = Serializer::new(String::new()).extend_pairs(fields).append_pair("go", go).finish();
        let request = Request::post(self.path()).header(HOST, "console.example").header(COOKIE, cookie);
        let request = request.header("sec-fetch-site", "same-origin").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Sends the form with these boxes ticked, or these people listed; the page that follows, once what follows is done.
    async fn post(&self, go: &str, name: &str, values: &[&str]) -> Answer {
        let mut fields: Vec<(&str, &str)> = values.iter().map(|value| (name, *value)).collect();
        if go == "approve-all" {
            fields.push(("sure", "yes"));
        }
        let answer = self.post_as(&self.admin, go, &fields).await;
        assert_eq!((answer.status, &answer.location), (StatusCode::SEE_OTHER, &self.path()), "{}", answer.text);
        self.world.settle().await;
        self.page_as(&format!("{}; {}", self.admin, answer.cookie)).await
    }

    /// How many DELETE requests the app was sent.
    fn deletes(&self) -> usize {
        self.world.proxy.recorded().iter().filter(|request| request.method == "DELETE").count()
    }

    /// Who has no account in the app any more.
    async fn gone(&self) -> BTreeSet<usize> {
        let there: BTreeSet<String> = self.world.tenant_users().await.into_iter().map(|(name, _)| name).collect();
        (0..self.people.len()).filter(|at| !there.contains(&self.people[*at].primary_email)).collect()
    }

    fn emails(&self, of: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
        of.into_iter().map(|at| self.people[at].primary_email.clone()).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_lists_what_is_held_and_an_approval_is_for_one_account_and_cause() {
    let held = Held::new().await;
    let people = &held.people;
    let list = held.api(&held.key, "GET", "/held", &Value::Null).await.json(200);
    let hold = &list["holds"][0];
    assert_eq!((&hold["kind"], &hold["limit"], &hold["waiting"]), (&json!("hard_delete"), &json!(3), &json!(6)), "{list}");
    for (at, person) in people[..6].iter().enumerate() {
        let item = list["items"].as_array().unwrap().iter().find(|item| item["email"] == json!(person.primary_email)).unwrap();
        let account = held.world.account(person).await;
        assert_eq!((&item["user_id"], &item["remote_id"]), (&json!(person.id), &json!(account.remote_id)), "{item}");
        let trigger = if at < 3 { "deleted" } else { "suspended" };
        assert_eq!((&item["kind"], &item["trigger"]), (&json!("hard_delete"), &json!(trigger)), "{item}");
        let cause = account.removal.unwrap();
        assert!(cause.since <= held.left_at && cause.due == cause.since + Span::days(1));
        assert_eq!((&item["since"], &item["due"]), (&json!(cause.since.to_string()), &json!(cause.due.to_string())), "{item}");
    }

    let one = held.verdict("/held/approve", json!({ "users": [people[0].primary_email] })).await.json(200);
    assert_eq!(one, json!({ "approved": 1, "not_held": [] }));
    assert_eq!((held.deletes(), held.gone().await), (1, [0].into()), "the approved one goes, and nobody else");
    let one = held.verdict("/held/reject", json!({ "users": [people[1].id] })).await.json(200);
    assert_eq!(one, json!({ "rejected": 1, "not_held": [] }));
    assert_eq!((held.deletes(), held.listed().await), (1, held.emails(2..6)), "the others wait");

    // The cause of one has ended since the list was read, and another one was decided on already.
    users::unsuspend(&held.world.store, &BY, people[3].id).await.unwrap();
    let named = [&people[3], &people[4], &people[1]].map(|person| person.primary_email.to_uppercase());
    let some = held.verdict("/held/approve", json!({ "users": named })).await.json(200);
    assert_eq!(some, json!({ "approved": 1, "not_held": [named[0], named[2]] }));
    assert_eq!((held.deletes(), held.gone().await), (2, [0, 4].into()), "nobody goes whose cause has ended");

    // A typing error is no verdict on those who were typed well.
    let typed = held.verdict("/held/approve", json!({ "users": [people[5].primary_email, "persn2@example.com"] })).await;
    assert!(typed.json(422)["detail"].as_str().unwrap().contains("\"persn2@example.com\""), "{}", typed.text);
    let suspends =
        held.verdict("/held/approve", json!({ "kind": "suspend", "users": [people[5].primary_email] })).await.json(200);
    assert_eq!(suspends, json!({ "approved": 0, "not_held": [people[5].primary_email] }), "a hard delete is no suspend");
    assert_eq!((held.deletes(), held.listed().await), (2, held.emails([2, 5])));

    assert_eq!(held.verdict("/held/approve", json!({})).await.json(200), json!({ "approved": 2 }));
    assert_eq!((held.deletes(), held.gone().await), (4, [0, 2, 4, 5].into()));
    assert_eq!(held.listed().await, BTreeSet::new());
    held.world.advance(Span::days(3)).await;
    assert_eq!(held.gone().await, [0, 2, 4, 5].into(), "the rejected one stays, and the one who came back");
    let log = provost_store::log::LogQuery { limit: 1_000, ..provost_store::log::LogQuery::default() };
    let log = provost_store::log::list(&held.world.store, &log).await.unwrap().items;
    let said = |name: &str| log.iter().filter(|entry| entry.name == name && entry.actor == "API key all").count();
    assert_eq!((said("AUTO_PROV_REMOVALS_APPROVED"), said("AUTO_PROV_REMOVALS_REJECTED")), (4, 1), "who decided is logged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_lists_what_is_held_and_its_forms_give_verdicts() {
    let held = Held::new().await;
    let people = &held.people;
    let page = held.page().await;
    page.shows(&["Held removals", "Hard delete: more than the 3", "(0 went already)", "Approve selected", "Reject all"]);
    let banner = page.text.split("notice-warning").nth(1).unwrap().split("</div>").next().unwrap();
    assert!(banner.contains(" UTC.") && !banner.contains("Z."), "the time as on the rest of the page: {banner}");
    for (at, person) in people[..6].iter().enumerate() {
        let row = page.row_of(person);
        let cause = if at < 3 { "User deleted" } else { "User suspended" };
        let since = &held.world.account(person).await.removal.unwrap().since.to_string()[..10];
        for part in ["Hard delete", cause, since] {
            assert!(row.contains(part), "no “{part}” in {row}");
        }
    }
    assert!(!page.text.contains(&people[6].primary_email), "who stays is not listed");

    let home = held.page_at("/", &held.admin).await;
    home.shows(&[
        "6 removals held",
        "Held removals</p><p class=\"tile-number\">6<",
        "Removals due</p><p class=\"tile-number\">0<",
    ]);
    assert!(!home.text.contains("Up to date"), "{}", home.text);

    let after = held.post("approve", "removal", &[&page.box_of(&people[0])]).await;
    after.shows(&["1 removal was approved."]);
    assert_eq!((held.deletes(), held.gone().await), (1, [0].into()));
    held.post("reject", "removal", &[&page.box_of(&people[1])]).await.shows(&["1 removal was rejected."]);
    assert_eq!((held.deletes(), held.listed().await), (1, held.emails(2..6)));
    held.post("approve", "removal", &[]).await.shows(&["Nobody was selected"]);

    // The cause of one has ended since the page was read.
    users::unsuspend(&held.world.store, &BY, people[3].id).await.unwrap();
    let after = held.post("approve", "removal", &[&page.box_of(&people[3]), &page.box_of(&people[4])]).await;
    after.shows(&["1 removal was approved. 1 removal was not held any more", "the cause has ended"]);
    assert_eq!((held.deletes(), held.gone().await), (2, [0, 4].into()));

    let page = held.page().await;
    let listed = page.values("listed");
    assert_eq!(listed.len(), 2, "{}", page.text);
    let all: Vec<(&str, &str)> = listed.iter().map(|value| ("listed", *value)).collect();
    let asked = held.post_as(&held.admin, "approve-all", &all).await;
    held.world.settle().await;
    assert_eq!((asked.status, held.deletes()), (StatusCode::OK, 2), "nothing is deleted before the question is answered");
    asked.shows(&["Approve 2 removals?", "A hard delete cannot be undone.", "CANCEL"]);
    assert_eq!(
        (asked.values("listed"), asked.values("sure"), asked.values("go")),
        (listed.clone(), vec!["yes"], vec!["approve-all"])
    );
    held.post("approve-all", "listed", &listed).await.shows(&["2 removals were approved.", "No removal is held."]);
    assert_eq!((held.deletes(), held.gone().await), (4, [0, 2, 4, 5].into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_removal_is_not_told_among_those_that_come() {
    let held = Held::new().await;
    let (people, app) = (&held.people, held.world.app.id);
    let status = async || held.api(&held.key, "GET", "/status", &Value::Null).await.json(200);
    let page = async |path: &str| held.page_at(path, &held.admin).await;
    let removals_due = |count: u64| format!("Removals due</p><p class=\"tile-number\">{count}<");
    assert!(status().await["next_removal"].is_string(), "it waits, and may go");
    page(&format!("/apps/{app}")).await.shows(&["next removal"]);
    assert_eq!(held.verdict("/held/reject", json!({})).await.json(200), json!({ "rejected": 6 }));

    let told = status().await;
    let counted = |told: &Value| ["leaving", "held", "rejected"].map(|name| told["accounts"][name].as_u64().unwrap());
    assert_eq!((&told["next_removal"], counted(&told)), (&Value::Null, [0, 0, 6]));
    page("/").await.shows(&[&removals_due(0)]);
    assert!(!page(&format!("/apps/{app}")).await.text.contains("next removal"));
    let accounts = format!("/apps/{app}/autoprovisioning/accounts");
    assert!(page(&accounts).await.row_of(&people[5]).contains("rejected"));
    page(&format!("{accounts}?show=leaving")).await.shows(&["No account fits."]);
    page(&format!("/directory/users/{}", people[5].id)).await.shows(&["The hard delete was rejected"]);
    page(&format!("/apps/{app}/autoprovisioning/explain?user={}", people[5].id)).await.shows(&["rejected</span>"]);

    users::suspend(&held.world.store, &BY, people[6].id, "").await.unwrap();
    held.world.settle().await;
    let comes = held.world.account(&people[6]).await.removal.unwrap().due.to_string();
    let told = status().await;
    assert_eq!((&told["next_removal"], counted(&told)), (&json!(comes), [1, 0, 6]));
    page("/").await.shows(&[&removals_due(1)]);
    let listed = held.api(&held.key, "GET", "/accounts", &Value::Null).await.json(200);
    let is_rejected = |person: &User| {
        let item = listed["items"].as_array().unwrap().iter().find(|item| item["user_id"] == json!(person.id)).unwrap();
        item["removal"]["rejected"].clone()
    };
    assert_eq!([5, 6, 7].map(|at| is_rejected(&people[at])), [json!(true), json!(false), Value::Null]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_in_the_console_is_on_what_its_page_has_shown_and_on_nothing_else() {
    let held = Held::new().await;
    let (people, store) = (&held.people, &held.world.store);
    // Two more leave an hour apart: one joins the held ones after the page was read.
    users::suspend(store, &BY, people[6].id, "").await.unwrap();
    let moved = users::UserEdit { org_unit_path: Some("/Off".to_owned()), ..users::UserEdit::default() };
    users::edit(store, &BY, people[4].id, None, moved).await.unwrap();
    held.world.settle().await;
    let page = held.page().await;
    assert_eq!(page.values("listed").len(), 6);
    held.world.advance(Span::hours(25)).await;
    // And one is not suspended any more, but has no access to the app since: the page had shown another cause.
    users::unsuspend(store, &BY, people[4].id).await.unwrap();
    held.world.settle().await;
    assert_eq!(held.listed().await, held.emails([0, 1, 2, 3, 4, 5, 6]));
    held.post("approve-all", "listed", &page.values("listed")).await.shows(&["5 removals were approved. 1 removal was not held"]);
    assert_eq!((held.deletes(), held.gone().await), (5, [0, 1, 2, 3, 5].into()), "nobody has looked at the others");
    assert_eq!(held.listed().await, held.emails([4, 6]));
    let page = held.page().await;
    assert!(page.row_of(&people[4]).contains("App turned off for the user"), "{}", page.text);
    // Values that no page has made are nobody.
    for made_up in ["", ".", "1.hard_delete.suspended.1", "x.y.z.0", &format!("{}", people[6].id)] {
        held.post("approve", "removal", &[made_up]).await;
    }
    assert_eq!((held.deletes(), held.listed().await), (5, held.emails([4, 6])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_page_of_them_is_decided_at_once_only_while_they_are_those_that_were_listed() {
    let held = Held::with(620, 255).await;
    let first = held.page().await;
    first.shows(&["510 removals are held; page 1 of 2.", "Approve all 510", "All on this page"]);
    let second = held.page_at(&format!("{}?page=2", held.path()), &held.admin).await;
    assert_eq!((first.values("removal").len(), second.values("removal").len()), (500, 10));
    let (first_boxes, second_boxes) = (first.values("removal"), second.values("removal"));
    let boxes: BTreeSet<&str> = first_boxes.iter().chain(&second_boxes).copied().collect();
    assert_eq!((boxes.len(), first.values("everybody")), (510, second.values("everybody")), "each stands on one page");

    // The cause of one ends: whoever is held now is not who was listed.
    users::unsuspend(&held.world.store, &BY, held.people[300].id).await.unwrap();
    held.world.settle().await;
    let all = first.values("everybody");
    held.post("approve-all", "everybody", &all).await.shows(&["Nothing was decided: 509 removals are held now"]);
    held.post("approve-all", "everybody", &["made up"]).await.shows(&["Nothing was decided"]);
    assert_eq!(held.deletes(), 0);
    let page = held.page().await;
    held.post("approve-all", "everybody", &page.values("everybody")).await.shows(&["509 removals were approved."]);
    assert_eq!((held.deletes(), held.gone().await.len(), held.gone().await.contains(&300)), (509, 509, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_sees_what_is_held_and_decides_nothing() {
    let held = Held::new().await;
    let list = held.api(&held.reading_key, "GET", "/held", &Value::Null).await.json(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(6));
    let page = held.page_as(&held.auditor).await;
    for person in &held.people[..6] {
        page.row_of(person);
    }
    for (name, count) in [("removal", 0), ("listed", 0), ("go", 0)] {
        assert_eq!(page.values(name).len(), count, "{name}: {}", page.text);
    }
    let whole = held.page().await;
    let (ticked, listed) = (whole.box_of(&held.people[0]), whole.values("listed"));
    for verdict in ["approve", "reject"] {
        let path = format!("/held/{verdict}");
        for body in [json!({}), json!({ "users": [held.people[0].primary_email] })] {
            held.api(&held.reading_key, "POST", &path, &body).await.json(403);
        }
        let answer = held.post_as(&held.auditor, verdict, &[("removal", &ticked)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
        let all: Vec<(&str, &str)> = listed.iter().map(|value| ("listed", *value)).collect();
        let answer = held.post_as(&held.auditor, &format!("{verdict}-all"), &all).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
    }
    held.world.settle().await;
    assert_eq!((held.deletes(), held.listed().await.len()), (0, 6));
}
