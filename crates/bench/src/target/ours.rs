//! Our tenant: filled by an import, then served by a child process of this program. One in memory is filled by the child.

use super::{Checks, Served, Service, Target};
use crate::{rows, serve};
use anyhow::{Context, ensure};
use provost_tenant::Tenant;
use provost_tenant::options::Options;
use provost_tenant::tokens::{self, Grant, Lifetime};
use provost_tenant::transfer;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tempfile::TempDir;

/// Fills a fresh tenant and serves it.
pub(crate) async fn start(users: u32) -> anyhow::Result<Target> {
    let data = tempfile::Builder::new().prefix("provost-bench-").tempdir().context("cannot make a temporary directory")?;
    let started = Instant::now();
    let token = fill(&serve::open(data.path()).await?, data.path(), users).await?;
    let loaded_seconds = started.elapsed().as_secs_f64();
    let served = super::serve_here(&["serve"], data.path()).await?;
    Ok(target(served, token, users, loaded_seconds, data))
}

/// Serves a tenant in memory, which fills itself.
pub(crate) async fn start_in_memory(users: u32) -> anyhow::Result<Target> {
    let data = tempfile::Builder::new().prefix("provost-bench-").tempdir().context("cannot make a temporary directory")?;
    let started = Instant::now();
    let mut served = super::serve_here(&["serve", "--in-memory", &users.to_string()], data.path()).await?;
    let token = served.next_line().await?;
    Ok(target(served, token, users, started.elapsed().as_secs_f64(), data))
}

fn target(served: Served, token: String, users: u32, loaded_seconds: f64, data: TempDir) -> Target {
    let Served { child, host, path, .. } = served;
    let service = Arc::new(Service { host, path, token, ids: (0..users).map(id).collect(), checks: Checks::Whole });
    Target { child, service, loaded_seconds, _data: Some(data) }
}

/// In the form of the ids that the tenant makes, in an order that is none.
fn id(number: u32) -> String {
    let mixed = u128::from(number).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let hex = format!("{mixed:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Stores the users and makes a token; the file that they are read from is in `data` meanwhile.
pub(crate) async fn fill(tenant: &Tenant, data: &Path, users: u32) -> anyhow::Result<String> {
    tenant.set_options(&Options { requests_per_second: 0, ..Options::default() }).await.context("cannot lift the rate limit")?;
    let path = data.join("users.jsonl");
    let mut file = BufWriter::new(std::fs::File::create(&path).context("cannot write the users")?);
    for number in 0..users {
        let mut user = rows::user(&rows::user_name(number), number);
        user["id"] = id(number).into();
        writeln!(file, "{user}").context("cannot write the users")?;
    }
    file.into_inner().context("cannot write the users")?;
    let mut source = BufReader::with_capacity(1 << 20, std::fs::File::open(&path).context("cannot read the users")?);
    let imported = transfer::import(tenant, &mut source, |_| ()).await.context("cannot store the users")?;
    ensure!(imported.users == u64::from(users), "{} of {users} users were stored", imported.users);
    std::fs::remove_file(&path).context("cannot remove the users' file")?;
    let secret =
        tokens::create(tenant, "bench", Grant::everything(), Lifetime::default()).await.context("cannot make a token")?;
    Ok(secret.expose().to_owned())
}
