//! Random histories, one test a rule: each draws the changes that the rule is about, with time and faults between them,
//! and the world's oracle judges every request and every moment. What is not possible as things stand is refused.

use crate::world::{Address, Change, Fault, World};
use proptest::prelude::*;
use proptest::sample::select;
use provost_core::app::{GracePeriod, ScopeMembers, Trigger};
use provost_core::provisioning::RemovalKind;
use provost_core::time::Span;

/// One step of a history.
#[derive(Debug, Clone, Copy)]
enum Step {
    Change(Change),
    /// Committed while the next request is under way.
    InFlight(Change),
    Fault(Option<Fault>),
    Wait(Span),
}

const PEOPLE: i64 = 3;

fn person() -> impl Strategy<Value = i64> {
    1..=PEOPLE + 1
}

fn address() -> impl Strategy<Value = Address> {
    (1..=PEOPLE, prop::bool::weighted(0.2)).prop_map(|(number, secondary)| Address(number, secondary))
}

fn wait() -> impl Strategy<Value = Span> {
    let exact = select(vec![
        Span(0),
        Span::seconds(1),
        Span::seconds(3_599),
        Span::hours(1),
        Span::hours(5),
        Span::hours(23),
        Span::days(1),
        Span::days(6),
        Span::days(7),
        Span::days(20),
        Span::days(21),
    ]);
    prop_oneof![3 => exact, 1 => (1_i64..2_000_000).prop_map(Span::seconds)]
}

fn status() -> BoxedStrategy<Change> {
    let steps = [Change::Suspend, Change::Unsuspend, Change::Archive, Change::Unarchive, Change::Delete, Change::Restore];
    (select(steps.to_vec()), person()).prop_map(|(step, id)| step(id)).boxed()
}

fn suspending() -> BoxedStrategy<Change> {
    (select(vec![Change::Suspend as fn(i64) -> Change, Change::Unsuspend]), person()).prop_map(|(step, id)| step(id)).boxed()
}

fn archiving() -> BoxedStrategy<Change> {
    (select(vec![Change::Archive as fn(i64) -> Change, Change::Unarchive]), person()).prop_map(|(step, id)| step(id)).boxed()
}

fn deleting() -> BoxedStrategy<Change> {
    (select(vec![Change::Delete as fn(i64) -> Change, Change::Restore]), person()).prop_map(|(step, id)| step(id)).boxed()
}

fn entitling() -> BoxedStrategy<Change> {
    let steps = [Change::Move, Change::Direct, Change::Nested, Change::Vip];
    prop_oneof![
        6 => (select(steps.to_vec()), person(), any::<bool>()).prop_map(|(step, id, to)| step(id, to)),
        1 => any::<bool>().prop_map(Change::AppOn),
        1 => any::<bool>().prop_map(Change::ContractorsOn),
    ]
    .boxed()
}

fn scoping() -> BoxedStrategy<Change> {
    prop_oneof![
        1 => Just(Change::ScopeEveryone),
        2 => select(vec![ScopeMembers::Direct, ScopeMembers::All]).prop_map(Change::ScopeGroup),
        1 => Just(Change::DeleteScopeGroup),
    ]
    .boxed()
}

fn addressing() -> BoxedStrategy<Change> {
    prop_oneof![
        2 => address().prop_map(Change::Join),
        3 => (person(), address()).prop_map(|(id, address)| Change::Rename(id, address)),
        2 => person().prop_map(Change::Retitle),
    ]
    .boxed()
}

/// Names that two users can share, and addresses in two domains.
fn naming() -> BoxedStrategy<Change> {
    let either = (1..=PEOPLE, any::<bool>()).prop_map(|(number, secondary)| Address(number, secondary));
    prop_oneof![
        1 => any::<bool>().prop_map(Change::LocalNames),
        3 => either.clone().prop_map(Change::Join),
        5 => (person(), either).prop_map(|(id, address)| Change::Rename(id, address)),
    ]
    .boxed()
}

fn policy() -> BoxedStrategy<Change> {
    let kinds = select(vec![RemovalKind::Suspend, RemovalKind::HardDelete, RemovalKind::HardDelete]);
    (
        select(Trigger::ALL.to_vec()),
        kinds,
        prop::option::weighted(0.85, select(GracePeriod::ALL.to_vec())),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(trigger, kind, period, confirmed)| Change::Policy { trigger, kind, period, confirmed })
        .boxed()
}

fn tampering() -> BoxedStrategy<Change> {
    prop_oneof![address().prop_map(Change::Foreign), person().prop_map(Change::LoseRemote)].boxed()
}

