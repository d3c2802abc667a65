//! What the listing of the first contact says about one matching value, so that a create needs no look-up.

use crate::{Store, StoreError};
use provost_core::app::Connection;
use provost_core::ids::UserId;
use provost_core::provisioning::Remote;
use provost_core::time::{Span, Timestamp};
use provost_db::{Query, Row, Value, list_of};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

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

/// What the listing says of accounts whose matching attribute is this, whatever its case, for many users at once: at most 1,000,
/// one answer each, in their order. Anything that has happened since around a name (an account of ours bears it, or a create is
/// open under it) makes it unknown. Without a listing that is still believed the answer is empty.
pub async fn known_all(store: &Store, connection: &Connection, sought: &[(UserId, &str)]) -> Result<Vec<Known>, StoreError> {
    let id: Value = connection.id.get().into();
    let listing = "SELECT finished_at, steady FROM app_listing WHERE connection_id = $1 AND purpose = 'first_contact' AND state = 'done' \
                   ORDER BY id DESC LIMIT 1";
    let rows = store.db.read(Query::new(listing, [id.clone()])).await?;
    let Some(listing) = rows.first() else { return Ok(Vec::new()) };
    let finished: Option<i64> = listing.get(0)?;
    if sought.is_empty() || finished.is_none_or(|at| store.now() - Timestamp(at) >= TRUSTED_FOR) {
        return Ok(Vec::new());
    }
    // A list that moved while it was read may have shown somebody on no page. Where the app itself refuses a second account,
    // the create finds that out.
    let sure = listing.get::<bool>(1)? || connection.profile.matching_unique;
    let folded: Vec<String> = sought.iter().map(|(_, matching)| matching.to_lowercase()).collect();
    let mut params = vec![id];
    let named = list_of(&mut params, folded.iter().map(|name| name.as_str().into()));
    let shown = format!(
        "SELECT matching, remote_id, external_id, managed FROM remote_account WHERE connection_id = $1 AND matching IN {named} \
         ORDER BY remote_id"
    );
    let bearers = format!("SELECT matching, user_id FROM account WHERE connection_id = $1 AND matching IN {named}");
    let answers = store.db.read_all(vec![Query::new(shown, params.clone()), Query::new(bearers, params)]).await?;
    let mut remotes: BTreeMap<String, Vec<Remote>> = BTreeMap::new();
    for row in answers.first().into_iter().flatten() {
        remotes.entry(row.get(0)?).or_default().push(remote(row)?);
    }
    let mut bearers: BTreeMap<String, Vec<UserId>> = BTreeMap::new();
    for row in answers.get(1).into_iter().flatten() {
        bearers.entry(row.get(0)?).or_default().push(UserId::new(row.get(1)?));
    }
    let known = |(seeker, name): (&(UserId, &str), &String)| {
        if bearers.get(name).is_some_and(|users| users.iter().any(|user| *user != seeker.0)) {
            return Known::Unknown;
        }
        match remotes.get(name) {
            Some(shown) => Known::Shown(shown.clone()),
            None if sure => Known::Nobody,
            None => Known::Unknown,
        }
    };
    Ok(sought.iter().zip(&folded).map(known).collect())
}

fn remote(row: &Row) -> Result<Remote, StoreError> {
    let mut resource: Map<String, Json> = serde_json::from_str(&row.get::<String>(3)?)?;
    if let Some(external_id) = row.get::<Option<String>>(2)? {
        resource.insert("externalId".to_owned(), external_id.into());
    }
    Ok(Remote { id: row.get(1)?, resource: Some(resource) })
}
