//! First contact, over HTTP: an app that has accounts already is listed once, and nobody is searched for.

use provost_core::directory::User;
use provost_core::provisioning::{AccountState, FailureKind};
use provost_core::time::Span;
use provost_store::apps::connections;
use provost_store::directory::users;
use provost_store::remote::{self, ListingState};
use provost_store::{Actor, accounts};
use provost_testkit::{Fault, Recorded, World, wait_for};
use serde_json::{Value, json};
use std::time::Duration;

const BY: Actor = Actor::CommandLine;

async fn people(world: &World, count: usize) -> Vec<User> {
    let mut people = Vec::new();
    for number in 0..count {
        people.push(world.add(&format!("person{number}"), "/").await);
    }
    people
}

/// The account that the mapping makes of a user.
fn account_of(user: &User) -> Value {
    json!({
        "id": format!("app-{}", user.id), "userName": user.primary_email, "externalId": user.id.to_string(), "active": true,
        "emails": [{ "value": user.primary_email, "primary": true, "type": "work" }],
        "name": { "givenName": user.given_name, "familyName": user.family_name },
        "displayName": format!("{} {}", user.given_name, user.family_name),
    })
}

fn stranger(number: usize) -> Value {
    json!({ "id": format!("stranger-{number:04}"), "userName": format!("stranger{number}@example.com"), "active": true })
}

fn is_list(request: &Recorded) -> bool {
    request.method == "GET" && request.path.contains("/Users?startIndex=")
}

fn is_search(request: &Recorded) -> bool {
    request.method == "GET" && request.path.contains("filter=")
}

/// How many requests of each kind the app has seen: list pages, searches, creates, updates, all.
fn counted(world: &World) -> [usize; 5] {
    let recorded = world.proxy.recorded();
    let count = |kind: &dyn Fn(&Recorded) -> bool| recorded.iter().filter(|request| kind(request)).count();
    let method = |name: &'static str| count(&move |request: &Recorded| request.method == name);
    [count(&is_list), count(&is_search), method("POST"), method("PATCH"), recorded.len()]
}

