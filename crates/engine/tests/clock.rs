//! Every trigger with every grace period, over HTTP, on a clock that the test moves: nothing a second before it is due,
//! sent when it is due, cancelled when the cause ends, restored after a suspend, and nothing ever where nothing is ticked.

use provost_core::app::{Access, Action, ConnectionConfig, GracePeriod, Rule, ServiceStatus, Trigger};
use provost_core::directory::User;
use provost_core::provisioning::AccountState;
use provost_core::time::Span;
use provost_store::apps::connections;
use provost_store::directory::org_units;
use provost_store::directory::users::{self, UserEdit};
use provost_store::{Actor, apps};
use provost_testkit::{Fault, World, wait_for};

const BY: Actor = Actor::CommandLine;
const SECOND: Span = Span::seconds(1);

fn ticked(suspend: Option<GracePeriod>, hard_delete: Option<GracePeriod>) -> Rule {
    let action = |after| Action { after, edited_at: None };
    Rule { suspend: suspend.map(action), hard_delete: hard_delete.map(action) }
}

fn with_rule(world: &World, trigger: Trigger, rule: Rule) -> ConnectionConfig {
    let mut config = world.config();
    *config.deprovisioning.rule_mut(trigger) = rule;
    config
}

async fn org_unit_off(world: &World, off: bool) {
    let unit = org_units::find_by_path(&world.store, "/Leaving").await.expect("it was added");
    let mut access = Access { default: ServiceStatus::On, ..Access::default() };
    if off {
        access.org_units.insert(unit.id, ServiceStatus::Off);
    }
    apps::set_access(&world.store, &BY, world.app.id, None, access).await.expect("the service status is set");
}

/// Makes the cause of a trigger true for a user who stands in /Leaving.
async fn begin(world: &World, trigger: Trigger, user: &User) {
    match trigger {
        Trigger::AppOff => org_unit_off(world, true).await,
        Trigger::Suspended => drop(users::suspend(&world.store, &BY, user.id, "test").await.expect("suspended")),
        Trigger::Deleted => drop(users::delete(&world.store, &BY, user.id).await.expect("deleted")),
    }
    world.settle().await;
}

/// Makes it false again.
async fn end(world: &World, trigger: Trigger, user: &User) {
    match trigger {
        Trigger::AppOff => org_unit_off(world, false).await,
        Trigger::Suspended => drop(users::unsuspend(&world.store, &BY, user.id).await.expect("unsuspended")),
        Trigger::Deleted => drop(users::restore(&world.store, &BY, user.id, None).await.expect("restored")),
    }
    world.settle().await;
}

/// A world with one provisioned user in /Leaving.
async fn with_one_account(catalogue: &str, config: impl FnOnce(&World) -> ConnectionConfig) -> (World, User) {
    let world = World::new(catalogue).await;
    org_units::add(&world.store, &BY, "/", "Leaving").await.expect("an org unit");
    let user = world.add("leaver", "/Leaving").await;
    world.turn_on(config(&world)).await;
    world.settle().await;
    assert_eq!(world.account(&user).await.state, AccountState::Linked, "{:?}", world.failures().await);
    world.proxy.clear();
    (world, user)
}

fn sent(world: &World) -> Vec<String> {
    world.proxy.recorded().into_iter().map(|request| request.method).collect()
}

/// The clock of the world is real time plus what the test has added, so a wait of nearly the whole grace period leaves a
/// margin for the time that the test itself takes.
async fn stop_before(world: &World, grace: Span, margin: Span) {
    world.advance(Span(grace.0 - margin.0)).await;
}

