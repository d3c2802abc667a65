//! What has gone wrong in other systems, each by its name.

use provost_connectors::google_csv::{Absent, ImportReport, Options, import};
use provost_core::app::{
    Access, Action, AttributeMapping, ConnectionConfig, DeprovisioningPolicy, Expression, GracePeriod, Rule, Scope, ScopeGroup,
    ScopeMembers, ScopeMode, ServiceStatus,
};
use provost_core::directory::User;
use provost_core::provisioning::{AccountState, FailureKind, OperationKind};
use provost_core::time::Span;
use provost_store::accounts::{load_rules, removals};
use provost_store::apps::health;
use provost_store::directory::groups;
use provost_store::directory::users::{self, UserEdit, UserQuery};
use provost_store::remote::{self, Listing, ListingState};
use provost_store::{Actor, apps};
use provost_testkit::faulty::{Armed, FaultyWorld, Seen, TargetFault, foreign_account};
use provost_testkit::wait_for;
use std::collections::BTreeSet;
use std::time::Duration;

const BY: Actor = Actor::CommandLine;

async fn ten_people(catalogue: &str) -> (FaultyWorld, Vec<User>) {
    ten_people_with(catalogue, |_| ()).await
}

async fn ten_people_with(catalogue: &str, change: impl FnOnce(&mut ConnectionConfig)) -> (FaultyWorld, Vec<User>) {
    let world = FaultyWorld::new(catalogue).await;
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(world.add(&format!("person{number}")).await);
    }
    let mut config = world.config();
    change(&mut config);
    world.turn_on(config).await;
    world.settle().await;
    assert_eq!(world.target.count(), 10);
    world.target.clear();
    (world, people)
}

fn removes(seen: &Seen) -> bool {
    seen.method == "DELETE" || seen.body.contains(r#""value":false"#)
}

fn removed(world: &FaultyWorld) -> usize {
    world.target.seen().iter().filter(|seen| removes(seen)).count()
}

fn methods(world: &FaultyWorld) -> Vec<String> {
    world.target.seen().into_iter().map(|seen| seen.method).collect()
}

async fn held(world: &FaultyWorld) -> usize {
    let rules = load_rules(&world.store, world.connection().await.id).await.expect("rules");
    removals::held(&world.store, &rules, world.store.now()).await.expect("held").len()
}

async fn assert_all_linked(world: &FaultyWorld, people: &[User]) {
    for person in people {
        assert_eq!(world.account(person).await.expect("a row").state, AccountState::Linked, "{}", person.primary_email);
    }
}

/// A drift check, when it is over or held.
async fn drift_check(world: &FaultyWorld) -> Listing {
    let asked = remote::request_check(&world.store, &BY, world.connection().await.id, None).await.expect("asked");
    let last = async || remote::last_check(&world.store, asked.connection).await.expect("the store answers").expect("a check");
    wait_for("the check", async || last().await.id == asked.id && !last().await.state.is_open()).await;
    last().await
}

fn blind() -> Armed {
    Armed { fault: TargetFault::BlindSearch, variant: "", operation: OperationKind::LookUp }
}

/// A target whose list and searches are empty is not taken for one without accounts: nobody linked is touched, neither by a
/// drift check nor by what comes after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_lists_nothing() {
    let (world, people) = ten_people("generic").await;
    world.target.arm(blind());
    let check = drift_check(&world).await;
    assert_eq!(check.state, ListingState::Held, "{:?}", check.message);
    let message = check.message.unwrap_or_default();
    assert!(message.contains("10 of the 10") && message.contains("not believed"), "{message}");
    apps::connections::sync_now(&world.store, &BY, check.connection).await.expect("a pass");
    world.settle().await;
    world.advance(Span::days(2)).await;
    let seen = world.target.seen();
    assert!(matches!(seen.as_slice(), [list] if list.met && list.method == "GET"), "one empty list and nothing else: {seen:?}");
    assert_eq!(world.target.count(), 10);
    assert_all_linked(&world, &people).await;
    assert_eq!(world.target.lift(), 1);
    let whole = drift_check(&world).await;
    assert_eq!((whole.state, whole.counts.differences()), (ListingState::Done, 0), "{:?}", whole.message);
}

