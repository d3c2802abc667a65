//! How many requests each change takes, counted at the target.

use provost_core::directory::User;
use provost_core::time::Span;
use provost_store::apps::connections;
use provost_store::directory::users::{self, UserEdit};
use provost_store::remote::TRUSTED_FOR;
use provost_store::{Actor, accounts};
use provost_testkit::faulty::{Armed, FaultyWorld, TargetFault};
use std::time::Duration;

const BY: Actor = Actor::CommandLine;

/// A world in which Ada and Bo have their accounts.
async fn world(catalogue: &str) -> (FaultyWorld, User) {
    let world = FaultyWorld::new(catalogue).await;
    let user = world.add("ada").await;
    world.add("bo").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(world.target.count(), 2);
    world.target.clear();
    (world, user)
}

fn sent(world: &FaultyWorld) -> Vec<String> {
    world.target.seen().into_iter().map(|seen| seen.method).collect()
}

async fn edit(world: &FaultyWorld, user: &User, change: UserEdit) {
    users::edit(&world.store, &BY, user.id, None, change).await.expect("an edit");
    world.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_without_a_change_takes_no_request() {
    let (world, _) = world("generic").await;
    connections::sync_now(&world.store, &BY, world.connection().await.id).await.expect("a pass");
    world.settle().await;
    world.advance(Span::hours(25)).await;
    assert_eq!(sent(&world), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_attribute_and_a_rename_take_one_request_each() {
    let (world, user) = world("generic").await;
    edit(&world, &user, UserEdit { given_name: Some("Augusta".to_owned()), ..UserEdit::default() }).await;
    assert_eq!(sent(&world), ["PATCH"]);
    world.target.clear();
    let rename = UserEdit { primary_email: Some("augusta@example.com".to_owned()), ..UserEdit::default() };
    edit(&world, &user, rename).await;
    assert_eq!(sent(&world), ["PATCH"]);
    assert_eq!((world.target.named("augusta@example.com").len(), world.target.count()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_takes_one_request_where_the_app_keeps_names_unique() {
    let (world, _) = world("netskope").await;
    world.add("chloe").await;
    world.settle().await;
    assert_eq!(sent(&world), ["POST"]);
}

/// The app may not keep names unique, and yet nobody is searched for: its list has shown that nobody bears the name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_takes_one_request_while_the_list_of_the_first_contact_counts() {
    let (world, _) = world("generic").await;
    world.advance(Span(TRUSTED_FOR.0 - Span::seconds(60).0)).await;
    world.add("chloe").await;
    world.settle().await;
    assert_eq!(sent(&world), ["POST"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_takes_a_look_up_besides_when_that_list_is_too_old() {
    let (world, _) = world("generic").await;
    world.advance(TRUSTED_FOR).await;
    world.add("chloe").await;
    world.settle().await;
    assert_eq!(sent(&world), ["GET", "POST"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspend_a_restore_and_a_delete_take_one_request_each() {
    let (world, user) = world("generic").await;
    users::suspend(&world.store, &BY, user.id, "leave").await.expect("suspended");
    world.settle().await;
    assert_eq!(sent(&world), ["PATCH"]);
    world.target.clear();
    users::unsuspend(&world.store, &BY, user.id).await.expect("unsuspended");
    world.settle().await;
    assert_eq!(sent(&world), ["PATCH"]);
    world.target.clear();
    users::delete(&world.store, &BY, user.id).await.expect("deleted");
    world.settle().await;
    world.advance(Span::hours(25)).await;
    assert_eq!(sent(&world), ["DELETE"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_401_in_mid_run_nothing_is_sent_nothing_is_deleted_and_a_new_token_resumes() {
    const PEOPLE: usize = 300;
    let world = FaultyWorld::new("netskope").await;
    for number in 0..PEOPLE {
        world.add(&format!("person{number}")).await;
    }
    world.turn_on(world.config()).await;
    provost_testkit::wait_for("some creates", async || world.target.count() >= 40).await;
    let operation = provost_core::provisioning::OperationKind::Create;
    world.target.arm(Armed { fault: TargetFault::Unauthorized, variant: "", operation });
    provost_testkit::wait_for("the halt", async || world.connection().await.halt.is_some()).await;
    // What was under way when the first 401 was read arrives within a moment; the target takes any later request amiss.
    tokio::time::sleep(Duration::from_millis(3_200)).await;
    let refused = world.target.seen().iter().filter(|seen| seen.met).count();
    let places = world.connection().await.profile.concurrency as usize;
    assert!((1..=places).contains(&refused), "{refused} requests met the 401, and {places} may be under way at once");
    let (made, came) = (world.target.count(), world.target.seen().len());
    world.clock.advance_micros(Span::hours(30).0);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(world.target.violations(), Vec::<String>::new());
    assert_eq!((world.target.count(), world.target.seen().len()), (made, came), "requests after the 401");
    assert!(made < PEOPLE, "the fault came too late: {made}");
    world.target.lift();
    world.mend().await;
    let counts = accounts::counts(&world.store, world.connection().await.id, world.store.now()).await.expect("counts");
    assert_eq!((world.target.count(), counts.linked, counts.failing, counts.due), (PEOPLE, PEOPLE as u64, 0, 0));
}
