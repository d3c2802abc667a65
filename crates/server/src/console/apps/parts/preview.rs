//! The live preview of a mapping: what the app would be given for one user.

use super::mapping::{Row, parse};
use crate::Server;
use provost_core::app::{Profile, desired_body};
use provost_core::directory::User;
use provost_store::directory::users::{self, UserQuery};
use provost_store::{Store, StoreError};
use provost_web::{ButtonKind, Markup, Notice, button_named, card, code_block, html, notice_box};
use serde_json::Value;

/// The preview under the rows. `asked` is an address or part of a name; without it the first user of the directory.
pub(in super::super) async fn preview(
    server: &Server,
    profile: &Profile,
    rows: &[Row],
    asked: &str,
    path: &str,
) -> Result<Markup, StoreError> {
    let user = chosen(&server.store, asked).await?;
    let shown = shown(profile, rows, user.as_ref(), asked);
    let field = super::live_search("Preview on user", "preview_user", asked, path, "mapping-preview");
    Ok(card(
        "Preview",
        html! {
            div.actions { (field) (button_named("Preview", ButtonKind::Secondary, "go", "preview")) }
            div id="mapping-preview" { (shown) }
        },
    ))
}

async fn chosen(store: &Store, asked: &str) -> Result<Option<User>, StoreError> {
    if !asked.is_empty() {
        match users::find(store, asked).await {
            Ok(user) => return Ok(Some(user)),
            Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let query = UserQuery { text: asked.to_owned(), limit: 1, ..UserQuery::default() };
    Ok(users::list(store, &query).await?.items.into_iter().next())
}

fn shown(profile: &Profile, rows: &[Row], user: Option<&User>, asked: &str) -> Markup {
    let Some(user) = user else {
        let text = if asked.is_empty() {
            "The directory has no users yet.".to_owned()
        } else {
            format!("No user has “{asked}” in name or address.")
        };
        return html! { p.muted { (text) } };
    };
    let body = parse(rows, profile).and_then(|mapping| {
        desired_body(user, &mapping, profile).map_err(|error| format!("{} would fail: {error}.", user.primary_email))
    });
    match body {
        Ok(body) => html! {
            p.muted { "What would be sent for " (user.full_name()) " (" (user.primary_email) ")" }
            (code_block(&serde_json::to_string_pretty(&Value::Object(body)).unwrap_or_default()))
        },
        Err(text) => notice_box(&Notice::warning(text)),
    }
}