/// Set up anew before such a target, nobody gets a second account: the app refuses each create, and when it can be searched
/// again everybody is adopted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_contact_with_a_target_that_lists_nothing() {
    let (world, people) = ten_people("generic").await;
    let old = world.connection().await.id;
    apps::connections::turn_off(&world.store, &BY, old).await.expect("turned off");
    apps::connections::delete_configuration(&world.store, &BY, old).await.expect("deleted");
    world.target.arm(blind());
    world.turn_on(world.config()).await;
    world.settle().await;
    let seen = world.target.seen();
    assert!(seen.iter().filter(|seen| seen.method == "GET").all(|seen| seen.met) && seen[0].method == "GET", "{seen:?}");
    assert_eq!(methods(&world).iter().filter(|method| *method == "POST").count(), 10);
    for person in &people {
        let failure = world.account(person).await.expect("a row").failure.expect("it fails");
        assert_eq!(failure.kind, FailureKind::Conflict);
        assert!(failure.message.contains("search shows no such account"), "{}", failure.message);
    }
    assert!(world.target.lift() >= 11, "the list, and a search for each");
    for step in [10, 150, 900, 4_400] {
        world.advance(Span::seconds(step)).await;
    }
    assert_all_linked(&world, &people).await;
    assert_eq!((world.target.count(), removed(&world)), (10, 0));
    assert!(!world.target.seen().iter().any(|seen| seen.effect && seen.method == "POST"), "nobody was made");
}

/// How an administrator makes everybody leave by one click.
#[derive(Debug, Clone, Copy)]
enum Slip {
    /// The scope is set to a living group without members.
    EmptyScope,
    /// The app is turned OFF for everybody.
    Off,
}

impl Slip {
    async fn make(self, world: &FaultyWorld, undo: bool) {
        let connection = world.connection().await;
        match self {
            Self::EmptyScope => {
                let mut config = connection.config.clone();
                config.scope = Scope { mode: ScopeMode::Everyone, groups: Vec::new() };
                if !undo {
                    let group = groups::add(&world.store, &BY, "nobody@example.com", "Nobody", "").await.expect("a group").id;
                    let entry = ScopeGroup { group, members: ScopeMembers::All, deleted_since: None };
                    config.scope = Scope { mode: ScopeMode::Groups, groups: vec![entry] };
                }
                apps::connections::edit(&world.store, &BY, connection.id, None, config, true).await.expect("edited");
            }
            Self::Off => {
                let default = if undo { ServiceStatus::On } else { ServiceStatus::Off };
                let access = Access { default, ..Access::default() };
                apps::set_access(&world.store, &BY, world.app.id, None, access).await.expect("set");
            }
        }
        world.settle().await;
    }
}

/// A filter or a switch that would remove everybody at once is held by the guard: not one request is sent, and when it is
/// undone everybody is as before, without a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_filter_that_would_delete_all() {
    let at_once = Some(Action { after: GracePeriod::Within24Hours, edited_at: None });
    let suspend = Rule { suspend: at_once, hard_delete: None };
    let delete = Rule { suspend: None, hard_delete: at_once };
    for (rule, slip) in [(suspend, Slip::EmptyScope), (delete, Slip::EmptyScope), (suspend, Slip::Off), (delete, Slip::Off)] {
        let policy = DeprovisioningPolicy { app_off: rule, ..DeprovisioningPolicy::default() };
        let (world, people) = ten_people_with("generic", |config| config.deprovisioning = policy).await;
        slip.make(&world, false).await;
        world.advance(Span::days(1)).await;
        assert_eq!(held(&world).await, 10, "{slip:?} {rule:?}");
        world.advance(Span::days(2)).await;
        assert_eq!((held(&world).await, methods(&world)), (10, Vec::new()), "{slip:?} {rule:?}");
        slip.make(&world, true).await;
        world.advance(Span::days(2)).await;
        assert_eq!((held(&world).await, methods(&world)), (0, Vec::new()), "{slip:?} {rule:?}");
        assert_eq!(world.target.count(), 10);
        assert_all_linked(&world, &people).await;
    }
}

