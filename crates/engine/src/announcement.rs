//! Learning what the app announces of itself: before anything else at first contact, then daily, and after a failure hourly.
//!
//! At first contact everything waits for it, since it may say how lists are read and accounts changed; later nothing does.
//! An app that announces nothing is worked as its profile says.

use crate::client::{Answer, Client, NoAnswer};
use provost_core::app::{Announced, Connection};
use provost_core::time::{Span, Timestamp};
use provost_store::apps::announcement::{self, Announcement};
use provost_store::{Store, StoreError};
use serde_json::Value;
use tokio::task::JoinHandle;

/// What was read counts this long.
const READ_EVERY: Span = Span::days(1);

/// After a failure, the next attempt.
const TRY_EVERY: Span = Span::hours(1);

/// What a request for the announcement has told.
#[derive(Debug)]
pub(crate) enum Told {
    /// This.
    Read(Announcement),
    /// The app refused the token, which stops the connection.
    Refused,
    /// Nothing was sent.
    NotSent,
}

/// What a round does.
pub(crate) enum Turn {
    /// It goes on.
    GoOn,
    /// It waits for the first reading.
    Wait,
    /// Something was learned: the connection is loaded again.
    Learned,
}

/// The learning of one connection.
#[derive(Debug, Default)]
pub(crate) struct Learner {
    /// What is known belongs to this endpoint.
    endpoint: String,
    next_at: Timestamp,
    /// Nothing was ever read: the first contact.
    unread: bool,
    asking: Option<JoinHandle<Told>>,
}

impl Learner {
    /// Moves on; asks unless the app `rests`.
    pub(crate) async fn step(
        &mut self,
        store: &Store,
        connection: &Connection,
        client: &Client,
        rests: bool,
    ) -> Result<Turn, StoreError> {
        let endpoint = &connection.config.endpoint;
        let now = store.now();
        if self.endpoint != *endpoint {
            let kept = announcement::get(store, connection.id).await?;
            let next_at = kept.as_ref().map_or(now, |kept| kept.read_at + interval(kept));
            *self = Self { endpoint: endpoint.clone(), next_at, unread: kept.is_none(), asking: None };
        }
        if let Some(asking) = self.asking.take() {
            if !asking.is_finished() {
                self.asking = Some(asking);
                return Ok(if self.unread { Turn::Wait } else { Turn::GoOn });
            }
            let told = asking.await.unwrap_or(Told::NotSent);
            return self.hear(store, connection, told, now).await;
        }
        if rests || self.next_at > now {
            return Ok(Turn::GoOn);
        }
        let (client, store) = (client.aside(), store.clone());
        self.asking = Some(tokio::spawn(async move {
            let told = read(&client, &store).await;
            store.wake();
            told
        }));
        Ok(if self.unread { Turn::Wait } else { Turn::GoOn })
    }

    async fn hear(&mut self, store: &Store, connection: &Connection, told: Told, now: Timestamp) -> Result<Turn, StoreError> {
        self.unread = false;
        match told {
            Told::Read(announcement) => {
                self.next_at = now + interval(&announcement);
                announcement::keep(store, connection, &announcement).await?;
                Ok(Turn::Learned)
            }
            Told::Refused => {
                (self.next_at, self.unread) = (now, true);
                Ok(Turn::Wait)
            }
            Told::NotSent => {
                self.next_at = now + TRY_EVERY;
                Ok(Turn::GoOn)
            }
        }
    }
}

fn interval(kept: &Announcement) -> Span {
    if kept.message.is_none() { READ_EVERY } else { TRY_EVERY }
}

/// `GET /ServiceProviderConfig`.
pub(crate) async fn read(client: &Client, store: &Store) -> Told {
    let answer = client.announcement().await;
    let read_at = store.now();
    let kept = |announced, message| Told::Read(Announcement { read_at, announced, message });
    match answer {
        Ok(answer) if answer.status == 401 => Told::Refused,
        Ok(answer) if may_come_later(&answer) => kept(None, Some(answer.message)),
        Ok(answer) => kept(announced(answer), None),
        Err(NoAnswer::Closed) => Told::NotSent,
        Err(lost @ (NoAnswer::NotSent(_) | NoAnswer::Lost(_))) => kept(None, Some(lost.words())),
    }
}

fn may_come_later(answer: &Answer) -> bool {
    matches!(answer.status, 408 | 425 | 429 | 500 | 502..=599)
}

fn announced(answer: Answer) -> Option<Announced> {
    let succeeded = answer.succeeded();
    let config = answer.body.filter(|_| succeeded)?;
    Announced::read(&Value::Object(config))
}