fn starts(world: &World) -> Vec<String> {
    let start =
        |request: &Recorded| request.path.split("startIndex=").nth(1).map(|rest| rest.split('&').next().unwrap_or("").to_owned());
    world.proxy.recorded().iter().filter(|request| is_list(request)).filter_map(start).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_users_meet_an_app_that_has_1500_of_them() {
    let world = World::new("netskope").await;
    let people = people(&world, 2_000).await;
    let mut there: Vec<Value> = people.iter().take(1_500).map(account_of).collect();
    for account in there.iter_mut().step_by(15) {
        account["name"]["givenName"] = json!("Otherwise");
    }
    // Names in another case are the same names.
    there[7]["userName"] = json!("PERSON7@Example.COM");
    world.put_accounts(&there).await;
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(world.failures().await, Vec::<String>::new());
    let counts = accounts::counts(&world.store, connection.id, world.store.now()).await.expect("counts");
    assert_eq!((counts.linked, counts.failing), (2_000, 0));
    assert_eq!(counted(&world), [15, 0, 500, 101, 616], "pages, searches, creates, updates of those that differ, all");
    assert_eq!(world.tenant_users().await.len(), 2_000, "nobody has two accounts");
    assert_eq!(remote::unmanaged_count(&world.store, connection.id).await.expect("a count"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_without_unique_names_is_listed_for_two_users_already() {
    let world = World::new("generic").await;
    let people = people(&world, 12).await;
    let mut there: Vec<Value> = people.iter().take(5).map(account_of).collect();
    there.extend((0..25).map(stranger));
    world.put_accounts(&there).await;
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(counted(&world), [1, 0, 7, 0, 8]);
    let page = remote::unmanaged(&world.store, connection.id, "", None, 10).await.expect("a page");
    assert_eq!((page.items.len(), page.items[0].name.as_str()), (10, "stranger0@example.com"));
    assert_eq!(remote::unmanaged_count(&world.store, connection.id).await.expect("a count"), 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_one_user_there_is_no_listing() {
    let world = World::new("generic").await;
    world.put_accounts(&(0..150).map(stranger).collect::<Vec<_>>()).await;
    world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(counted(&world), [0, 1, 1, 0, 2], "a look-up and a create");
    // Nor for those who come later, one by one.
    for name in ["bob", "cyd", "dan"] {
        world.add(name, "/").await;
        world.settle().await;
    }
    assert_eq!(counted(&world)[0], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_would_take_more_pages_than_look_ups_ends_with_its_first_page() {
    let world = World::new("generic").await;
    world.put_accounts(&(0..450).map(stranger).collect::<Vec<_>>()).await;
    people(&world, 4).await;
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(counted(&world), [1, 4, 4, 0, 9], "5 pages are more than 4 look-ups, as the first page says");
    let listing = remote::recent(&world.store, connection.id).await.expect("listings").remove(0);
    assert_eq!(listing.state, ListingState::Skipped);
    assert!(listing.message.as_deref().is_some_and(|message| message.contains('5')), "{:?}", listing.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_accounts_of_one_name_are_ambiguous_and_none_is_made() {
    let world = World::new("generic").await;
    let people = people(&world, 3).await;
    let mut twice = [account_of(&people[0]), account_of(&people[0])];
    twice[0]["id"] = json!("one");
    twice[1]["id"] = json!("two");
    for account in &mut twice {
        account["externalId"] = Value::Null;
    }
    let list = json!({ "totalResults": 2, "Resources": twice }).to_string();
    world.proxy.once(is_list, Fault::Answer(200, Vec::new(), list));
    world.turn_on(world.config()).await;
    world.settle().await;
    let failure = world.account(&people[0]).await.failure.expect("it fails");
    assert_eq!(failure.kind, FailureKind::Ambiguous);
    assert_eq!(counted(&world), [1, 0, 2, 0, 3], "no account is made for the user whose account is ambiguous");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_429_in_mid_page_is_waited_for_and_the_listing_goes_on_at_its_place() {
    let world = World::new("netskope").await;
    let people = people(&world, 30).await;
    world.put_accounts(&people.iter().map(account_of).chain((0..270).map(stranger)).collect::<Vec<_>>()).await;
    let third = |request: &Recorded| request.path.contains("startIndex=201");
    let wait = vec![("Retry-After".to_owned(), "60".to_owned())];
    world.proxy.once(third, Fault::Answer(429, wait, r#"{"detail":"slow down"}"#.to_owned()));
    world.turn_on(world.config()).await;
    wait_for("the refused page", async || world.proxy.faults_left() == 0).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(starts(&world), ["1", "101", "201"], "nothing is sent before the app allows it");
    world.advance(Span::seconds(61)).await;
    assert_eq!(starts(&world), ["1", "101", "201", "201"]);
    assert_eq!(counted(&world), [4, 0, 0, 0, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turned_off_in_mid_listing_it_stops_and_goes_on_where_it_stood() {
    let world = World::new("netskope").await;
    let people = people(&world, 20).await;
    world.put_accounts(&people.iter().map(account_of).chain((0..480).map(stranger)).collect::<Vec<_>>()).await;
    world.proxy.once(|request| request.path.contains("startIndex=201"), Fault::Delay(Duration::from_millis(800)));
    let connection = world.turn_on(world.config()).await;
    wait_for("the third page", async || starts(&world).len() == 3).await;
    connections::turn_off(&world.store, &BY, connection.id).await.expect("turned off");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(starts(&world), ["1", "101", "201"], "no page is asked for after the click");
    connections::turn_on(&world.store, &BY, connection.id, None).await.expect("turned on");
    world.settle().await;
    let pages = starts(&world);
    assert_eq!(pages.iter().filter(|start| *start == "1").count(), 1, "it does not begin anew: {pages:?}");
    assert_eq!(pages.last().map(String::as_str), Some("401"));
    assert_eq!(counted(&world)[1..4], [0, 0, 0], "everybody was there");
    assert_eq!(remote::unmanaged_count(&world.store, connection.id).await.expect("a count"), 480);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incomplete_list_is_not_taken_for_nobody() {
    let world = World::new("generic").await;
    let people = people(&world, 20).await;
    world.put_accounts(&people.iter().map(account_of).collect::<Vec<_>>()).await;
    // The app ignores startIndex and shows a stranger for ever.
    let list = json!({ "totalResults": 300, "Resources": [stranger(1)] }).to_string();
    for _ in 0..6 {
        world.proxy.once(is_list, Fault::Answer(200, Vec::new(), list.clone()));
    }
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    let listing = remote::recent(&world.store, connection.id).await.expect("listings").remove(0);
    assert_eq!(listing.state, ListingState::Skipped, "{:?}", listing.message);
    let [lists, searches, creates, _, _] = counted(&world);
    assert_eq!((lists, searches, creates), (4, 20, 0), "each is searched for and adopted");
    assert_eq!(world.account(&people[0]).await.state, AccountState::Linked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_refuses_its_list_is_asked_by_look_ups() {
    let world = World::new("generic").await;
    people(&world, 5).await;
    world.proxy.once(is_list, Fault::Answer(403, Vec::new(), r#"{"detail":"no lists"}"#.to_owned()));
    world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(counted(&world), [1, 5, 5, 0, 11]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_401_in_mid_listing_stops_the_connection() {
    let world = World::new("netskope").await;
    people(&world, 20).await;
    world.put_accounts(&(0..300).map(stranger).collect::<Vec<_>>()).await;
    world.proxy.once(|request| request.path.contains("startIndex=101"), Fault::Answer(401, Vec::new(), "{}".to_owned()));
    let connection = world.turn_on(world.config()).await;
    wait_for("the halt", async || world.connection().await.halt.is_some()).await;
    assert_eq!(starts(&world), ["1", "101"]);
    connections::reauthorize(&world.store, &BY, connection.id, &world.token, None).await.expect("reauthorized");
    world.settle().await;
    assert_eq!(starts(&world), ["1", "101", "101", "201"]);
    assert_eq!(counted(&world)[2], 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_up_again_it_adopts_who_is_entitled_and_lists_the_rest_as_not_managed() {
    let world = World::new("netskope").await;
    let people = people(&world, 15).await;
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    let linked = world.account(&people[0]).await.remote_id;
    connections::turn_off(&world.store, &BY, connection.id).await.expect("turned off");
    connections::delete_configuration(&world.store, &BY, connection.id).await.expect("deleted");
    for leaver in &people[12..] {
        users::delete(&world.store, &BY, leaver.id).await.expect("deleted");
    }
    world.proxy.clear();
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(counted(&world), [1, 0, 0, 0, 1], "one page, and nothing else");
    assert_eq!(world.account(&people[0]).await.remote_id, linked);
    let unmanaged = remote::unmanaged(&world.store, connection.id, "", None, 100).await.expect("a page").items;
    let mut names: Vec<&str> = unmanaged.iter().map(|account| account.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["person12@example.com", "person13@example.com", "person14@example.com"]);
    assert_eq!(world.tenant_users().await.len(), 15, "nobody was touched");
}
