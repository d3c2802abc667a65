//! The fault matrix over real HTTP: 36 faults of the target, each against the 6 operations.
//!
//! A cell brings a user to where the operation is next, arms the fault, and lets the engine work. The target watches the rules at
//! the moment of every effect; then the fault is lifted, the clock moves along the retry ladder, and the app must be as the
//! directory says. What an administrator reads meanwhile of each of the 36 stands in `golden/faults.txt`.

mod texts;

use provost_core::directory::User;
use provost_core::provisioning::OperationKind;
use provost_core::time::{Span, Timestamp};
use provost_store::accounts::standstill::{self, StandstillReason};
use provost_store::directory::users::{self, UserEdit};
use provost_store::log::{self, LogEntry, LogQuery};
use provost_store::{Actor, accounts};
use provost_testkit::faulty::{
    Armed, Course, FAULTS, FaultRow, FaultyWorld, OPERATIONS, TargetFault, cannot_meet, foreign_account,
};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const BY: Actor = Actor::CommandLine;
const ADA: &str = "ada@example.com";
const BO: &str = "bo@example.com";

/// Worlds that live at once.
const WORLDS: usize = 12;

/// More requests for one user than this are a storm.
const REQUESTS_MAX: usize = 40;

/// While the fault lasts, and after it: past every step of the ladder.
const ARMED_STEPS: [Span; 3] = [Span::seconds(7), Span::seconds(40), Span::seconds(150)];
const LADDER: [Span; 6] =
    [Span::seconds(10), Span::seconds(150), Span::seconds(730), Span::seconds(4_400), Span::hours(8), Span::hours(30)];

/// One cell, or one of its sub-cases.
#[derive(Debug, Clone, Copy)]
struct Cell {
    row: &'static FaultRow,
    variant: &'static str,
    operation: OperationKind,
}

impl Cell {
    fn of(row: &'static FaultRow, operation: OperationKind) -> impl Iterator<Item = Self> {
        row.variants.iter().map(move |variant| Self { row, variant, operation })
    }

    fn name(&self) -> String {
        format!("{} {} × {}", self.row.name, self.variant, self.operation.word())
    }

    /// What becomes of the user, where that differs from the fault's row.
    fn course(&self) -> Course {
        use OperationKind::{HardDelete, Suspend};
        match (self.row.fault, self.variant, self.operation) {
            // A DELETE is done when its status says so, whatever comes with it. 404 on what is to go counts as gone. A repeated
            // entry is read once, and a total that is too small does not end a list: everybody is shown all the same.
            (TargetFault::TruncatedJson, _, HardDelete)
            | (TargetFault::WrongLength, "too short", HardDelete)
            | (TargetFault::UnknownId, _, Suspend | HardDelete)
            | (TargetFault::ShiftingPages, "repeats", _)
            | (TargetFault::WrongTotal, "too low", _) => Course::Quiet,
            _ => self.row.course,
        }
    }

    /// An account that the app has said to be gone is left to the drift check.
    fn is_left_behind(&self) -> bool {
        matches!(self.row.fault, TargetFault::UnknownId | TargetFault::IdChanged)
            && matches!(self.operation, OperationKind::Suspend | OperationKind::HardDelete)
    }

    /// Removals wait for clocks that agree; everything else goes on.
    fn stands_still(&self) -> bool {
        self.row.fault == TargetFault::ClockSkew && matches!(self.operation, OperationKind::Suspend | OperationKind::HardDelete)
    }

    fn meets(&self) -> bool {
        cannot_meet(self.row.fault, self.variant, self.operation).is_none()
    }

    fn reads_lists(&self) -> bool {
        match self.row.fault {
            TargetFault::ShiftingPages | TargetFault::StartIndexIgnored | TargetFault::WrongTotal => self.meets(),
            _ => false,
        }
    }
}

