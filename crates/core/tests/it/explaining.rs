//! `explain` in words, as golden lines.

use crate::kit::{START, golden};
use crate::world::{Change, Fault, ScopeSetting, World};
use provost_core::app::{GracePeriod, ScopeMembers, Trigger};
use provost_core::provisioning::RemovalKind;
use provost_core::time::Span;
use std::fmt::Write;

fn world() -> World {
    let mut world = World::new("netskope-suspend", 1);
    for (kind, period) in [(RemovalKind::HardDelete, GracePeriod::Days7), (RemovalKind::Suspend, GracePeriod::Days1)] {
        world.change(Change::Policy { trigger: Trigger::AppOff, kind, period: Some(period), confirmed: true });
    }
    world
}

fn changed(changes: &[Change]) -> World {
    let mut world = world();
    world.process();
    for change in changes {
        assert!(world.change(*change), "{change:?} is possible");
    }
    world.process();
    world
}

#[test]
fn explain_says_each_rule_with_its_evidence() {
    let mut lost = world();
    lost.faults.push_back(Some(Fault::LostAfter));
    lost.process();
    lost.now = START + Span::hours(1);
    let mut failing = world();
    failing.faults.push_back(Some(Fault::Rejected));
    failing.process();
    let mut no_group = changed(&[Change::ScopeGroup(ScopeMembers::All), Change::DeleteScopeGroup]);
    assert_eq!(no_group.scope, ScopeSetting::Group(ScopeMembers::All));
    no_group.change(Change::Delete(1));
    let mut unmapped = world();
    unmapped.people.get_mut(&1).expect("there is one").user.primary_email.clear();
    let samples = [
        ("no account yet", world()),
        ("up to date", changed(&[])),
        ("retitled", {
            let mut world = changed(&[]);
            world.change(Change::Suspend(1));
            world.change(Change::Unsuspend(1));
            world.people.get_mut(&1).expect("there is one").user.given_name = "Grace".to_owned();
            world
        }),
        ("app off", changed(&[Change::AppOn(false)])),
        ("by an access group", changed(&[Change::Vip(1, true), Change::AppOn(false)])),
        (
            "out of scope, and suspended",
            changed(&[Change::ScopeGroup(ScopeMembers::Direct), Change::Direct(1, false), Change::Suspend(1)]),
        ),
        ("archived", changed(&[Change::Archive(1)])),
        ("deleted", changed(&[Change::Delete(1)])),
        ("no living group", no_group),
        ("answer lost", lost),
        ("refused", failing),
        ("no mandatory value", unmapped),
        ("turned off", changed(&[Change::TurnOff])),
        ("suspended by us, and back", {
            let mut world = changed(&[Change::AppOn(false)]);
            world.advance(Span::days(2));
            world.change(Change::AppOn(true));
            world
        }),
        ("due", {
            let mut world = changed(&[Change::AppOn(false), Change::TurnOff]);
            world.advance(Span::days(8));
            world
        }),
    ];
    let mut text = String::new();
    for (name, world) in samples {
        writeln!(text, "# {name}").expect("a text takes every line");
        world.explain(1).iter().for_each(|line| writeln!(text, "{line}").expect("a text takes every line"));
        text.push('\n');
    }
    golden("explain.txt", &text);
}