/// A file of the Google Admin console: so many people, each with this title.
fn users_file(people: usize, title: &str) -> String {
    let row = |number: usize| format!("person{number},Tester,person{number}@example.com,/,{title}\n");
    let header = "First Name [Required],Last Name [Required],Email Address [Required],Org Unit Path [Required],Employee Title\n";
    std::iter::once(header.to_owned()).chain((0..people).map(row)).collect()
}

async fn imported(world: &FaultyWorld, users: &str, options: Options) -> ImportReport {
    let report = import(&world.store, &BY, users.as_bytes(), None::<&[u8]>, options, &mut |_| ()).await.expect("it can be read");
    world.settle().await;
    report
}

/// So many people who were imported and have their accounts, titles and all.
async fn imported_people(count: usize) -> (FaultyWorld, Vec<User>) {
    let world = FaultyWorld::new("generic").await;
    let mut config = world.config();
    let source = Expression::parse("user.organizations.title").expect("an attribute of the directory");
    config.mapping.push(AttributeMapping { target: "title".to_owned(), source });
    world.turn_on(config).await;
    imported(&world, &users_file(count, "Clerk"), Options::default()).await;
    assert_eq!(world.target.count(), count);
    world.target.clear();
    let query = UserQuery { limit: count, ..UserQuery::default() };
    let people = users::list(&world.store, &query).await.expect("the store answers").items;
    (world, people)
}

/// The directory's source answers with a part of itself, and its import suspends who is absent: nobody is, and nothing is sent.
/// Where somebody confirms the loss all the same, the guard holds it; a file that lacks two people suspends those two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incomplete_directory_answer() {
    let (world, people) = imported_people(30).await;
    let suspending = Options { absent: Absent::Suspend, ..Options::default() };
    let whole = users_file(30, "Clerk");
    let lines = |count: usize| whole.split_inclusive('\n').take(count).collect::<String>();
    for (cut, says) in [
        (lines(1), "active users are not in the file, more than the"),
        (lines(16), "active users are not in the file, more than the"),
        (whole[..whole.len() - 15].to_owned(), "rows of the file were not kept"),
        (format!("{}\"person", lines(29)), "rows of the file were not kept"),
        (lines(29).trim_end().to_owned(), "the file may have been cut"),
    ] {
        let report = imported(&world, &cut, suspending).await;
        let refused = report.absent_refused.unwrap_or_default();
        assert!(refused.contains(says) && report.users.absent_suspended == 0, "{says}: {refused}");
        world.advance(Span::hours(12)).await;
        assert_eq!(methods(&world), Vec::<String>::new(), "{says}");
    }
    assert_all_linked(&world, &people).await;

    let confirmed = Options { absent_max: Some(15), ..suspending };
    assert_eq!(imported(&world, &lines(16), confirmed).await.users.absent_suspended, 15);
    world.advance(Span::days(1)).await;
    assert_eq!((held(&world).await, methods(&world)), (15, Vec::new()), "confirmed by mistake, and held all the same");
    let back = whole.replace("Employee Title", "Employee Title,New Status [UPLOAD ONLY]").replace(",Clerk", ",Clerk,Active");
    imported(&world, &back, Options::default()).await;
    world.advance(Span::days(1)).await;
    assert_eq!((held(&world).await, methods(&world)), (0, Vec::new()), "undone");

    assert_eq!(imported(&world, &lines(29), suspending).await.users.absent_suspended, 2);
    assert_eq!((removed(&world), methods(&world)), (2, vec!["PATCH".to_owned(); 2]), "who is really gone is suspended");
}

