//! The organization's domains.

use super::form::{At, Changer, Nothing, Posted};
use super::frame::{answer, page, page_with, refusal, refused_status};
use super::session::SignedIn;
use crate::Server;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use provost_core::directory::{Domain, DomainKind};
use provost_core::ids::DomainId;
use provost_store::directory::domains;
use provost_store::{Store, StoreError};
use provost_web::{
    ButtonKind, Field, Markup, Notice, Table, Tone, button, card, chip, confirm_form, confirm_with, data_table, field, form,
    form_actions, html, menu, menu_link, page_header, redirect_with_notice, select, stack,
};
use serde::Deserialize;

const DOMAINS: &str = "/directory/domains";

pub(super) fn router() -> Router<Server> {
    Router::new()
        .route(DOMAINS, get(show))
        .route("/directory/domains/add", post(add))
        .route("/directory/domains/{id}/primary", get(ask_primary).post(make_primary))
        .route("/directory/domains/{id}/remove", get(ask_remove).post(remove))
}

#[derive(Debug, Deserialize)]
struct Typed {
    name: String,
    kind: String,
}

async fn show(State(server): State<Server>, who: SignedIn) -> Response {
    answer(&server, &who, list(&server, &who, StatusCode::OK, "", None).await)
}

async fn list(
    server: &Server,
    who: &SignedIn,
    status: StatusCode,
    typed: &str,
    notice: Option<&Notice>,
) -> Result<Response, StoreError> {
    let all = domains::list(&server.store).await?;
    let rows: Vec<Vec<Markup>> = all.iter().map(|domain| row(domain, who.may_change())).collect();
    let headers: &[&str] = if who.may_change() { &["Domain", "Kind", "Meaning", ""] } else { &["Domain", "Kind", "Meaning"] };
    let empty = "No domain yet. The first one that is added, or that an import names, is the primary one.";
    let table = data_table(Table { caption: "Domains", headers, numbers: &[], rows: &rows, empty });
    let mut blocks = vec![table];
    if who.may_change() {
        blocks.push(card("Add domain", add_form(&all, typed)));
    }
    let body = html! { (page_header("Domains", html! {})) (stack(&blocks)) };
    Ok(page_with(status, server, who, "Domains", DOMAINS, &[], notice, body))
}

fn row(domain: &Domain, may_change: bool) -> Vec<Markup> {
    let (label, tone, meaning) = match domain.kind {
        DomainKind::Primary => ("Primary", Tone::Good, "The organization's main domain."),
        DomainKind::Secondary => (
            "Secondary",
            Tone::Info,
            "Users of its own. As members of scope groups they are skipped unless the app says otherwise.",
        ),
        DomainKind::Alias => {
            ("Alias", Tone::Neutral, "Another name of the primary domain: its addresses are the primary domain's.")
        }
    };
    let mut cells = vec![html! { strong { (domain.name) } }, chip(label, tone), html! { (meaning) }];
    if may_change {
        let base = format!("{DOMAINS}/{}", domain.id);
        cells.push(match domain.kind {
            DomainKind::Primary => html! {},
            DomainKind::Secondary | DomainKind::Alias => menu(
                &format!("Actions for {}", domain.name),
                &[menu_link("Make primary", &format!("{base}/primary")), menu_link("Remove", &format!("{base}/remove"))],
            ),
        });
    }
    cells
}

fn add_form(all: &[Domain], typed: &str) -> Markup {
    let kinds = [("secondary", "Secondary domain"), ("alias", "Alias of the primary domain")];
    let fields = html! {
        (field(Field { label: "Domain name", name: "name", value: typed, required: true, hint: Some("For example: example.com"), ..Field::default() }))
        @if all.is_empty() { (provost_web::hidden("kind", "primary")) } @else { (select("Kind", "kind", &kinds, "secondary")) }
        (form_actions(button("Add domain", ButtonKind::Primary)))
    };
    form("/directory/domains/add", fields)
}

