//! `provost import`: the two CSV files of a Google Admin console.

use crate::Ended;
use crate::api::{Api, Usage};
use crate::cli::ImportArguments;
use crate::output::{print_json, text};
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Rejected rows that are printed; all of them are in the JSON.
const REJECTED_PRINTED_MAX: usize = 20;

/// `provost import USERS [--members MEMBERS]`
pub(crate) async fn run(arguments: ImportArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let report = upload(&api, &arguments).await?;
    let rejected = report.get("rejected").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty());
    let refused = report.get("absent_refused").is_some_and(|text| !text.is_null());
    if arguments.target.json {
        print_json(&json!({ "dry_run": arguments.dry_run, "report": report }));
    } else {
        print_report(&report, arguments.dry_run);
    }
    Ok(if rejected || refused { Ended::WithFailures } else { Ended::Well })
}

async fn upload(api: &Api, arguments: &ImportArguments) -> anyhow::Result<Value> {
    let dry_run = arguments.dry_run;
    let confirmed = arguments.absent_max.map_or_else(String::new, |count| format!("&absent_max={count}"));
    let absent = format!("{}{confirmed}", arguments.absent);
    let only_members = arguments.users.as_os_str() == "-";
    let users = (!only_members).then_some(&arguments.users);
    let files: Vec<&Path> = users.into_iter().chain(&arguments.members).map(PathBuf::as_path).collect();
    if let Some(directory) = files.iter().find(|file| file.is_dir()) {
        return Err(Usage::new(format!("{} is a directory: name the CSV file in it", directory.display())).into());
    }
    let path = match files.as_slice() {
        [] => bail!("nothing to import: name the user download, or - and --members FILE"),
        [_] if only_members => format!("/import/members?dry_run={dry_run}"),
        [_] => format!("/import/users?dry_run={dry_run}&absent={absent}"),
        // Both in one request, so that the members of a dry run know the users that it would add.
        [users, ..] => {
            let bytes = std::fs::metadata(users).with_context(|| format!("cannot read {}", users.display()))?.len();
            format!("/import/users?dry_run={dry_run}&absent={absent}&users_bytes={bytes}")
        }
    };
    let style = ProgressStyle::with_template("{spinner} {msg}: {pos} rows, {per_sec}, {elapsed}")
        .context("the progress line's template")?;
    let bar = ProgressBar::new_spinner().with_style(style);
    let mut last = None;
    api.upload(&path, &files, |line| {
        if let Some(progress) = line.get("progress") {
            bar.set_message(text(progress, "file"));
            bar.set_position(progress.get("rows").and_then(Value::as_u64).unwrap_or(0));
        } else {
            last = Some(line);
        }
    })
    .await?;
    bar.finish_and_clear();
    let last = last.context("the import ended without a report")?;
    if let Some(problem) = last.get("problem") {
        bail!("{}", text(problem, "detail"));
    }
    Ok(last.get("report").cloned().unwrap_or(Value::Null))
}

fn print_report(report: &Value, dry_run: bool) {
    println!("{}", if dry_run { "This would be done:" } else { "This was done:" });
    print_fields(report, 1);
    if let Some(refused) = report.get("absent_refused").and_then(Value::as_str) {
        println!("  Nobody was suspended for being absent: {refused}");
    }
    let rejected = report.get("rejected").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for row in rejected.iter().take(REJECTED_PRINTED_MAX) {
        println!("  {} line {} was left out: {}", text(row, "file"), text(row, "line"), text(row, "reason"));
    }
    let count = report.get("rejected_count").and_then(Value::as_u64).unwrap_or(0);
    let printed = rejected.len().min(REJECTED_PRINTED_MAX) as u64;
    if count > printed {
        println!("  … and {} more; --json lists the first thousand", count - printed);
    }
}

/// Zero, empty, or an object of nothing else.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
        Value::Bool(_) | Value::String(_) => false,
    }
}

/// Numbers and names, indented; nothing for what is zero or empty.
fn print_fields(object: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    // These are said in sentences of their own.
    let is_told = |name: &str| matches!(name, "rejected" | "absent_refused" | "dry_run");
    for (name, value) in object.as_object().into_iter().flatten().filter(|(name, value)| !is_told(name) && !is_nothing(value)) {
        let name = if name == "rejected_count" { "rows left out".to_owned() } else { name.replace('_', " ") };
        match value {
            Value::Object(_) => {
                println!("{indent}{name}:");
                print_fields(value, depth + 1);
            }
            Value::Array(list) => {
                let names: Vec<String> =
                    list.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
                println!("{indent}{name}: {}", names.join(", "));
            }
            Value::String(text) => println!("{indent}{name}: {text}"),
            Value::Null | Value::Bool(_) | Value::Number(_) => println!("{indent}{name}: {value}"),
        }
    }
}
