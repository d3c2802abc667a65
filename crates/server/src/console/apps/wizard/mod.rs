//! "Set up autoprovisioning for …": five steps, full screen. What is entered is kept in a sealed draft on the server, so
//! that the token never goes back to the browser.

mod draft;
mod first;
mod steps;

use super::form::{Asked, Fields};
use super::parts::{mapping, preview};
use super::{Outcome, Refused, app_of, app_path, path_of};
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use draft::Draft;
use provost_core::app::{App, Profile, profile};
use provost_store::StoreError;
use provost_store::apps::connections;
use provost_web::{Back, Markup, Notice, Wizard, html_response_with, redirect_with_notice, see_other, wizard_page};

/// The labels of the steps.
const LABELS: [&str; 5] =
    ["App authorization", "Endpoint URL", "Attribute mapping", "Provisioning scope (optional)", "Deprovisioning"];

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Authorization,
    Endpoint,
    Mapping,
    Scope,
    Deprovisioning,
}

impl Step {
    const ALL: [Self; 5] = [Self::Authorization, Self::Endpoint, Self::Mapping, Self::Scope, Self::Deprovisioning];

    const fn slug(self) -> &'static str {
        match self {
            Self::Authorization => "app-authorization",
            Self::Endpoint => "endpoint-url",
            Self::Mapping => "attribute-mapping",
            Self::Scope => "provisioning-scope",
            Self::Deprovisioning => "deprovisioning",
        }
    }

    fn index(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or(0)
    }

    fn before(self) -> Option<Self> {
        self.index().checked_sub(1).and_then(|index| Self::ALL.get(index)).copied()
    }

    fn after(self) -> Option<Self> {
        Self::ALL.get(self.index() + 1).copied()
    }

    fn path(self, app: &App) -> String {
        path_of(app, &format!("set-up/{}", self.slug()))
    }
}

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/apps/{app}/autoprovisioning/set-up", get(begin))
        .route("/apps/{app}/autoprovisioning/set-up/cancel", get(cancel))
        .route("/apps/{app}/autoprovisioning/set-up/{step}", get(show).post(send))
        .route("/apps/{app}/autoprovisioning/preview", get(show_preview))
}

/// What every step has at hand.
struct Visit {
    server: Server,
    who: SignedIn,
    app: App,
    profile: &'static Profile,
    draft: Draft,
}

impl Visit {
    /// Refuses who may not change, and apps that cannot be set up or are set up already.
    async fn new(server: Server, who: SignedIn, id: &str) -> Result<Self, Refused> {
        who.require_change()?;
        let app = app_of(&server.store, id).await?;
        let profile = profile_of(&app)?;
        if connections::of_app(&server.store, app.id).await?.is_some() {
            let text = "Autoprovisioning is set up for this app already. Change it in its settings.";
            return Err(redirect_with_notice(&app_path(&app), &Notice::warning(text)).into());
        }
        if app.sso.is_none() {
            let text = "Single sign-on is not set up for this app. Enter its ACS URL and entity ID first.";
            return Err(redirect_with_notice(&app_path(&app), &Notice::warning(text)).into());
        }
        let draft = draft::read(&server.store, &app, &who).await?;
        Ok(Self { server, who, app, profile, draft })
    }

    async fn keep(&self) -> Result<(), StoreError> {
        draft::keep(&self.server.store, &self.app, &self.who, &self.draft).await
    }

    /// The page of a step around its content.
    fn page(&self, step: Step, status: StatusCode, notice: Option<&Notice>, body: Markup) -> Response {
        let wizard = Wizard {
            product: crate::console::frame::PRODUCT,
            title: &format!("Set up autoprovisioning for {}", self.app.name),
            steps: &LABELS,
            current: step.index(),
            action: &step.path(&self.app),
            back: if step.before().is_some() { Back::Submit } else { Back::None },
            cancel_href: &path_of(&self.app, "set-up/cancel"),
            heading: LABELS[step.index()],
        };
        html_response_with(status, wizard_page(&wizard, notice.or(self.who.notice.as_ref()), body))
    }

    /// A step that comes back with what is wrong.
    fn wrong(&self, step: Step, text: &str, body: Markup) -> Response {
        self.page(step, StatusCode::UNPROCESSABLE_ENTITY, Some(&Notice::error(text)), body)
    }
}

fn profile_of(app: &App) -> Result<&'static Profile, StoreError> {
    profile(&app.catalogue).ok_or_else(|| StoreError::Corrupt(format!("the catalogue has no app \"{}\"", app.catalogue)))
}

fn step_of(slug: &str) -> Result<Step, Refused> {
    Step::ALL.into_iter().find(|step| step.slug() == slug).ok_or_else(|| provost_web::not_found().into())
}

async fn begin(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    let visit = Visit::new(server, who, &id).await?;
    Ok(see_other(&Step::Authorization.path(&visit.app)))
}

/// CANCEL: the next set-up begins anew.
async fn cancel(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    let visit = Visit::new(server, who, &id).await?;
    draft::forget(&visit.server.store, &visit.app, &visit.who).await?;
    Ok(see_other(&app_path(&visit.app)))
}

async fn show(
    State(server): State<Server>,
    who: SignedIn,
    Path((id, slug)): Path<(String, String)>,
    Asked(asked): Asked,
) -> Outcome {
    let step = step_of(&slug)?;
    let visit = Visit::new(server, who, &id).await?;
    if let Some(earlier) = visit.draft.missing().filter(|missing| missing.index() < step.index()) {
        return Ok(see_other(&earlier.path(&visit.app)));
    }
    match step {
        Step::Authorization => Ok(first::show_token(&visit)),
        Step::Endpoint => Ok(first::show_endpoint(&visit)),
        Step::Mapping => steps::show_mapping(&visit).await,
        Step::Scope => steps::show_scope(&visit, &asked).await,
        Step::Deprovisioning => Ok(steps::show_deprovisioning(&visit)),
    }
}

async fn send(State(server): State<Server>, who: SignedIn, Path((id, slug)): Path<(String, String)>, fields: Fields) -> Outcome {
    let step = step_of(&slug)?;
    let visit = Visit::new(server, who, &id).await?;
    if let Some(earlier) = visit.draft.missing().filter(|missing| missing.index() < step.index()) {
        return Ok(see_other(&earlier.path(&visit.app)));
    }
    match step {
        Step::Authorization => first::send_token(visit, &fields).await,
        Step::Endpoint => first::send_endpoint(visit, &fields).await,
        Step::Mapping => steps::send_mapping(visit, &fields).await,
        Step::Scope => steps::send_scope(visit, &fields).await,
        Step::Deprovisioning => steps::finish(visit, &fields).await,
    }
}

/// Where CONTINUE and BACK lead.
fn onward(visit: &Visit, step: Step, fields: &Fields) -> Response {
    let to = if fields.text("go") == "back" { step.before() } else { step.after() };
    see_other(&to.unwrap_or(step).path(&visit.app))
}

/// The preview of a mapping that is being chosen, for the assistant and the settings.
async fn show_preview(State(server): State<Server>, _who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let app = app_of(&server.store, &id).await?;
    let rows = mapping::rows_sent(&asked);
    let path = path_of(&app, "preview");
    let shown = preview::preview(&server, profile_of(&app)?, &rows, asked.text("preview_user"), &path).await?;
    Ok(provost_web::html_response(shown))
}
