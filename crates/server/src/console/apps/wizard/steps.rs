//! The other steps: attribute mapping, provisioning scope, deprovisioning and FINISH.

use super::super::details::correctable;
use super::super::form::Fields;
use super::super::parts::{deprovisioning, mapping, preview, scope};
use super::super::{Outcome, Refused, app_path, path_of};
use super::{Step, Visit, draft, onward};
use crate::console::frame::sentence;
use axum::http::StatusCode;
use axum::response::Response;
use provost_core::app::{Connection, ConnectionStatus, DeprovisioningPolicy, default_mapping};
use provost_platform::Secret;
use provost_store::StoreError;
use provost_store::apps::connections;
use provost_web::{Markup, Notice, html, redirect_with_notice};

async fn mapping_body(visit: &Visit, rows: &[mapping::Row], user: &str) -> Result<Markup, StoreError> {
    let path = path_of(&visit.app, "preview");
    let preview = preview::preview(&visit.server, visit.profile, rows, user, &path).await?;
    Ok(mapping::body(&visit.app.name, visit.profile, rows, &path, &preview))
}

pub(super) async fn show_mapping(visit: &Visit) -> Outcome {
    let stored = visit.draft.mapping.clone().unwrap_or_else(|| default_mapping(visit.profile));
    let body = mapping_body(visit, &mapping::rows_of(&stored), "").await?;
    Ok(visit.page(Step::Mapping, StatusCode::OK, None, body))
}

pub(super) async fn send_mapping(mut visit: Visit, fields: &Fields) -> Outcome {
    let step = Step::Mapping;
    let rows = mapping::rows_sent(fields);
    let user = fields.text("preview_user");
    if mapping::acted(fields) {
        return Ok(visit.page(step, StatusCode::OK, None, mapping_body(&visit, &rows, user).await?));
    }
    let mut proposed = visit.draft.config(visit.profile);
    let parsed = mapping::parse(&rows, visit.profile).and_then(|mapping| {
        proposed.mapping.clone_from(&mapping);
        proposed.check(visit.profile).map(|()| mapping).map_err(|error| sentence(&error.to_string()))
    });
    match parsed {
        Ok(mapping) => visit.draft.mapping = Some(mapping),
        // Going back keeps what can be kept.
        Err(_) if fields.text("go") == "back" => return Ok(onward(&visit, step, fields)),
        Err(text) => {
            let body = mapping_body(&visit, &rows, user).await?;
            return Ok(visit.wrong(step, &text, body));
        }
    }
    visit.keep().await?;
    Ok(onward(&visit, step, fields))
}

async fn scope_page(visit: &Visit, input: &scope::Input) -> Outcome {
    let store = &visit.server.store;
    let mut config = visit.draft.config(visit.profile);
    config.scope = input.scope();
    let connection = Connection {
        id: store.id(),
        app_id: visit.app.id,
        profile: visit.profile,
        config,
        status: ConnectionStatus::Inactive,
        halt: None,
        revision: 0,
    };
    let users = scope::count(store, &visit.app, connection).await?;
    let chosen = scope::chosen(store, input).await?;
    let found = scope::found(store, input).await?;
    let path = Step::Scope.path(&visit.app);
    let body = html! {
        (scope::without_access(&visit.app))
        (scope::body(&visit.app.name, input, &chosen, &found, users, &path))
    };
    Ok(visit.page(Step::Scope, StatusCode::OK, None, body))
}

pub(super) async fn show_scope(visit: &Visit, asked: &Fields) -> Outcome {
    let mut input = visit.draft.scope.as_ref().map(scope::Input::of).unwrap_or_default();
    if asked.ticked("q") {
        input = scope::Input::sent(asked, visit.draft.scope.as_ref());
    }
    scope_page(visit, &input).await
}

pub(super) async fn send_scope(mut visit: Visit, fields: &Fields) -> Outcome {
    let input = scope::Input::sent(fields, visit.draft.scope.as_ref());
    if scope::acted(fields) {
        return scope_page(&visit, &input).await;
    }
    visit.draft.scope = Some(input.scope());
    visit.keep().await?;
    Ok(onward(&visit, Step::Scope, fields))
}

pub(super) fn show_deprovisioning(visit: &Visit) -> Response {
    let policy = visit.draft.deprovisioning.unwrap_or_default();
    visit.page(Step::Deprovisioning, StatusCode::OK, None, deprovisioning_body(visit, &policy))
}

fn deprovisioning_body(visit: &Visit, policy: &DeprovisioningPolicy) -> Markup {
    deprovisioning::body(&visit.app.name, visit.profile, policy)
}

/// FINISH: everything is stored, and nothing is sent before autoprovisioning is turned on.
pub(super) async fn finish(mut visit: Visit, fields: &Fields) -> Outcome {
    let step = Step::Deprovisioning;
    let policy = deprovisioning::read(fields);
    visit.draft.deprovisioning = Some(policy);
    visit.keep().await?;
    if fields.text("go") == "back" {
        return Ok(onward(&visit, step, fields));
    }
    let config = visit.draft.config(visit.profile);
    if let Err(error) = config.check(visit.profile) {
        let body = deprovisioning_body(&visit, &policy);
        return Ok(visit.wrong(step, &sentence(&error.to_string()), body));
    }
    let warnings = crate::config::warnings(&config);
    let token = Secret::new(visit.draft.token.clone().unwrap_or_default());
    let by = &visit.who.principal.actor;
    match connections::configure(&visit.server.store, by, visit.app.id, config, &token).await {
        Ok(_) => {}
        Err(error) => {
            let notice = correctable(error).map_err(Refused::from)?;
            let body = deprovisioning_body(&visit, &policy);
            return Ok(visit.page(step, StatusCode::UNPROCESSABLE_ENTITY, Some(&notice), body));
        }
    }
    draft::forget(&visit.server.store, &visit.app, &visit.who).await?;
    let done =
        format!("Autoprovisioning is set up for {}. It is inactive: nothing is sent before you turn it on.", visit.app.name);
    let notice = match warnings.first() {
        None => Notice::success(done),
        Some(warning) => Notice::warning(format!("{done} {warning}")),
    };
    Ok(redirect_with_notice(&app_path(&visit.app), &notice))
}
