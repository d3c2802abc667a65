//! One request of a listing: asked for beside the worker, and read where it comes.

use super::paging::Place;
use super::{Desk, Lister};
use crate::client::{Answer, Client, NoAnswer};
use provost_core::app::{Connection, RequestKind};
use provost_core::provisioning::Account;
use provost_store::remote::Shown;

/// What has come of a request.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) answer: Result<Answer, NoAnswer>,
    pub(super) what: Wanted,
}

#[derive(Debug)]
pub(super) enum Wanted {
    /// A page, read: what it shows, or why it is no list.
    Page(Result<ShownPage, String>),
    /// One account.
    One(Box<Account>),
}

/// A page as it is joined.
#[derive(Debug)]
pub(super) struct ShownPage {
    pub(super) shown: Vec<Shown>,
    pub(super) total: Option<u64>,
    pub(super) next_cursor: Option<String>,
    /// The revision of the connection as which it was read.
    pub(super) revision: i64,
}

impl ShownPage {
    fn of(answer: &mut Answer, connection: &Connection) -> Result<Self, String> {
        let page = answer.list()?;
        let shown = page.remotes.iter().map(|remote| Shown::of(remote, connection)).collect();
        Ok(Self { shown, total: page.total, next_cursor: page.next_cursor, revision: connection.revision })
    }
}

impl Lister {
    /// Asks for the page at a place, or for one account, if the app's health and the pace allow it; whether they do. Nothing may be
    /// under way.
    pub(super) fn fetch(&mut self, desk: &Desk<'_>, place: Place, one: Option<Account>) -> bool {
        if desk.rests || desk.pacer.room(RequestKind::Read) == 0 {
            return false;
        }
        self.busy.clone_from(desk.in_flight);
        self.removed.clear();
        self.under_way = true;
        let (client, sender, connection) = (desk.client.aside(), self.sender.clone(), desk.connection.clone());
        tokio::spawn(async move {
            let fetched = match one {
                None => {
                    let mut answer = page(&client, &place).await;
                    // Read here: the worker has enough to do.
                    let read = answer.as_mut().map_or_else(|_| Err(String::new()), |answer| ShownPage::of(answer, &connection));
                    Fetched { answer, what: Wanted::Page(read) }
                }
                Some(account) => {
                    let answer = client.get(account.remote_id.as_deref().unwrap_or_default()).await;
                    Fetched { answer, what: Wanted::One(Box::new(account)) }
                }
            };
            // Only a worker that has ended does not listen: the next one asks again.
            let _ = sender.send(fetched);
        });
        true
    }
}

async fn page(client: &Client, place: &Place) -> Result<Answer, NoAnswer> {
    let count = client.profile.page_size;
    match &place.cursor {
        Some(cursor) => client.list_from(cursor, count).await,
        // RFC 9865 section 2.1: an empty cursor asks for the first page.
        None if client.profile.cursors && place.pages == 0 => client.list_from("", count).await,
        None => client.list(place.read + 1, count).await,
    }
}
