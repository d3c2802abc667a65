//! What autoprovisioning did, does and will do: sync log, failures, accounts, plan, held removals, explanations,
//! drift, and accounts that are not managed.

mod accounts;
mod drift;
mod explain;
mod failures;
mod held;
mod log;
mod not_managed;
mod plan;

use crate::Server;
use axum::Router;
use provost_core::provisioning::OperationKind;

/// Rows on a page of a list.
const PAGE_ROWS: usize = 50;

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .merge(log::routes())
        .merge(failures::routes())
        .merge(accounts::routes())
        .merge(plan::routes())
        .merge(held::routes())
        .merge(explain::routes())
        .merge(drift::routes())
        .merge(not_managed::routes())
}

/// A request in words.
const fn operation_text(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::LookUp => "Look up",
        OperationKind::Create => "Create",
        OperationKind::Update => "Update",
        OperationKind::Suspend => "Suspend",
        OperationKind::Restore => "Restore",
        OperationKind::HardDelete => "Hard delete",
    }
}
