//! The deprovisioning policy, its edits, the guard's limits and the configuration's checks.

use crate::kit::{START, after, connection, day, row};
use provost_core::app::{Action, DeprovisioningPolicy, GracePeriod, InvalidConfig, InvalidPolicy, Limits, Rule, Trigger};
use provost_core::time::Span;

fn policy(suspend: Option<GracePeriod>, hard_delete: Option<GracePeriod>) -> DeprovisioningPolicy {
    let rule = Rule { suspend: suspend.map(after), hard_delete: hard_delete.map(after) };
    DeprovisioningPolicy { suspended: rule, ..DeprovisioningPolicy::default() }
}

#[test]
fn a_hard_delete_comes_later_than_the_suspend_beside_it() {
    use GracePeriod::{Days1, Days7, Days21, Within24Hours};
    // Every pair: the suspend down the side, the hard delete across.
    let legal = [
        (Within24Hours, [true, true, true, true]),
        (Days1, [false, false, true, true]),
        (Days7, [false, false, false, true]),
        (Days21, [false, false, false, false]),
    ];
    for (suspend, row) in legal {
        for (hard_delete, legal) in GracePeriod::ALL.into_iter().zip(row) {
            let verdict = policy(Some(suspend), Some(hard_delete)).check(true, Span::hours(1));
            let refused = InvalidPolicy::DeleteNotAfterSuspend { trigger: Trigger::Suspended, suspend, hard_delete };
            assert_eq!(verdict, if legal { Ok(()) } else { Err(refused) }, "{suspend:?} then {hard_delete:?}");
        }
    }
}

#[test]
fn one_action_alone_and_nothing_ticked_are_legal() {
    for period in GracePeriod::ALL {
        assert_eq!(policy(None, Some(period)).check(false, Span::hours(1)), Ok(()));
        assert_eq!(policy(Some(period), None).check(true, Span::hours(1)), Ok(()));
        let refused = Err(InvalidPolicy::SuspendUnavailable(Trigger::Suspended));
        assert_eq!(policy(Some(period), None).check(false, Span::hours(1)), refused);
    }
    assert_eq!(DeprovisioningPolicy::default().check(false, Span::hours(1)), Ok(()));
}

#[test]
fn the_refusal_says_what_to_do() {
    let refused = policy(Some(GracePeriod::Days7), Some(GracePeriod::Days7)).check(true, Span::hours(1)).expect_err("not later");
    let text = "When a user is suspended: hard delete (after 7 days) must be later than suspend (after 7 days): \
                set more time before the hard delete";
    assert_eq!(refused.to_string(), text);
}

#[test]
fn an_edit_dates_what_it_changes_and_nothing_else() {
    use GracePeriod::{Days1, Days7, Within24Hours};
    let dated = |period, edited_at| Some(Action { after: period, edited_at });
    let old = Rule { suspend: Some(after(Within24Hours)), hard_delete: dated(Days7, Some(day(1))) };
    // (the new rule, confirmed, what is kept)
    let cases = [
        (Rule { suspend: Some(after(Within24Hours)), hard_delete: Some(after(Days7)) }, false, old),
        (
            Rule { suspend: Some(after(Within24Hours)), hard_delete: Some(after(Days1)) },
            false,
            Rule { suspend: Some(after(Within24Hours)), hard_delete: dated(Days1, Some(day(9))) },
        ),
        (Rule { suspend: None, hard_delete: Some(after(Days1)) }, true, Rule { suspend: None, hard_delete: dated(Days1, None) }),
        (
            Rule { suspend: Some(after(Within24Hours)), hard_delete: Some(after(Days7)) },
            true,
            Rule { suspend: Some(after(Within24Hours)), hard_delete: Some(after(Days7)) },
        ),
        (Rule::default(), false, Rule::default()),
    ];
    for (new, confirmed, kept) in cases {
        let before = DeprovisioningPolicy { deleted: old, ..DeprovisioningPolicy::default() };
        let edited = DeprovisioningPolicy { deleted: new, ..before }.as_edit_of(&before, confirmed, day(9));
        assert_eq!(edited.deleted, kept, "{new:?}, confirmed: {confirmed}");
        assert_eq!(edited.app_off, Rule::default());
    }
    // Ticked for the first time: those whose clock is running get their day of notice too.
    let first = policy(None, Some(Days1)).as_edit_of(&DeprovisioningPolicy::default(), false, START);
    assert_eq!(first.suspended.hard_delete, dated(Days1, Some(START)));
}

#[test]
fn the_limit_is_three_or_a_fifth_up_to_twenty_or_a_twentieth() {
    let limits = Limits::default();
    let table = [
        (0, 3),
        (1, 3),
        (15, 3),
        (19, 3),
        (20, 4),
        (50, 10),
        (99, 19),
        (100, 20),
        (399, 20),
        (400, 20),
        (420, 21),
        (10_000, 500),
    ];
    for (accounts, allowed) in table {
        assert_eq!(limits.allowed(accounts), allowed, "{accounts} accounts");
    }
}

#[test]
fn a_configuration_is_checked_whole() {
    let connection = connection("netskope");
    let broken = |edit: fn(&mut provost_core::app::ConnectionConfig)| {
        let mut config = connection.config.clone();
        edit(&mut config);
        config.check(connection.profile)
    };
    assert_eq!(broken(|_| {}), Ok(()));
    assert_eq!(broken(|config| config.mapping.push(row("Active", "true"))), Err(InvalidConfig::ActiveMapped));
    let twice = broken(|config| config.mapping.push(row("USERNAME", "user.username")));
    assert_eq!(twice, Err(InvalidConfig::MappedTwice("USERNAME".to_owned())));
    let unmapped = broken(|config| config.mapping.retain(|row| row.target != "emails.value"));
    assert_eq!(unmapped, Err(InvalidConfig::MandatoryUnmapped("emails.value".to_owned())));
    for hours in [0, 24] {
        let mut config = connection.config.clone();
        config.within_24_hours_delete = Span::hours(hours);
        assert_eq!(config.check(connection.profile), Err(InvalidConfig::Within24Hours));
    }
}
