//! Listings: an app's accounts, page by page, for the first contact and for drift checks.
//!
//! One request at a time, by the worker's own client, gate and pace, two pages in memory (one that is kept, and the next), and the place
//! kept with every page: a listing goes on after a pause, a restart, and "Turn off". What it finds is joined and kept by
//! `provost_store::remote`. It sends nothing but GET.

mod adopt;
mod contact;
mod drift;
mod failing;
mod fetching;
mod paging;

pub(crate) use adopt::{adopted, known_of_creates};

use crate::apply::{no_answer, refused};
use crate::client::{Answer, Client};
use crate::pacer::Pacer;
use fetching::{Fetched, ShownPage, Wanted};
use paging::{Place, Seen, Turn};
use provost_core::app::Connection;
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, OperationKind, Remote, too_small};
use provost_core::time::Timestamp;
use provost_store::remote::{self, FoundDifference, JoinedPage, Kept, Listing, ListingCounts, ListingState, Purpose, Shown};
use provost_store::{Store, StoreError};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Whether a listing was asked for is looked up this often.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A page that cannot be had is asked for this many times; a first contact, for which users wait, gives up sooner.
const ATTEMPTS_MAX: u32 = 6;
const ATTEMPTS_AT_FIRST_CONTACT: u32 = 3;

/// What a listing works with: its connection's worker lends it.
pub(crate) struct Desk<'a> {
    pub(crate) store: &'a Store,
    pub(crate) connection: &'a Connection,
    pub(crate) client: &'a Client,
    pub(crate) pacer: &'a Pacer,
    /// The app is in quarantine: no page is asked for.
    pub(crate) rests: bool,
    pub(crate) in_flight: &'a HashSet<UserId>,
    /// Something may have been asked for.
    pub(crate) hinted: bool,
}

/// What came of a step.
pub(crate) enum Step {
    /// There is nothing to do, or a request is under way, or the pace allows none.
    Rests,
    /// Something was done: look again.
    Moved,
}

/// The listing of one connection, if there is one.
#[derive(Debug)]
pub(crate) struct Lister {
    sender: mpsc::UnboundedSender<Fetched>,
    // Bounded by one: the next request is made when the answer to the last one was taken.
    arrivals: mpsc::UnboundedReceiver<Fetched>,
    fetched: Option<Fetched>,
    under_way: bool,
    /// Users for whom something was under way, or sent, since the page was asked for.
    busy: HashSet<UserId>,
    /// Accounts that were removed since the page was asked for.
    removed: HashSet<String>,
    open: Option<Listing>,
    looked: Option<Instant>,
    met: bool,
    wants_token: bool,
    attempts: u32,
    not_before: Option<Timestamp>,
}

impl Lister {
    pub(crate) fn new() -> Self {
        let (sender, arrivals) = mpsc::unbounded_channel();
        Self {
            sender,
            arrivals,
            fetched: None,
            under_way: false,
            busy: HashSet::new(),
            removed: HashSet::new(),
            open: None,
            looked: None,
            met: false,
            wants_token: false,
            attempts: 0,
            not_before: None,
        }
    }

    /// Waits for the answer to a request; for ever while none is under way.
    pub(crate) async fn arrived(&mut self) {
        if let Some(fetched) = self.arrivals.recv().await {
            self.fetched = Some(fetched);
        }
    }

    /// Something is sent for this user now: a page that was asked for before says nothing of them.
    pub(crate) fn sent(&mut self, user: UserId) {
        if self.under_way {
            self.busy.insert(user);
        }
    }

    /// The account is gone by our hand: a page that was asked for before may show it still, and it is no stranger's.
    pub(crate) fn removed(&mut self, remote_id: &str) {
        if self.under_way || self.fetched.is_some() {
            self.removed.insert(remote_id.to_owned());
        }
    }

    /// Whether nothing is to be claimed: the connection is meeting its app.
    pub(crate) fn holds_claims(&self) -> bool {
        self.open.as_ref().is_some_and(|listing| listing.purpose == Purpose::FirstContact)
    }

    /// Whether the next page waits for the pace.
    pub(crate) const fn wants_token(&self) -> bool {
        self.wants_token
    }

    /// When the next page may be asked for, where that is not now: after a failure, or when the app allows it again.
    pub(crate) fn next_at(&self, throttled: Option<Timestamp>) -> Option<Timestamp> {
        self.open.as_ref()?;
        self.not_before.max(throttled)
    }

    /// The connection does not send now: an answer that comes is not kept, and its page is asked for again.
    pub(crate) fn rest(&mut self) {
        if self.fetched.take().is_some() {
            self.under_way = false;
        }
        (self.open, self.looked, self.wants_token) = (None, None, false);
    }

