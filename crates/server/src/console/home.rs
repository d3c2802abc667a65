//! The home page: how each app stands, and nothing else.

use super::frame::{answer, page};
use super::session::SignedIn;
use super::standing::{self, Standing};
use crate::Server;
use axum::extract::State;
use axum::response::Response;
use provost_core::app::{App, Connection, HaltReason, token_expiry_words};
use provost_core::time::{Span, Timestamp};
use provost_store::accounts::{self, AccountCounts, AccountQuery};
use provost_store::apps::{self, connections, health};
use provost_store::directory::PAGE_LIMIT_MAX;
use provost_store::{Store, StoreError, schedule};
use provost_web::{
    ButtonKind, Icon, Markup, Notice, Tone, card_with, chip, counted, empty_state_with, html, link_button, live, notice_box,
    page_header, stack, tile, tiles,
};

const SOON: Span = Span::days(7);

pub(super) async fn show(State(server): State<Server>, who: SignedIn) -> Response {
    answer(&server, &who, home(&server, &who).await)
}

async fn home(server: &Server, who: &SignedIn) -> Result<Response, StoreError> {
    let all = apps::list(&server.store).await?;
    let mut cards = Vec::new();
    for app in &all {
        cards.push(app_card(&server.store, app).await?);
    }
    let body = html! {
        (page_header("Home", html! {}))
        @if all.is_empty() { (nothing_yet(who)) } @else { (live("home-apps", "/", stack(&cards))) }
    };
    Ok(page(server, who, "Home", "/", &[], None, body))
}

fn nothing_yet(who: &SignedIn) -> Markup {
    let action = html! {
        div.actions {
            (link_button("Users", "/directory/users", ButtonKind::Secondary))
            (link_button("Web and mobile apps", "/apps", if who.may_change() { ButtonKind::Primary } else { ButtonKind::Secondary }))
        }
    };
    empty_state_with(
        Icon::Apps,
        "No app yet",
        "Add an app under Web and mobile apps, set up single sign-on and autoprovisioning, and this page shows how it stands.",
        action,
    )
}

async fn app_card(store: &Store, app: &App) -> Result<Markup, StoreError> {
    let href = format!("/apps/{}", app.id);
    let open = link_button("Open", &href, ButtonKind::Text);
    let Some(connection) = connections::of_app(store, app.id).await? else {
        let body = html! { p.muted { "Autoprovisioning isn't configured." } };
        return Ok(card_with(&app.name, html! { (chip("Not configured", Tone::Neutral)) (open) }, body));
    };
    let now = store.now();
    let counts = accounts::counts(store, connection.id, now).await?;
    let lag = lag(schedule::next_due(store, connection.id).await?, now);
    let expiry = apps::token_expiry::get(store, connection.id).await?.and_then(|at| token_expiry_words(at, now));
    let (leaving, more) = leaving_soon(store, &connection, counts.held, now).await?;
    let still = standing::removals_stopped(store, &connection).await?;
    let standing = Standing::of(&connection, health::get(store, connection.id).await?.quarantine.is_some(), still);
    let body = html! {
        @if let Some(notice) = halted(&connection) { (notice_box(&notice)) }
        @if let Some(words) = expiry { (notice_box(&Notice::warning(words))) }
        @if still {
            (notice_box(&Notice::warning("No removal is sent: a clock or the database is in doubt, or a backup was restored. Held removals says why, and lets them go on.")))
            (link_button("Held removals", &path(app, "held"), ButtonKind::Secondary))
        }
        (numbers(&counts, leaving, more))
        p.muted { (delivery(app, &connection, standing, &counts, lag)) }
    };
    Ok(card_with(&app.name, html! { (standing.chip()) (open) }, body))
}

fn numbers(counts: &AccountCounts, leaving: u64, more: bool) -> Markup {
    let at_least = if more { "at least, in the next 7 days" } else { "in the next 7 days" };
    tiles(&[
        tile("Accounts", counts.total(), "in the app", None),
        tile("Failures", counts.failing, "users failing now", None),
        tile("Held removals", counts.held, if counts.held > 0 { "wait for your approval" } else { "none wait" }, None),
        tile("Removals due", leaving, at_least, None),
    ])
}

