//! The demonstration's system: one process, two listeners on loopback, one clock.

use super::Teller;
use super::people::{self, PRIMARY, STAFF, VIP};
use crate::api::Api;
use crate::cli::DemoArguments;
use crate::data_dir::DataDir;
use crate::serve::{serve_until, start_engine, url_of};
use anyhow::{Context, bail};
use provost_core::time::Span;
use provost_db::Location;
use provost_platform::{Clock, Secret, random};
use provost_server::Server;
use provost_store::admins::{self, Role};
use provost_store::{Actor, Store};
use provost_tenant::{ProfileName, Tenant};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The app's name in the demonstration.
pub(super) const APP: &str = "Netskope";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Everything that runs.
pub(super) struct System {
    /// Provost's store; the comparison reads its tables.
    pub store: Store,
    /// The management API, over HTTP.
    pub api: Api,
    /// The tenant's token.
    pub token: Secret,
    clock: Clock,
    console_url: String,
    tenant_url: String,
    password: String,
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
    _data: DataDir,
    _temporary: Option<tempfile::TempDir>,
}

impl System {
    /// Starts everything, brings the people in, makes the token, configures the app and turns it on.
    pub(super) async fn start(arguments: &DemoArguments, teller: &mut Teller) -> anyhow::Result<Self> {
        let temporary = if arguments.data.is_none() {
            Some(tempfile::tempdir().context("no temporary directory can be made")?)
        } else {
            None
        };
        let path = arguments.data.clone().or(temporary.as_ref().map(|made| made.path().to_owned())).context("no directory")?;
        let path = path.as_path();
        if path.join("provost.db").exists() || path.join("tenant.db").exists() {
            bail!("{} holds data already: give the demonstration an empty directory", path.display());
        }
        let mut data = DataDir::hold(path)?;
        let clock = Clock::adjustable();
        let store = data.open(None, clock.clone()).await?;
        let stop = CancellationToken::new();
        let mut running = Vec::new();
        let tenant_url = start_tenant(path, &clock, &stop, &mut running).await?;
        let loopback = vec!["127.0.0.0/8".parse().context("the loopback network")?];
        let listener = listen_near(8080).await?;
        let console_url = url_of(&listener)?;
        data.announce(&console_url)?;
        let router = provost_server::router(Server::new(store.clone(), loopback.clone()));
        running.push(serve(listener, router, &stop));
        running.push(start_engine(&store, loopback, &stop));
        let key = admins::create_key(&store, &Actor::CommandLine, "demo", Role::SuperAdmin, None).await?.secret;
        let api = Api::over_http(&console_url, key)?;
        teller.step(
            &format!("Started the console at {console_url} and the tenant at {tenant_url}."),
            &json!({ "console": console_url, "tenant": tenant_url }),
        );
        let password = format!("demo-{}", random::base62(14));
        let mut system = Self {
            store,
            api,
            token: Secret::new(""),
            clock,
            console_url,
            tenant_url,
            password,
            stop,
            running,
            _data: data,
            _temporary: temporary,
        };
        system.bring_in(arguments.users, path, teller).await?;
        system.token = system.make_token(path, teller).await?;
        system.configure(path, teller).await?;
        Ok(system)
    }

