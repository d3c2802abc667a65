//! Positions: where a resource stands among its kind. Later ones are greater, and no position is given twice.
//!
//! They are drawn from the database in runs, so that drawing one costs nothing, and they lie close together, so that a block
//! of positions is full of resources (see [`super::blocks`]). A run that is not used up before the end is lost.

use super::code;
use provost_db::{Batch, CommitError, Db};
use provost_scim::provider::ResourceKind;
use std::ops::Range;
use tokio::sync::Mutex;

/// Positions that are drawn at once.
const RUN: i64 = 256;

/// The runs that this process has drawn, of users and of groups.
#[derive(Debug)]
pub(crate) struct Positions {
    users: Mutex<Range<i64>>,
    groups: Mutex<Range<i64>>,
}

impl Positions {
    pub(crate) fn new() -> Self {
        Self { users: Mutex::new(0..0), groups: Mutex::new(0..0) }
    }

    /// The next position for a new resource.
    pub(crate) async fn next(&self, db: &Db, kind: ResourceKind) -> Result<i64, CommitError> {
        let run = match kind {
            ResourceKind::User => &self.users,
            ResourceKind::Group => &self.groups,
        };
        let mut run = run.lock().await;
        if run.is_empty() {
            *run = draw(db, kind, RUN).await?;
        }
        let position = run.start;
        run.start += 1;
        Ok(position)
    }
}

/// Draws `count` positions in a row, for whoever stores many.
pub(crate) async fn draw(db: &Db, kind: ResourceKind, count: i64) -> Result<Range<i64>, CommitError> {
    // Whatever stands there already was not necessarily placed by the sequence.
    let sql = match kind {
        ResourceKind::User => statement("tenant_user"),
        ResourceKind::Group => statement("tenant_group"),
    };
    let mut batch = Batch::new();
    batch.expect(1, sql, [code(kind).into(), count.into()]);
    let answers = db.commit(batch).await?;
    let next: i64 = answers.first().and_then(|answer| answer.rows.first()).map_or(Ok(count), |row| row.get(0)).map_err(wrong)?;
    Ok(next - count..next)
}

fn wrong(error: provost_db::WrongType) -> CommitError {
    CommitError::Db(error.into())
}

fn statement(table: &str) -> String {
    let above = format!("(SELECT COALESCE(max(position), 0) + 1 FROM {table})");
    format!(
        "UPDATE tenant_sequence SET next_position = \
         CASE WHEN next_position < {above} THEN {above} ELSE next_position END + $2 WHERE kind = $1 RETURNING next_position"
    )
}
