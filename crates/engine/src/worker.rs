//! The worker of one connection: claims what is due, decides, commits intents, sends, settles.
//!
//! One account is worked on by one task at a time, since its row is claimed here and nowhere else. A slow or failing
//! user takes one of the connection's places and delays nobody else.

mod claiming;
mod finishing;
mod learning;
mod removing;

use crate::announcement::Learner;
use crate::apply::apply;
use crate::client::Client;
use crate::gate::{Gate, Refusals};
use crate::health::{AppHealth, MayStart};
use crate::listing::{Desk, Lister, Step, known_of_creates};
use crate::pacer::Pacer;
use crate::sending::{Ready, first_request, intent, token_at_fault};
use crate::settings::Settings;
use crate::settling::Finished;
use finishing::store_settled;
use provost_core::app::{Connection, ConnectionStatus, Halt, HaltReason, RequestKind};
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::{Account, Intent, Operation, Outcome};
use provost_core::time::Timestamp;
use provost_platform::HttpClient;
use provost_store::remote::Known;
use provost_store::{Store, StoreError, Wakes, accounts, apps, schedule};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// So many operations at least are begun ahead at a time.
const AHEAD_GROUP: usize = 32;

/// A removal that cannot be sent within this time is judged anew: the clock or the directory may be another one by then.
const JUDGED_FOR: Duration = Duration::from_secs(30);

