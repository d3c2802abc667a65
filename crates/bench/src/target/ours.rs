//! Our tenant: filled by an import, then served by a child process of this program.

use super::{Checks, Service, Target};
use crate::rows;
use anyhow::{Context, ensure};
use provost_tenant::options::Options;
use provost_tenant::tokens::{self, Grant, Lifetime, Permission};
use provost_tenant::transfer;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Fills a fresh tenant and serves it.
pub(crate) async fn start(users: u32) -> anyhow::Result<Target> {
    let data = tempfile::Builder::new().prefix("provost-bench-").tempdir().context("cannot make a temporary directory")?;
    let started = Instant::now();
    let token = fill(data.path(), users).await?;
    let loaded_seconds = started.elapsed().as_secs_f64();
    let (child, host, path) = super::serve_here("serve", data.path()).await?;
    let service = Arc::new(Service { host, path, token, ids: (0..users).map(id).collect(), checks: Checks::Whole });
    Ok(Target { child, service, loaded_seconds, _data: Some(data) })
}

/// In the form of the ids that the tenant makes, in an order that is none.
fn id(number: u32) -> String {
    let mixed = u128::from(number).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let hex = format!("{mixed:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

async fn fill(data: &Path, users: u32) -> anyhow::Result<String> {
    let tenant = crate::serve::open(data).await?;
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
    let imported = transfer::import(&tenant, &mut source, |_| ()).await.context("cannot store the users")?;
    ensure!(imported.users == u64::from(users), "{} of {users} users were stored", imported.users);
    std::fs::remove_file(&path).context("cannot remove the users' file")?;
    let grants = ["/api/v2/scim/Users", "/api/v2/scim/Groups"].map(|endpoint| Grant::new(endpoint, Permission::ReadWrite));
    let grants = grants.into_iter().collect::<Result<Vec<_>, _>>()?;
    let secret = tokens::create(&tenant, "bench", grants, Lifetime::default()).await.context("cannot make a token")?;
    Ok(secret.expose().to_owned())
}
