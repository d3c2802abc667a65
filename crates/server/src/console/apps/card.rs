//! The Autoprovisioning card of the app page, in its two states.

use super::path_of;
use crate::console::standing::{self, Standing as State};
use provost_core::app::{App, Connection, ConnectionStatus, HaltReason, token_expiry_words};
use provost_core::time::Timestamp;
use provost_store::accounts::{self, AccountCounts, coming};
use provost_store::apps::health::{self, ConnectionHealth};
use provost_store::apps::token_expiry;
use provost_store::log::{Usage, UsageCount, usage_30_days};
use provost_store::{Store, StoreError};
use provost_web::{
    ButtonKind, Icon, Markup, Notice, Switch, Tone, bars, button, button_disabled, card, card_with, chip, counted,
    empty_state_with, html, link_button, notice_box, relative_time, switch_link, tile, tiles, time,
};

/// What the card shows of a connection.
pub(super) struct Standing {
    pub(super) connection: Connection,
    counts: AccountCounts,
    usage: Usage,
    next_removal: Option<Timestamp>,
    still: bool,
    idle: bool,
    health: ConnectionHealth,
    token_expires_at: Option<Timestamp>,
    now: Timestamp,
}

/// Reads it.
pub(super) async fn standing(store: &Store, connection: Connection) -> Result<Standing, StoreError> {
    let now = store.now();
    Ok(Standing {
        counts: accounts::counts(store, connection.id, now).await?,
        usage: usage_30_days(store, connection.id, now).await?,
        next_removal: coming::next_removal_at(store, connection.id).await?,
        still: standing::removals_stopped(store, &connection).await?,
        idle: accounts::is_idle(store, connection.id).await?,
        health: health::get(store, connection.id).await?,
        token_expires_at: token_expiry::get(store, connection.id).await?,
        connection,
        now,
    })
}

impl Standing {
    fn state(&self) -> State {
        State::of(&self.connection, self.health.quarantine.is_some(), self.still)
    }
}

/// Before autoprovisioning is set up.
pub(super) fn not_configured(app: &App, may_change: bool) -> Markup {
    let label = "Configure autoprovisioning";
    let action = match (&app.sso, may_change) {
        (_, false) => html! {},
        (Some(_), true) => link_button(label, &path_of(app, "set-up"), ButtonKind::Primary),
        (None, true) => {
            button_disabled(label, ButtonKind::Primary, "Set up single sign-on first: enter the service provider details.")
        }
    };
    let text = format!("Configure autoprovisioning settings for users of {}.", app.name);
    card("Autoprovisioning", empty_state_with(Icon::Plug, "Autoprovisioning isn't configured", &text, action))
}

/// Once it is set up.
pub(super) fn configured(app: &App, standing: &Standing, may_change: bool) -> Markup {
    let active = match standing.connection.status {
        ConnectionStatus::Active => true,
        ConnectionStatus::Inactive => false,
    };
    let toggle = match (may_change, active) {
        (true, true) => switch_link(Switch::On, "Active", "Turn autoprovisioning off", &path_of(app, "turn-off")),
        (true, false) => switch_link(Switch::Off, "Inactive", "Turn autoprovisioning on", &path_of(app, "turn-on")),
        (false, true) => chip("Active", Tone::Good),
        (false, false) => chip("Inactive", Tone::Neutral),
    };
    card_with(
        "Autoprovisioning",
        toggle,
        html! {
            p {
                (standing.state().chip())
                " · " a href=(path_of(app, "log")) { "view sync log" }
                @if active && !standing.idle { " · " (counted(standing.counts.due, "user")) " to look at" }
            }
            (problems(app, standing, may_change))
            (tiles(&usage_tiles(&standing.usage, standing.connection.profile.suspend)))
            (facts(app, standing))
            div.actions {
                (link_button("Settings", &path_of(app, ""), ButtonKind::Secondary))
                (link_button("Download list", &path_of(app, "failures.csv"), ButtonKind::Text))
                (link_button("Plan", &path_of(app, "plan"), ButtonKind::Text))
                (link_button("Accounts", &path_of(app, "accounts"), ButtonKind::Text))
                @if may_change && active {
                    form method="post" action=(path_of(app, "sync")) { (button("Sync now", ButtonKind::Text)) }
                }
            }
        },
    )
}

