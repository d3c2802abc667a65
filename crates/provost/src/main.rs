//! The `provost` program: the servers, the demonstration, and the verbs an administrator scripts with.

mod api;
mod cli;
mod conformance;
mod data_dir;
mod demo;
mod high_water;
mod output;
mod serve;
mod tenant;
mod transfer;
mod verbs;

use clap::Parser;
use cli::{Cli, Command};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a command ended; the exit codes stand in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// 0: done.
    Well,
    /// 1: done, and the result is not what was hoped for (a sync with failures, rows that were rejected).
    WithFailures,
    /// 3: the plan needs to be confirmed; nothing was changed.
    Unconfirmed,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Well => Self::SUCCESS,
            Ended::WithFailures => Self::from(1),
            Ended::Unconfirmed => Self::from(3),
        }
    }
}

/// The exit code of a program that wrote to a pipe which nobody reads, as shells know it: 128 and the number of SIGPIPE.
const UNREAD: i32 = 141;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging(&cli.command);
    if !cli.command.is_server() {
        end_when_nobody_reads();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("provost: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli.command)) {
        Ok(ended) => ended.into(),
        Err(error) => {
            eprintln!("provost: {error:#}");
            if error.is::<api::Usage>() || error.is::<conformance::NothingTried>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// Servers log from `info` on, the verbs only what goes wrong; `RUST_LOG` says otherwise.
fn start_logging(command: &Command) {
    let default = if command.is_server() { "info" } else { "error" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Whoever reads what a verb prints may have seen enough (`provost failures APP | head`). It ends then without a word, as others do;
/// printing would panic.
fn end_when_nobody_reads() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str().is_some_and(|text| text.starts_with("failed printing to stdout: Broken pipe")) {
            std::process::exit(UNREAD);
        }
        report(panic);
    }));
}

async fn run(command: Command) -> anyhow::Result<Ended> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments).await,
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Tenant(arguments) => tenant::run(arguments).await,
        Command::Admins(arguments) => verbs::access::admins(arguments).await,
        Command::ApiKeys(arguments) => verbs::access::api_keys(arguments).await,
        Command::Import(arguments) => verbs::import::run(arguments).await,
        Command::Config(arguments) => verbs::config::run(arguments).await,
        Command::Status(arguments) => verbs::app::status(arguments).await,
        Command::Plan(arguments) => verbs::app::plan(arguments).await,
        Command::Sync(arguments) => verbs::sync::run(arguments).await,
        Command::Accounts(arguments) => verbs::accounts::run(arguments).await,
        Command::Probe(arguments) => verbs::app::probe(arguments).await,
        Command::Failures(arguments) => verbs::app::failures(arguments).await,
        Command::Explain(arguments) => verbs::app::explain(arguments).await,
        Command::Approve(arguments) => verbs::app::approve(arguments).await,
        Command::Drift(arguments) => verbs::drift::run(arguments).await,
        Command::NotManaged(arguments) => verbs::drift::not_managed(arguments).await,
        Command::TokenExpiry(arguments) => verbs::app::token_expiry(arguments).await,
        Command::TurnOn(arguments) => verbs::app::turn_on(arguments).await,
        Command::TurnOff(arguments) => verbs::app::turn_off(arguments).await,
        Command::Users(arguments) => verbs::users::run(arguments).await,
        Command::Groups(arguments) => verbs::groups::run(arguments).await,
        Command::Orgs(arguments) => verbs::organization::orgs(arguments).await,
        Command::Domains(arguments) => verbs::organization::domains(arguments).await,
        Command::Apps(arguments) => verbs::apps::run(arguments).await,
        Command::Log(arguments) => verbs::log::run(arguments).await,
    }
}
