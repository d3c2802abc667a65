//! The first two steps: access token and endpoint URL, tried as soon as both are known.

use super::super::form::Fields;
use super::super::parts::endpoint;
use super::super::{Outcome, testing};
use super::{Step, Visit, onward};
use crate::console::frame::sentence;
use axum::http::StatusCode;
use axum::response::Response;
use provost_platform::Secret;
use provost_store::apps::connections;
use provost_web::{Field, FieldKind, Markup, Notice, field, hint, html};

fn token_body(visit: &Visit, error: Option<&str>) -> Markup {
    let app = &visit.app.name;
    let kept = visit.draft.token.is_some();
    let help =
        if kept { "A token was entered. Leave this empty to keep it." } else { "It is kept sealed and never shown again." };
    html! {
        (hint(&format!("To let Provost provision users, enter an access token of your {app} tenant. It needs read and write access to SCIM users.")))
        (field(Field { label: "Access token", name: "token", kind: FieldKind::Secret, required: !kept, hint: Some(help), error, ..Field::default() }))
    }
}

pub(super) fn show_token(visit: &Visit) -> Response {
    visit.page(Step::Authorization, StatusCode::OK, None, token_body(visit, None))
}

pub(super) async fn send_token(mut visit: Visit, fields: &Fields) -> Outcome {
    let step = Step::Authorization;
    let typed = fields.text("token");
    if typed.is_empty() && visit.draft.token.is_some() {
        return Ok(onward(&visit, step, fields));
    }
    let token = match connections::read_token(typed) {
        Ok(token) => token,
        Err(error) => {
            let body = token_body(&visit, Some(&sentence(&error.to_string())));
            return Ok(visit.page(step, StatusCode::UNPROCESSABLE_ENTITY, None, body));
        }
    };
    visit.draft.token = Some(token.expose().to_owned());
    visit.draft.tested = false;
    if let Some(endpoint) = visit.draft.endpoint.clone() {
        let by = &visit.who.principal.actor;
        match testing::problem(&visit.server, by, visit.app.id, &endpoint, &token).await? {
            None => visit.draft.tested = true,
            Some(problem) if problem.of_token => {
                visit.draft.token = None;
                visit.keep().await?;
                return Ok(visit.wrong(step, &problem.text, token_body(&visit, None)));
            }
            // The address may be what is wrong, and only the next step can change it. There both are tried again.
            Some(problem) => {
                visit.keep().await?;
                return Ok(provost_web::redirect_with_notice(&Step::Endpoint.path(&visit.app), &Notice::warning(problem.text)));
            }
        }
    }
    visit.keep().await?;
    Ok(onward(&visit, step, fields))
}

fn endpoint_body(visit: &Visit, value: &str, error: Option<&str>) -> Markup {
    html! {
        (endpoint::body(&visit.app.name, visit.profile, value, error))
        (hint("CONTINUE tries the token at this address; this may take some seconds. Nothing is changed there."))
    }
}

pub(super) fn show_endpoint(visit: &Visit) -> Response {
    let value = visit.draft.endpoint.as_deref().unwrap_or(&visit.profile.endpoint_template);
    visit.page(Step::Endpoint, StatusCode::OK, None, endpoint_body(visit, value, None))
}

pub(super) async fn send_endpoint(mut visit: Visit, fields: &Fields) -> Outcome {
    let step = Step::Endpoint;
    let typed = fields.text("endpoint");
    if fields.text("go") == "back" {
        return Ok(onward(&visit, step, fields));
    }
    let endpoint = match endpoint::read(&visit.server, typed) {
        Ok(endpoint) => endpoint,
        Err(text) => {
            let body = endpoint_body(&visit, typed, Some(&text));
            return Ok(visit.page(step, StatusCode::UNPROCESSABLE_ENTITY, None, body));
        }
    };
    if visit.draft.endpoint.as_ref() == Some(&endpoint) && visit.draft.tested {
        return Ok(onward(&visit, step, fields));
    }
    let token = Secret::new(visit.draft.token.clone().unwrap_or_default());
    visit.draft.endpoint = Some(endpoint.clone());
    visit.draft.tested = false;
    visit.keep().await?;
    let by = &visit.who.principal.actor;
    if let Some(problem) = testing::problem(&visit.server, by, visit.app.id, &endpoint, &token).await? {
        return Ok(visit.wrong(step, &problem.text, endpoint_body(&visit, typed, None)));
    }
    visit.draft.tested = true;
    visit.keep().await?;
    let mut answer = onward(&visit, step, fields);
    // The notice of success rides on the redirect, so that the answer is the same without it.
    let notice = Notice::success(format!("{} answered, and the token may read and write users.", visit.app.name));
    if let Some(next) = step.after() {
        answer = provost_web::redirect_with_notice(&next.path(&visit.app), &notice);
    }
    Ok(answer)
}
