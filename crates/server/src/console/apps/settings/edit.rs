//! Editing a part: the form, the review with its plan, and Update. The review carries the form's fields, the revision
//! that was read and the plan's hash; whoever was overtaken is told by whom.

use super::super::details::{app_page, correctable};
use super::super::form::{Asked, Fields};
use super::super::{Outcome, awaited, connected, path_of, plans};
use super::forms::{self, Part};
use crate::Server;
use crate::console::frame::sentence;
use crate::console::session::SignedIn;
use crate::plans::{Look, Progress, Ready};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use provost_core::app::{App, Connection, ConnectionConfig};
use provost_store::accounts::Rules;
use provost_store::accounts::load_rules_for;
use provost_store::apps::connections;
use provost_store::log::{LogQuery, list, names};
use provost_store::planning::plan;
use provost_store::{Store, StoreError};
use provost_web::{
    ButtonKind, Confirm, Markup, Notice, button_named, card, confirm_with, form_actions, hidden, html, link_button, not_found,
    notice_box, page_header, redirect_with_notice,
};

/// Fields of buttons and searches, which the review does not carry on.
const NOT_CARRIED: [&str; 8] = ["go", "hash", "revision", "add", "remove", "q", "searched", "preview_user"];

/// How far back the log is read for who changed the connection.
const RECENT: usize = 50;

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/edit/{part}", get(show).post(send))
}

/// What the form, the review and Update have at hand.
struct Visit {
    server: Server,
    who: SignedIn,
    app: App,
    connection: Connection,
    part: Part,
}

impl Visit {
    async fn new(server: Server, who: SignedIn, id: &str, slug: &str) -> Result<Self, super::super::Refused> {
        who.require_change()?;
        let Some(part) = Part::parse(slug) else { return Err(not_found().into()) };
        let (app, connection) = connected(&server.store, id).await?;
        Ok(Self { server, who, app, connection, part })
    }

    fn action(&self) -> String {
        path_of(&self.app, &format!("edit/{}", self.part.slug()))
    }

    /// The form; `revision` is the one that was read first.
    async fn form(&self, sent: Option<&Fields>, status: StatusCode, notice: Option<&Notice>) -> Result<Response, StoreError> {
        let content = forms::content(&self.server, self.part, &self.app, &self.connection, sent).await?;
        let own = self.connection.revision.to_string();
        let revision = sent.and_then(|fields| fields.given("revision")).unwrap_or(&own);
        let title = self.part.title();
        let body = html! {
            (page_header(title, html! {}))
            (card("", html! { form.stack method="post" action=(self.action()) {
                // Enter in a field goes on to the review.
                button.visually-hidden type="submit" name="go" value="review" tabindex="-1" aria-hidden="true" { "Review" }
                (hidden("revision", revision))
                (content)
                (form_actions(html! {
                    (link_button("CANCEL", &path_of(&self.app, ""), ButtonKind::Text))
                    (button_named("Review changes", ButtonKind::Primary, "go", "review"))
                }))
            } }))
        };
        Ok(app_page(&self.server, &self.who, &self.app, title, status, notice, body))
    }

    async fn rules(&self, config: ConnectionConfig, earlier: bool) -> Result<Rules, StoreError> {
        let store = &self.server.store;
        let proposed = connections::previewed(store, &self.connection, config, earlier).await?;
        load_rules_for(store, self.app.clone(), proposed).await
    }

    fn review(&self, config: &ConnectionConfig, ready: &Ready, fields: &Fields, notice: Option<&Notice>) -> Response {
        let status = if notice.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
        let body = review_body(self, config, ready, fields);
        app_page(&self.server, &self.who, &self.app, self.part.title(), status, notice, body)
    }

    /// In place of the review while the plan is worked out.
    fn awaiting(&self, fields: &Fields, progress: &Progress) -> Response {
        let again = html! {
            (fields.again(&NOT_CARRIED))
            (hidden("go", "review"))
            (hidden("revision", fields.text("revision")))
        };
        let title = self.part.title();
        let body = awaited::by_form(&self.app, title, &self.action(), &path_of(&self.app, ""), &again, progress);
        app_page(&self.server, &self.who, &self.app, title, StatusCode::OK, None, body)
    }
}

fn review_body(visit: &Visit, config: &ConnectionConfig, ready: &Ready, fields: &Fields) -> Markup {
    let more = html! {
        @for warning in crate::config::warnings(config) { (notice_box(&Notice::warning(warning))) }
        (awaited::made(ready, None))
        (plans::summary(&visit.app, &ready.plan))
        (fields.again(&NOT_CARRIED))
    };
    confirm_with(Confirm {
        title: &format!("Update {}?", visit.part.title().to_lowercase().replace("url", "URL")),
        text: &plans::question(
            &ready.plan,
            "This is what Provost would do with the new settings. Nothing is changed before you press Update.",
        ),
        body: more,
        action: &visit.action(),
        confirm_label: "Update",
        kind: ButtonKind::Primary,
        cancel_href: &path_of(&visit.app, ""),
        hidden: &[("go", "update"), ("hash", &ready.plan.hash), ("revision", fields.text("revision"))],
    })
}

