//! The row menu of a token: *Change Expiration*, *Reissue*, *Revoke*, *Delete*; each asks before it does.

use super::REST_API;
use super::error::PageError;
use super::rest_api::below;
use super::token_form::TokenForm;
use super::token_pages::{expiry_fields, for_person, lifetime, secret_page};
use super::view::{View, done};
use crate::tokens::{self, Token, TokenChange};
use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use provost_web::{
    ButtonKind, Confirm, Notice, button, card, confirm_with, form, form_actions, hint, html, link_button, notice_box,
    page_header, time,
};

pub(super) async fn expiration(view: View, Path(id): Path<i64>) -> Result<Response, PageError> {
    let token = tokens::get(&view.tenant, id).await?;
    Ok(expiration_page(&view, &token, &TokenForm::new(), None))
}

pub(super) async fn change_expiration(
    view: View,
    Path(id): Path<i64>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let token = tokens::get(&view.tenant, id).await?;
    let (sent, _) = TokenForm::read(&fields);
    let expires_at = match lifetime(&sent) {
        Ok(lifetime) => lifetime.after(view.now()),
        Err(text) => return Ok(expiration_page(&view, &token, &sent, Some(&text))),
    };
    match tokens::change(&view.tenant, id, TokenChange { expires_at: Some(expires_at), ..TokenChange::default() }).await {
        Ok(token) => Ok(done(REST_API, format!("The expiration of token {} was changed.", token.name))),
        Err(error) => Ok(expiration_page(&view, &token, &sent, Some(&for_person(error)?))),
    }
}

fn expiration_page(view: &View, token: &Token, sent: &TokenForm, error: Option<&str>) -> Response {
    let title = format!("Change expiration of {}", token.name);
    let action = format!("{REST_API}/tokens/{}/expiration", token.id);
    let fields = html! {
        p { "It expires on " (time(token.expires_at)) "." }
        (expiry_fields(sent))
        (hint("Counted from now. The secret stays as it is."))
        (form_actions(html! { (button("Save", ButtonKind::Primary)) (link_button("Cancel", REST_API, ButtonKind::Text)) }))
    };
    let body = html! {
        (page_header(&title, html! {}))
        @if let Some(error) = error { (notice_box(&Notice::error(error))) }
        (card("", form(&action, fields)))
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    view.page_with(status, "Change Expiration", REST_API, &below("Change Expiration"), body)
}

pub(super) async fn confirm_reissue(view: View, Path(id): Path<i64>) -> Result<Response, PageError> {
    let text = "It gets a new secret, which is shown once. The old secret stops working at once.";
    ask(&view, id, "Reissue", "reissue", text, ButtonKind::Primary).await
}

pub(super) async fn reissue(view: View, Path(id): Path<i64>) -> Result<Response, PageError> {
    let (token, secret) = tokens::reissue(&view.tenant, id).await?;
    Ok(secret_page(&view, &token, &secret, "was reissued"))
}

pub(super) async fn confirm_revoke(view: View, Path(id): Path<i64>) -> Result<Response, PageError> {
    let text = "It stops working at once and for good. Its record stays in the table.";
    ask(&view, id, "Revoke", "revoke", text, ButtonKind::Danger).await
}

pub(super) async fn revoke(view: View, Path(id): Path<i64>) -> Result<Response, PageError> {
    let token = tokens::revoke(&view.tenant, id).await?;
    Ok(done(REST_API, format!("Token {} was revoked.", token.name)))
}

pub(super) async fn confirm_delete(view: View, Path(id): Path<i64>) -> Result<Response, PageError> {
    let text = "It stops working at once, and its record is removed.";
    ask(&view, id, "Delete", "delete", text, ButtonKind::Danger).await
}

pub(super) async fn delete(view: View, Path(id): Path<i64>) -> Result<Response, PageError> {
    let token = tokens::get(&view.tenant, id).await?;
    tokens::delete(&view.tenant, id).await?;
    Ok(done(REST_API, format!("Token {} was deleted.", token.name)))
}

async fn ask(view: &View, id: i64, label: &str, verb: &str, text: &str, kind: ButtonKind) -> Result<Response, PageError> {
    let token = tokens::get(&view.tenant, id).await?;
    let confirm = Confirm {
        title: &format!("{label} token {}?", token.name),
        text,
        body: html! {},
        action: &format!("{REST_API}/tokens/{id}/{verb}"),
        confirm_label: label,
        kind,
        cancel_href: REST_API,
        hidden: &[],
    };
    Ok(view.page(label, REST_API, &below(label), confirm_with(confirm)))
}
