//! Plans that a page waits for. In a small directory a plan is made for the page that shows it. In a large one that takes seconds: it
//! is made behind the pages, which tell how far it is, and is then shown with its time.
//!
//! Nothing is carried out on such a plan: whoever confirms a change names what they have read by its hash, and that is compared
//! with a plan that is made then.

use provost_core::time::{Span, Timestamp};
use provost_store::accounts::Rules;
use provost_store::directory::users;
use provost_store::planning::{Plan, PlanCounts, plan, plan_watched};
use provost_store::{Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinHandle;

/// In a directory of up to so many users, a plan takes no longer than a page may.
const AT_ONCE_USERS: u64 = 5_000;

/// How long a plan is shown after it was made.
const SHOWN_FOR: Span = Span::seconds(600);

/// So many plans are kept, or under way; the one that nobody has asked for the longest goes.
const KEPT_MAX: usize = 8;

/// What a page has to show.
#[derive(Debug)]
pub(crate) enum Look {
    /// The plan is there.
    Ready(Ready),
    /// It is being made.
    UnderWay(Progress),
}

/// A plan, and when everybody was looked at for it.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) plan: Arc<Plan>,
    /// The beginning and the end; `None` when it was made for this page.
    pub(crate) made: Option<(Timestamp, Timestamp)>,
}

impl Ready {
    /// A plan that was made just now.
    pub(crate) fn now(plan: Plan) -> Self {
        Self { plan: Arc::new(plan), made: None }
    }
}

/// How far a plan is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Which one, for [`Plans::progress`].
    pub(crate) number: u64,
    pub(crate) looked_at: u64,
    pub(crate) users: u64,
}

/// Plans that were asked for; one is made at a time.
#[derive(Debug, Clone)]
pub(crate) struct Plans {
    known: Arc<Mutex<Known>>,
    turn: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Known {
    entries: Vec<Entry>,
    last_number: u64,
}

#[derive(Debug)]
struct Entry {
    what: String,
    number: u64,
    users: u64,
    looked_at: Arc<AtomicU64>,
    state: State,
}

type Made = Result<(Plan, Timestamp, Timestamp), StoreError>;

#[derive(Debug)]
enum State {
    Making(JoinHandle<Made>),
    Made(Ready),
}

impl Plans {
    pub(crate) fn new() -> Self {
        Self { known: Arc::default(), turn: Arc::new(Semaphore::new(1)) }
    }

    /// The plan of `rules`, or how far it is. `what` names it: the same words for the same plan, whoever asks for it.
    pub(crate) async fn look(&self, store: &Store, what: &str, rules: Rules, entries: usize) -> Result<Look, StoreError> {
        let users = users::count_by_state(store).await?.iter().map(|(_, count)| count).sum();
        if users <= AT_ONCE_USERS {
            return Ok(Look::Ready(Ready::now(plan(store, &rules, entries).await?)));
        }
        let mut known = self.known.lock().await;
        known.forget_old(store.now() - SHOWN_FOR);
        let mut entry = match known.take(what) {
            Some(entry) => entry,
            None => known.begin(store, &self.turn, what, rules, entries, users),
        };
        if let State::Making(making) = &mut entry.state
            && making.is_finished()
        {
            let made = making.await.map_err(|error| StoreError::Corrupt(format!("the plan ended badly: {error}")))?;
            let (plan, began, ended) = made?;
            entry.state = State::Made(Ready { plan: Arc::new(plan), made: Some((began, ended)) });
        }
        let look = match &entry.state {
            State::Made(ready) => Look::Ready(ready.clone()),
            State::Making(_) => Look::UnderWay(entry.progress()),
        };
        known.keep(entry);
        Ok(look)
    }

    /// How far the plan of this number is; `None` when it is there, or forgotten.
    pub(crate) async fn progress(&self, number: u64) -> Option<Progress> {
        let known = self.known.lock().await;
        let entry = known.entries.iter().find(|entry| entry.number == number)?;
        matches!(&entry.state, State::Making(making) if !making.is_finished()).then(|| entry.progress())
    }

    /// Lets the plan be made anew when it is asked for again, unless it is just being made.
    pub(crate) async fn forget(&self, what: &str) {
        self.known.lock().await.entries.retain(|entry| entry.what != what || matches!(entry.state, State::Making(_)));
    }
}

impl Known {
    fn forget_old(&mut self, oldest: Timestamp) {
        self.entries.retain(|entry| match &entry.state {
            State::Making(_) => true,
            State::Made(ready) => ready.made.is_some_and(|(_, ended)| ended >= oldest),
        });
    }

    fn take(&mut self, what: &str) -> Option<Entry> {
        let place = self.entries.iter().position(|entry| entry.what == what)?;
        Some(self.entries.remove(place))
    }

    fn keep(&mut self, entry: Entry) {
        self.entries.push(entry);
        if self.entries.len() > KEPT_MAX
            && let State::Making(making) = self.entries.remove(0).state
        {
            making.abort();
        }
    }

    fn begin(&mut self, store: &Store, turn: &Arc<Semaphore>, what: &str, rules: Rules, entries: usize, users: u64) -> Entry {
        self.last_number += 1;
        let looked_at = Arc::new(AtomicU64::new(0));
        let (store, turn, told) = (store.clone(), turn.clone(), looked_at.clone());
        let making = tokio::spawn(async move {
            // The semaphore is never closed.
            let _turn = turn.acquire().await;
            let began = store.now();
            let mut progress = move |counts: &PlanCounts| told.store(counts.users(), Ordering::Relaxed);
            let plan = plan_watched(&store, &rules, entries, &mut progress).await?;
            Ok((plan, began, store.now()))
        });
        Entry { what: what.to_owned(), number: self.last_number, users, looked_at, state: State::Making(making) }
    }
}

impl Entry {
    fn progress(&self) -> Progress {
        Progress { number: self.number, looked_at: self.looked_at.load(Ordering::Relaxed), users: self.users }
    }
}