/// Every user's title changes at once: one PATCH each, no removal, nothing held, and no more under way than the app allows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_an_attribute_of_everybody() {
    const PEOPLE: usize = 60;
    const ANSWERED_AFTER: Duration = Duration::from_millis(200);
    let (world, people) = imported_people(PEOPLE).await;
    world.target.answer_after(ANSWERED_AFTER);
    let suspending = Options { absent: Absent::Suspend, ..Options::default() };
    let report = imported(&world, &users_file(PEOPLE, "Chief"), suspending).await;
    assert_eq!((report.users.changed, report.users.absent_suspended, report.absent_refused), (PEOPLE as u64, 0, None));
    let seen = world.target.seen();
    let sent = |seen: &Seen| seen.method == "PATCH" && seen.body.contains("Chief") && !removes(seen);
    assert!(seen.iter().all(sent), "{:?}", seen.iter().find(|seen| !sent(seen)));
    let patched: BTreeSet<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!((seen.len(), patched.len()), (PEOPLE, PEOPLE), "exactly one each");
    // Of one more than there are places for, the first was answered before the last came.
    let places = world.connection().await.profile.concurrency as usize;
    let apart = |some: &[Seen]| some[places].at - some[0].at;
    assert!(seen.windows(places + 1).all(|some| apart(some) >= ANSWERED_AFTER), "more than {places} were under way at once");
    world.advance(Span::days(2)).await;
    assert_eq!((world.target.seen().len(), held(&world).await, world.target.count()), (PEOPLE, 0, PEOPLE));
    assert_all_linked(&world, &people).await;
    assert!(people.iter().all(|person| world.target.named(&person.primary_email)[0]["title"] == "Chief"));
}

/// A rename keeps the account: no second one, no removal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename() {
    let (world, people) = ten_people("netskope").await;
    let id = world.account(&people[0]).await.expect("a row").remote_id;
    let change = UserEdit { primary_email: Some("married@example.com".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, people[0].id, None, change).await.expect("renamed");
    world.settle().await;
    assert_eq!((world.target.count(), removed(&world)), (10, 0));
    let named = world.target.named("married@example.com");
    assert_eq!(named.first().and_then(|account| account["id"].as_str().map(str::to_owned)), id);
}

/// 429 in the middle of a listing: nothing before its time, then the same page again; who was on the pages before is not asked
/// for again, and nobody is made twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_429_in_mid_page() {
    let world = FaultyWorld::new("generic-unfiltered").await;
    world.target.set_rules(false, 10);
    // Ada on the first page, Bo on the last.
    world.target.add(foreign_account("ada@example.com"), false);
    world.add_strangers(24);
    world.target.add(foreign_account("bo@example.com"), false);
    world.watch("ada@example.com", None, &["ada@example.com", "bo@example.com"]);
    let armed = Armed { fault: TargetFault::TooManyRequests, variant: "seconds", operation: OperationKind::LookUp };
    world.target.arm_at("startIndex=11&", armed);
    let (ada, bo) = (world.add("ada").await, world.add("bo").await);
    let id = world.turn_on(world.config()).await.id;
    wait_for("the 429", async || world.target.seen().iter().any(|seen| seen.met)).await;
    // Until the engine has read it: its time to wait begins then.
    wait_for("the pause", async || health::get(&world.store, id).await.is_ok_and(|health| health.paused_until.is_some())).await;
    let pages = || -> Vec<String> {
        let start = |seen: Seen| seen.path.split("startIndex=").nth(1)?.split('&').next().map(str::to_owned);
        world.target.seen().into_iter().filter_map(start).collect()
    };
    // The reader of the list waits, and everybody with it: nothing comes to rest, and nothing may be sent.
    for seconds in [60, 25] {
        world.clock.advance_micros(Span::seconds(seconds).0);
        world.store.wake();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!((pages(), world.target.seen().len()), (vec!["1".to_owned(), "11".to_owned()], 2), "a request before its time");
    }
    assert_eq!(world.target.violations(), Vec::<String>::new());
    assert_eq!(world.target.lift(), 1);
    world.advance(Span::seconds(10)).await;
    assert_eq!(pages(), ["1", "11", "11", "21"], "it goes on where it stood");
    for user in [&ada, &bo] {
        let account = world.account(user).await.expect("a row");
        assert_eq!((account.state, account.failure), (AccountState::Linked, None), "{}", user.primary_email);
    }
    // An adoption is stored, and then the account is looked at again.
    wait_for("the changes", async || methods(&world).len() >= 6).await;
    assert_eq!(methods(&world), ["GET", "GET", "GET", "GET", "PATCH", "PATCH"], "both are adopted and brought up to date");
    let listed = remote::recent(&world.store, id).await.expect("listings").remove(0);
    assert_eq!((listed.state, listed.listed, listed.pages), (ListingState::Done, 26, 3));
    assert_eq!(remote::unmanaged_count(&world.store, id).await.expect("a count"), 24, "the strangers of every page are known");
    assert_eq!((world.target.count(), world.target.violations()), (26, Vec::new()));
}