/// What an administrator could read while the fault lasted.
#[derive(Default)]
struct Read {
    messages: BTreeSet<String>,
    /// Each with its line of `explain`, in the order in which they came.
    explained: Vec<(String, String)>,
    /// Why removals stand still, each with its line of `explain`.
    standing: Vec<(String, String)>,
    /// What the log tells of the user's account, and `explain` at last, when the fault had met everything.
    log: Vec<LogEntry>,
    at_last: Vec<String>,
}

/// A world in which the operation is next for Ada, and the fault not yet armed.
async fn prepare(cell: Cell) -> (FaultyWorld, Option<User>) {
    let tls = matches!(cell.row.fault, TargetFault::TlsFailure | TargetFault::GoAway);
    let timeout = Duration::from_secs(if cell.row.fault == TargetFault::SlowBody { 4 } else { 60 });
    let catalogue = if cell.reads_lists() { "generic-unfiltered" } else { "generic" };
    let world = FaultyWorld::with(catalogue, tls, timeout).await;
    if cell.reads_lists() {
        world.target.set_rules(false, 10);
        world.add_strangers(10);
    }
    if cell.operation == OperationKind::LookUp {
        world.target.add(foreign_account(ADA), false);
    }
    world.add_strangers(if cell.reads_lists() { 15 } else { 2 });
    world.add("bo").await;
    world.watch(ADA, None, &[BO, ADA]);
    world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(world.target.named(BO).len(), 1, "{}", cell.name());
    let user = match cell.operation {
        OperationKind::Create | OperationKind::LookUp => None,
        OperationKind::Update | OperationKind::Suspend | OperationKind::Restore | OperationKind::HardDelete => {
            let user = world.add("ada").await;
            world.settle().await;
            assert_eq!(world.target.named(ADA).len(), 1, "{}", cell.name());
            Some(user)
        }
    };
    if let Some(user) = &user {
        let again = cell.operation == OperationKind::HardDelete && cell.variant == "re-activated";
        let suspended_before = cell.operation == OperationKind::Restore || again;
        if suspended_before {
            world.watch(ADA, Some(Span(0)), &[BO]);
            users::suspend(&world.store, &BY, user.id, "leave").await.expect("suspended");
            world.settle().await;
            assert_eq!(world.target.named(ADA)[0]["active"], false, "{}", cell.name());
        }
    }
    match cell.operation {
        OperationKind::Create | OperationKind::LookUp | OperationKind::Update | OperationKind::Restore => {
            world.watch(ADA, None, &[BO, ADA]);
        }
        OperationKind::Suspend => world.watch(ADA, Some(Span(0)), &[BO]),
        OperationKind::HardDelete => world.watch(ADA, Some(Span::days(1)), &[BO]),
    }
    if let (OperationKind::HardDelete, Some(user)) = (cell.operation, &user) {
        users::delete(&world.store, &BY, user.id).await.expect("deleted");
        world.settle().await;
    }
    if cell.reads_lists() {
        // What the first contact has shown does not count any more: a look-up reads the list itself.
        world.advance(Span::hours(2)).await;
    }
    world.target.clear();
    (world, user)
}

/// Makes the operation due.
async fn trigger(world: &FaultyWorld, cell: Cell, user: Option<User>) -> User {
    let user = match (cell.operation, user) {
        (OperationKind::Create | OperationKind::LookUp, _) | (_, None) => world.add("ada").await,
        (OperationKind::Update, Some(user)) => {
            let change = UserEdit { given_name: Some("Augusta".to_owned()), ..UserEdit::default() };
            users::edit(&world.store, &BY, user.id, None, change).await.expect("an edit");
            user
        }
        (OperationKind::Suspend, Some(user)) => {
            users::suspend(&world.store, &BY, user.id, "leave").await.expect("suspended");
            user
        }
        (OperationKind::Restore, Some(user)) => {
            users::unsuspend(&world.store, &BY, user.id).await.expect("unsuspended");
            user
        }
        (OperationKind::HardDelete, Some(user)) => {
            world.clock.advance_micros(Span::days(1).0);
            user
        }
    };
    world.store.wake();
    user
}

