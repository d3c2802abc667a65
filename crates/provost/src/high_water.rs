//! How far the data have come: the time of the newest event, written beside the database, so that a database that was
//! restored from a backup is known by being older than what was written before it.
//!
//! An old database knows nothing of the hires and returns since, and would remove whom it thinks gone. So after a restore
//! every removal waits until an administrator has looked, and the apps are read first.

use anyhow::Context;
use provost_core::app::DriftRule;
use provost_core::time::{Span, Timestamp};
use provost_store::accounts::standstill::{self, StandstillReason};
use provost_store::{Actor, Store, apps, log, remote};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is written.
const EVERY: Duration = Duration::from_secs(10);

/// The file of one data directory.
#[derive(Debug)]
pub(crate) struct HighWater(PathBuf);

impl HighWater {
    /// In this data directory.
    pub(crate) fn of(data: &Path) -> Self {
        Self(data.join("newest-event"))
    }

    /// Compares the database with what was written before; holds the removals of every connection when it is older, or when
    /// the administrator says that it was restored. The clock goes on from the newest time that is known.
    pub(crate) async fn compare(&self, store: &Store, restored: bool) -> anyhow::Result<()> {
        let newest = log::newest_at(store).await?.unwrap_or(Timestamp(0));
        let written = self.read()?.unwrap_or(Timestamp(0));
        store.clock.continue_from(newest.max(written).0);
        if written <= newest && !restored {
            return Ok(());
        }
        let message = format!(
            "The database was restored from a backup: its newest event is of {newest}, and it knows nothing of what happened \
             since. Removals wait. Bring the directory up to date, look at what the drift check finds, and then confirm."
        );
        for connection in apps::connections::list(store).await? {
            standstill::note(store, connection.id, StandstillReason::Restored, Span(newest.0), &message).await?;
            // Read, and nothing else: what the app holds may be newer than what the directory says.
            remote::request_check(store, &Actor::CommandLine, connection.id, Some(DriftRule::Report)).await?;
        }
        println!("{message}");
        Ok(())
    }

    /// Writes how far the data have come until `stop` is cancelled, and once more then.
    pub(crate) async fn keep(self, store: Store, stop: CancellationToken) {
        loop {
            if let Err(error) = self.write(&store).await {
                tracing::error!(%error, "how far the data have come could not be written: a restored backup may go unnoticed");
            }
            if stop.is_cancelled() {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    async fn write(&self, store: &Store) -> anyhow::Result<()> {
        let Some(newest) = log::newest_at(store).await? else { return Ok(()) };
        // Written aside and renamed: half a file would be no time. It is on the disk before it takes the old one's place: a loss of
        // power would leave an empty one.
        let aside = self.0.with_extension("new");
        let written = File::create(&aside).and_then(|mut file| {
            file.write_all(newest.0.to_string().as_bytes())?;
            file.sync_all()
        });
        written.with_context(|| format!("cannot write {}", aside.display()))?;
        std::fs::rename(&aside, &self.0).with_context(|| format!("cannot write {}", self.0.display()))
    }

    fn read(&self) -> anyhow::Result<Option<Timestamp>> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => {
                let at = text.trim().parse().with_context(|| {
                    format!("{} holds no time: delete it, and start with --restored if a backup was restored", self.0.display())
                })?;
                Ok(Some(Timestamp(at)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.0.display())),
        }
    }
}
