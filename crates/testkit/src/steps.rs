//! One operation in steps: each commit of the engine and each request is one, and a test may strike at any of them.
//!
//! Directory, engine and store are the real ones, in the paused time of a runtime of one thread: the same steps come in the same
//! order each time. A process that is killed is a runtime that is dropped; another one goes on with what the store holds.

use crate::accounts::{Accounts, Reply, Request};
use crate::faulty::foreign_account;
use crate::world::{app_for_everyone, person, removing_soon};
use provost_core::app::{AttributeMapping, ConnectionConfig, DriftSettings, Expression, profile};
use provost_core::ids::{ConnectionId, UserId};
use provost_core::time::Span;
use provost_db::{Batch, Fate, Location, Watch};
use provost_engine::Settings;
use provost_platform::simulation::{self, Target};
use provost_platform::{Clock, HttpClient, HttpError, HttpRequest, HttpResponse, Sealer, Secret};
use provost_scim::Resource;
use provost_store::apps::connections;
use provost_store::directory::users::{self, UserEdit};
use provost_store::log::{self, LogQuery};
use provost_store::remote::{self, TRUSTED_FOR};
use provost_store::{Actor, Store, StoreError, accounts};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const BY: Actor = Actor::CommandLine;
const ORIGIN: &str = "https://app.example";
const ADA: &str = "ada@example.com";
const BO: &str = "bo@example.com";

/// 2026-01-01T00:00:00Z.
const START_MICROS: i64 = 1_767_225_600_000_000;

/// Long enough for whatever is retried, and for a look without a wake.
const LONG: Duration = Duration::from_hours(30);

/// How soon a change must be in the app when nothing goes wrong.
const SOON: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Ada joins.
    Create,
    /// Ada joins, and the app has an account of her name.
    Adopt,
    /// Her given name changes.
    Update,
    /// She is suspended, and so is her account.
    Suspend,
    /// She is back.
    Restore,
    /// She has been deleted, and her account's time has come.
    HardDelete,
    /// The connection is turned on, and meets an app that has an account of hers.
    FirstContact,
    /// A drift check finds that somebody else has changed her account.
    DriftCheck,
    /// The mapping gets an attribute more: a pass finds everybody.
    MappingEdit,
}

impl Work {
    /// All there is.
    pub const ALL: [Self; 9] = [
        Self::Create,
        Self::Adopt,
        Self::Update,
        Self::Suspend,
        Self::Restore,
        Self::HardDelete,
        Self::FirstContact,
        Self::DriftCheck,
        Self::MappingEdit,
    ];

    /// How many requests that change the app it takes.
    pub const fn writes(self) -> usize {
        match self {
            Self::Create | Self::Adopt | Self::Update | Self::Suspend | Self::Restore | Self::HardDelete | Self::DriftCheck => 1,
            // Bo, too.
            Self::FirstContact | Self::MappingEdit => 2,
        }
    }
}

/// What one run came to.
#[derive(Debug)]
pub struct Walk {
    /// Each commit and request of the operation, in order.
    pub steps: Vec<String>,
    /// What is not as the directory says in the end, or was done too early.
    pub wrong: Vec<String>,
    /// The events of the user in the admin log, oldest first.
    pub events: Vec<String>,
    /// How many requests changed the app since the operation was due.
    pub writes: usize,
}

/// What stands at every step.
#[derive(Default)]
struct Path {
    /// The operation is due, or done.
    triggered: bool,
    /// What is taken now is a step of it.
    counts: bool,
    steps: Vec<String>,
    strike: Option<(usize, Fate)>,
    killed: Arc<Notify>,
    accounts: Accounts,
    writes: usize,
}

type Shared = Arc<Mutex<Path>>;

fn lock(path: &Shared) -> MutexGuard<'_, Path> {
    path.lock().expect("nothing panics while it holds the path")
}

impl Path {
    fn take(&mut self, step: String) -> Fate {
        if !self.counts {
            return Fate::Done;
        }
        let number = self.steps.len();
        self.steps.push(step);
        let fate = self.strike.filter(|(struck, _)| *struck == number).map_or(Fate::Done, |(_, fate)| fate);
        if fate.kills() {
            self.killed.notify_one();
        }
        fate
    }

    fn carry_out(&mut self, request: &Request) -> Reply {
        if request.path.ends_with("/ServiceProviderConfig") {
            return Reply::error(404, "nothing is announced");
        }
        let reply = self.accounts.carry_out(request);
        self.writes += usize::from(self.triggered && request.method != "GET" && reply.status < 300);
        reply
    }

    fn named(&self, name: &str) -> Vec<Resource> {
        self.accounts.named(name).into_iter().cloned().collect()
    }
}

