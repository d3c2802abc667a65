//! Keys of the management API: made, shown once, revoked.

use super::{KEYS, ROLES, role_of};
use crate::Server;
use crate::api::PAGE_AT;
use crate::console::form::{At, Changer, Nothing, Posted, read_date};
use crate::console::frame::{answer, page, page_with, refusal, refused_status};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_core::ids::ApiKeyId;
use provost_core::time::Timestamp;
use provost_store::StoreError;
use provost_store::admins::{self, ApiKeyEntry, ApiKeyState, NewApiKey, Role};
use provost_web::{
    ButtonKind, Field, FieldKind, Markup, Notice, Table, Tone, button, card, chip, confirm_form, data_table, date, field,
    fieldset, form, form_actions, html, link_button, page_header, radio, redirect_with_notice, relative_time, secret_field,
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    name: String,
    role: String,
    #[serde(default)]
    expires: String,
}

pub(super) async fn show(State(server): State<Server>, who: SignedIn) -> Response {
    answer(&server, &who, list(&server, &who).await)
}

async fn list(server: &Server, who: &SignedIn) -> Result<Response, StoreError> {
    let now = server.store.now();
    let rows: Vec<Vec<Markup>> =
        admins::list_keys(&server.store).await?.iter().map(|entry| row(entry, who.may_change(), now)).collect();
    let create = who.may_change().then(|| link_button("Create key", "/account/api-keys/create", ButtonKind::Primary));
    let reference = link_button("API reference", PAGE_AT, ButtonKind::Secondary);
    let headers: &[&str] = if who.may_change() {
        &["Name", "Role", "State", "Created", "Last used", "Expires", ""]
    } else {
        &["Name", "Role", "State", "Created", "Last used", "Expires"]
    };
    let empty = "No key yet. Keys let programs and the provost command use the management API under /api/v1.";
    let body = html! {
        (page_header("API keys", html! { (reference) @if let Some(create) = create { (create) } }))
        (data_table(Table { caption: "API keys", headers, numbers: &[], rows: &rows, empty }))
    };
    Ok(page(server, who, "API keys", KEYS, &[], None, body))
}

fn row(entry: &ApiKeyEntry, may_change: bool, now: Timestamp) -> Vec<Markup> {
    let state = match entry.state(now) {
        ApiKeyState::Active => chip("Active", Tone::Good),
        ApiKeyState::Expired => chip("Expired", Tone::Bad),
        ApiKeyState::Revoked => chip("Revoked", Tone::Bad),
    };
    let used = entry.last_used_at.map_or_else(|| html! { span.muted { "Never" } }, |at| relative_time(at.0, now.0));
    let mut cells = vec![
        html! { strong { (entry.key.name) } },
        html! { (entry.key.role.label()) },
        state,
        date(entry.created_at.0),
        used,
        expires(entry.expires_at),
    ];
    if may_change {
        cells.push(html! {
            @if entry.revoked_at.is_none() { (link_button("Revoke", &format!("{KEYS}/{}/revoke", entry.key.id), ButtonKind::Text)) }
        });
    }
    cells
}

fn expires(at: Option<Timestamp>) -> Markup {
    at.map_or_else(|| html! { span.muted { "Never" } }, |at| date(at.0))
}

pub(super) async fn show_create(State(server): State<Server>, Changer(who): Changer) -> Response {
    let nothing = Typed { name: String::new(), role: Role::Auditor.word().to_owned(), expires: String::new() };
    form_page(&server, &who, StatusCode::OK, &nothing, None)
}

fn form_page(server: &Server, who: &SignedIn, status: StatusCode, typed: &Typed, notice: Option<&Notice>) -> Response {
    let expires = Field {
        label: "Expires on (optional)",
        name: "expires",
        kind: FieldKind::Date,
        value: &typed.expires,
        hint: Some("The day, in UTC, from which on it works no more. Without one it works until it is revoked."),
        ..Field::default()
    };
    let fields = html! {
        (field(Field { label: "Name", name: "name", value: &typed.name, required: true, hint: Some("What uses it, for example: backup script"), ..Field::default() }))
        (fieldset("Role", html! { @for (word, label) in ROLES { (radio(label, "role", word, word == role_of(&typed.role).word(), None)) } }))
        (field(expires))
        (form_actions(html! { (button("Create key", ButtonKind::Primary)) (link_button("Cancel", KEYS, ButtonKind::Text)) }))
    };
    let body = html! { (page_header("Create API key", html! {})) (card("", form("/account/api-keys/create", fields))) };
    let crumbs = [("API keys", KEYS), ("Create key", "")];
    page_with(status, server, who, "Create API key", KEYS, &crumbs, notice, body)
}

pub(super) async fn create(State(server): State<Server>, Posted { who, form }: Posted<Typed>) -> Response {
    let role = role_of(&form.role);
    let result = match make(&server, &who, &form, role).await {
        Ok(made) => {
            // Not a redirect: the secret stands on this page and nowhere else.
            let body = html! {
                (page_header("API key created", html! {}))
                (card(form.name.trim(), html! {
                    p { "Role: " (role.label()) }
                    @if let Some(at) = made.entry.expires_at { p { "Expires: " (date(at.0)) } }
                    (secret_field("Key", made.secret.expose(), "Copy it now. It is shown only this once."))
                    p.muted { "Send it as “Authorization: Bearer KEY”, or keep it in a file and name it with --api-key-file." }
                    div.actions { (link_button("Done", KEYS, ButtonKind::Primary)) }
                }))
            };
            let crumbs = [("API keys", KEYS), ("Key created", "")];
            Ok(page(&server, &who, "API key created", KEYS, &crumbs, None, body))
        }
        Err(error) => match refusal(&error) {
            Some(text) => {
                let notice = Notice::error(text);
                Ok(form_page(&server, &who, refused_status(&error), &form, Some(&notice)))
            }
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}

async fn make(server: &Server, who: &SignedIn, form: &Typed, role: Role) -> Result<NewApiKey, StoreError> {
    let expires_at = read_date(&form.expires).map_err(StoreError::Invalid)?;
    admins::create_key(&server.store, &who.principal.actor, &form.name, role, expires_at).await
}

pub(super) async fn show_revoke(State(server): State<Server>, Changer(who): Changer, At(id): At<ApiKeyId>) -> Response {
    let result = admins::get_key(&server.store, id).await.map(|entry| {
        let text = "It stops working at once, and cannot be made to work again. What uses it needs another key.";
        let title = format!("Revoke the API key {}?", entry.key.name);
        let body = confirm_form(&title, text, &format!("{KEYS}/{id}/revoke"), "REVOKE", KEYS, &[]);
        let crumbs = [("API keys", KEYS), ("Revoke", "")];
        page(&server, &who, "Revoke API key", KEYS, &crumbs, None, body)
    });
    answer(&server, &who, result)
}

pub(super) async fn revoke(
    State(server): State<Server>,
    At(id): At<ApiKeyId>,
    Posted { who, form: Nothing {} }: Posted<Nothing>,
) -> Response {
    let revoked = admins::revoke_key(&server.store, &who.principal.actor, id).await;
    answer(&server, &who, revoked.map(|()| redirect_with_notice(KEYS, &Notice::success("The key was revoked."))))
}