fn halted(connection: &Connection) -> Option<Notice> {
    let halt = connection.halt.as_ref()?;
    let what = match halt.reason {
        HaltReason::NeedsReauthorization => {
            "The app refuses the access token, so nothing is sent. Reauthorize it in the app's settings."
        }
        HaltReason::TokenCannotWrite => {
            "The access token may only read, so nothing is sent. Reauthorize with one that may write."
        }
    };
    Some(Notice::error(format!("{what} The app said: {}", halt.message)))
}

/// What is not delivered, with where to look; that all is delivered only when it is so.
fn delivery(app: &App, connection: &Connection, standing: Standing, counts: &AccountCounts, lag: Option<Span>) -> Markup {
    match standing {
        Standing::Inactive => return html! { "Turned off: nothing is sent." },
        Standing::Halted(_) => {
            return html! { "Nothing is sent until the app is " a href=(settings(app)) { "reauthorized" } "." };
        }
        Standing::Quarantine => {
            return html! { "Nothing but one request at a time is sent: " a href=(format!("/apps/{}", app.id)) { "the app is in quarantine" } "." };
        }
        Standing::RemovalsStopped | Standing::Syncing => {}
    }
    let mut open = Vec::new();
    if counts.failing > 0 {
        open.push(html! { a href=(path(app, "failures")) { (counted(counts.failing, "user")) " failing" } });
    }
    if standing == Standing::RemovalsStopped {
        open.push(html! { a href=(path(app, "held")) { "removals stopped" } });
    }
    if counts.held > 0 {
        open.push(html! { a href=(path(app, "held")) { (counted(counts.held, "removal")) " held" } });
    }
    if connection.config.scope.has_lost_every_group() {
        open.push(html! { a href=(settings(app)) { "every group of the scope was deleted" } });
    }
    if let Some(lag) = lag {
        open.push(html! {
            a href=(path(app, "plan")) { (counted(counts.due, "user")) " waiting" } ", the oldest change for " (seconds(lag))
        });
    }
    if counts.sweeping {
        open.push(html! { "a full pass is under way" });
    }
    html! {
        @if open.is_empty() { "Up to date: every change is delivered." }
        @else { "Not up to date: " @for (index, part) in open.iter().enumerate() { @if index > 0 { "; " } (part) } "." }
    }
}

/// Whoever may only read can open these, too.
fn settings(app: &App) -> String {
    format!("/apps/{}/autoprovisioning", app.id)
}

fn path(app: &App, rest: &str) -> String {
    format!("{}/{rest}", settings(app))
}

fn seconds(span: Span) -> String {
    match span.as_seconds() {
        ..=0 => "less than a second".to_owned(),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3_600),
    }
}

/// For how long the oldest thing to be looked at has waited; `None` when nothing waits.
fn lag(next_due: Option<Timestamp>, now: Timestamp) -> Option<Span> {
    next_due.filter(|due| *due <= now).map(|due| now - due)
}

/// How many removals fall due within seven days, without those that are held, and whether there are more than are counted.
async fn leaving_soon(store: &Store, connection: &Connection, held: u64, now: Timestamp) -> Result<(u64, bool), StoreError> {
    let until = now + SOON;
    let mut query = AccountQuery { leaving: true, limit: PAGE_LIMIT_MAX, ..AccountQuery::default() };
    let mut soon = 0;
    loop {
        let found = accounts::list(store, connection.id, &query).await?;
        let here = found.items.iter().filter(|account| account.removal.is_some_and(|removal| removal.due <= until)).count();
        soon += here as u64;
        query.after = found.next.filter(|_| here == found.items.len());
        // Those that are held are due, and so come first.
        if query.after.is_none() || soon > held {
            return Ok((soon.saturating_sub(held), query.after.is_some()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_the_wait_of_the_oldest_and_reads_in_one_unit() {
        let at = Timestamp;
        assert_eq!(lag(None, at(0)), None);
        assert_eq!(lag(Some(at(5)), at(4)), None);
        assert_eq!(lag(Some(at(1)), at(4)), Some(Span(3)));
        for (span, text) in [(0, "less than a second"), (119, "119 s"), (120, "2 minutes"), (7_200, "2 hours")] {
            assert_eq!(seconds(Span::seconds(span)), text);
        }
    }
}
