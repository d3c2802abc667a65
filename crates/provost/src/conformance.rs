//! `provost tenant conformance`: what the runner finds, as a table or as JSON.

use crate::Ended;
use crate::cli::ConformanceArguments;
use crate::output::{print_json, print_table};
use crate::serve::stop_signal;
use anyhow::{Context, bail};
use provost_conformance::{Options, Report, Verdict};
use provost_platform::{HttpClient, Secret, check_endpoint};
use std::time::Duration;

/// For each request. A server that takes longer for one small request is not one to provision to.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Nothing could be tried; ends with exit code 2, so that it is not taken for a server that failed.
#[derive(Debug)]
pub(crate) struct NothingTried;

impl std::fmt::Display for NothingTried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing was tried")
    }
}

impl std::error::Error for NothingTried {}

/// Runs every requirement and prints the results.
pub(crate) async fn run(arguments: &ConformanceArguments) -> anyhow::Result<Ended> {
    let report = report(arguments).await.context(NothingTried)?;
    if arguments.json {
        print_json(&report.to_json());
    } else {
        print_report(&report);
    }
    let is_good = report.count(Verdict::Failed) == 0 && !report.was_stopped;
    Ok(if is_good { Ended::Well } else { Ended::WithFailures })
}

async fn report(arguments: &ConformanceArguments) -> anyhow::Result<Report> {
    check_endpoint(&arguments.url, &arguments.allow_private)?;
    let file = &arguments.token_file;
    let token = std::fs::read_to_string(file).with_context(|| format!("cannot read the token from {}", file.display()))?;
    let client = HttpClient::new(arguments.allow_private.clone());
    let options = Options { run_name: provost_platform::random::base62(8).to_lowercase(), timeout: REQUEST_TIMEOUT };
    let token = Secret::new(token.trim());
    let running = provost_conformance::run(&client, arguments.url.trim(), &token, &options, stop_signal());
    let stopped_twice = async {
        stop_signal().await;
        eprintln!("Stopping: what was made is being removed. Stop once more to leave it there.");
        stop_signal().await;
    };
    tokio::select! {
        report = running => Ok(report?),
        () = stopped_twice => bail!("stopped before everything was removed: users and groups named conformance-{}-… may be left", options.run_name),
    }
}

fn print_report(report: &Report) {
    let row = |outcome: &provost_conformance::Outcome| {
        let requirement = outcome.requirement;
        vec![
            requirement.id.to_owned(),
            requirement.section.to_owned(),
            outcome.verdict.word().to_owned(),
            outcome.evidence.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = report.results.iter().map(row).collect();
    print_table(&["REQUIREMENT", "RFC SECTION", "RESULT", "EVIDENCE"], &rows);
    for outcome in report.results.iter().filter(|outcome| outcome.verdict == Verdict::Failed) {
        let requirement = outcome.requirement;
        println!("\nFailed: {} ({}). A server {}.", requirement.id, requirement.section, requirement.words);
        println!("  {}", outcome.evidence);
    }
    println!(
        "\n{}: {} passed, {} failed, {} skipped",
        report.server,
        report.count(Verdict::Passed),
        report.count(Verdict::Failed),
        report.count(Verdict::Skipped)
    );
    for path in &report.left_behind {
        println!("The server would not remove {path}: remove it by hand.");
    }
}
