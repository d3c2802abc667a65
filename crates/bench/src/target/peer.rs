//! `scim2-server` of the Python Package Index, started by its own command with its own defaults; filled over its Bulk endpoint.

use super::{Checks, STARTING_MAX, Service, Target};
use crate::rows;
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::process::Command;

const TOKEN: &str = "bench";
const REQUEST_MAX: Duration = Duration::from_secs(30);
const INSTALLING_MAX: Duration = Duration::from_mins(5);
const LOADING_MAX: Duration = Duration::from_mins(10);
const BULK_OPERATIONS: usize = 200;

/// Makes the virtual environment and installs the package, when it is not there; answers its version.
pub(crate) async fn install(environment: &Path) -> anyhow::Result<String> {
    let python = environment.join("bin/python");
    if !environment.join("bin/scim2-server").exists() {
        eprintln!("installing scim2-server into {}", environment.display());
        ran(Command::new("python3").arg("-m").arg("venv").arg(environment)).await?;
        ran(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "scim2-server"]))
            .await?;
    }
    let version =
        "import importlib.metadata as m, platform as p; print(m.version('scim2-server') + ' on Python ' + p.python_version())";
    Ok(ran(Command::new(&python).args(["-c", version])).await?.trim().to_owned())
}

async fn ran(command: &mut Command) -> anyhow::Result<String> {
    let what = format!("{:?}", command.as_std());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(INSTALLING_MAX, output).await.with_context(|| format!("{what} took too long"))?;
    let output = output.with_context(|| format!("cannot run {what}"))?;
    ensure!(output.status.success(), "{what} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Starts the server on a free port and stores the users.
pub(crate) async fn start(environment: &Path, users: u32) -> anyhow::Result<Target> {
    // The command takes a port and does not choose one.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).context("no port is free")?.port();
    let child = Command::new(environment.join("bin/scim2-server"))
        .args(["--port", &port.to_string(), "--bearer-token", TOKEN])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start scim2-server")?;
    let base = format!("http://127.0.0.1:{port}/v2");
    let client = client()?;
    wait(&client, &base).await?;
    let started = Instant::now();
    let ids = fill(&client, &base, users).await?;
    let (host, path) = (format!("127.0.0.1:{port}"), "/v2".to_owned());
    let service = Arc::new(Service { host, path, token: TOKEN.to_owned(), ids, checks: Checks::Whole });
    Ok(Target { child, service, loaded_seconds: started.elapsed().as_secs_f64(), _data: None })
}

/// The client that stores the users.
fn client() -> anyhow::Result<reqwest::Client> {
    // Nothing here speaks TLS, but no client can be made without.
    provost_platform::install_tls_provider();
    reqwest::Client::builder()
        .http1_only()
        .no_proxy()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(1)
        .timeout(REQUEST_MAX)
        .build()
        .context("cannot make an HTTP client")
}

async fn wait(client: &reqwest::Client, base: &str) -> anyhow::Result<()> {
    let started = Instant::now();
    while started.elapsed() < STARTING_MAX {
        if client.get(format!("{base}/Users?count=1")).bearer_auth(TOKEN).send().await.is_ok_and(|answer| answer.status() == 200)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("scim2-server did not answer within {} s", STARTING_MAX.as_secs())
}

async fn fill(client: &reqwest::Client, base: &str, users: u32) -> anyhow::Result<Vec<String>> {
    let started = Instant::now();
    let mut ids = Vec::new();
    let numbers: Vec<u32> = (0..users).collect();
    for chunk in numbers.chunks(BULK_OPERATIONS) {
        ensure!(started.elapsed() < LOADING_MAX, "scim2-server could not be loaded within {} s", LOADING_MAX.as_secs());
        let operations: Vec<Value> = chunk
            .iter()
            .map(|number| {
                let data = rows::user(&rows::user_name(*number), *number);
                json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": data })
            })
            .collect();
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
        let answer = client
            .post(format!("{base}/Bulk"))
            .bearer_auth(TOKEN)
            .header("content-type", "application/scim+json")
            .body(body.to_string())
            .send()
            .await
            .context("scim2-server did not answer a Bulk request")?;
        let status = answer.status();
        let body: Value = answer.json().await.context("scim2-server's answer to a Bulk request cannot be read")?;
        let made = body["Operations"].as_array().map_or(&[][..], Vec::as_slice);
        let locations = made.iter().filter(|made| made["status"] == "201").filter_map(|made| made["location"].as_str());
        ids.extend(locations.filter_map(|location| Some(location.rsplit_once('/')?.1.to_owned())));
        ensure!(ids.len() as u64 == u64::from(chunk[chunk.len() - 1]) + 1, "scim2-server refused users ({status}): {body}");
    }
    Ok(ids)
}
