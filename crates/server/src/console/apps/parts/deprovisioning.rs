//! Deprovisioning: for each of three triggers, what becomes of the account, and after how long.

use super::super::form::Fields;
use provost_core::app::{Action, DeprovisioningPolicy, GracePeriod, Profile, Rule, Trigger};
use provost_web::{Markup, Notice, card, checkbox_with_hint, hint, html, notice_box, select, stack};

/// The policy that the form's boxes say. Periods are new ones; what an edit keeps of the old is the store's matter.
pub(in super::super) fn read(fields: &Fields) -> DeprovisioningPolicy {
    let mut policy = DeprovisioningPolicy::default();
    for trigger in Trigger::ALL {
        let action = |what: &str| {
            let ticked = fields.ticked(&format!("{what}.{}", trigger.word()));
            let period = GracePeriod::parse(fields.text(&format!("{what}_after.{}", trigger.word())));
            ticked.then(|| Action { after: period.unwrap_or(GracePeriod::Days21), edited_at: None })
        };
        *policy.rule_mut(trigger) = Rule { suspend: action("suspend"), hard_delete: action("hard_delete") };
    }
    policy
}

/// The form's content: three headings with their boxes.
pub(in super::super) fn body(app: &str, profile: &Profile, policy: &DeprovisioningPolicy) -> Markup {
    let cards = Trigger::ALL.map(|trigger| {
        let rule = policy.rule(trigger);
        card(
            trigger.heading(),
            html! {
                @if profile.suspend {
                    (action(&format!("Suspend {app} account"), "The account cannot be used, and is restored when the cause ends.", "When to suspend", "suspend", trigger, rule.suspend))
                }
                (action(&format!("Hard delete the account in {app}"), "The account will be permanently removed.", "When to hard delete", "hard_delete", trigger, rule.hard_delete))
                @if trigger == Trigger::Deleted {
                    (hint("A deleted user can be restored for 20 days. With a shorter time, whoever is restored later gets a new account."))
                }
            },
        )
    });
    html! {
        (hint(&format!("Choose what becomes of accounts in {app}, and how long to wait. With nothing ticked, accounts stay as they are.")))
        (notice_box(&Notice::warning("A hard delete cannot be undone. Leave more time before a hard delete than you think you need: whoever comes back in that time keeps the account.")))
        (stack(&cards))
    }
}

/// A box and its period. A hard delete that is ticked anew begins with the longest one, which leaves most time to see a mistake;
/// a suspend is undone when its cause ends, and begins with the shortest.
fn action(label: &str, text: &str, when: &str, what: &str, trigger: Trigger, set: Option<Action>) -> Markup {
    let options = GracePeriod::ALL.map(|period| (period.word(), period.label()));
    let fresh = if what == "suspend" { GracePeriod::Within24Hours } else { GracePeriod::Days21 };
    let selected = set.map_or(fresh, |action| action.after);
    html! {
        (checkbox_with_hint(label, &format!("{what}.{}", trigger.word()), "on", set.is_some(), Some(text)))
        (select(when, &format!("{what}_after.{}", trigger.word()), &options, selected.word()))
    }
}

/// One line a trigger, for the settings page.
pub(in super::super) fn summary(policy: &DeprovisioningPolicy) -> Markup {
    html! {
        @for trigger in Trigger::ALL {
            @let rule = policy.rule(trigger);
            div {
                (trigger.heading()) ": "
                @match (rule.suspend, rule.hard_delete) {
                    (None, None) => { "nothing" }
                    (suspend, hard_delete) => {
                        @if let Some(action) = suspend { "suspend " (action.after.label()) }
                        @if suspend.is_some() && hard_delete.is_some() { ", " }
                        @if let Some(action) = hard_delete { "hard delete " (action.after.label()) }
                    }
                }
            }
        }
    }
}
