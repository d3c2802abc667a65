//! A small organization, and an engine reduced to its calls of the store.

use provost_core::app::{Access, App, Connection, ConnectionConfig, ServiceStatus, SsoDetails, profile};
use provost_core::directory::{DomainKind, Group, MemberRole, User};
use provost_core::ids::UserId;
use provost_core::provisioning::{
    Account, Intent, Jitter, Operation, OperationKind, Outcome, Remote, decide, failure_after_look, guard, settle,
};
use provost_core::time::Span;
use provost_db::Query;
use provost_platform::{Clock, Sealer, Secret};
use provost_store::accounts::{self, Rules, SettleResult, Settled, Subject, load_rules, removals};
use provost_store::apps::{self, connections};
use provost_store::directory::{domains, groups, org_units, users};
use provost_store::log::{self, LogEvent, LogQuery, names};
use provost_store::{Actor, Store, schedule};
use serde_json::{Map, json};
use std::future::Future;

pub(crate) const BY: Actor = Actor::CommandLine;
pub(crate) const ENDPOINT: &str = "https://acme.goskope.com/api/v2/scim";

pub(crate) struct World {
    pub(crate) store: Store,
}

/// Runs a test on each engine, with a fresh database.
pub(crate) fn on_each_engine<Test: Future<Output = ()>>(test: impl Fn(World) -> Test) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (engine, location, _guard) in provost_db::testing::locations() {
        eprintln!("on {engine}");
        runtime.block_on(async {
            let store = Store::open(&location, Clock::adjustable(), Sealer::from_key([7; 32])).await.unwrap();
            let world = World { store };
            world.found().await;
            let store = world.store.clone();
            test(world).await;
            assert_counted(&store).await;
        });
    }
}

/// Whatever a test has done: the numbers that are kept are those that counting gives.
async fn assert_counted(store: &Store) {
    let kept = "SELECT connection_id, state, accounts FROM account_count WHERE accounts <> 0 ORDER BY connection_id, state";
    let counted = "SELECT connection_id, state, count(*) FROM account WHERE remote_id IS NOT NULL \
                   GROUP BY connection_id, state ORDER BY connection_id, state";
    let [kept, counted] = [kept, counted].map(|sql| Query::new(sql, []));
    assert_eq!(store.db.read(kept).await.unwrap(), store.db.read(counted).await.unwrap());
}

impl World {
    pub(crate) async fn found(&self) {
        for (name, kind) in
            [("acme.example", DomainKind::Primary), ("sub.example", DomainKind::Secondary), ("alias.example", DomainKind::Alias)]
        {
            domains::add(&self.store, &BY, name, kind).await.unwrap();
        }
        for (parent, name) in [("/", "Sales"), ("/Sales", "EMEA"), ("/", "Contractors")] {
            org_units::add(&self.store, &BY, parent, name).await.unwrap();
        }
        // No connection yet: these sweeps mark nobody, and are out of the way of what a test counts.
        self.expand().await;
    }

    pub(crate) async fn user(&self, email: &str, org_unit_path: &str) -> User {
        let new = users::NewUser {
            primary_email: email.to_owned(),
            given_name: "Ada".to_owned(),
            family_name: "Test".to_owned(),
            org_unit_path: org_unit_path.to_owned(),
            attributes: Map::new(),
        };
        users::add(&self.store, &BY, new).await.unwrap()
    }

    pub(crate) async fn group(&self, email: &str, members: &[&str]) -> Group {
        let group = groups::add(&self.store, &BY, email, "", "").await.unwrap();
        for member in members {
            groups::add_member(&self.store, &BY, group.id, member, MemberRole::Member).await.unwrap();
        }
        group
    }

    pub(crate) async fn app(&self, name: &str, catalogue: &str) -> App {
        let app = apps::create(&self.store, &BY, name, catalogue).await.unwrap();
        let sso = SsoDetails { acs_url: "https://acme.goskope.com/acs".into(), entity_id: "https://acme.goskope.com".into() };
        let app = apps::set_sso(&self.store, &BY, app.id, Some(1), Some(sso)).await.unwrap();
        let access = Access { default: ServiceStatus::On, ..Access::default() };
        apps::set_access(&self.store, &BY, app.id, None, access).await.unwrap()
    }

    pub(crate) fn config() -> ConnectionConfig {
        ConnectionConfig::new(ENDPOINT, profile("netskope").unwrap())
    }

    pub(crate) async fn connected(&self, config: ConnectionConfig) -> Connection {
        let app = self.app("Netskope", "netskope").await;
        connections::configure(&self.store, &BY, app.id, config, &Secret::new("t0ken")).await.unwrap()
    }

    /// A connection that is on, its first sweep expanded.
    pub(crate) async fn active(&self, config: ConnectionConfig) -> Connection {
        let connection = self.connected(config).await;
        let connection = connections::turn_on(&self.store, &BY, connection.id, Some(connection.revision)).await.unwrap();
        self.expand().await;
        connection
    }

    pub(crate) async fn expand(&self) {
        while schedule::expand_sweeps(&self.store, 10_000).await.unwrap() > 0 {}
    }