async fn add(State(server): State<Server>, Posted { who, form }: Posted<Typed>) -> Response {
    let kind = DomainKind::parse(&form.kind).unwrap_or(DomainKind::Secondary);
    let result = match domains::add(&server.store, &who.principal.actor, &form.name, kind).await {
        Ok(domain) => {
            let notice = Notice::success(format!("{} was added as the {} domain.", domain.name, domain.kind.word()));
            Ok(redirect_with_notice(DOMAINS, &notice))
        }
        Err(error) => refused(&server, &who, error, &form.name).await,
    };
    answer(&server, &who, result)
}

/// The list with the reason of a refusal.
async fn refused(server: &Server, who: &SignedIn, error: StoreError, typed: &str) -> Result<Response, StoreError> {
    match refusal(&error) {
        Some(text) => list(server, who, refused_status(&error), typed, Some(&Notice::error(text))).await,
        None => Err(error),
    }
}

async fn find(store: &Store, id: DomainId) -> Result<Domain, StoreError> {
    let found = domains::list(store).await?.into_iter().find(|domain| domain.id == id);
    found.ok_or_else(|| StoreError::NotFound { what: "domain", key: id.to_string() })
}

fn asked(server: &Server, who: &SignedIn, title: &str, body: Markup) -> Response {
    page(server, who, title, DOMAINS, &[("Domains", DOMAINS), (title, "")], None, body)
}

async fn ask_remove(State(server): State<Server>, Changer(who): Changer, At(id): At<DomainId>) -> Response {
    let result = find(&server.store, id).await.map(|domain| {
        let title = format!("Remove the domain {}?", domain.name);
        let text = "A domain in which users or groups have addresses cannot be removed. Members of groups with addresses in it count as outside afterwards.";
        let body = confirm_form(&title, text, &format!("{DOMAINS}/{id}/remove"), "REMOVE", DOMAINS, &[]);
        asked(&server, &who, "Remove domain", body)
    });
    answer(&server, &who, result)
}

async fn remove(
    State(server): State<Server>,
    At(id): At<DomainId>,
    Posted { who, form: Nothing {} }: Posted<Nothing>,
) -> Response {
    let result = match domains::remove(&server.store, &who.principal.actor, id).await {
        Ok(()) => Ok(redirect_with_notice(DOMAINS, &Notice::success("The domain was removed."))),
        Err(error) => refused(&server, &who, error, "").await,
    };
    answer(&server, &who, result)
}

async fn ask_primary(State(server): State<Server>, Changer(who): Changer, At(id): At<DomainId>) -> Response {
    let result = find(&server.store, id).await.map(|domain| {
        let body = confirm_with(provost_web::Confirm {
            title: &format!("Make {} the primary domain?", domain.name),
            text: "The primary domain until now becomes secondary, and aliases then stand for the new one. Users of secondary domains are skipped in scope groups unless the app says otherwise: \
                   look at each app's plan afterwards. Whoever leaves a scope keeps the account for the app's grace period.",
            body: html! {},
            action: &format!("{DOMAINS}/{id}/primary"),
            confirm_label: "MAKE PRIMARY",
            kind: ButtonKind::Primary,
            cancel_href: DOMAINS,
            hidden: &[],
        });
        asked(&server, &who, "Make primary", body)
    });
    answer(&server, &who, result)
}

async fn make_primary(
    State(server): State<Server>,
    At(id): At<DomainId>,
    Posted { who, form: Nothing {} }: Posted<Nothing>,
) -> Response {
    let result = match domains::set_kind(&server.store, &who.principal.actor, id, DomainKind::Primary).await {
        Ok(domain) => Ok(redirect_with_notice(DOMAINS, &Notice::success(format!("{} is now the primary domain.", domain.name)))),
        Err(error) => refused(&server, &who, error, "").await,
    };
    answer(&server, &who, result)
}
