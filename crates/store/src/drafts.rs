//! Drafts: what an administrator has entered and not finished, sealed, because a token may be in it. A draft ends when
//! its verb is done, or a day after it was last kept.

use crate::{Store, StoreError};
use provost_core::time::Span;
use provost_db::{Batch, Query};
use provost_platform::Secret;

/// A draft older than this is as if it were not there, and is removed when the next one is kept.
const KEPT: Span = Span::days(1);

/// The draft of this name; `None` when there is none, it is too old, or the present key cannot open it.
pub async fn get(store: &Store, name: &str) -> Result<Option<Secret>, StoreError> {
    let row = row_name(name);
    let rows = store.db.read(Query::new("SELECT value FROM setting WHERE name = $1", [row.as_str().into()])).await?;
    let Some(found) = rows.first() else { return Ok(None) };
    let value: String = found.get(0)?;
    let Some((kept_at, sealed)) = value.split_once(' ') else { return Ok(None) };
    if kept_at < oldest(store).as_str() {
        return Ok(None);
    }
    Ok(store.sealer.open(&row, sealed).ok())
}

/// Keeps a draft in place of the one of this name.
pub async fn keep(store: &Store, name: &str, draft: &Secret) -> Result<(), StoreError> {
    let row = row_name(name);
    let value = format!("{} {}", instant(store.now().0), store.sealer.seal(&row, draft));
    let mut batch = Batch::new();
    batch.run("DELETE FROM setting WHERE name LIKE 'draft:%' AND value < $1", [oldest(store).into()]);
    batch.run(
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [row.into(), value.into()],
    );
    store.db.commit(batch).await?;
    Ok(())
}

/// Removes a draft.
pub async fn remove(store: &Store, name: &str) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.run("DELETE FROM setting WHERE name = $1", [row_name(name).into()]);
    store.db.commit(batch).await?;
    Ok(())
}

fn row_name(name: &str) -> String {
    format!("draft:{name}")
}

fn oldest(store: &Store) -> String {
    instant((store.now() - KEPT).0)
}

/// Instants as text that sorts as they do.
fn instant(micros: i64) -> String {
    format!("{:020}", micros.max(0))
}
