//! `provost sync`: a full pass, and waiting until nothing is due.

use super::app::{path, print_status};
use crate::Ended;
use crate::api::Api;
use crate::cli::SyncArguments;
use crate::output::print_json;
use anyhow::bail;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often the state is asked for.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// How often a line is printed where there is no terminal.
const PRINT_EVERY: Duration = Duration::from_secs(5);

/// `provost sync APP [--wait]`
pub(crate) async fn run(arguments: SyncArguments) -> anyhow::Result<Ended> {
    let mut api = Api::open(&arguments.target).await?;
    let before = api.get(&path(&arguments.app, "/status")).await?;
    if arguments.wait {
        api.start_engine();
    }
    api.call("POST", &path(&arguments.app, "/sync"), None).await?;
    if !arguments.wait {
        println!("Every user of {} will be looked at again.", arguments.app);
        api.close().await?;
        return Ok(Ended::Well);
    }
    let waited = wait(&api, &arguments, &before).await;
    api.close().await?;
    let status = waited?;
    if arguments.target.json {
        print_json(&status);
    } else {
        print_status(&status);
    }
    let halted = status.get("halted").is_some_and(|halted| !halted.is_null());
    let inactive = status.get("status").and_then(Value::as_str) != Some("active");
    if inactive {
        eprintln!("Autoprovisioning is inactive: nothing was sent. Turn it on with: provost turn-on {:?}", arguments.app);
    }
    Ok(if failing(&status) > 0 || halted || inactive { Ended::WithFailures } else { Ended::Well })
}

fn failing(status: &Value) -> u64 {
    status.pointer("/accounts/failing").and_then(Value::as_u64).unwrap_or(0)
}

/// Asks until nothing is pending; failing users whose next attempt lies ahead are not waited for.
async fn wait(api: &Api, arguments: &SyncArguments, before: &Value) -> anyhow::Result<Value> {
    let begun = Instant::now();
    let bar = bar();
    let mut printed = Instant::now();
    let count = |status: &Value, pointer: &str| status.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let linked_before = count(before, "/accounts/linked");
    loop {
        let status = api.get(&path(&arguments.app, "/status")).await?;
        let (due, linked) = (count(&status, "/accounts/due"), count(&status, "/accounts/linked"));
        bar.set_message(format!("{due} due, {linked} accounts, {} failing", failing(&status)));
        bar.tick();
        if bar.is_hidden() && printed.elapsed() >= PRINT_EVERY {
            printed = Instant::now();
            eprintln!(
                "{due} due, {linked} accounts ({} new), {} failing",
                linked.saturating_sub(linked_before),
                failing(&status)
            );
        }
        if status.get("pending") == Some(&Value::Bool(false)) {
            bar.finish_and_clear();
            return Ok(status);
        }
        if begun.elapsed() >= Duration::from_secs(arguments.timeout) {
            bar.finish_and_clear();
            bail!("{due} accounts are still due after {} seconds; the work goes on where a server runs", arguments.timeout);
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar.with_style(ProgressStyle::default_spinner())
}
