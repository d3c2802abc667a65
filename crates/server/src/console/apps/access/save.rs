//! SAVE: at once where nothing is configured, after a look at the plan otherwise.

use super::super::details::{app_page, correctable};
use super::super::form::{Fields, link};
use super::super::{Outcome, app_of, app_path, awaited, plans};
use super::{Directory, Target, change, view};
use crate::Server;
use crate::console::session::SignedIn;
use crate::plans::{Look, Ready};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use provost_core::app::{Access, App};
use provost_store::StoreError;
use provost_store::accounts::load_rules_for;
use provost_store::apps::{self, connections};
use provost_store::planning::plan;
use provost_web::{ButtonKind, Confirm, Markup, Notice, confirm_with, hidden, html, redirect_with_notice, see_other};

/// The page's own address for what stands at its right.
pub(super) fn target_path(app: &App, target: &Target) -> String {
    let path = format!("{}/access", app_path(app));
    match target {
        Target::Everyone => path,
        Target::Unit(id) => link(&path, &[("unit", &id.to_string())]),
        Target::Groups => link(&path, &[("groups", "1")]),
    }
}

pub(super) async fn save(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let store = &server.store;
    let app = app_of(store, &id).await?;
    let target = Target::of(&fields);
    let directory = Directory::load(store, &app, fields.text("q")).await?;
    if fields.text("go") == "search" {
        let body = view::body(&app, &directory, &target, true);
        return Ok(app_page(&server, &who, &app, "Service status", StatusCode::OK, None, body));
    }
    let wrong = |status: StatusCode, notice: &Notice| {
        let body = view::body(&app, &directory, &target, true);
        app_page(&server, &who, &app, "Service status", status, Some(notice), body)
    };
    if fields.text("revision") != app.revision.to_string() {
        let text = "The app was changed meanwhile. Your change was not made. This is how it stands now: make your change again.";
        return Ok(wrong(StatusCode::CONFLICT, &Notice::error(text)));
    }
    let proposed = match fields.given("access") {
        Some(reviewed) => serde_json::from_str::<Access>(reviewed).map_err(|error| error.to_string()),
        None => change::proposed(&app.access, &directory.units, &target, &fields),
    };
    let access = match proposed {
        Ok(access) => access,
        Err(text) => return Ok(wrong(StatusCode::UNPROCESSABLE_ENTITY, &Notice::error(text))),
    };
    if access == app.access {
        return Ok(see_other(&target_path(&app, &target)));
    }
    if let Some(connection) = connections::of_app(store, app.id).await? {
        let of = format!("{} {} {}", app.revision, connection.id, connection.revision);
        let rules = load_rules_for(store, App { access: access.clone(), ..app.clone() }, connection).await?;
        let answer =
            |notice: Option<&Notice>, body| app_page(&server, &who, &app, "Service status", StatusCode::OK, notice, body);
        let Some(seen) = fields.given("hash") else {
            let what = format!("access of {of} {}", serde_json::to_string(&access).map_err(StoreError::from)?);
            return Ok(match server.plans.look(store, &what, rules, plans::ENTRIES).await? {
                Look::Ready(ready) => answer(None, review(&app, &access, &target, &ready)?),
                Look::UnderWay(progress) => {
                    let carried = carried(&app, &access, &target)?;
                    let carried = html! { @for (name, value) in &carried { (hidden(name, value)) } };
                    let (action, cancel) = (format!("{}/access", app_path(&app)), target_path(&app, &target));
                    answer(None, awaited::by_form(&app, "Service status", &action, &cancel, &carried, &progress))
                }
            });
        };
        let plan = plan(store, &rules, plans::ENTRIES).await?;
        if plan.needs_confirmation && plan.hash != seen {
            let changed = Notice::warning("The plan has changed since you read it. Nothing was saved. Read it again, then save.");
            return Ok(answer(Some(&changed), review(&app, &access, &target, &Ready::now(plan))?));
        }
    }
    match apps::set_access(store, &who.principal.actor, app.id, Some(app.revision), access).await {
        Ok(app) => Ok(redirect_with_notice(&target_path(&app, &target), &Notice::success("The service status was saved."))),
        Err(error) => Ok(wrong(StatusCode::UNPROCESSABLE_ENTITY, &correctable(error)?)),
    }
}

/// What the review, and the page before it, send on.
fn carried(app: &App, access: &Access, target: &Target) -> Result<Vec<(&'static str, String)>, StoreError> {
    let unit = match target {
        Target::Unit(id) => id.to_string(),
        Target::Everyone | Target::Groups => String::new(),
    };
    let mut carried = vec![("access", serde_json::to_string(access)?), ("revision", app.revision.to_string()), ("unit", unit)];
    if *target == Target::Groups {
        carried.push(("groups", "1".to_owned()));
    }
    Ok(carried)
}

fn review(app: &App, access: &Access, target: &Target, ready: &Ready) -> Result<Markup, StoreError> {
    let carried = carried(app, access, target)?;
    let mut hidden: Vec<(&str, &str)> = carried.iter().map(|(name, value)| (*name, value.as_str())).collect();
    hidden.push(("hash", &ready.plan.hash));
    Ok(confirm_with(Confirm {
        title: "Save the service status?",
        text: &plans::question(
            &ready.plan,
            "This is what autoprovisioning would do with the new setting. Nothing is changed before you press SAVE.",
        ),
        body: html! { (awaited::made(ready, None)) (plans::summary(app, &ready.plan)) },
        action: &format!("{}/access", app_path(app)),
        confirm_label: "SAVE",
        kind: ButtonKind::Primary,
        cancel_href: &target_path(app, target),
        hidden: &hidden,
    }))
}