    pub(crate) async fn rules(&self, connection: &Connection) -> Rules {
        load_rules(&self.store, connection.id).await.unwrap()
    }

    pub(crate) async fn subject(&self, connection: &Connection, user: UserId) -> Subject {
        let rules = self.rules(connection).await;
        accounts::subjects(&self.store, &rules, &[user]).await.unwrap().pop().expect("the user is known")
    }

    pub(crate) async fn account(&self, connection: &Connection, user: UserId) -> Account {
        accounts::account(&self.store, connection.id, user).await.unwrap().expect("the account has a row")
    }

    pub(crate) fn advance(&self, by: Span) {
        self.store.clock.advance_micros(by.0);
    }

    pub(crate) async fn events(&self, name: &str) -> Vec<log::LogEntry> {
        let query = LogQuery { name: Some(name.to_owned()), limit: 1_000, ..LogQuery::default() };
        log::list(&self.store, &query).await.unwrap().items
    }

    /// Works everything that is due, as the engine does, with an app that takes everything; returns what was sent.
    pub(crate) async fn sync(&self, connection: &Connection) -> Vec<(OperationKind, String)> {
        let mut sent = Vec::new();
        for _ in 0..10 {
            self.expand().await;
            let rules = self.rules(connection).await;
            let now = self.store.now();
            let due = accounts::due(&self.store, &rules, now, 1_000).await.unwrap();
            for subject in due {
                sent.extend(self.work(&rules, subject).await);
            }
            sent.extend(self.remove(&rules).await);
        }
        sent
    }

    async fn work(&self, rules: &Rules, subject: Subject) -> Option<(OperationKind, String)> {
        let now = self.store.now();
        let decision = decide(&rules.view(&subject), &subject.account, &rules.connection, now);
        let mut decided = subject.account.clone();
        decided.causes = decision.causes;
        decided.removal = decision.removal;
        decided.due_at = decision.wake_at;
        decided.failure = failure_after_look(&subject.account, &decision, now);
        let Some(operation) = decision.operation else {
            self.settled(rules, &subject.account, decided, Vec::new()).await;
            return None;
        };
        self.send(rules, &subject.account, decided, &operation).await
    }

    /// Asks the guard and sends what it lets through.
    pub(crate) async fn remove(&self, rules: &Rules) -> Vec<(OperationKind, String)> {
        let now = self.store.now();
        let id = rules.connection.id;
        let due = removals::due_candidates(&self.store, rules, now).await.unwrap();
        let sent = removals::sent_within(&self.store, id, now - Span::hours(24)).await.unwrap();
        let total = accounts::counts(&self.store, id, now).await.unwrap().total();
        let approvals = removals::approvals(&self.store, id).await.unwrap();
        let guarded = guard(&due, &sent, total, &rules.connection.config.limits, &approvals, now);
        removals::record_holds(&self.store, id, &guarded.holds).await.unwrap();
        let mut done = Vec::new();
        for checked in guarded.passed {
            let account = self.account(&rules.connection, checked.candidate().user_id).await;
            let operation = Operation::Remove(checked);
            done.extend(self.send(rules, &account, account.clone(), &operation).await);
        }
        done
    }

    async fn send(
        &self,
        rules: &Rules,
        before: &Account,
        decided: Account,
        operation: &Operation,
    ) -> Option<(OperationKind, String)> {
        let intent = Intent { kind: operation.kind(), matching: None };
        if !accounts::begin(&self.store, &rules.connection, &[(before, intent.clone())]).await.unwrap() {
            return None;
        }
        let now = self.store.now();
        let remote = Remote { id: format!("r{}", before.user_id), resource: None };
        let outcome = Outcome::Applied { remote: Some(remote) };
        let account = Account { intent: Some(intent), ..decided };
        let settlement = settle(operation, &outcome, account, &rules.connection, now, Jitter(0.5));
        let name = match operation.kind() {
            OperationKind::Create | OperationKind::LookUp => names::CREATE_USER_WITH_AUTO_PROV,
            OperationKind::Update => names::UPDATE_AUTO_PROVISIONED_USER,
            OperationKind::Suspend => names::SUSPEND_AUTO_PROVISIONED_USER,
            OperationKind::Restore => names::UNSUSPEND_AUTO_PROVISIONED_USER,
            OperationKind::HardDelete => names::HARD_DELETED_AUTO_PROVISIONED_USER,
        };
        let approved = match operation {
            Operation::Remove(checked) => checked.approved(),
            _ => false,
        };
        let event = LogEvent {
            app: Some(rules.app.id),
            connection: Some(rules.connection.id),
            ..LogEvent::of_user(name, before.user_id, &before.email, json!({ removals::APPROVED_DETAIL: approved }))
        };
        self.settled(rules, before, settlement.account, vec![event]).await;
        Some((operation.kind(), before.email.clone()))
    }

    async fn settled(&self, rules: &Rules, before: &Account, after: Account, events: Vec<LogEvent>) {
        let settled = Settled { before: before.clone(), after, events, decided: true };
        let results = accounts::settle(&self.store, &rules.connection, vec![settled]).await.unwrap();
        assert_eq!(results, [SettleResult::Stored]);
    }
}