fn switching() -> BoxedStrategy<Change> {
    prop_oneof![Just(Change::TurnOff), Just(Change::TurnOn), Just(Change::TurnOn), Just(Change::Approve)].boxed()
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    use Fault::{ErrorAfter, ErrorBefore, LostAfter, LostBefore, Refused, Rejected, Throttled, Unauthorized};
    let faults =
        vec![LostBefore, LostAfter, LostAfter, ErrorBefore, ErrorAfter, ErrorAfter, Refused, Rejected, Throttled, Unauthorized];
    prop::option::weighted(0.8, select(faults))
}

/// Histories of these changes; `trouble` adds faults and changes while a request is under way.
fn history(changes: Vec<BoxedStrategy<Change>>, trouble: bool) -> impl Strategy<Value = Vec<Step>> {
    let change = prop::strategy::Union::new(changes).boxed();
    let faults = u32::from(trouble) * 3;
    let step = prop_oneof![
        10 => change.clone().prop_map(Step::Change),
        8 => wait().prop_map(Step::Wait),
        faults => change.prop_map(Step::InFlight),
        faults => fault().prop_map(Step::Fault),
    ];
    prop::collection::vec(step, 1..40)
}

fn profile() -> impl Strategy<Value = &'static str> {
    select(vec!["netskope", "netskope-suspend", "generic"])
}

/// Six rules, one a trigger and kind; what cannot stand is dropped.
fn rules() -> impl Strategy<Value = Vec<Option<GracePeriod>>> {
    prop::collection::vec(prop::option::weighted(0.7, select(GracePeriod::ALL.to_vec())), 6)
}

fn set_up(world: &mut World, rules: &[Option<GracePeriod>]) {
    let places =
        Trigger::ALL.into_iter().flat_map(|trigger| [RemovalKind::HardDelete, RemovalKind::Suspend].map(|kind| (trigger, kind)));
    for ((trigger, kind), period) in places.zip(rules) {
        world.change(Change::Policy { trigger, kind, period: *period, confirmed: true });
    }
}

fn play(world: &mut World, steps: &[Step]) {
    world.process();
    for step in steps {
        match *step {
            Step::Change(change) => {
                world.change(change);
                world.process();
            }
            Step::InFlight(change) => world.in_flight.push_back(change),
            Step::Fault(fault) => world.faults.push_back(fault),
            Step::Wait(span) => world.advance(span),
        }
    }
    world.finish();
}

/// `PROPTEST_CASES`, `PROPTEST_MAX_SHRINK_ITERS` and `PROPTEST_RNG_SEED` say otherwise.
fn config() -> ProptestConfig {
    let said = ProptestConfig::default();
    let set = |name: &str| std::env::var_os(name).is_some();
    let cases = if set("PROPTEST_CASES") { said.cases } else { 48 };
    let max_shrink_iters = if set("PROPTEST_MAX_SHRINK_ITERS") { said.max_shrink_iters } else { 400 };
    ProptestConfig { cases, max_shrink_iters, failure_persistence: None, ..said }
}

