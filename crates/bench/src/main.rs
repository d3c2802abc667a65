//! `provost-bench`: measures whole processes beside what bounds them in the same run: the tenant's SCIM API over loopback HTTP
//! beside another server, and the engine with a large directory beside bare loops over the same rows.
//!
//! It starts what it measures, each server in a process of its own over fresh data, sends a bounded load, and ends. It opens
//! no port but on the loopback address, and talks to nobody else, but for installing a peer that was asked for. It measures;
//! what is a good result is for the reader to say: the exit code is 0 when every answer was the one that was expected,
//! and with `engine --check` only if every goal was reached too.

mod ceiling;
mod client;
mod engine;
mod load;
mod machine;
mod operations;
mod report;
mod rows;
mod run;
mod serve;
mod sink;
mod soak;
mod target;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

// The product's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Provost.
#[derive(Debug, Parser)]
#[command(name = "provost-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the SCIM API: create, get, filter, PATCH, list page
    Scim(ScimArguments),
    /// Measure the engine with a large directory: import, full passes, preview, latency, first sync
    Engine(engine::EngineArguments),
    /// Watch the engine under a steady load: memory, and how long changes are under way
    Soak(soak::SoakArguments),
    /// Work as the process that a soak watches
    #[command(hide = true)]
    SoakWork(soak::WorkArguments),
    /// Measure one row of the engine in this process; prints its figures
    #[command(hide = true)]
    EngineRow(engine::RowArguments),
    /// Serve a tenant over this directory until standard input ends; prints its URL
    #[command(hide = true)]
    Serve {
        /// Where the data is
        data: PathBuf,
        /// Keep so many users in memory instead, and print the token too
        #[arg(long, value_name = "USERS")]
        in_memory: Option<u32>,
    },
    /// Serve the ceiling over this directory until standard input ends; prints its URL
    #[command(hide = true)]
    Ceiling {
        /// Where the data is
        data: PathBuf,
    },
}

/// Which server is measured beside ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// None.
    None,
    /// The Python package scim2-server, as its command serves it: in memory, one Python process.
    Scim2Server,
}

#[derive(Debug, Args)]
struct ScimArguments {
    /// How many users are stored when the measuring begins; a run over fresh data for each
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1000,20000,1000000", value_parser = clap::value_parser!(u32).range(200..=5_000_000))]
    users: Vec<u32>,
    /// How many connections send at once, each one request after the other
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,8,32", value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: Vec<u16>,
    /// How long each operation is measured at each number of connections
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = seconds)]
    seconds: f64,
    /// Measure this server too
    #[arg(long, value_enum, default_value_t = Peer::None)]
    peer: Peer,
    /// The peer's virtual environment; made, and the peer installed by its package name, when missing
    #[arg(long, value_name = "DIR", required_if_eq("peer", "scim2-server"))]
    peer_env: Option<PathBuf>,
    /// Up to how many users the peer is measured with: it holds them in memory and takes minutes to be loaded
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    peer_users_max: u32,
    /// Write all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|seconds| (0.1..=600.0).contains(seconds)).ok_or_else(|| "write seconds from 0.1 to 600".to_owned())
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("provost-bench: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Scim(arguments) => run::scim(arguments).await,
            Command::Engine(arguments) => engine::engine(arguments).await,
            Command::EngineRow(arguments) => engine::row(arguments).await,
            Command::Soak(arguments) => soak::soak(arguments).await,
            Command::SoakWork(arguments) => soak::work(arguments).await,
            Command::Serve { data, in_memory } => serve::serve(&data, in_memory).await,
            Command::Ceiling { data } => ceiling::serve(&data).await,
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("provost-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
