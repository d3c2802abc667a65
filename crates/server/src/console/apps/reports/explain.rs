//! Why one user has an account or not, and what comes next: each rule with its evidence.

use super::super::details::app_page;
use super::super::form::Asked;
use super::super::plans::trigger_text;
use super::super::settings::sections;
use super::super::{Outcome, connected, path_of};
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::App;
use provost_store::StoreError;
use provost_store::planning::{Explanation, explain};
use provost_web::{
    ButtonKind, Markup, Notice, Tone, button, card, chip, definition_list, html, notice_box, page_header, search_field, time,
};

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/explain", get(show))
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let (app, _) = connected(&server.store, &id).await?;
    let user = asked.text("user");
    let found = if user.is_empty() {
        html! { p.muted { "Enter a user's address to see why the user has an account or not, and what comes next." } }
    } else {
        match explain(&server.store, &app.name, user).await {
            Ok(explanation) => explained(&app, &explanation),
            Err(StoreError::NotFound { .. }) => {
                notice_box(&Notice::warning(format!("Neither the directory nor an account knows “{user}”.")))
            }
            Err(error) => return Err(error.into()),
        }
    };
    let body = html! {
        (page_header("Explain", html! {}))
        (sections(&app, "explain"))
        form.form method="get" action=(path_of(&app, "explain")) {
            div.actions { (search_field("User (address)", "user", user)) (button("Explain", ButtonKind::Primary)) }
        }
        (found)
    };
    Ok(app_page(&server, &who, &app, "Explain", StatusCode::OK, None, body))
}

fn explained(app: &App, explanation: &Explanation) -> Markup {
    let entitled = if explanation.entitled { chip("entitled", Tone::Good) } else { chip("not entitled", Tone::Neutral) };
    let removal = html! {
        @if let (Some(kind), Some(at)) = (explanation.removal, explanation.removal_at) {
            (kind.replace('_', " ")) " " (time(at.0)) @if explanation.held { " " (chip("held", Tone::Warn)) }
            @if explanation.rejected { " " (chip("rejected", Tone::Neutral)) }
        } @else { "none" }
    };
    let mut items = vec![
        (
            "User",
            html! { (explanation.email) " " span.muted { (explanation.user_state.unwrap_or("no longer in the directory")) } },
        ),
        ("Entitled", entitled),
        ("Account", html! { (explanation.account) @if let Some(id) = &explanation.remote_id { " " code { (id) } } }),
        ("Next removal", removal),
    ];
    for (trigger, since) in &explanation.causes {
        items.push(("Cause", html! { (trigger_text(*trigger)) " since " (since) }));
    }
    if let Some(failure) = &explanation.failure {
        items.push(("Last failure", html! { (failure) }));
    }
    if let Some(at) = explanation.next_look_at {
        items.push(("Next look", time(at.0)));
    }
    html! {
        (card(&format!("{} in {}", explanation.email, app.name), definition_list(&items)))
        (card("Rules and evidence", html! { ol { @for line in &explanation.lines { li { (line) } } } }))
    }
}