/// Does one work for Ada, with a strike at one of its steps or none.
pub fn walk(work: Work, strike: Option<(usize, Fate)>) -> Walk {
    simulation::seed(1);
    let path: Shared = Arc::default();
    let (lab, now) = process(START_MICROS, async {
        let lab = Lab::prepare(&path, work).await.expect("the store answers");
        lock(&path).strike = strike;
        lab.trigger(work).await.expect("the store answers");
        let killed = Arc::clone(&lock(&path).killed);
        tokio::select! {
            () = killed.notified() => {}
            () = tokio::time::sleep(3 * SOON) => {
                // What is tried again now, or comes day by day, is no step of the operation.
                lock(&path).counts = false;
                tokio::time::sleep(LONG).await;
            }
        }
        lock(&path).counts = false;
        lab
    });
    // Nobody starts anew in the same moment.
    let (walk, _) = process(now + Span::seconds(1).0, async {
        let lab = Lab { store: lab.store.reopened(), ..lab };
        lab.start_engine();
        tokio::time::sleep(LONG).await;
        lab.look(work).await.expect("the store answers")
    });
    simulation::leave();
    walk
}

/// One process: everything in it is dropped where it stands when `life` is over. Answers the time at which that was, too.
fn process<T>(now_micros: i64, life: impl Future<Output = T>) -> (T, i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime of one thread can be made");
    runtime.block_on(async {
        simulation::enter(now_micros);
        let lived = life.await;
        (lived, simulation::now_micros().expect("it is a simulation"))
    })
}

/// The product's side.
struct Lab {
    /// At whose commits nobody stands: the administrator's.
    store: Store,
    path: Shared,
    connection: ConnectionId,
    ada: Option<UserId>,
}

impl Lab {
    /// A world in which the operation is next for Ada. Bo has an account; nothing may become of it.
    async fn prepare(path: &Shared, work: Work) -> Result<Self, StoreError> {
        let store = Store::open(&Location::Memory, Clock::system(), Sealer::from_key([7; 32])).await?;
        let app = app_for_everyone(&store, "generic").await;
        let profile = profile("generic").expect("it is in the catalogue");
        let drift = DriftSettings { every: None, ..DriftSettings::default() };
        let config = ConnectionConfig { drift, ..ConnectionConfig::new(&format!("{ORIGIN}/scim/v2"), profile) };
        let config = removing_soon(config, profile);
        let connection = connections::configure(&store, &BY, app.id, config, &Secret::new("a-token")).await?.id;
        person(&store, "bo", "/").await;
        let mut lab = Self { store, path: Arc::clone(path), connection, ada: None };
        lab.start_engine();
        if work == Work::FirstContact {
            person(&lab.store, "ada", "/").await;
            lab.add_account();
        } else {
            connections::turn_on(&lab.store, &BY, connection, None).await?;
            lab.rest().await;
            // The list of the first contact counts no longer: whoever is new is looked up.
            tokio::time::sleep(Duration::from_micros(TRUSTED_FOR.0.unsigned_abs())).await;
        }
        match work {
            Work::Create | Work::FirstContact => {}
            Work::Adopt => lab.add_account(),
            Work::Update | Work::Suspend | Work::Restore | Work::HardDelete | Work::DriftCheck | Work::MappingEdit => {
                let ada = person(&lab.store, "ada", "/").await.id;
                lab.rest().await;
                match work {
                    Work::Restore => drop(users::suspend(&lab.store, &BY, ada, "leave").await?),
                    Work::HardDelete => {
                        users::delete(&lab.store, &BY, ada).await?;
                        // Until a moment before it is due.
                        tokio::time::sleep(Duration::from_hours(24).saturating_sub(2 * SOON)).await;
                    }
                    _ => {}
                }
                lab.rest().await;
                lab.ada = Some(ada);
            }
        }
        Ok(lab)
    }

    /// Makes the operation due. From here on steps count.
    async fn trigger(&self, work: Work) -> Result<(), StoreError> {
        {
            let mut path = lock(&self.path);
            (path.triggered, path.counts) = (true, true);
        }
        match work {
            Work::Create | Work::Adopt => drop(person(&self.store, "ada", "/").await),
            Work::Update => {
                let edit = UserEdit { given_name: Some("Augusta".to_owned()), ..UserEdit::default() };
                users::edit(&self.store, &BY, self.ada(), None, edit).await?;
            }
            Work::Suspend => drop(users::suspend(&self.store, &BY, self.ada(), "leave").await?),
            Work::Restore => drop(users::unsuspend(&self.store, &BY, self.ada()).await?),
            // Its time comes.
            Work::HardDelete => {}
            Work::FirstContact => drop(connections::turn_on(&self.store, &BY, self.connection, None).await?),
            Work::DriftCheck => {
                lock(&self.path).accounts.rename(ADA, "Somebody");
                remote::request_check(&self.store, &BY, self.connection, None).await?;
            }
            Work::MappingEdit => {
                let mut config = connections::get(&self.store, self.connection).await?.config;
                let source = Expression::parse("user.name.given_name").expect("an expression");
                config.mapping.push(AttributeMapping { target: "title".to_owned(), source });
                connections::edit(&self.store, &BY, self.connection, None, config, false).await?;
            }
        }
        self.store.wake();
        Ok(())
    }