/// After a failure of the store, the next look.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Works one connection until it is deleted or `stop` is cancelled.
pub(crate) async fn work(store: Store, http: HttpClient, id: ConnectionId, settings: Settings, stop: CancellationToken) {
    let mut worker = Worker::new(store, http, id, settings.look_every);
    while !stop.is_cancelled() {
        match worker.round().await {
            Ok(Next::Again) => {}
            Ok(Next::Wait(at_most)) => worker.wait(at_most, &stop).await,
            Ok(Next::End) => return,
            Err(error) => {
                tracing::error!(connection = %id, %error, "a connection's worker could not work; it tries again");
                worker.ready.clear();
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
    worker.drain().await;
}

enum Next {
    Again,
    Wait(Duration),
    End,
}

struct Worker {
    store: Store,
    http: HttpClient,
    id: ConnectionId,
    /// Made anew whenever the connection's revision moves.
    client: Option<(i64, Client)>,
    /// An answer may come when the connection has another client, or none.
    refusals: Refusals,
    /// For the endpoint named first; what is known of another app does not count.
    app: Option<(String, Pacer, AppHealth)>,
    /// Decided, not yet sent.
    ready: VecDeque<Ready>,
    /// The connection's revision at which that was decided.
    decided_revision: i64,
    in_flight: HashSet<UserId>,
    /// How many of those in flight have been answered, and are being stored.
    settling: usize,
    /// Received while waiting, to be settled with all others that have come meanwhile.
    finished: VecDeque<Finished>,
    results: mpsc::UnboundedReceiver<Finished>,
    sender: mpsc::UnboundedSender<Finished>,
    lister: Lister,
    learner: Learner,
    judged: Option<Instant>,
    asked_the_time: Option<Instant>,
    judge_again_at: Option<Timestamp>,
    hinted: bool,
    wakes: Wakes,
    look_every: Duration,
}

impl Worker {
    fn new(store: Store, http: HttpClient, id: ConnectionId, look_every: Duration) -> Self {
        // Bounded by the connection's concurrency: one message a request under way.
        let (sender, results) = mpsc::unbounded_channel();
        let wakes = store.wakes();
        Self {
            store,
            http,
            id,
            client: None,
            refusals: Refusals::default(),
            app: None,
            ready: VecDeque::new(),
            decided_revision: 0,
            in_flight: HashSet::new(),
            settling: 0,
            finished: VecDeque::new(),
            results,
            sender,
            lister: Lister::new(),
            learner: Learner::default(),
            judged: None,
            asked_the_time: None,
            judge_again_at: None,
            hinted: true,
            wakes,
            look_every,
        }
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let connection = match apps::connections::get(&self.store, self.id).await {
            Ok(connection) => connection,
            Err(StoreError::NotFound { .. }) => return Ok(Next::End),
            Err(error) => return Err(error),
        };
        self.gather().await;
        let settled = self.take_finished(&connection).await?;
        if settled.is_empty() {
            return self.go_on(&connection).await;
        }
        // Answers are stored while the next requests are decided and begun, so that both wait for the disk together.
        let users: Vec<UserId> = settled.iter().map(|one| one.before.user_id).collect();
        self.settling = users.len();
        let store = self.store.clone();
        let (stored, next) = tokio::join!(store_settled(&store, &connection, settled), self.go_on(&connection));
        // What could not be stored has its intent still: it is looked up.
        self.let_go(&users);
        stored?;
        // What these users need next was not claimed meanwhile.
        next.map(|next| if matches!(next, Next::End) { next } else { Next::Again })
    }

    /// What a round does besides storing answers.
    async fn go_on(&mut self, connection: &Connection) -> Result<Next, StoreError> {
        let sending = self.open_client(connection).await?;
        if !sending || self.decided_revision != connection.revision {
            // What was decided on another configuration is due still, and is decided anew: a removal in the queue may have lost its
            // cause, or its group.
            self.ready.clear();
            self.decided_revision = connection.revision;
        }
        if let Some(next) = self.learn(connection, sending).await? {
            return Ok(if self.look().await? > 0 { Next::Again } else { next });
        }
        let listed = self.list(connection, sending).await?;
        let claimed = if self.lister.holds_claims() { 0 } else { self.claim(connection, sending).await? };
        let started = if sending { self.start_ready(connection).await? } else { 0 };
        let looked = if claimed > 0 { 0 } else { self.look().await? };
        self.judge_removals(connection, sending).await?;
        if claimed > 0 || started > 0 || looked > 0 || listed {
            return Ok(Next::Again);
        }
        Ok(Next::Wait(self.pause(connection).await?))
    }

    /// How long nothing will be due, at the most; results and hints end the wait earlier.
    async fn pause(&self, connection: &Connection) -> Result<Duration, StoreError> {
        let pacer = self.app.as_ref().map(|(_, pacer, _)| pacer);
        let waiting = self.ready.front().map(|ready| first_request(&ready.operation, connection.profile));
        let waiting = waiting.or_else(|| self.lister.wants_token().then_some(RequestKind::Read));
        if let (Some(waiting), Some(pacer)) = (waiting, pacer) {
            let wait = pacer.wait(waiting);
            if wait > Duration::ZERO {
                return Ok(wait.min(self.look_every));
            }
        }
        let now = self.store.now();
        let throttled = pacer.and_then(Pacer::paused_until);
        let due = schedule::next_due(&self.store, connection.id).await?.map(|due| throttled.map_or(due, |until| due.max(until)));
        let page = self.lister.next_at(throttled);
        let probe = self.app.as_ref().and_then(|(_, _, health)| health.next_probe_at());
        let next = [due, page, self.judge_again_at, probe].into_iter().flatten().filter(|at| *at > now).min();
        let until_next = next.map_or(self.look_every, |at| Duration::from_micros(u64::try_from((at - now).0).unwrap_or(0)));
        Ok(until_next.min(self.look_every))
    }

    async fn wait(&mut self, at_most: Duration, stop: &CancellationToken) {
        let clock = self.store.clock.clone();
        let jump = clock.now_micros().saturating_add(self.look_every.as_micros().try_into().unwrap_or(i64::MAX));
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.wakes.changed() => self.hinted = true,
            // Ends early when the clock is moved forward.
            () = clock.sleep_until(jump) => {}
            () = tokio::time::sleep(at_most) => {}
            Some(finished) = self.results.recv() => self.finished.push_back(finished),
            () = self.lister.arrived() => {}
        }
    }

    /// Moves the connection's listing on; whether it has moved.
    async fn list(&mut self, connection: &Connection, sending: bool) -> Result<bool, StoreError> {
        let (true, Some((_, client)), Some((_, pacer, health))) = (sending, &self.client, &self.app) else {
            self.lister.rest();
            return Ok(false);
        };
        let (store, in_flight, rests) = (&self.store, &self.in_flight, health.in_quarantine());
        let desk = Desk { store, connection, client, pacer, rests, in_flight, hinted: self.hinted };
        match self.lister.step(desk).await? {
            Step::Rests => Ok(false),
            Step::Moved => Ok(true),
        }
    }

    /// Whether requests may start; makes the client when the connection has changed. A token that was refused stops the connection,
    /// whatever the request was for.
    async fn open_client(&mut self, connection: &Connection) -> Result<bool, StoreError> {
        if self.heed_refusals(connection).await? {
            return Ok(false);
        }
        if connection.status == ConnectionStatus::Inactive || connection.halt.is_some() {
            if let Some((_, client)) = self.client.take() {
                client.gate.close();
            }
            return Ok(false);
        }
        // The gate of a client that only learns something of its app stays.
        let same = self.client.as_ref().filter(|(revision, _)| *revision == connection.revision).map(|(_, client)| client);
        if same.is_some_and(|client| std::ptr::eq(client.profile, connection.profile)) {
            return Ok(true);
        }
        let gate = same.map_or_else(|| Gate::of(&self.store, self.id, &self.refusals), |client| client.gate.clone());
        let Some(token) = apps::connections::credential(&self.store, self.id).await? else {
            let message = "no access token is stored".to_owned();
            self.halt(&Halt { reason: HaltReason::NeedsReauthorization, message, since: self.store.now() }).await?;
            return Ok(false);
        };
        let endpoint = &connection.config.endpoint;
        let pacer = match &self.app {
            Some((known, pacer, _)) if known == endpoint => pacer.clone(),
            Some(_) | None => {
                let health = AppHealth::load(&self.store, self.id).await?;
                let pacer = Pacer::new(connection.profile, health.paused_until(), &self.store.clock);
                self.app = Some((endpoint.clone(), pacer.clone(), health));
                pacer
            }
        };
        let clock = self.store.clock.clone();
        let client = Client::new(self.http.clone(), endpoint, token, connection.profile, gate, pacer, clock);
        self.client = Some((connection.revision, client));
        Ok(true)
    }

    /// Halts the connection if the app has refused the token that it has now. A refusal of an earlier one says nothing of this one.
    async fn heed_refusals(&mut self, connection: &Connection) -> Result<bool, StoreError> {
        if self.refusals.is_empty() {
            return Ok(false);
        }
        let halt = match apps::connections::credential(&self.store, self.id).await? {
            Some(token) if connection.halt.is_none() => self.refusals.of(&token),
            Some(_) | None => None,
        };
        match &halt {
            Some(halt) => self.halt(halt).await?,
            None => self.refusals.forget(),
        }
        Ok(halt.is_some())
    }

    async fn halt(&mut self, halt: &Halt) -> Result<(), StoreError> {
        if let Some((_, client)) = self.client.take() {
            client.gate.close();
        }
        self.ready.clear();
        apps::connections::set_halt(&self.store, self.id, halt).await
    }

    /// Commits intents for as many as may start now, and starts them. Returns how many were taken from the queue.
    async fn start_ready(&mut self, connection: &Connection) -> Result<usize, StoreError> {
        let batch = self.take_ready(connection).await?;
        let taken = batch.len();
        if taken > 0 {
            self.start(connection, batch).await?;
        }
        Ok(taken)
    }

    /// Takes from the queue what the pace and the app's health let start now.
    async fn take_ready(&mut self, connection: &Connection) -> Result<Vec<Ready>, StoreError> {
        let Some((_, pacer, health)) = &mut self.app else { return Ok(Vec::new()) };
        let may_start = health.may_start(&self.store, self.id, &self.in_flight).await?;
        let paused = pacer.wait(RequestKind::Write) > JUDGED_FOR;
        if may_start != MayStart::All || paused {
            // Nothing is removed in quarantine, nor on a judgement of hours ago: removals are judged anew when it has ended.
            self.ready.retain(|ready| !matches!(ready.operation, Operation::Remove(_)));
            self.judge_again_at = self.judge_again_at.or(pacer.paused_until());
        }
        let under_way = self.in_flight.len() - self.settling;
        let free = pacer.places().saturating_sub(under_way);
        let ahead = (pacer.places() + pacer.ahead()).saturating_sub(under_way);
        let most = match may_start {
            // Ahead, a few are not worth a commit of their own.
            MayStart::All if free == 0 && ahead < AHEAD_GROUP.min(pacer.ahead()) => 0,
            MayStart::All => ahead,
            MayStart::OneProbe => free.min(1),
            MayStart::Nothing => 0,
        };
        let mut batch = Vec::new();
        while batch.len() < most {
            let Some(next) = self.ready.front() else { break };
            // What is removed is removed at once, or judged anew.
            if batch.len() >= free && matches!(next.operation, Operation::Remove(_)) {
                break;
            }
            if pacer.room(first_request(&next.operation, connection.profile)) <= batch.len() {
                break;
            }
            batch.extend(self.ready.pop_front());
        }
        if may_start == MayStart::OneProbe {
            match (batch.first(), &self.client) {
                (Some(probe), _) => health.probing(probe.subject.account.user_id),
                (None, Some((_, client))) if self.ready.is_empty() => health.probe_by_listing(client, &self.store),
                (None, _) => {}
            }
        }
        Ok(batch)
    }

    async fn start(&mut self, connection: &Connection, batch: Vec<Ready>) -> Result<(), StoreError> {
        let intents: Vec<(&Account, Intent)> =
            batch.iter().map(|ready| (&ready.subject.account, intent(connection, ready))).collect();
        if accounts::begin(&self.store, connection, &intents).await? {
            return self.send(connection, batch).await;
        }
        // Something has moved since it was decided: each on its own, so that one change holds up nobody else.
        for ready in batch {
            let intents = [(&ready.subject.account, intent(connection, &ready))];
            if accounts::begin(&self.store, connection, &intents).await? {
                self.send(connection, vec![ready]).await?;
            }
        }
        Ok(())
    }

    /// Sends what was begun, each operation in a task of its own.
    async fn send(&mut self, connection: &Connection, batch: Vec<Ready>) -> Result<(), StoreError> {
        let known = known_of_creates(&self.store, connection, &batch).await?;
        let connection = Arc::new(connection.clone());
        for (ready, known) in batch.into_iter().zip(known) {
            self.send_one(&connection, ready, known);
        }
        Ok(())
    }

    fn send_one(&mut self, connection: &Arc<Connection>, ready: Ready, known: Known) {
        let Some((_, client)) = &self.client else { return };
        let client = client.for_operation(ready.operation.kind()).on_version(ready.subject.account.version.as_ref());
        let (store, sender, connection) = (self.store.clone(), self.sender.clone(), Arc::clone(connection));
        let account = Account { intent: Some(intent(&connection, &ready)), ..ready.subject.account };
        let operation = ready.operation;
        self.in_flight.insert(account.user_id);
        self.lister.sent(account.user_id);
        tokio::spawn(async move {
            let outcome = apply(&client, &store, &connection, &account, &operation, known).await;
            let outcome = outcome.unwrap_or_else(|error| Outcome::Unknown { message: error.to_string() });
            let token_at_fault = token_at_fault(&client, &outcome, &store).await;
            let exchanges = client.take_exchanges();
            // Only a worker that has ended does not listen: the intent stays, and the next one looks first.
            let _ = sender.send(Finished { account, operation, outcome, exchanges, token_at_fault });
        });
    }
}