async fn hard_delete_is_on_time(trigger: Trigger, grace: GracePeriod) {
    let rule = ticked(None, Some(grace));
    let (world, user) = with_one_account("netskope", |world| with_rule(world, trigger, rule)).await;
    begin(&world, trigger, &user).await;
    let due = world.account(&user).await.removal.expect("a removal is planned").due;
    // To one second before the due instant, as exactly as the world's clock stands now.
    world.advance(Span((due - world.store.now()).0 - SECOND.0)).await;
    assert_eq!(sent(&world), Vec::<String>::new(), "{trigger:?} {grace:?}: something was sent a second before it was due");
    world.advance(SECOND).await;
    assert_eq!(sent(&world), ["DELETE"], "{trigger:?} {grace:?}: the hard delete was not sent when it was due");
    assert_eq!(world.tenant_users().await, [], "{trigger:?} {grace:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hard_delete_is_sent_when_it_is_due_and_not_a_second_before() {
    for trigger in Trigger::ALL {
        for grace in GracePeriod::ALL {
            hard_delete_is_on_time(trigger, grace).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_suspend_is_sent_when_it_is_due_and_undone_when_the_cause_ends() {
    for trigger in [Trigger::AppOff, Trigger::Suspended] {
        for grace in GracePeriod::ALL {
            let rule = ticked(Some(grace), None);
            let (world, user) = with_one_account("netskope-suspend", |world| with_rule(world, trigger, rule)).await;
            begin(&world, trigger, &user).await;
            if grace != GracePeriod::Within24Hours {
                stop_before(&world, grace.before_suspend(), Span::seconds(60)).await;
                assert_eq!(sent(&world), Vec::<String>::new(), "{trigger:?} {grace:?}: sent too early");
                world.advance(Span::seconds(60)).await;
            }
            assert_eq!(sent(&world), ["PATCH"], "{trigger:?} {grace:?}: the suspend was not sent");
            assert_eq!(world.tenant_users().await, [("leaver@example.com".to_owned(), false)]);
            world.proxy.clear();
            end(&world, trigger, &user).await;
            assert_eq!(sent(&world), ["PATCH"], "{trigger:?} {grace:?}: the account was not restored");
            assert_eq!(world.tenant_users().await, [("leaver@example.com".to_owned(), true)]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_is_cancelled_when_its_cause_ends() {
    for trigger in Trigger::ALL {
        let rule = ticked(None, Some(GracePeriod::Days7));
        let (world, user) = with_one_account("netskope", |world| with_rule(world, trigger, rule)).await;
        begin(&world, trigger, &user).await;
        stop_before(&world, Span::days(7), Span::hours(1)).await;
        end(&world, trigger, &user).await;
        world.advance(Span::days(30)).await;
        assert_eq!(sent(&world), Vec::<String>::new(), "{trigger:?}");
        assert_eq!(world.tenant_users().await, [("leaver@example.com".to_owned(), true)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_ticked_nothing_is_ever_sent() {
    for trigger in Trigger::ALL {
        let (world, user) = with_one_account("netskope", World::config).await;
        begin(&world, trigger, &user).await;
        for _ in 0..4 {
            world.advance(Span::days(30)).await;
        }
        assert_eq!(sent(&world), Vec::<String>::new(), "{trigger:?}");
        assert_eq!(world.tenant_users().await, [("leaver@example.com".to_owned(), true)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspend_is_followed_by_its_hard_delete() {
    let rule = ticked(Some(GracePeriod::Within24Hours), Some(GracePeriod::Days7));
    let (world, user) = with_one_account("netskope-suspend", |world| with_rule(world, Trigger::Suspended, rule)).await;
    begin(&world, Trigger::Suspended, &user).await;
    assert_eq!(world.account(&user).await.state, AccountState::Suspended);
    stop_before(&world, Span::days(7), Span::hours(1)).await;
    assert_eq!(sent(&world), ["PATCH"]);
    world.advance(Span::hours(1)).await;
    assert_eq!(sent(&world), ["PATCH", "DELETE"]);
    world.proxy.clear();
    end(&world, Trigger::Suspended, &user).await;
    assert_eq!(sent(&world), ["POST"], "after a hard delete a user who becomes entitled again gets a new account");
}

/// Found by the simulator: the update that a returning user needed was settled with the causes of before, and the next loss of
/// access was taken for the old one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_ended_with_an_update_does_not_run_on() {
    let rule = ticked(None, Some(GracePeriod::Days7));
    let (world, user) = with_one_account("netskope", |world| with_rule(world, Trigger::AppOff, rule)).await;
    begin(&world, Trigger::AppOff, &user).await;
    let edit = UserEdit { family_name: Some("Renamed".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, edit).await.expect("an edit");
    world.advance(Span::days(1)).await;
    assert_eq!(sent(&world), Vec::<String>::new(), "updates pause");
    end(&world, Trigger::AppOff, &user).await;
    assert_eq!(sent(&world), ["PATCH"]);
    world.advance(Span::days(10)).await;
    begin(&world, Trigger::AppOff, &user).await;
    world.advance(Span::days(6)).await;
    assert_eq!(sent(&world), ["PATCH"], "the second loss has a grace period of its own");
    world.advance(Span::days(1)).await;
    assert_eq!(sent(&world), ["PATCH", "DELETE"]);
}

/// Found by the simulator: while the token was refused nobody was looked at, and a loss of access that had ended and begun again
/// meanwhile was taken for the old one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_ended_while_the_token_was_refused_does_not_run_on() {
    let rule = ticked(None, Some(GracePeriod::Days7));
    let (world, user) = with_one_account("netskope", |world| with_rule(world, Trigger::AppOff, rule)).await;
    begin(&world, Trigger::AppOff, &user).await;
    world.proxy.once(|request| request.method == "POST", Fault::Answer(401, Vec::new(), "{}".to_owned()));
    world.add("joiner", "/").await;
    wait_for("the connection is halted", async || world.connection().await.halt.is_some()).await;
    world.advance(Span::days(2)).await;
    end(&world, Trigger::AppOff, &user).await;
    wait_for("the clock has ended", async || world.account(&user).await.causes.app_off_since.is_none()).await;
    world.advance(Span::days(2)).await;
    begin(&world, Trigger::AppOff, &user).await;
    wait_for("a clock runs", async || world.account(&user).await.causes.app_off_since.is_some()).await;
    world.advance(Span::days(5)).await;
    world.proxy.clear();
    connections::reauthorize(&world.store, &BY, world.connection().await.id, &world.token, None).await.expect("a new token");
    world.settle().await;
    assert_eq!(sent(&world), ["POST"], "the joiner's account is made, and the second loss has a grace period of its own");
    world.advance(Span::days(3)).await;
    assert_eq!(sent(&world), ["POST", "DELETE"]);
}
