//! A plan on a page: counts, warnings, and every user with what would be done and why.

use super::form::link;
use super::path_of;
use provost_core::app::{App, Trigger};
use provost_core::provisioning::RemovalKind;
use provost_store::planning::{Change, Plan, PlanAction, PlanEntry};
use provost_web::{Markup, Notice, Table, Tone, chip, counted, data_table, expander, html, notice_box, tile, tiles, time};
use serde_json::Value;

/// Users that a plan within another page names.
pub(super) const ENTRIES: usize = 500;

/// The counts, what the guard would hold, and the full list one click away.
pub(super) fn summary(app: &App, plan: &Plan) -> Markup {
    html! {
        (counts(plan))
        (holds(app, plan))
        @if plan.entries_total > 0 {
            (expander(&format!("Full list ({})", counted(plan.entries_total, "user")), false, html! {
                (entries(app, &plan.entries))
                @if plan.entries_total > plan.entries.len() as u64 {
                    p.muted { "The first " (plan.entries.len()) " are listed. " a href=(path_of(app, "plan")) { "See the plan" } }
                }
            }))
        }
    }
}

/// How many of each.
pub(super) fn counts(plan: &Plan) -> Markup {
    let counts = &plan.counts;
    let mut shown = vec![
        ("Create", counts.create, "accounts made, or adopted when they are there"),
        ("Update", counts.update + counts.restore, "changed or restored"),
        ("Remove now", counts.hard_delete + counts.suspend, "hard deleted or suspended"),
        ("Remove later", counts.hard_delete_later + counts.suspend_later, "when their time comes"),
    ];
    if counts.would_fail > 0 {
        shown.push(("Would fail", counts.would_fail, "who do not fail now: nothing is sent for them"));
    }
    let rest = [
        (counts.skipped, "skipped by a rule"),
        (counts.waiting, "waiting for a retry or a change"),
        (counts.held, "held until approved"),
        (counts.look_up, "to be looked up first"),
        (counts.unchanged, "unchanged"),
        (counts.no_account, "without an account, and none to be made"),
    ];
    let rest: Vec<String> = rest.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    html! {
        (tiles(&shown.into_iter().map(|(label, count, sub)| tile(label, count, sub, None)).collect::<Vec<_>>()))
        @if !rest.is_empty() { p.muted { "Further users: " (rest.join(", ")) "." } }
    }
}

/// The text of a question about a plan. That users would fail comes first: nothing else of the plan is so often a mistake.
pub(super) fn question(plan: &Plan, text: &str) -> String {
    match plan.counts.would_fail {
        0 => text.to_owned(),
        1 => format!("1 user would fail who does not fail now: nothing would be sent for them. The full list says why. {text}"),
        count => {
            format!(
                "{count} users would fail who do not fail now: nothing would be sent for them. The full list says why. {text}"
            )
        }
    }
}

/// What the guard would hold.
pub(super) fn holds(app: &App, plan: &Plan) -> Markup {
    html! {
        @for hold in &plan.holds {
            @let what = match hold.kind { RemovalKind::Suspend => "suspends", RemovalKind::HardDelete => "hard deletes" };
            (notice_box(&Notice::warning(format!(
                "{} {what} for {} would be held until an administrator approves them: {} may go within 24 hours, and {} went already.",
                hold.waiting, app.name, hold.limit, hold.sent
            ))))
        }
    }
}

/// Every entry as a row.
pub(super) fn entries(app: &App, entries: &[PlanEntry]) -> Markup {
    let rows: Vec<Vec<Markup>> = entries.iter().map(|entry| row(app, entry)).collect();
    data_table(Table {
        caption: "Plan",
        headers: &["User", "What", "When", "Why"],
        numbers: &[],
        rows: &rows,
        empty: "Nothing would be sent.",
    })
}

fn row(app: &App, entry: &PlanEntry) -> Vec<Markup> {
    let user = html! {
        @if let Some(id) = entry.user_id { a href=(link(&path_of(app, "explain"), &[("user", &id.to_string())])) { (entry.email) } }
        @else { (entry.email) }
    };
    let sends = match entry.action {
        PlanAction::Skipped | PlanAction::Waiting | PlanAction::WouldFail => false,
        PlanAction::Create
        | PlanAction::Update
        | PlanAction::Suspend
        | PlanAction::Restore
        | PlanAction::HardDelete
        | PlanAction::LookUp => true,
    };
    let when = html! {
        @if let Some(at) = entry.at { (time(at.0)) } @else if sends { "now" } @else { "–" }
    };
    vec![
        user,
        html! { (action_chip(entry.action)) @if entry.held { " " (chip("held", Tone::Warn)) } },
        when,
        html! {
            @if let Some(trigger) = entry.trigger { div { (trigger_text(trigger)) @if let Some(since) = entry.since { " since " (time(since.0)) } } }
            @if !entry.changes.is_empty() { (changes(&entry.changes)) }
            @if entry.trigger.is_none() && entry.changes.is_empty() { (reason(entry)) }
            (expander("Evidence", false, html! { ul { @for line in &entry.why { li { (line) } } } }))
        },
    ]
}

/// The line that says most: why somebody is skipped, or else what the rules come to.
fn reason(entry: &PlanEntry) -> &str {
    let skipped = entry.why.iter().find(|line| line.starts_with("Skipped"));
    skipped.or(entry.why.last()).map_or("", String::as_str)
}

fn changes(changes: &[Change]) -> Markup {
    let text = |value: &Option<Value>| match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let summary = counted(changes.len() as u64, "attribute");
    expander(
        &summary,
        changes.len() <= 2,
        html! { ul { @for change in changes { li { (change.attribute) ": " (text(&change.from)) " → " (text(&change.to)) } } } },
    )
}

fn action_chip(action: PlanAction) -> Markup {
    match action {
        PlanAction::Create => chip("Create", Tone::Good),
        PlanAction::Update => chip("Update", Tone::Info),
        PlanAction::Suspend => chip("Suspend", Tone::Warn),
        PlanAction::Restore => chip("Restore", Tone::Good),
        PlanAction::HardDelete => chip("Hard delete", Tone::Bad),
        PlanAction::LookUp => chip("Look up", Tone::Info),
        PlanAction::Skipped => chip("Skipped", Tone::Neutral),
        PlanAction::Waiting => chip("Waiting", Tone::Warn),
        PlanAction::WouldFail => chip("Would fail", Tone::Bad),
    }
}

/// A cause of removal in words.
pub(super) const fn trigger_text(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::AppOff => "App turned off for the user",
        Trigger::Suspended => "User suspended",
        Trigger::Deleted => "User deleted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_store::planning::PlanCounts;

    fn of(counts: PlanCounts) -> Plan {
        Plan {
            counts,
            accounts: 2,
            holds: Vec::new(),
            entries: Vec::new(),
            entries_total: 0,
            hash: String::new(),
            needs_confirmation: false,
        }
    }

    #[test]
    fn who_stays_as_they_are_and_who_is_to_have_no_account_are_told_apart() {
        let shown = counts(&of(PlanCounts { unchanged: 2, no_account: 3, ..PlanCounts::default() })).into_string();
        assert!(shown.contains("Further users: 2 unchanged, 3 without an account, and none to be made."), "{shown}");
        let shown = counts(&of(PlanCounts { no_account: 1, ..PlanCounts::default() })).into_string();
        assert!(shown.contains("Further users: 1 without an account, and none to be made."), "{shown}");
    }
}