fn run(profile: &str, rules: &[Option<GracePeriod>], steps: &[Step]) {
    let mut world = World::new(profile, PEOPLE);
    set_up(&mut world, rules);
    play(&mut world, steps);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_rule_at_once(profile in profile(), rules in rules(), steps in history(
        vec![status(), status(), entitling(), entitling(), scoping(), addressing(), policy(), switching(), tampering()], true)) {
        run(profile, &rules, &steps);
    }

    #[test]
    fn every_rule_at_once_with_archived_users_treated_as_suspended(profile in profile(), rules in rules(), steps in history(
        vec![status(), archiving(), entitling(), addressing(), policy(), switching()], true)) {
        let mut world = World::new(profile, PEOPLE).archived_as_suspended();
        set_up(&mut world, &rules);
        play(&mut world, &steps);
    }

    #[test]
    fn deletion_freezes_entitlement(rules in rules(), steps in history(vec![deleting(), deleting(), entitling(), scoping()], false)) {
        run("netskope-suspend", &rules, &steps);
    }

    #[test]
    fn an_address_is_used_again_only_when_its_account_has_gone(profile in profile(), rules in rules(), steps in history(
        vec![deleting(), addressing(), addressing(), tampering()], true)) {
        run(profile, &rules, &steps);
    }

    #[test]
    fn two_users_with_one_name_fail_until_one_of_them_changes(profile in profile(), rules in rules(), steps in history(
        vec![naming(), naming(), status()], true)) {
        let mut world = World::new(profile, PEOPLE);
        world.change(Change::LocalNames(true));
        set_up(&mut world, &rules);
        play(&mut world, &steps);
    }

    #[test]
    fn losing_the_last_scope_group_holds_creates_and_removals(rules in rules(), steps in history(
        vec![scoping(), scoping(), entitling(), status(), addressing()], false)) {
        run("netskope-suspend", &rules, &steps);
    }

    #[test]
    fn archived_users_are_left_alone_and_their_clocks_start_again(rules in rules(), steps in history(
        vec![archiving(), archiving(), status(), entitling(), addressing()], false)) {
        run("netskope-suspend", &rules, &steps);
    }

    #[test]
    fn edited_grace_periods_give_a_day_of_notice(profile in profile(), rules in rules(), steps in history(
        vec![policy(), policy(), status(), entitling()], false)) {
        run(profile, &rules, &steps);
    }

    #[test]
    fn causes_run_side_by_side(rules in rules(), steps in history(vec![suspending(), deleting(), entitling()], false)) {
        run("netskope-suspend", &rules, &steps);
    }

    #[test]
    fn updates_pause_while_a_cause_holds_and_catch_up(profile in profile(), rules in rules(), steps in history(
        vec![suspending(), entitling(), addressing(), addressing()], true)) {
        run(profile, &rules, &steps);
    }

    #[test]
    fn a_suspended_account_is_restored_when_every_cause_has_ended(steps in history(
        vec![suspending(), suspending(), entitling(), deleting()], true)) {
        let rules = [None, Some(GracePeriod::Within24Hours)].repeat(3);
        run("netskope-suspend", &rules, &steps);
    }

    #[test]
    fn nothing_ticked_removes_nothing(profile in profile(), steps in history(vec![status(), entitling(), scoping()], true)) {
        let mut world = World::new(profile, PEOPLE);
        play(&mut world, &steps);
        prop_assert!(world.sent.is_empty());
    }

    #[test]
    fn within_24_hours_is_one_hour_for_a_hard_delete(steps in history(vec![status(), entitling()], false)) {
        let rules = [Some(GracePeriod::Within24Hours), None].repeat(3);
        run("netskope", &rules, &steps);
    }

    #[test]
    fn a_user_restored_while_the_delete_is_in_flight_gets_a_new_account(steps in history(
        vec![deleting(), deleting(), deleting(), suspending()], true)) {
        let rules = [Some(GracePeriod::Within24Hours), None].repeat(3);
        run("netskope", &rules, &steps);
    }

    #[test]
    fn accounts_are_made_for_entitled_active_users_only(profile in profile(), steps in history(
        vec![status(), entitling(), scoping(), addressing()], true)) {
        run(profile, &[], &steps);
    }

    #[test]
    fn lost_answers_never_make_two_accounts(profile in profile(), rules in rules(), faults in prop::collection::vec(fault(), 1..30),
        steps in history(vec![addressing(), tampering(), suspending(), deleting()], true)) {
        let mut world = World::new(profile, PEOPLE);
        world.faults.extend(faults);
        set_up(&mut world, &rules);
        play(&mut world, &steps);
    }

    #[test]
    fn archived_then_deleted_only_the_deletion_counts(rules in rules(), steps in history(
        vec![suspending(), archiving(), deleting()], false)) {
        run("netskope-suspend", &rules, &steps);
    }

    #[test]
    fn removals_within_a_sliding_day_are_counted_together(leavers in prop::collection::vec((1_i64..=12, 0_i64..20), 1..12)) {
        let mut world = World::new("netskope", 12);
        set_up(&mut world, &[None, None, Some(GracePeriod::Within24Hours)]);
        world.process();
        for (leaver, hours) in leavers {
            world.advance(Span::hours(hours));
            world.change(Change::Suspend(leaver));
            world.process();
        }
        world.finish();
    }

    #[test]
    fn the_guard_holds_above_the_limit(people in 1_i64..36, steps in history(
        vec![switching(), entitling(), deleting(), suspending()], false), leavers in prop::collection::vec(1_i64..36, 0..20)) {
        let mut world = World::new("netskope-suspend", people);
        set_up(&mut world, &[Some(GracePeriod::Days1), Some(GracePeriod::Within24Hours)].repeat(3));
        world.process();
        for leaver in leavers {
            world.change(Change::Move(leaver, true));
        }
        world.change(Change::ContractorsOn(false));
        world.process();
        play(&mut world, &steps);
    }
}