/// An account that the app had already is adopted and brought up to date, not doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_the_app_already_had() {
    for catalogue in ["generic", "netskope", "generic-unfiltered"] {
        let world = FaultyWorld::new(catalogue).await;
        world.target.add(foreign_account("Ada@Example.com"), false);
        let user = world.add("ada").await;
        world.turn_on(world.config()).await;
        world.settle().await;
        assert_eq!(world.account(&user).await.expect("a row").state, AccountState::Linked, "{catalogue}");
        let accounts = world.target.named("ada@example.com");
        assert_eq!((accounts.len(), world.target.count()), (1, 1), "{catalogue}");
        assert_eq!(accounts[0]["name"]["givenName"], "ada", "{catalogue}");
    }
}

/// The directory has forgotten the user, and the account goes all the same, by what its row remembers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_whose_local_row_is_gone() {
    let (world, people) = ten_people("generic").await;
    let mut config = world.config();
    let delete = Action { after: GracePeriod::Days21, edited_at: None };
    config.deprovisioning.deleted.hard_delete = Some(delete);
    let connection = world.connection().await;
    apps::connections::edit(&world.store, &BY, connection.id, Some(connection.revision), config, true).await.expect("edited");
    users::delete(&world.store, &BY, people[0].id).await.expect("deleted");
    world.settle().await;
    // Past the 20 days in which the directory can restore a user.
    world.advance(Span::hours(20 * 24 + 12)).await;
    users::purge_expired(&world.store).await.expect("purged");
    assert!(users::find_deleted(&world.store, &people[0].primary_email).await.is_err(), "the directory has forgotten them");
    assert_eq!(removed(&world), 0, "not before its time");
    world.advance(Span::hours(24)).await;
    assert_eq!((world.target.count(), removed(&world)), (9, 1));
}

/// Two users take each other's addresses: each keeps the account, and both end with the right names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_name_swap() {
    let (world, people) = ten_people("generic").await;
    let ids =
        [world.account(&people[0]).await.expect("a row").remote_id, world.account(&people[1]).await.expect("a row").remote_id];
    let rename = async |user: &User, name: &str| {
        let change = UserEdit { primary_email: Some(format!("{name}@example.com")), ..UserEdit::default() };
        users::edit(&world.store, &BY, user.id, None, change).await.expect("renamed");
    };
    rename(&people[0], "between").await;
    rename(&people[1], "person0").await;
    rename(&people[0], "person1").await;
    world.settle().await;
    for step in [10, 60, 200, 900] {
        world.advance(Span::seconds(step)).await;
    }
    for (person, (id, name)) in people.iter().zip(ids.iter().zip(["person1@example.com", "person0@example.com"])) {
        let named = world.target.named(name);
        assert_eq!(named.len(), 1, "{name}");
        assert_eq!(named[0]["id"].as_str().map(str::to_owned), *id, "{name}");
        assert_eq!(world.account(person).await.expect("a row").failure, None, "{name}");
    }
    assert_eq!((world.target.count(), removed(&world)), (10, 0));
}
