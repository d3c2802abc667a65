//! One user: who they are, where they have accounts and for how long, and what happened to them.

use super::status::Verb;
use super::{USERS, attributes, org_unit_path, shown_name, state_chip, user_href};
use crate::Server;
use crate::console::form::{At, href};
use crate::console::frame::{answer, page};
use crate::console::log::{LOG, entry_body, entry_tone};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::response::Response;
use provost_core::app::App;
use provost_core::directory::{RESTORE_WINDOW, User};
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::{Account, AccountState, RemovalKind};
use provost_store::accounts::{self, coming};
use provost_store::apps::{self, connections};
use provost_store::directory::{groups, users};
use provost_store::log::{self, LogQuery, names};
use provost_store::{Store, StoreError};
use provost_web::{
    ButtonKind, Icon, Markup, Table, TimelineEntry, Tone, app_header, breakable, card, card_with, chip, data_table,
    definition_list, empty_state, html, icon_link, link_button, relative_time, time, timeline, two_columns,
};
use std::collections::BTreeMap;

const EVENTS: usize = 25;

pub(super) async fn show(State(server): State<Server>, who: SignedIn, At(id): At<UserId>) -> Response {
    answer(&server, &who, profile(&server, &who, id).await)
}

async fn profile(server: &Server, who: &SignedIn, id: UserId) -> Result<Response, StoreError> {
    let store = &server.store;
    let user = users::get(store, id).await?;
    let left = html! {
        (summary(server, &user))
        @if who.may_change() { (card("Actions", actions(server, &user))) }
    };
    let right = html! {
        (details(store, &user).await?)
        (groups_card(store, id).await?)
        (apps_card(store, &user).await?)
        (events_card(store, id).await?)
    };
    let name = shown_name(&user);
    let crumbs = [("Users", USERS), (&*name, "")];
    Ok(page(server, who, &name, USERS, &crumbs, None, two_columns(left, right)))
}

fn summary(server: &Server, user: &User) -> Markup {
    let now = server.store.now();
    let status = &user.status;
    html! {
        section.card {
            (app_header(&shown_name(user), &user.primary_email))
            p { (state_chip(status.state())) }
            @if let Some(suspension) = &status.suspended {
                p.muted { "Suspended " (relative_time(suspension.since.0, now.0)) @if !suspension.reason.is_empty() { ": " (suspension.reason) } }
            }
            @if let Some(since) = status.archived_since { p.muted { "Archived " (relative_time(since.0, now.0)) } }
            @if let Some(since) = status.deleted_since {
                p.muted { "Deleted " (relative_time(since.0, now.0)) "; can be restored until " (time((since + RESTORE_WINDOW).0)) }
            }
        }
    }
}

fn actions(server: &Server, user: &User) -> Markup {
    let base = user_href(user.id);
    let now = server.store.now();
    let drawn = |verb| match verb {
        Verb::Suspend => Icon::Warning,
        Verb::Unsuspend => Icon::Check,
        Verb::Archive | Verb::Unarchive => Icon::Archive,
        Verb::Delete => Icon::Bin,
        Verb::Restore => Icon::Sync,
    };
    html! {
        @if user.status.deleted_since.is_none() {
            (icon_link(Icon::Pencil, "Edit", &format!("{base}/edit")))
            (icon_link(Icon::Person, "Rename", &format!("{base}/rename")))
            (icon_link(Icon::OrgUnit, "Move to another organizational unit", &format!("{base}/move")))
        }
        @for verb in Verb::ALL {
            @if verb.applied(user.status.clone(), now).is_ok() { (icon_link(drawn(verb), verb.label(), &format!("{base}/{}", verb.word()))) }
        }
    }
}

async fn details(store: &Store, user: &User) -> Result<Markup, StoreError> {
    let path = org_unit_path(store, user).await?;
    let mut items = vec![
        ("First name", html! { (user.given_name) }),
        ("Last name", html! { (user.family_name) }),
        ("Primary email", breakable(&user.primary_email)),
        ("Organizational unit", html! { @match &path { Some(path) => (breakable(path)), None => span.muted { "gone" } } }),
    ];
    items.extend(attributes::present(user).into_iter().map(|(label, value)| (label, html! { (value) })));
    items.push(("Added", time(user.created_at.0)));
    items.push(("Directory ID", html! { code { (user.id) } }));
    Ok(card("Profile", definition_list(&items)))
}

