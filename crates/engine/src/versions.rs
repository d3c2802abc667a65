//! Changes in an app with versions (RFC 7644 section 3.14): each says which version it was decided on, so that nobody else's
//! change is overwritten.
//!
//! Where that version is not known, because the account was adopted from a list or the last answer showed none, the account
//! is read first; if it is not as it was confirmed, nothing is sent and it is decided again.

use crate::apply::{no_answer, refused};
use crate::client::{Answer, Client};
use provost_core::app::Connection;
use provost_core::provisioning::{Account, Operation, OperationKind, Outcome, compare, managed_part, shown_attributes};

/// The client to change the account with, or what came of reading it instead.
pub(crate) async fn on_version_seen(
    client: &Client,
    connection: &Connection,
    account: &Account,
    operation: &Operation,
) -> Result<Client, Outcome> {
    let changed = match operation {
        Operation::LookUp { .. } | Operation::Create { .. } => None,
        Operation::Update { remote_id, .. } | Operation::Restore { remote_id, .. } => Some(remote_id),
        Operation::Remove(removal) => Some(&removal.candidate().remote_id),
    };
    let Some(remote_id) = changed.filter(|_| client.profile.etags && !client.has_version()) else {
        return Ok(client.clone());
    };
    let answer = match client.get(remote_id).await {
        Ok(answer) => answer,
        Err(lost) => return Err(no_answer(&lost)),
    };
    if matches!(answer.status, 404 | 410) {
        return Err(Outcome::AlreadyGone);
    }
    let refusal = refused(&answer, OperationKind::LookUp);
    let Some(remote) = Some(answer).filter(Answer::succeeded).and_then(Answer::remote) else { return Err(refusal) };
    let shown = remote.resource.as_ref().map(|resource| managed_part(resource, connection)).unwrap_or_default();
    if compare(account, &shown, &shown_attributes([&shown])).is_some() {
        return Err(Outcome::Stale);
    }
    Ok(client.clone().on_version(remote.version().map(str::to_owned).as_ref()))
}