/// Waits until nothing is due, and reads all the while: a failure may be over before everything rests.
async fn settle_reading(world: &FaultyWorld, user: &User, read: &mut Read) {
    let connection = world.connection().await.id;
    let begun = Instant::now();
    loop {
        let idle = accounts::is_idle(&world.store, connection).await.expect("the store answers");
        note(world, user, read).await;
        if idle {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "nothing came to rest");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn note(world: &FaultyWorld, user: &User, read: &mut Read) {
    let connection = world.connection().await;
    for standing in standstill::standing(&world.store, connection.id).await.expect("the store answers") {
        if standing.reason == StandstillReason::AppClock && read.standing.is_empty() {
            read.standing.push((standing.message.clone(), line_of(world, user, &standing.message).await));
        }
    }
    let halt = connection.halt.map(|halt| halt.message);
    let failure = world.account(user).await.and_then(|account| account.failure).map(|failure| failure.message);
    let Some(message) = halt.or(failure) else { return };
    if !read.messages.contains(&message) {
        read.explained.push((message.clone(), line_of(world, user, &message).await));
    }
    read.messages.insert(message);
}

/// The line of `explain` that carries the message.
async fn line_of(world: &FaultyWorld, user: &User, message: &str) -> String {
    let start = message.trim_end_matches('.');
    world.explain(user).await.into_iter().find(|line| line.contains(start)).unwrap_or_default()
}

/// Whether the app is as the directory says.
fn converged(world: &FaultyWorld, cell: Cell) -> bool {
    let accounts = world.target.named(ADA);
    let one = |given: &str, active: bool| {
        accounts.len() == 1 && accounts[0]["name"]["givenName"] == given && accounts[0]["active"] == active
    };
    let right = match cell.operation {
        OperationKind::Create | OperationKind::LookUp | OperationKind::Restore => one("ada", true),
        OperationKind::Update => one("Augusta", true),
        OperationKind::Suspend => one("ada", false) || (cell.variant == "removed" && accounts.is_empty()),
        OperationKind::HardDelete => accounts.is_empty(),
    };
    let bo = world.target.named(BO);
    (right || cell.is_left_behind()) && bo.len() == 1 && bo[0]["active"] == true
}

/// What is wrong with what could be read while the fault lasted.
fn misread(cell: Cell, read: &Read, failing: bool, halted: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    if !cell.meets() {
        return wrong;
    }
    if cell.course() == Course::Quiet && (failing || halted) {
        wrong.push(format!("fails: {:?}", read.messages));
    }
    let said = |message: &String| {
        let message = message.to_lowercase();
        cell.row.words.iter().all(|word| message.contains(&word.to_lowercase()))
    };
    if cell.course() != Course::Quiet && !read.messages.iter().any(said) {
        wrong.push(format!("does not say {:?}: {:?}", cell.row.words, read.messages));
    }
    if halted != (cell.course() == Course::Halts) {
        wrong.push(format!("halted: {halted}"));
    }
    // The standstill says whose clock differs, and explain says it of a user who is to be removed.
    let clock = |(message, line): &(String, String)| message.starts_with("The app's clock is ") && line.contains(message);
    if cell.stands_still() && !read.standing.iter().any(clock) {
        wrong.push(format!("does not name the clock: {:?}", read.standing));
    }
    wrong
}

/// What the log tells since the fault was armed, and `explain` now.
async fn remember(world: &FaultyWorld, user: &User, armed_at: Timestamp, read: &mut Read) {
    let connection = world.connection().await.id;
    let query = LogQuery { connection: Some(connection), user: Some(user.id), limit: 100, ..LogQuery::default() };
    read.log = log::list(&world.store, &query).await.expect("the log").items;
    read.log.retain(|entry| entry.at >= armed_at);
    read.at_last = world.explain(user).await;
}

/// Runs a cell to its end; what was wrong, and what an administrator could read.
async fn run(cell: Cell) -> (Vec<String>, Read) {
    let (world, user) = prepare(cell).await;
    let mut wrong = Vec::new();
    let mut read = Read::default();
    let armed_at = world.store.now();
    world.target.arm(Armed { fault: cell.row.fault, variant: cell.variant, operation: cell.operation });
    let user = trigger(&world, cell, user).await;
    settle_reading(&world, &user, &mut read).await;
    if cell.course() == Course::Halts {
        // Requests that were under way when the 401 was read may still arrive for a moment.
        tokio::time::sleep(Duration::from_millis(3_200)).await;
    }
    for step in ARMED_STEPS {
        world.clock.advance_micros(step.0);
        settle_reading(&world, &user, &mut read).await;
    }
    let failing = world.account(&user).await.is_some_and(|account| account.failure.is_some());
    let halted = world.connection().await.halt.is_some();
    wrong.extend(misread(cell, &read, failing, halted));
    remember(&world, &user, armed_at, &mut read).await;
    let met = world.target.lift();
    if (met > 0) != cell.meets() {
        wrong.push(format!("the fault met {met} requests"));
    }
    let waits = matches!(cell.course(), Course::Waits | Course::Halts);
    if waits && cell.meets() && converged(&world, cell) {
        wrong.push("an app that refuses has nevertheless been brought up to date".to_owned());
    }
    // Clocks that disagree hold removals until somebody has said which one is right.
    if waits || cell.row.fault == TargetFault::ClockSkew {
        world.mend().await;
    }
    for step in LADDER {
        let settled = world.account(&user).await.is_none_or(|account| account.failure.is_none());
        if converged(&world, cell) && settled {
            break;
        }
        world.advance(step).await;
    }
    if !converged(&world, cell) {
        let account = world.account(&user).await;
        wrong.push(format!("not converged: the app has {:?}; the row is {account:?}", world.target.named(ADA)));
    }
    let requests = world.target.seen();
    if requests.len() > REQUESTS_MAX {
        wrong.push(format!("a storm of {} requests", requests.len()));
    }
    wrong.extend(world.target.violations());
    if !wrong.is_empty() {
        wrong.extend(
            requests
                .iter()
                .take(30)
                .map(|seen| format!("   {} {} {}", seen.method, seen.path, if seen.met { "met" } else { "" })),
        );
    }
    (wrong, read)
}

/// All 36 faults against one operation.
async fn column(operation: OperationKind) {
    let places = Arc::new(Semaphore::new(WORLDS));
    let mut cells = tokio::task::JoinSet::new();
    for cell in FAULTS.iter().flat_map(|row| Cell::of(row, operation)) {
        let places = places.clone();
        cells.spawn(async move {
            let _place = places.acquire_owned().await.expect("it is never closed");
            (cell.name(), run(cell).await.0)
        });
    }
    let mut report = String::new();
    while let Some(cell) = cells.join_next().await {
        let (name, wrong) = cell.unwrap_or_else(|error| ("a cell panicked".to_owned(), vec![error.to_string()]));
        if !wrong.is_empty() {
            let _ = writeln!(report, "\n{name}:\n  {}", wrong.join("\n  "));
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_meets_a_create() {
    column(OperationKind::Create).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_meets_a_look_up() {
    column(OperationKind::LookUp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_meets_an_update() {
    column(OperationKind::Update).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_meets_a_suspend() {
    column(OperationKind::Suspend).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_meets_a_restore() {
    column(OperationKind::Restore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_meets_a_hard_delete() {
    column(OperationKind::HardDelete).await;
}

#[test]
fn the_table_has_36_faults_and_each_meets_an_operation() {
    let faults: BTreeSet<&str> = FAULTS.iter().map(|row| row.name).collect();
    assert_eq!((FAULTS.len(), faults.len(), OPERATIONS.len()), (36, 36, 6));
    for row in &FAULTS {
        for variant in row.variants {
            assert!(OPERATIONS.iter().any(|operation| cannot_meet(row.fault, variant, *operation).is_none()), "{}", row.name);
        }
    }
}