async fn groups_card(store: &Store, id: UserId) -> Result<Markup, StoreError> {
    let found = groups::groups_of_user(store, id).await?;
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|(group, direct)| {
            vec![
                html! { a href=(format!("/directory/groups/{}", group.id)) { (group.name) } },
                breakable(&group.email),
                html! { @if *direct { "Direct" } @else { span.muted { "Through a nested group" } } },
            ]
        })
        .collect();
    let headers = ["Group", "Email", "Membership"];
    let table = Table { caption: "Groups", headers: &headers, numbers: &[], rows: &rows, empty: "In no group." };
    Ok(card("Groups", data_table(table)))
}

async fn apps_card(store: &Store, user: &User) -> Result<Markup, StoreError> {
    let held: BTreeMap<ConnectionId, Account> = accounts::accounts_of_user(store, user.id).await?.into_iter().collect();
    let mut rows = Vec::new();
    for app in apps::list(store).await? {
        let Some(connection) = connections::of_app(store, app.id).await? else { continue };
        let account = held.get(&connection.id);
        let rejected = match account {
            Some(account) => !coming::rejected(store, connection.id, std::slice::from_ref(account)).await?.is_empty(),
            None => false,
        };
        rows.push(app_row(store, &app, user, account, rejected));
    }
    let headers = ["App", "Account", "Next removal", ""];
    let table =
        Table { caption: "Apps", headers: &headers, numbers: &[], rows: &rows, empty: "No app has autoprovisioning set up." };
    Ok(card("Apps", data_table(table)))
}

fn app_row(store: &Store, app: &App, user: &User, account: Option<&Account>, rejected: bool) -> Vec<Markup> {
    let now = store.now();
    let removal = account.and_then(|account| account.removal);
    let explain = href(&format!("/apps/{}/autoprovisioning/explain", app.id), &[("user", &user.id.to_string())]);
    vec![
        html! { a href=(format!("/apps/{}", app.id)) { (app.name) } },
        html! {
            div {
                (account_chip(account))
                @if let Some(failure) = account.and_then(|account| account.failure.as_ref()) {
                    " " (chip("Failing", Tone::Bad)) p.muted { (failure.message) }
                }
            }
        },
        html! {
            @if let Some(removal) = removal.filter(|_| rejected) {
                div {
                    span.muted { "None" }
                    p.muted {
                        @match removal.kind { RemovalKind::Suspend => "The suspend", RemovalKind::HardDelete => "The hard delete" }
                        " was rejected: it is not sent as long as its cause holds."
                    }
                }
            } @else if let Some(removal) = removal {
                div {
                    @match removal.kind { RemovalKind::Suspend => "Suspend ", RemovalKind::HardDelete => "Hard delete " }
                    (relative_time(removal.due.0, now.0)) p.muted { (time(removal.due.0)) }
                }
            } @else { span.muted { "None" } }
        },
        link_button("Explain", &explain, ButtonKind::Text),
    ]
}

fn account_chip(account: Option<&Account>) -> Markup {
    match account.map(|account| (account.state, account.remote_id.is_some())) {
        None => chip("Not looked at yet", Tone::Neutral),
        Some((AccountState::Absent, _) | (AccountState::Linked | AccountState::Suspended, false)) => chip("None", Tone::Neutral),
        Some((AccountState::Linked, true)) => chip("In use", Tone::Good),
        Some((AccountState::Suspended, true)) => chip("Suspended", Tone::Warn),
    }
}

async fn events_card(store: &Store, id: UserId) -> Result<Markup, StoreError> {
    let query = LogQuery { user: Some(id), limit: EVENTS, ..LogQuery::default() };
    let found = log::list(store, &query).await?;
    let entries: Vec<TimelineEntry> = found
        .items
        .iter()
        .map(|entry| TimelineEntry {
            at: entry.at.0,
            label: names::label(&entry.name).to_owned(),
            tone: entry_tone(&entry.name),
            body: html! { span.muted { "by " (entry.actor) } (entry_body(entry)) },
        })
        .collect();
    let all = link_button("All events", &href(LOG, &[("user", &id.to_string())]), ButtonKind::Text);
    let body = if entries.is_empty() { empty_state("Nothing has happened yet.") } else { timeline(&entries) };
    Ok(card_with("Timeline", all, body))
}
