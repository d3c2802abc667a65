//! What the listing of the first contact says about one matching value, so that a create needs no look-up.

use crate::{Store, StoreError};
use provost_core::app::Connection;
use provost_core::ids::UserId;
use provost_core::provisioning::Remote;
use provost_core::time::{Span, Timestamp};
use provost_db::{Query, Value};
use serde_json::{Map, Value as Json};

/// A listing is believed for this long after its last page: the time in which somebody may have made or renamed an account
/// behind it. After that a create asks the app as usual.
pub const TRUSTED_FOR: Span = Span::hours(1);

/// What is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// Nothing that can be relied upon: ask the app.
    Unknown,
    /// The app holds no account of this name.
    Nobody,
    /// These, as the listing showed them.
    Shown(Vec<Remote>),
}

/// What the listing says of accounts whose matching attribute is `matching`, whatever its case. Anything that has happened
/// since around this name (an account of ours bears it, or a create is open under it) makes it unknown.
pub async fn known(store: &Store, connection: &Connection, seeker: UserId, matching: &str) -> Result<Known, StoreError> {
    let folded = matching.to_lowercase();
    let id: Value = connection.id.get().into();
    let listing = "SELECT finished_at, steady FROM app_listing WHERE connection_id = $1 AND purpose = 'first_contact' AND state = 'done' \
                   ORDER BY id DESC LIMIT 1";
    let shown = "SELECT remote_id, external_id, managed FROM remote_account WHERE connection_id = $1 AND matching = $2 ORDER BY remote_id LIMIT 10";
    let others = "SELECT user_id FROM account WHERE connection_id = $1 AND matching = $2 AND user_id <> $3 LIMIT 1";
    let answers = store
        .db
        .read_all(vec![
            Query::new(listing, [id.clone()]),
            Query::new(shown, [id.clone(), folded.as_str().into()]),
            Query::new(others, [id, folded.into(), seeker.get().into()]),
        ])
        .await?;
    let [listing, shown, others] = answers.as_slice() else { return Ok(Known::Unknown) };
    let Some(listing) = listing.first() else { return Ok(Known::Unknown) };
    let finished: Option<i64> = listing.get(0)?;
    let fresh = finished.is_some_and(|at| store.now() - Timestamp(at) < TRUSTED_FOR);
    if !fresh || !others.is_empty() {
        return Ok(Known::Unknown);
    }
    if shown.is_empty() {
        // A list that moved while it was read may have shown somebody on no page. Where the app itself refuses a second
        // account, the create finds that out.
        let sure = listing.get::<bool>(1)? || connection.profile.matching_unique;
        return Ok(if sure { Known::Nobody } else { Known::Unknown });
    }
    let mut remotes = Vec::with_capacity(shown.len());
    for row in shown {
        let mut resource: Map<String, Json> = serde_json::from_str(&row.get::<String>(2)?)?;
        if let Some(external_id) = row.get::<Option<String>>(1)? {
            resource.insert("externalId".to_owned(), external_id.into());
        }
        remotes.push(Remote { id: row.get(0)?, resource: Some(resource) });
    }
    Ok(Known::Shown(remotes))
}
