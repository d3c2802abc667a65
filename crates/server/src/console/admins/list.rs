//! The list of administrators.

use super::{ADMINS, admin_href};
use crate::Server;
use crate::console::frame::{answer, page_with};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_core::time::Timestamp;
use provost_store::StoreError;
use provost_store::admins::{self, Admin, Role};
use provost_web::{
    ButtonKind, Markup, Notice, Table, Tone, chip, data_table, html, link_button, menu, menu_link, page_header, relative_time,
};

pub(super) async fn show(State(server): State<Server>, who: SignedIn) -> Response {
    answer(&server, &who, list(&server, &who, StatusCode::OK, None).await)
}

pub(super) async fn list(
    server: &Server,
    who: &SignedIn,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, StoreError> {
    let now = server.store.now();
    let rows: Vec<Vec<Markup>> = admins::list(&server.store).await?.iter().map(|admin| row(admin, who, now)).collect();
    let add = who.may_change().then(|| link_button("Add administrator", "/account/admins/add", ButtonKind::Primary));
    let headers: &[&str] = if who.may_change() {
        &["E-mail", "Role", "State", "Last sign-in", ""]
    } else {
        &["E-mail", "Role", "State", "Last sign-in"]
    };
    let table = Table { caption: "Administrators", headers, numbers: &[], rows: &rows, empty: "There is no administrator." };
    let body = html! {
        (page_header("Administrators", html! { @if let Some(add) = add { (add) } }))
        (data_table(table))
    };
    Ok(page_with(status, server, who, "Administrators", ADMINS, &[], notice, body))
}

fn row(admin: &Admin, who: &SignedIn, now: Timestamp) -> Vec<Markup> {
    let state = if admin.disabled_since.is_some() { chip("Disabled", Tone::Bad) } else { chip("Active", Tone::Good) };
    let role = match admin.role {
        Role::SuperAdmin => chip(admin.role.label(), Tone::Info),
        Role::Auditor => chip(admin.role.label(), Tone::Neutral),
    };
    let last = admin.last_login_at.map_or_else(|| html! { span.muted { "Never" } }, |at| relative_time(at.0, now.0));
    let mut cells =
        vec![html! { div { (admin.email) @if admin.email == who.email { " " span.muted { "(you)" } } } }, role, state, last];
    if who.may_change() {
        let base = admin_href(admin.id);
        let mut items =
            vec![menu_link("Change role", &format!("{base}/role")), menu_link("Set password", &format!("{base}/password"))];
        if admin.disabled_since.is_none() {
            items.push(menu_link("Disable", &format!("{base}/disable")));
        }
        cells.push(menu(&format!("Actions for {}", admin.email), &items));
    }
    cells
}