async fn show(
    State(server): State<Server>,
    who: SignedIn,
    Path((id, slug)): Path<(String, String)>,
    Asked(asked): Asked,
) -> Outcome {
    let visit = Visit::new(server, who, &id, &slug).await?;
    // The script asks this page with the form's fields while one types.
    let sent = asked.ticked("q").then_some(&asked);
    Ok(visit.form(sent, StatusCode::OK, None).await?)
}

async fn send(State(server): State<Server>, who: SignedIn, Path((id, slug)): Path<(String, String)>, fields: Fields) -> Outcome {
    let visit = Visit::new(server, who, &id, &slug).await?;
    if fields.text("go") != "update" && visit.part.acted(&fields) {
        return Ok(visit.form(Some(&fields), StatusCode::OK, None).await?);
    }
    if fields.text("revision") != visit.connection.revision.to_string() {
        return stale(&visit).await;
    }
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let config = match forms::proposed(&visit.server, visit.part, &visit.connection, &fields) {
        Ok(config) => config,
        Err(text) => return Ok(visit.form(Some(&fields), wrong, Some(&Notice::error(sentence(&text)))).await?),
    };
    let earlier = fields.ticked("earlier");
    let rules = match visit.rules(config.clone(), earlier).await {
        Ok(rules) => rules,
        Err(error) => {
            let notice = correctable(error)?;
            return Ok(visit.form(Some(&fields), wrong, Some(&notice)).await?);
        }
    };
    let store = &visit.server.store;
    if fields.text("go") != "update" {
        let (app, connection) = (&visit.app, &visit.connection);
        let proposal = serde_json::to_string(&config).map_err(StoreError::from)?;
        let what = format!("edit of {} {} {} {earlier} {proposal}", app.revision, connection.id, connection.revision);
        return Ok(match visit.server.plans.look(store, &what, rules, plans::ENTRIES).await? {
            Look::Ready(ready) => visit.review(&config, &ready, &fields, None),
            Look::UnderWay(progress) => visit.awaiting(&fields, &progress),
        });
    }
    let plan = plan(store, &rules, plans::ENTRIES).await?;
    if plan.needs_confirmation && plan.hash != fields.text("hash") {
        let notice = Notice::warning("The plan has changed since you read it. Nothing was changed. Read it again, then update.");
        return Ok(visit.review(&config, &Ready::now(plan), &fields, Some(&notice)));
    }
    update(&visit, config, earlier, &fields).await
}

async fn update(visit: &Visit, config: ConnectionConfig, earlier: bool, fields: &Fields) -> Outcome {
    let (store, by) = (&visit.server.store, &visit.who.principal.actor);
    let expected = Some(visit.connection.revision);
    match connections::edit(store, by, visit.connection.id, expected, config, earlier).await {
        Ok(edited) => {
            let what = visit.part.title();
            let notice = match (&edited.halt, edited.revision == visit.connection.revision) {
                (_, true) => Notice::success(format!("{what}: nothing was changed.")),
                (Some(_), false) => {
                    Notice::warning(format!("{what} was updated. The access token does not belong to the new host: reauthorize."))
                }
                (None, false) => Notice::success(format!("{what} was updated.")),
            };
            Ok(redirect_with_notice(&path_of(&visit.app, ""), &notice))
        }
        Err(StoreError::Stale { .. }) => stale(visit).await,
        Err(error) => {
            let notice = correctable(error)?;
            Ok(visit.form(Some(fields), StatusCode::UNPROCESSABLE_ENTITY, Some(&notice)).await?)
        }
    }
}

/// The form as it stands now, and who was faster.
async fn stale(visit: &Visit) -> Outcome {
    let by = last_change(&visit.server.store, &visit.connection).await?;
    let text = format!(
        "The configuration was changed meanwhile{by}. Your change was not made. This is how it stands now: make your change again."
    );
    Ok(visit.form(None, StatusCode::CONFLICT, Some(&Notice::error(text))).await?)
}

/// " by A at T", of the last change of the configuration.
async fn last_change(store: &Store, connection: &Connection) -> Result<String, StoreError> {
    let query = LogQuery { connection: Some(connection.id), limit: RECENT, ..LogQuery::default() };
    let changes = [
        names::UPDATE_AUTO_PROV_CONFIG_CREDENTIALS,
        names::UPDATE_AUTO_PROV_CONFIG_CONNECTION_URL,
        names::AUTO_PROV_CONFIG_ATTRIBUTE_MAPPING_UPDATED,
        names::AUTO_PROV_CONFIG_GROUP_NAME_ADDED,
        names::AUTO_PROV_CONFIG_GROUP_NAME_REMOVED,
        names::AUTO_PROV_DEPROV_ACTION_ADDED,
        names::AUTO_PROV_DEPROV_ACTION_REMOVED,
        names::UPDATE_AUTO_PROV_CONFIG_SETTINGS,
        names::UPDATE_AUTO_PROV_STATUS,
    ];
    let found = list(store, &query).await?.items.into_iter().find(|entry| changes.contains(&entry.name.as_str()));
    Ok(found.map_or_else(String::new, |entry| format!(" by {} at {}", entry.actor, entry.at)))
}