    /// Whether accounts may be created. At the first create of a connection it is settled whether the app is listed before.
    pub(crate) async fn may_create(&mut self, store: &Store, connection: &Connection) -> Result<bool, StoreError> {
        if self.met {
            return Ok(!self.holds_claims());
        }
        if !remote::met(store, connection.id).await? {
            let skipped = contact::skipped(&contact::numbers(store, connection, None).await?);
            remote::meet(store, connection, skipped.as_deref()).await?;
            self.open = remote::open(store, connection.id).await?;
        }
        self.met = true;
        Ok(!self.holds_claims())
    }

    /// Takes the answer that has come, or asks for the next page.
    pub(crate) async fn step(&mut self, desk: Desk<'_>) -> Result<Step, StoreError> {
        self.wants_token = false;
        let done = if let Some(fetched) = self.fetched.take() {
            self.under_way = false;
            self.take(desk, fetched).await
        } else {
            self.ask(desk).await
        };
        match done {
            Err(error) => {
                // The listing is read anew: an answer that is under way may be to a page behind one that was not kept.
                (self.open, self.looked) = (None, None);
                match error {
                    // Cancelled or confirmed by an administrator, or gone with its connection.
                    StoreError::Stale { .. } | StoreError::NotFound { .. } => Ok(Step::Rests),
                    error => Err(error),
                }
            }
            done => done,
        }
    }

    async fn ask(&mut self, desk: Desk<'_>) -> Result<Step, StoreError> {
        if self.under_way {
            return Ok(Step::Rests);
        }
        let look = desk.hinted || self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
        if self.open.is_none() && look {
            self.looked = Some(Instant::now());
            self.open = remote::open(desk.store, desk.connection.id).await?;
        }
        let Some(listing) = &self.open else { return Ok(Step::Rests) };
        let now = desk.store.now();
        if self.not_before.is_some_and(|at| at > now) {
            return Ok(Step::Rests);
        }
        let place = place(listing)?;
        let one = if listing.state == ListingState::Verifying {
            let next = remote::not_seen(desk.store, listing, UserId::new(place.after_user)).await?;
            let Some(account) = next else {
                let counts = ListingCounts { held: remote::linked_counts(desk.store, listing).await?.held, ..listing.counts };
                remote::finish(desk.store, listing, ListingState::Done, None, counts).await?;
                self.open = None;
                return Ok(Step::Moved);
            };
            Some(account)
        } else {
            None
        };
        if !self.fetch(&desk, place, one) {
            self.wants_token = !desk.rests;
        }
        Ok(Step::Rests)
    }

    async fn take(&mut self, desk: Desk<'_>, fetched: Fetched) -> Result<Step, StoreError> {
        let Some(listing) = self.open.clone() else { return Ok(Step::Moved) };
        let is_gone = |answer: &Answer| matches!(answer.status, 404 | 410);
        let gone = matches!(fetched.what, Wanted::One(_)) && fetched.answer.as_ref().is_ok_and(is_gone);
        let answer = match fetched.answer {
            Ok(answer) if answer.succeeded() || gone => answer,
            Ok(answer) => return self.failed(desk, &listing, refused(&answer, OperationKind::LookUp), &answer).await,
            Err(lost) => return self.unanswered(desk, &listing, no_answer(&lost)).await,
        };
        match fetched.what {
            Wanted::One(account) => self.keep_one(&desk, &listing, &account, Some(answer).filter(|_| !gone)).await?,
            Wanted::Page(Ok(page)) if page.revision == desk.connection.revision => self.keep(&desk, &listing, page).await?,
            // The connection was edited since: the page is asked for again.
            Wanted::Page(Ok(_)) => {}
            // An incomplete answer never counts as "nobody is there".
            Wanted::Page(Err(message)) => return self.try_again(desk, &listing, &message).await,
        }
        (self.attempts, self.not_before) = (0, None);
        Ok(Step::Moved)
    }