fn usage_tiles(usage: &Usage, suspends: bool) -> Vec<Markup> {
    let sub = "in the last 30 days";
    let plain = |label: &str, count: &UsageCount| tile(label, count.total, sub, Some(bars(&count.days)));
    let mut all = vec![plain("Users created", &usage.created), plain("Users updated", &usage.updated)];
    if suspends {
        all.push(plain("Users suspended", &usage.suspended));
    }
    all.push(plain("Users deleted", &usage.deleted));
    // The word beside the number, because a colour alone says nothing to some.
    let failures = html! {
        @if usage.failures.total > 0 { p { (chip("needs a look", Tone::Bad)) } }
        (bars(&usage.failures.days))
    };
    all.push(tile("Failures", usage.failures.total, sub, Some(failures)));
    all
}

/// What needs a look: a halt, failing users, held removals, a lost scope.
fn problems(app: &App, standing: &Standing, may_change: bool) -> Markup {
    let counts = &standing.counts;
    html! {
        @if let Some(halt) = &standing.connection.halt {
            @let why = match halt.reason {
                HaltReason::NeedsReauthorization => "The app needs reauthorization, and nothing is sent.",
                HaltReason::TokenCannotWrite => "The access token may not write, and nothing is sent.",
            };
            (notice_box(&Notice::error(format!("{why} {} said: {}", app.name, halt.message))))
            @if may_change { (link_button("Reauthorize", &path_of(app, "reauthorize"), ButtonKind::Primary)) }
        }
        @if let Some(words) = standing.token_expires_at.and_then(|at| token_expiry_words(at, standing.now)) {
            (notice_box(&Notice::warning(words)))
        }
        (bearing(app, standing, may_change))
        @if counts.held > 0 {
            (notice_box(&Notice::warning(format!("{} held: too many would go at once. Look at the list, then approve or reject.", removals_are(counts.held)))))
            (link_button("Held removals", &path_of(app, "held"), ButtonKind::Secondary))
        }
        @if standing.still {
            (notice_box(&Notice::warning("No removal is sent: a clock or the database is in doubt. Held removals says why, and lets them go on.")))
        }
        @if standing.connection.config.scope.has_lost_every_group() {
            (notice_box(&Notice::warning("Every group of the provisioning scope was deleted: accounts are neither created nor removed until you edit the scope.")))
        }
    }
}

/// "1 removal is", "2 removals are".
pub(super) fn removals_are(count: u64) -> String {
    format!("{} {}", counted(count, "removal"), if count == 1 { "is" } else { "are" })
}

/// How the app bears our requests: a quarantine, or else a pause that it asked for.
fn bearing(app: &App, standing: &Standing, may_change: bool) -> Markup {
    let sends = standing.connection.status == ConnectionStatus::Active && standing.connection.halt.is_none();
    let paused = standing.health.paused_until.filter(|until| *until > standing.now);
    html! {
        @if let Some(rest) = standing.health.quarantine.as_ref().filter(|_| sends) {
            (notice_box(&Notice::warning(format!(
                "{} is in quarantine: most requests failed, the last with: {}. One request at a time asks whether it works \
                 again, and everything else waits; nothing is removed meanwhile.",
                app.name, rest.message
            ))))
            p {
                "In quarantine since " (time(rest.since.0)) " · next try "
                @if rest.next_probe_at > standing.now {
                    (time(rest.next_probe_at.0)) " (" (relative_time(rest.next_probe_at.0, standing.now.0)) ")"
                } @else { "now" }
            }
            @if may_change {
                form method="post" action=(path_of(app, "probe")) { (button("Try now", ButtonKind::Secondary)) }
            }
        } @else if let Some(until) = paused.filter(|_| sends) {
            p { (app.name) " asked us to wait until " (time(until.0)) " (" (relative_time(until.0, standing.now.0)) ")." }
        }
    }
}

fn facts(app: &App, standing: &Standing) -> Markup {
    let counts = &standing.counts;
    html! {
        p {
            (counted(counts.total(), "account")) " in " (app.name)
            @if counts.suspended > 0 { ", " (counts.suspended) " of them suspended" }
            @if counts.failing > 0 { " · " a href=(path_of(app, "failures")) { (counts.failing) " failing now" } }
            @else if standing.state().sends() { " · nobody failing now" }
            @if let Some(at) = standing.next_removal {
                " · next removal " span { (time(at.0)) " (" (relative_time(at.0, standing.now.0)) ")" }
            }
        }
    }
}
