//! A whole world in one process: directory, engine, tenant over real HTTP, a proxy between them, and a clock that moves
//! when a test says so.

use crate::Proxy;
use provost_core::app::{
    Access, Action, App, Connection, ConnectionConfig, DeprovisioningPolicy, DriftSettings, GracePeriod, Profile, Rule,
    ServiceStatus, SsoDetails, profile,
};
use provost_core::directory::User;
use provost_core::ids::ConnectionId;
use provost_core::provisioning::Account;
use provost_core::time::Span;
use provost_db::Location;
use provost_platform::{Clock, HttpClient, Sealer, Secret};
use provost_store::directory::users::{self, NewUser};
use provost_store::{Actor, Store, accounts, apps};
use provost_tenant::tokens::{Grant, Lifetime, LifetimeUnit, Permission};
use provost_tenant::{ProfileName, Tenant};
use serde_json::{Map, Value};
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Who does things in tests.
const BY: Actor = Actor::CommandLine;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(90);

/// A world. Everything in it ends with it.
pub struct World {
    /// Provost's store.
    pub store: Store,
    /// The tenant behind the proxy.
    pub tenant: Tenant,
    /// The clock of both.
    pub clock: Clock,
    /// Between the engine and the tenant.
    pub proxy: Proxy,
    /// The app, ON for everyone.
    pub app: App,
    /// A token of the tenant for Users, Read + Write.
    pub token: Secret,
    stop: CancellationToken,
    engine: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl World {
    /// A world whose app has the profile `catalogue`, with the domain `example.com` and nothing configured yet.
    pub async fn new(catalogue: &str) -> Self {
        let clock = Clock::adjustable();
        let store = Store::open(&Location::Memory, clock.clone(), Sealer::from_key([7; 32])).await.expect("a store opens");
        let tenant = Tenant::open(Location::Memory, clock.clone(), ProfileName::Netskope).await.expect("a tenant opens");
        let grant = Grant::new("/api/v2/scim/Users", Permission::ReadWrite).expect("a known endpoint");
        let year = Lifetime::new(365, LifetimeUnit::Days).expect("a year");
        let token = provost_tenant::tokens::create(&tenant, "autoprovisioning", vec![grant], year).await.expect("a token");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let target = format!("http://{}", listener.local_addr().expect("it is bound"));
        let router = provost_tenant::router(tenant.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let proxy = Proxy::start(&target).await;
        let app = app_for_everyone(&store, catalogue).await;
        let stop = CancellationToken::new();
        let engine = start_engine(&store, &stop);
        Self { store, tenant, clock, proxy, app, token, stop, engine }
    }

    /// Ends the engine as a shutdown does, and starts another one on the same store.
    pub async fn restart_engine(&mut self) {
        self.stop.cancel();
        (&mut self.engine).await.expect("the engine ends well");
        self.stop = CancellationToken::new();
        self.engine = start_engine(&self.store, &self.stop);
    }

    /// The configuration a test starts from: this world's endpoint, everyone, nothing removed, removals judged at once.
    pub fn config(&self) -> ConnectionConfig {
        let profile = profile(&self.app.catalogue).expect("the app's catalogue entry");
        let endpoint = format!("{}/api/v2/scim", self.proxy.url);
        // Drift checks only on demand: tests count requests.
        let drift = DriftSettings { every: None, ..DriftSettings::default() };
        ConnectionConfig { removal_quiet: Span(0), drift, ..ConnectionConfig::new(&endpoint, profile) }
    }

    /// Configures and turns on.
    pub async fn turn_on(&self, config: ConnectionConfig) -> Connection {
        let connection =
            apps::connections::configure(&self.store, &BY, self.app.id, config, &self.token).await.expect("a connection");
        let connection = apps::connections::turn_on(&self.store, &BY, connection.id, None).await.expect("it is turned on");
        self.store.wake();
        connection
    }

    /// The connection as it stands.
    pub async fn connection(&self) -> Connection {
        apps::connections::required_of_app(&self.store, self.app.id).await.expect("it is configured")
    }

    /// Adds a person `NAME@example.com` in the org unit.
    pub async fn add(&self, name: &str, org_unit_path: &str) -> User {
        person(&self.store, name, org_unit_path).await
    }

    /// Waits until nothing is due, and returns the account of a user.
    pub async fn account(&self, user: &User) -> Account {
        self.settle().await;
        let connection = self.connection().await;
        let found = accounts::account(&self.store, connection.id, user.id).await.expect("the store answers");
        found.unwrap_or_else(|| Account::new(user.id, &user.primary_email, self.store.now()))
    }

    /// Waits until nothing is due for the connection.
    pub async fn settle(&self) {
        until_idle(&self.store, self.connection().await.id).await;
    }

    /// Who is failing, and why: for the message of an assertion.
    pub async fn failures(&self) -> Vec<String> {
        let connection = self.connection().await;
        let failing = accounts::failures(&self.store, connection.id, None, 100).await.expect("the store answers");
        let words = |account: &Account| account.failure.as_ref().map(|failure| format!("{}: {failure:?}", account.email));
        let mut all: Vec<String> = failing.items.iter().filter_map(words).collect();
        all.extend(connection.halt.map(|halt| format!("{halt:?}")));
        all
    }

    /// Moves the clock forward and waits until what fell due is done.
    pub async fn advance(&self, span: Span) {
        self.clock.advance_micros(span.0);
        self.settle().await;
    }

    /// Puts accounts into the tenant, behind everybody's back and without a request; each needs an `id` and a `userName`.
    pub async fn put_accounts(&self, accounts: &[Value]) {
        let line = |account: &Value| {
            let mut resource = account.clone();
            resource["schemas"] = serde_json::json!(["urn:ietf:params:scim:schemas:core:2.0:User"]);
            format!("{resource}\n")
        };
        let mut lines = std::io::Cursor::new(accounts.iter().map(line).collect::<String>());
        provost_tenant::transfer::import(&self.tenant, &mut lines, |_| ()).await.expect("the tenant takes the accounts");
    }

    /// A request to the tenant by somebody else; recorded as any other. Answers status and body.
    pub async fn call_tenant(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = reqwest_client().request(method, format!("{}/api/v2/scim{path}", self.proxy.url));
        let request = request.bearer_auth(self.token.expose());
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.expect("the tenant answers");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// The user names the tenant lists, sorted, each with whether it is active; asked over HTTP, page by page.
    pub async fn tenant_users(&self) -> Vec<(String, bool)> {
        let client = reqwest_client();
        let mut users = Vec::new();
        loop {
            let url = format!("{}/api/v2/scim/Users?startIndex={}&count=100", self.proxy.url, users.len() + 1);
            let answer = client.get(url).bearer_auth(self.token.expose()).send().await.expect("the tenant answers");
            let list: Value = answer.json().await.expect("a list");
            let page = list["Resources"].as_array().cloned().unwrap_or_default();
            if page.is_empty() {
                break;
            }
            users.extend(page.iter().map(|user| {
                (user["userName"].as_str().unwrap_or_default().to_owned(), user["active"].as_bool().unwrap_or(true))
            }));
        }
        users.sort();
        users
    }
}

fn start_engine(store: &Store, stop: &CancellationToken) -> JoinHandle<()> {
    let loopback = vec!["127.0.0.0/8".parse().expect("a network")];
    tokio::spawn(provost_engine::run(store.clone(), HttpClient::new(loopback), stop.clone()))
}

/// The domain `example.com` and an app with the profile `catalogue`, ON for everyone.
pub(crate) async fn app_for_everyone(store: &Store, catalogue: &str) -> App {
    provost_store::directory::domains::add(store, &BY, "example.com", provost_core::directory::DomainKind::Primary)
        .await
        .expect("the first domain");
    let app = apps::create(store, &BY, "Netskope", catalogue).await.expect("an app");
    let sso = SsoDetails { acs_url: "https://tenant.example/acs".to_owned(), entity_id: "https://tenant.example".to_owned() };
    let app = apps::set_sso(store, &BY, app.id, None, Some(sso)).await.expect("its sign-on details");
    let on = Access { default: ServiceStatus::On, ..Access::default() };
    apps::set_access(store, &BY, app.id, None, on).await.expect("its service status")
}

/// A suspend at once, a hard delete a day after the deletion, removals judged at once.
pub(crate) fn removing_soon(config: ConnectionConfig, profile: &Profile) -> ConnectionConfig {
    let action = |after| Some(Action { after, edited_at: None });
    let deprovisioning = DeprovisioningPolicy {
        suspended: Rule { suspend: action(GracePeriod::Within24Hours).filter(|_| profile.suspend), hard_delete: None },
        deleted: Rule { suspend: None, hard_delete: action(GracePeriod::Days1) },
        ..DeprovisioningPolicy::default()
    };
    ConnectionConfig { deprovisioning, removal_quiet: Span(0), ..config }
}

/// Adds a person `NAME@example.com` in the org unit.
pub(crate) async fn person(store: &Store, name: &str, org_unit_path: &str) -> User {
    let new = NewUser {
        primary_email: format!("{name}@example.com"),
        given_name: name.to_owned(),
        family_name: "Tester".to_owned(),
        org_unit_path: org_unit_path.to_owned(),
        attributes: Map::new(),
    };
    users::add(store, &BY, new).await.expect("a new user")
}

/// Waits until nothing is due for the connection.
pub(crate) async fn until_idle(store: &Store, connection: ConnectionId) {
    store.wake();
    wait_for("nothing is due", async || accounts::is_idle(store, connection).await.unwrap_or(false)).await;
}

fn reqwest_client() -> reqwest::Client {
    provost_platform::install_tls_provider();
    reqwest::Client::new()
}

/// Waits until `holds` answers true; panics with `what` after a while.
pub async fn wait_for<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
