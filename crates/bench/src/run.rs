//! `provost-bench scim`: for each number of users, our tenant, then the peer and our tenant in memory as the peer is, each alone on
//! the machine.

use crate::load::{self, Measured};
use crate::operations::Operation;
use crate::target::{self, Target};
use crate::{Peer, ScimArguments, machine, report};
use anyhow::Context;
use std::collections::BTreeMap;

/// Whose figures they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Ours,
    /// `provost tenant --in-memory`.
    InMemory,
    Peer,
    /// Nobody's: what the machine allows.
    Ceiling,
}

/// What was measured of one server with one number of users.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) who: Who,
    pub(crate) users: u32,
    pub(crate) loaded_seconds: f64,
    pub(crate) memory_mib: Option<u64>,
    /// By the operation's place in [`Operation::ALL`] and the connections.
    pub(crate) measured: BTreeMap<(usize, u16), Measured>,
}

/// What stands beside ours: the peer, and our tenant that keeps users in memory only, as the peer does.
#[derive(Debug)]
pub(crate) struct Beside {
    pub(crate) in_memory: Series,
    pub(crate) peer: Series,
}

/// Measures and prints.
pub(crate) async fn scim(arguments: ScimArguments) -> anyhow::Result<()> {
    let facts = machine::facts();
    let environment = match arguments.peer {
        Peer::None => None,
        Peer::Scim2Server => arguments.peer_env.as_deref(),
    };
    let peer = match environment {
        None => None,
        Some(environment) => Some(target::install(environment).await?),
    };
    println!("{}", machine::line(&facts));
    if let Some(version) = &peer {
        println!("peer: scim2-server {version}");
    }
    let mut all = Vec::new();
    for &users in &arguments.users {
        let ours = series(&arguments, Who::Ours, users, target::start_ours(users).await?).await?;
        let beside = match environment {
            Some(environment) if users <= arguments.peer_users_max => Some(Beside {
                in_memory: series(&arguments, Who::InMemory, users, target::start_in_memory(users).await?).await?,
                peer: series(&arguments, Who::Peer, users, target::start_peer(environment, users).await?).await?,
            }),
            Some(_) | None => None,
        };
        let ceiling = series(&arguments, Who::Ceiling, users, target::start_ceiling().await?).await?;
        report::print_size(&arguments.connections, &ours, beside.as_ref(), &ceiling, environment.is_some());
        all.extend([ours, ceiling]);
        all.extend(beside.into_iter().flat_map(|beside| [beside.in_memory, beside.peer]));
    }
    report::print_flatness(&arguments.connections, &all);
    if let Some(file) = &arguments.json {
        let text = format!("{:#}\n", report::json(&facts, peer.as_deref(), &all));
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

async fn series(arguments: &ScimArguments, who: Who, users: u32, target: Target) -> anyhow::Result<Series> {
    let mut measured = BTreeMap::new();
    let mut run = 0;
    for (place, operation) in Operation::ALL.into_iter().enumerate() {
        if who == Who::Ceiling && operation.bare() != operation {
            continue;
        }
        for &connections in &arguments.connections {
            run += 1;
            let figures = load::measure(&target.service, operation, connections, arguments.seconds, run).await;
            let figures = figures.with_context(|| format!("{who:?} with {users} users and {connections} connections"))?;
            measured.insert((place, connections), figures);
        }
    }
    let series = Series { who, users, loaded_seconds: target.loaded_seconds, memory_mib: target.memory_mib(), measured };
    target.stop().await;
    Ok(series)
}