    async fn bring_in(&self, count: u32, path: &Path, teller: &mut Teller) -> anyhow::Result<()> {
        let files = people::files(count);
        let (users, members) = (path.join("users.csv"), path.join("members.csv"));
        for (file, text) in [(&users, &files.users), (&members, &files.members)] {
            std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        let mut report = Value::Null;
        let take = |line: Value| report = line.get("report").cloned().unwrap_or(std::mem::take(&mut report));
        self.api.upload(&format!("/import/users?users_bytes={}", files.users.len()), &[&users, &members], take).await?;
        let admin = format!("admin@{PRIMARY}");
        admins::create(&self.store, &Actor::CommandLine, &admin, &self.password, Role::SuperAdmin).await?;
        teller.step(
            &format!("Imported {count} people from the Google Admin console's files: org units, nested groups, two domains, some suspended, archived, outside."),
            &json!({ "report": report }),
        );
        Ok(())
    }

    /// Makes an administrator of the tenant, and with their password a token through the tenant's own API.
    async fn make_token(&self, path: &Path, teller: &mut Teller) -> anyhow::Result<Secret> {
        let tenant = Tenant::open(Location::File(path.join("tenant.db")), self.clock.clone(), ProfileName::Netskope).await?;
        let admin = format!("admin@{PRIMARY}");
        provost_tenant::admins::create(&tenant, &admin, &self.password).await?;
        let expires = self.clock.now_micros() / 1_000_000 + Span::days(365).as_seconds();
        let body = json!({
            "name": "Provost autoprovisioning",
            "expires": expires,
            "endpoints": [{ "endpoint": "/api/v2/scim/Users", "permissions": "rw" }],
        });
        let request = http_client()?.post(format!("{}/api/v2/auth/tokens", self.tenant_url));
        let answer =
            request.basic_auth(admin, Some(&self.password)).json(&body).send().await.context("the tenant does not answer")?;
        let record: Value = answer.json().await.context("the tenant's answer is not JSON")?;
        let token = record["token"].as_str().with_context(|| format!("the tenant made no token: {record}"))?;
        teller.step(
            "Made a REST API v2 token in the tenant: api/v2/scim/Users, Read + Write, for 365 days.",
            &json!({ "name": body["name"] }),
        );
        Ok(Secret::new(token))
    }

    async fn configure(&self, path: &Path, teller: &mut Teller) -> anyhow::Result<()> {
        let file = config_file(&self.endpoint());
        std::fs::write(path.join("netskope.yaml"), &file).context("cannot write the configuration file")?;
        let body = json!({ "file": file, "tokens": { APP: self.token.expose() } });
        let plan = self.api.call("POST", "/config/plan", Some(&body)).await?;
        let hash = plan["hash"].as_str().unwrap_or_default();
        self.api.call("POST", &format!("/config/apply?confirm={hash}"), Some(&body)).await?;
        teller.step(
            "Configured Netskope through the management API: access, mapping, scope group, deprovisioning; read the plan, confirmed it, turned it on.",
            &json!({ "plan": plan["apps"][0]["plan"]["counts"] }),
        );
        self.settle().await?;
        let status = self.status().await?;
        teller.step(
            &format!("Synced: {} accounts, {} failing.", status["accounts"]["linked"], status["accounts"]["failing"]),
            &json!({ "accounts": status["accounts"] }),
        );
        Ok(())
    }

    /// The tenant's SCIM base URL.
    pub(super) fn endpoint(&self) -> String {
        format!("{}/api/v2/scim", self.tenant_url)
    }

    /// How the app's provisioning stands.
    pub(super) async fn status(&self) -> anyhow::Result<Value> {
        self.api.get(&format!("/apps/{APP}/autoprovisioning/status")).await
    }

    /// Waits until nothing is due.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.status().await?["pending"] != Value::Bool(false) {
            if begun.elapsed() > PATIENCE {
                bail!("the work did not end in time");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Moves provisioning's clock forward, and waits until what fell due is done.
    pub(super) async fn advance(&self, span: Span) -> anyhow::Result<()> {
        self.clock.advance_micros(span.0);
        self.store.wake();
        self.settle().await
    }

    /// Renames one account in the tenant, behind everybody's back.
    pub(super) async fn tamper(&self) -> anyhow::Result<()> {
        let client = http_client()?;
        let url = format!("{}/Users", self.endpoint());
        let list = client.get(format!("{url}?startIndex=1&count=1")).bearer_auth(self.token.expose()).send().await?;
        let list: Value = list.json().await.context("the tenant's list is not JSON")?;
        let id = list["Resources"][0]["id"].as_str().context("the tenant lists nobody")?;
        let patch = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "displayName", "value": "Somebody Else" }],
        });
        let answer = client.patch(format!("{url}/{id}")).bearer_auth(self.token.expose()).json(&patch).send().await?;
        answer.error_for_status().context("the tenant refused")?;
        Ok(())
    }

    /// Prints where to look, and how to sign in.
    pub(super) fn tell_sign_ins(&self, teller: &mut Teller) {
        let email = format!("admin@{PRIMARY}");
        teller.step(
            "Look around:",
            &json!({ "console": self.console_url, "tenant": self.tenant_url, "email": email, "password": self.password }),
        );
        teller.detail(&format!("console  {}   {email}   {}", self.console_url, self.password));
        teller.detail(&format!("tenant   {}   {email}   {}", self.tenant_url, self.password));
    }

    /// Stops everything; requests under way are finished.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        for task in self.running {
            task.await.context("a part of the demonstration ended badly")?;
        }
        Ok(())
    }
}

fn config_file(endpoint: &str) -> String {
    format!(
        r#"apps:
  - name: {APP}
    catalogue: netskope
    sso: {{ acs_url: "{endpoint}/acs", entity_id: "{endpoint}" }}
    access: {{ default: on, org_units: {{ "/Contractors": off }}, groups: {{ "{VIP}": on }} }}
    autoprovisioning:
      endpoint: "{endpoint}"
      mapping:
        title: user.organizations.title
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": user.organizations.department
      scope: {{ groups: [ {{ group: "{STAFF}", members: all }} ] }}
      secondary_domains: skip_in_groups
      deprovisioning:
        app_off:   {{ delete_after: 7d }}
        suspended: {{ delete_after: 21d }}
        deleted:   {{ delete_after: 7d }}
      status: active
"#
    )
}

async fn start_tenant(
    path: &Path,
    clock: &Clock,
    stop: &CancellationToken,
    running: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<String> {
    let tenant = Tenant::open(Location::File(path.join("tenant.db")), clock.clone(), ProfileName::Netskope).await?;
    let listener = listen_near(8090).await?;
    let url = url_of(&listener)?;
    running.push(serve(listener, provost_tenant::router(tenant), stop));
    Ok(url)
}

fn serve(listener: TcpListener, router: axum::Router, stop: &CancellationToken) -> JoinHandle<()> {
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(async move {
        if let Err(error) = serve_until(listener, router, stopped).await {
            tracing::error!(%error, "a listener failed");
        }
    })
}

/// The usual port, or any free one when it is busy.
async fn listen_near(port: u16) -> anyhow::Result<TcpListener> {
    let on = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    match on(port).await {
        Ok(listener) => Ok(listener),
        Err(_) => on(0).await.context("no port of the loopback address is free"),
    }
}

/// A client for the demonstration's own calls.
pub(crate) fn http_client() -> anyhow::Result<reqwest::Client> {
    provost_platform::install_tls_provider();
    reqwest::Client::builder().no_proxy().build().context("the HTTP client could not be made")
}
