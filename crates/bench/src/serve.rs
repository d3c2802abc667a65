//! The child process that is measured: a tenant of the profile `standard` over a SQLite file, or in memory, as `provost tenant` serves
//! it.

use crate::target;
use anyhow::Context;
use axum::Router;
use provost_db::Location;
use provost_platform::Clock;
use provost_tenant::{ProfileName, Tenant};
use std::path::Path;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// Opens the tenant that is measured.
pub(crate) async fn open(data: &Path) -> anyhow::Result<Tenant> {
    let location = Location::File(data.join("tenant.db"));
    Tenant::open(location, Clock::system(), ProfileName::Standard).await.context("cannot open the tenant")
}

/// Serves a tenant: the one in the directory, or one in memory with so many users, whose token is printed after the URL.
pub(crate) async fn serve(data: &Path, in_memory: Option<u32>) -> anyhow::Result<()> {
    let (tenant, token) = match in_memory {
        None => (open(data).await?, None),
        Some(users) => {
            let opened = Tenant::open(Location::Memory, Clock::system(), ProfileName::Standard).await;
            let tenant = opened.context("cannot open a tenant in memory")?;
            let token = target::fill(&tenant, data, users).await?;
            (tenant, Some(token))
        }
    };
    until_parent_ends(provost_tenant::router(tenant), "/api/v2/scim", token.as_deref()).await
}

/// Serves until standard input ends, which it does when the measuring process ends, however that comes. Prints where it is, and
/// the token that opens it.
pub(crate) async fn until_parent_ends(router: Router, path: &str, token: Option<&str>) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on the loopback address")?;
    println!("http://{}{path}", listener.local_addr().context("the listener has no address")?);
    if let Some(token) = token {
        println!("{token}");
    }
    let parent_gone = async {
        let mut byte = [0];
        while tokio::io::stdin().read(&mut byte).await.is_ok_and(|count| count > 0) {}
    };
    let served = axum::serve(listener, router.into_make_service_with_connect_info::<std::net::SocketAddr>());
    tokio::select! {
        served = served => served.context("the listener failed"),
        () = parent_gone => Ok(()),
    }
}