    fn ada(&self) -> UserId {
        self.ada.expect("she is there already")
    }

    /// Somebody else has made an account of her name.
    fn add_account(&self) {
        lock(&self.path).accounts.add(foreign_account(ADA));
    }

    fn start_engine(&self) {
        let path = Arc::clone(&self.path);
        let watch = Watch::new(move |batch| lock(&path).take(written_by(batch)));
        let mut store = self.store.clone();
        store.db = store.db.watched(watch);
        let path = Arc::clone(&self.path);
        let http = HttpClient::simulated(Target::new(move |request| Box::pin(exchange(Arc::clone(&path), request))));
        let settings = Settings { look_every: Duration::from_hours(12) };
        tokio::spawn(provost_engine::run_with(store, http, settings, CancellationToken::new()));
    }

    async fn rest(&self) {
        self.store.wake();
        tokio::time::sleep(SOON).await;
        assert!(accounts::is_idle(&self.store, self.connection).await.expect("the store answers"), "it comes to rest");
    }

    async fn look(&self, work: Work) -> Result<Walk, StoreError> {
        let mut wrong = Vec::new();
        if !accounts::is_idle(&self.store, self.connection).await? {
            wrong.push("it does not come to rest".to_owned());
        }
        for failing in accounts::failures(&self.store, self.connection, None, 100).await?.items {
            wrong.push(format!("{} fails: {:?}", failing.email, failing.failure));
        }
        let query = LogQuery { connection: Some(self.connection), limit: 1_000, ..LogQuery::default() };
        let mut events = log::list(&self.store, &query).await?.items;
        events.retain(|event| event.user_email.as_deref() == Some(ADA));
        let mut path = lock(&self.path);
        let (ada, bo) = (path.named(ADA), path.named(BO));
        let title = if work == Work::MappingEdit { json!("ada") } else { Value::Null };
        let one = |accounts: &[Resource], given: &str, active: bool| {
            accounts.len() == 1 && accounts[0]["name"]["givenName"] == given && accounts[0]["active"] == active
        };
        let right = match work {
            Work::HardDelete => ada.is_empty(),
            Work::Update => one(&ada, "Augusta", true),
            Work::Suspend => one(&ada, "ada", false),
            Work::Create | Work::Adopt | Work::Restore | Work::FirstContact | Work::DriftCheck | Work::MappingEdit => {
                one(&ada, "ada", true) && ada[0].get("title").unwrap_or(&Value::Null) == &title
            }
        };
        if !right {
            wrong.push(format!("Ada's account is {ada:?}"));
        }
        if !one(&bo, "bo", true) {
            wrong.push(format!("Bo's account is {bo:?}"));
        }
        let (steps, writes) = (std::mem::take(&mut path.steps), path.writes);
        Ok(Walk { steps, wrong, events: events.into_iter().rev().map(|event| event.name).collect(), writes })
    }
}

async fn exchange(path: Shared, sent: HttpRequest) -> Result<HttpResponse, HttpError> {
    let request = Request::at(sent.url.trim_start_matches(ORIGIN).to_owned(), sent);
    let place = request.path.split('?').next().unwrap_or_default().trim_start_matches("/scim/v2");
    let searched = if request.path.contains("filter=") { " by name" } else { "" };
    let fate = lock(&path).take(format!("request {} {place}{searched}", request.method));
    let step = || async { Ok(lock(&path).carry_out(&request).on_the_wire()) };
    let failure = |done: bool| {
        if done {
            HttpError::NoAnswer { message: "the connection broke".to_owned() }
        } else {
            HttpError::Refused { message: "nobody listens".to_owned() }
        }
    };
    fate.meet(step, failure).await
}

/// The tables that a commit writes.
fn written_by(batch: &Batch) -> String {
    let mut tables: Vec<&str> = Vec::new();
    for (query, _) in &batch.statements {
        let words: Vec<&str> = query.sql.split_whitespace().collect();
        let written = words.windows(3).filter_map(|three| match three {
            ["DO", "UPDATE", _] => None,
            ["INSERT", "INTO", table] | ["DELETE", "FROM", table] | [_, "UPDATE", table] => Some(*table),
            _ => None,
        });
        let first = words.get(1).filter(|_| words.first() == Some(&"UPDATE"));
        for table in first.copied().into_iter().chain(written) {
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
    }
    format!("commit {}", tables.join(", "))
}
