//! *New Token* and *Edit*, and the page that shows a secret once.

use super::REST_API;
use super::error::{PageError, sentence};
use super::parts::compact_select;
use super::rest_api::below;
use super::token_form::{Pressed, TokenForm};
use super::view::{View, done};
use crate::endpoints;
use crate::tokens::{self, Grant, Lifetime, LifetimeUnit, NewToken, Permission, Token, TokenChange, TokenError};
use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use provost_platform::Secret;
use provost_web::{
    ButtonKind, Field, FieldKind, Icon, Markup, Notice, button_named, card, card_with, copy_button, data_table, empty_state,
    field, form_actions, hidden, html, icon, link_button, notice_box, page_header, search_field, select,
};

/// Name and value of every field, in the order of the form.
type Fields = Vec<(String, String)>;

/// What a form is for.
#[derive(Clone, Copy)]
enum Purpose {
    New,
    Edit(i64),
}

pub(super) async fn new(view: View) -> Response {
    form_page(&view, Purpose::New, &TokenForm::new(), None)
}

pub(super) async fn create(view: View, Form(fields): Form<Fields>) -> Result<Response, PageError> {
    let (form, pressed) = TokenForm::read(&fields);
    if pressed != Pressed::Save {
        return Ok(form_page(&view, Purpose::New, &form, None));
    }
    let expires = match lifetime(&form) {
        Ok(lifetime) => lifetime.after(view.now()),
        Err(text) => return Ok(form_page(&view, Purpose::New, &form, Some(&text))),
    };
    let new = NewToken {
        name: form.name.clone(),
        grants: form.grants.clone(),
        expires_at: expires,
        created_by: Some(view.admin.clone()),
    };
    match tokens::create_as(&view.tenant, new).await {
        Ok((token, secret)) => Ok(secret_page(&view, &token, &secret, "was created")),
        Err(error) => Ok(form_page(&view, Purpose::New, &form, Some(&for_person(error)?))),
    }
}

pub(super) async fn edit(view: View, Path(id): Path<i64>) -> Result<Response, PageError> {
    let token = tokens::get(&view.tenant, id).await?;
    let form = TokenForm { name: token.name, grants: token.grants, ..TokenForm::new() };
    Ok(form_page(&view, Purpose::Edit(id), &form, None))
}

pub(super) async fn change(view: View, Path(id): Path<i64>, Form(fields): Form<Fields>) -> Result<Response, PageError> {
    let (form, pressed) = TokenForm::read(&fields);
    if pressed != Pressed::Save {
        return Ok(form_page(&view, Purpose::Edit(id), &form, None));
    }
    let change = TokenChange { name: Some(form.name.clone()), grants: Some(form.grants.clone()), expires_at: None };
    match tokens::change(&view.tenant, id, change).await {
        Ok(token) => Ok(done(REST_API, format!("Token {} was saved. Its secret stays as it is.", token.name))),
        Err(error) => Ok(form_page(&view, Purpose::Edit(id), &form, Some(&for_person(error)?))),
    }
}

/// Reads amount and unit.
pub(super) fn lifetime(form: &TokenForm) -> Result<Lifetime, String> {
    let amount = form.amount.trim().parse().map_err(|_| "Expire in needs a whole number, for instance 365.".to_owned())?;
    Lifetime::new(amount, form.unit).map_err(|_| "A token lives at least an hour and at most 10 years.".to_owned())
}

/// What the person can mend goes back into the form; the rest is a page of its own.
pub(super) fn for_person(error: TokenError) -> Result<String, PageError> {
    match error {
        TokenError::Db(_) | TokenError::Commit(_) | TokenError::NotFound => Err(error.into()),
        TokenError::Name
        | TokenError::NameTaken(_)
        | TokenError::NoGrants
        | TokenError::GrantTwice(_)
        | TokenError::Grant(_)
        | TokenError::Expiry
        | TokenError::NotActive(..)
        | TokenError::Changed => Ok(sentence(&error.to_string())),
    }
}