    async fn keep(&mut self, desk: &Desk<'_>, listing: &Listing, page: ShownPage) -> Result<(), StoreError> {
        let connection = desk.connection;
        let (busy, removed) = (std::mem::take(&mut self.busy), std::mem::take(&mut self.removed));
        let stands = place(listing)?;
        let shown = page.shown.len() as u64;
        let all_fresh = Seen {
            asked: u64::from(connection.profile.page_size),
            by_cursor: connection.profile.cursors && listing.place.is_none(),
            shown,
            fresh: shown,
            total: page.total,
            next_cursor: page.next_cursor,
        };
        let (expected, turn) = stands.after(&all_fresh);
        // After its first page a first contact may turn out to be dearer than look-ups.
        let goes_on = turn == Turn::More && (expected.pages > 1 || listing.purpose == Purpose::DriftCheck);
        // It is under way while this page is joined and kept. Which page is the next depends on nothing that is yet to be found out.
        let ahead = goes_on && self.fetch(desk, expected, None);
        let mut joined = remote::join_page(desk.store, connection, listing, page.shown).await?;
        joined.strangers.retain(|stranger| !removed.contains(&stranger.remote_id));
        let (place, turn) = stands.after(&Seen { fresh: joined.fresh, ..all_fresh });
        let differences = self.differences(desk, listing, &joined, &busy).await?;
        let skipped = if turn == Turn::More && place.pages == 1 && listing.purpose == Purpose::FirstContact {
            contact::skipped(&contact::numbers(desk.store, connection, place.total).await?)
        } else {
            None
        };
        let kept =
            Kept { page: &joined, place: text(&place)?, steady: place.steady, differences: &differences, counts_as_page: true };
        let kept = remote::keep_page(desk.store, listing, kept).await?;
        match (turn, skipped) {
            (Turn::More, None) => {
                self.open = Some(kept);
                return Ok(());
            }
            (Turn::Whole, _) => self.whole(desk, kept, &place).await?,
            (Turn::Broken(why), _) | (Turn::More, Some(why)) => self.give_up(desk.store, &kept, &why).await?,
        }
        if ahead {
            // The page that is under way belongs to nothing: what is open is looked up when it has come.
            (self.open, self.looked) = (None, None);
        }
        Ok(())
    }

    async fn keep_one(
        &mut self,
        desk: &Desk<'_>,
        listing: &Listing,
        account: &Account,
        answer: Option<Answer>,
    ) -> Result<(), StoreError> {
        let connection = desk.connection;
        let place = Place { after_user: account.user_id.get(), ..place(listing)? };
        let resource = answer.and_then(|answer| answer.body);
        if let (Some(id), Some(resource)) = (account.remote_id.clone(), resource) {
            let shown = Shown::of(&Remote { id, resource: Some(resource) }, connection);
            let page = remote::join_page(desk.store, connection, listing, vec![shown]).await?;
            let differences = self.differences(desk, listing, &page, &self.busy).await?;
            return self.kept_one(desk, listing, &page, &place, &differences).await;
        }
        let mut differences = Vec::new();
        if !self.busy.contains(&account.user_id) {
            let accepted = remote::accepted(desk.store, connection.id, &[account.user_id]).await?;
            let accepted = accepted.get(&account.user_id);
            differences = drift::missing(desk.store, connection, listing.rule, account, accepted).await?;
        }
        self.kept_one(desk, listing, &JoinedPage::default(), &place, &differences).await
    }

    async fn kept_one(
        &mut self,
        desk: &Desk<'_>,
        listing: &Listing,
        page: &JoinedPage,
        place: &Place,
        differences: &[FoundDifference],
    ) -> Result<(), StoreError> {
        let kept = Kept { page, place: text(place)?, steady: true, differences, counts_as_page: false };
        self.open = Some(remote::keep_page(desk.store, listing, kept).await?);
        Ok(())
    }

    /// What differs on a page that was asked for when nobody but those in `busy` had something under way.
    async fn differences(
        &self,
        desk: &Desk<'_>,
        listing: &Listing,
        page: &JoinedPage,
        busy: &HashSet<UserId>,
    ) -> Result<Vec<FoundDifference>, StoreError> {
        match listing.purpose {
            Purpose::FirstContact => Ok(Vec::new()),
            Purpose::DriftCheck => drift::differences(desk.store, desk.connection, listing.rule, page, busy).await,
        }
    }

    /// Everybody was listed. Accounts of ours that were not among them are looked up, unless they are too many to be gone.
    async fn whole(&mut self, desk: &Desk<'_>, listing: Listing, place: &Place) -> Result<(), StoreError> {
        self.open = None;
        if listing.purpose == Purpose::FirstContact {
            return remote::finish(desk.store, &listing, ListingState::Done, None, listing.counts).await;
        }
        let linked = remote::linked_counts(desk.store, &listing).await?;
        let counts = ListingCounts { held: linked.held, ..listing.counts };
        if too_small(listing.listed, linked.held, linked.not_seen) {
            let message = format!(
                "The app lists {} accounts, and {} of the {} that are managed are not among them. That many are not believed to be \
                 gone: check the app and the token, then check again, or confirm that they are.",
                listing.listed, linked.not_seen, linked.held
            );
            return remote::hold(desk.store, &listing, &message, counts).await;
        }
        if linked.not_seen == 0 {
            return remote::finish(desk.store, &listing, ListingState::Done, None, counts).await;
        }
        remote::proceed(desk.store, &listing, &text(place)?).await?;
        self.open = Some(Listing { state: ListingState::Verifying, counts, ..listing });
        Ok(())
    }
}

fn place(listing: &Listing) -> Result<Place, StoreError> {
    Ok(listing.place.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_else(Place::begin))
}

fn text(place: &Place) -> Result<String, StoreError> {
    Ok(serde_json::to_string(place)?)
}
