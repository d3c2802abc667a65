//! `provost import`: the two CSV files of a Google Admin console.

use crate::Ended;
use crate::api::Api;
use crate::cli::ImportArguments;
use crate::output::{print_json, text};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::path::Path;

/// Rejected rows that are printed; all of them are in the JSON.
const REJECTED_PRINTED_MAX: usize = 20;

/// `provost import USERS [--members MEMBERS]`
pub(crate) async fn run(arguments: ImportArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let dry_run = arguments.dry_run;
    let mut reports = serde_json::Map::new();
    if arguments.users.as_os_str() != "-" {
        reports.insert("users".to_owned(), upload(&api, "users", &arguments.users, dry_run).await?);
    }
    if let Some(members) = &arguments.members {
        reports.insert("members".to_owned(), upload(&api, "members", members, dry_run).await?);
    }
    let rejected =
        reports.values().any(|report| report.get("rejected").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty()));
    if arguments.target.json {
        print_json(&json!({ "dry_run": dry_run, "reports": reports }));
    } else {
        for (what, report) in &reports {
            print_report(what, report, dry_run);
        }
    }
    Ok(if rejected { Ended::WithFailures } else { Ended::Well })
}

async fn upload(api: &Api, what: &str, file: &Path, dry_run: bool) -> anyhow::Result<Value> {
    let style =
        ProgressStyle::with_template("{spinner} {pos} rows, {per_sec}, {elapsed}").context("the progress line's template")?;
    let bar = ProgressBar::new_spinner().with_style(style);
    let mut report = None;
    api.upload(&format!("/import/{what}?dry_run={dry_run}"), file, |line| {
        if let Some(rows) = line.pointer("/progress/rows").and_then(Value::as_u64) {
            bar.set_position(rows);
        }
        if let Some(found) = line.get("report") {
            report = Some(found.clone());
        }
        if let Some(problem) = line.get("problem") {
            report = Some(json!({ "problem": problem }));
        }
    })
    .await?;
    bar.finish_and_clear();
    let report = report.with_context(|| format!("the import of {} ended without a report", file.display()))?;
    if let Some(problem) = report.get("problem") {
        anyhow::bail!("{}: {}", file.display(), text(problem, "detail"));
    }
    Ok(report)
}

fn print_report(what: &str, report: &Value, dry_run: bool) {
    let tense = if dry_run { "would change" } else { "changed" };
    println!("{what}: what {tense}");
    let fields = report.as_object().into_iter().flatten();
    for (name, value) in fields.filter(|(name, _)| *name != "rejected") {
        match value {
            Value::Array(list) if list.is_empty() => {}
            Value::Array(list) => {
                let names: Vec<String> =
                    list.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
                println!("  {}: {}", name.replace('_', " "), names.join(", "));
            }
            value => println!("  {}: {value}", name.replace('_', " ")),
        }
    }
    let rejected = report.get("rejected").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for row in rejected.iter().take(REJECTED_PRINTED_MAX) {
        println!("  line {} was left out: {}", text(row, "line"), text(row, "reason"));
    }
    if rejected.len() > REJECTED_PRINTED_MAX {
        println!("  … and {} more; --json lists all", rejected.len() - REJECTED_PRINTED_MAX);
    }
}