fn form_page(view: &View, purpose: Purpose, token: &TokenForm, error: Option<&str>) -> Response {
    let (title, action) = match purpose {
        Purpose::New => ("New Token", format!("{REST_API}/tokens/new")),
        Purpose::Edit(id) => ("Edit Token", format!("{REST_API}/tokens/{id}/edit")),
    };
    let body = html! {
        (page_header(title, html! {}))
        @if let Some(error) = error { (notice_box(&Notice::error(error))) }
        form method="post" action=(action) {
            // Enter in a field presses the first button of the form: it must neither save nor remove.
            button.visually-hidden type="submit" name="do" value="refresh" tabindex="-1" aria-hidden="true" { "Search" }
            div.stack {
                (card("Token", html! {
                    div.form {
                        (field(Field {
                            label: "Token Name",
                            name: "name",
                            value: &token.name,
                            hint: Some("Unique in this tenant; it stands in the request log."),
                            ..Field::default()
                        }))
                        @if matches!(purpose, Purpose::New) { (expiry_fields(token)) }
                    }
                }))
                (endpoints_card(token))
            }
            (form_actions(html! {
                (button_named("Save", ButtonKind::Primary, "do", "save"))
                (link_button("Cancel", REST_API, ButtonKind::Text))
            }))
        }
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    view.page_with(status, title, REST_API, &below(title), body)
}

/// *Expire in*: a number and a unit.
pub(super) fn expiry_fields(token: &TokenForm) -> Markup {
    let units: Vec<(&str, &str)> = LifetimeUnit::ALL.iter().map(|unit| (unit.word(), unit.word())).collect();
    html! {
        div.actions {
            (field(Field { label: "Expire in", name: "amount", value: &token.amount, kind: FieldKind::Number, ..Field::default() }))
            (select("Unit", "unit", &units, token.unit.word()))
        }
    }
}

fn endpoints_card(token: &TokenForm) -> Markup {
    let add = html! {
        @if token.search.is_none() { (button_named("Add Endpoint", ButtonKind::Secondary, "do", "add-endpoint")) }
    };
    let rows: Vec<Vec<Markup>> = token.grants.iter().map(grant_row).collect();
    let table = data_table(provost_web::Table {
        caption: "Endpoints",
        headers: &["Endpoint", "Privilege", ""],
        numbers: &[],
        rows: &rows,
        empty: "No endpoint yet: a token may do nothing but what is added here.",
    });
    card_with("Endpoints", add, html! { (table) @if let Some(search) = &token.search { (picker(token, search)) } })
}

fn grant_row(grant: &Grant) -> Vec<Markup> {
    let offered: Vec<(&str, &str)> = endpoints::find(&grant.endpoint)
        .map_or(&[][..], |endpoint| endpoint.permissions)
        .iter()
        .map(|permission: &Permission| (permission.code(), permission.label()))
        .collect();
    let name = format!("permission:{}", grant.endpoint);
    vec![
        html! { code { (grant.endpoint) } (hidden("endpoint", &grant.endpoint)) },
        compact_select(&format!("Privilege for {}", grant.endpoint), &name, &offered, grant.permission.code()),
        button_named("Remove", ButtonKind::Text, "do", &format!("remove {}", grant.endpoint)),
    ]
}

/// The endpoints that match and are not chosen yet.
fn picker(token: &TokenForm, search: &str) -> Markup {
    let found: Vec<_> = endpoints::search(search)
        .into_iter()
        .filter(|endpoint| !token.grants.iter().any(|grant| grant.endpoint == endpoint.path))
        .collect();
    html! {
        fieldset {
            legend { "Add Endpoint" }
            div.form {
                (search_field("Search endpoints, for instance SCIM", "search", search))
                (form_actions(button_named("Search", ButtonKind::Secondary, "do", "refresh")))
            }
            @if found.is_empty() { (empty_state("No endpoint matches that is not added already.")) }
            @for endpoint in found {
                div.setting-row {
                    h3 { code { (endpoint.path) } }
                    div.setting-value.muted { (endpoint.summary) }
                    button.button.button-text type="submit" name="do" value=(format!("choose {}", endpoint.path))
                        aria-label=(format!("Add {}", endpoint.path)) { (icon(Icon::Add)) "Add" }
                }
            }
        }
    }
}

/// The one page that ever shows a secret.
pub(super) fn secret_page(view: &View, token: &Token, secret: &Secret, what: &str) -> Response {
    let title = format!("Token {} {what}", token.name);
    let body = html! {
        (page_header(&title, html! {}))
        (card("Copy the token now", html! {
            div.secret-box {
                div.field {
                    label for="secret" { "Token" }
                    div.copy-row {
                        input #secret type="text" value=(secret.expose()) readonly spellcheck="false" autocomplete="off";
                        (copy_button("Copy Token", secret.expose()))
                    }
                }
                p.secret-warning { (icon(Icon::Warning)) span { "It is shown this once and kept only as a hash. If it is lost, reissue the token." } }
            }
            (form_actions(link_button("OK", REST_API, ButtonKind::Primary)))
        }))
    };
    view.page(&title, REST_API, &below(&token.name), body)
}
