//! `provost tenant import` and `provost tenant export`: the tenant's users and groups as JSON lines.

use crate::Ended;
use crate::output::print_json;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use provost_tenant::Tenant;
use provost_tenant::transfer::{self, ImportError, Progress};
use serde_json::json;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

/// What a file argument must be to mean standard input or output.
const STANDARD: &str = "-";

/// Checks every line of the file, then stores them all; a file with a bad line stores nothing.
pub(crate) async fn import(tenant: &Tenant, file: &Path, as_json: bool) -> anyhow::Result<Ended> {
    let mut source = BufReader::with_capacity(1 << 20, open(file)?);
    let bar = spinner()?;
    let result = transfer::import(tenant, &mut source, |progress| match progress {
        Progress::Checked(lines) => {
            bar.set_message("checked");
            bar.set_position(lines);
        }
        Progress::Stored(lines, all) => {
            bar.set_message(format!("of {all} stored"));
            bar.set_position(lines);
        }
    })
    .await;
    bar.finish_and_clear();
    match result {
        Ok(done) if as_json => {
            print_json(&json!({ "users": done.users, "groups": done.groups, "unchanged": done.unchanged }));
            Ok(Ended::Well)
        }
        Ok(done) => {
            println!("New users: {}. New groups: {}. Lines that were here already: {}.", done.users, done.groups, done.unchanged);
            Ok(Ended::Well)
        }
        Err(ImportError::Refused { bad, count, lines }) => {
            if as_json {
                let listed: Vec<_> = bad.iter().map(|bad| json!({ "line": bad.line, "reason": bad.reason })).collect();
                print_json(&json!({ "bad_count": count, "bad": listed, "lines": lines }));
            } else {
                for line in &bad {
                    eprintln!("line {} {}", line.line, line.reason);
                }
                let more = count - bad.len() as u64;
                if more > 0 {
                    eprintln!("… and {more} more");
                }
            }
            eprintln!("provost: {}", ImportError::Refused { bad: Vec::new(), count, lines });
            Ok(Ended::WithFailures)
        }
        Err(error) => Err(error).with_context(|| format!("cannot import {}", file.display())),
    }
}

/// Writes every user and group; a file appears only when it is whole, readable by its owner alone.
pub(crate) async fn export(tenant: &Tenant, file: &Path) -> anyhow::Result<Ended> {
    let bar = spinner()?;
    let progress = |done: transfer::Exported| {
        bar.set_message("written");
        bar.set_position(done.users + done.groups);
    };
    let done = if file.as_os_str() == STANDARD {
        transfer::export(tenant, &mut BufWriter::new(std::io::stdout().lock()), progress).await?
    } else {
        let directory = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        let whole = || format!("cannot write {}", file.display());
        let mut half = tempfile::NamedTempFile::new_in(directory).with_context(whole)?;
        let mut out = BufWriter::with_capacity(1 << 20, half.as_file_mut());
        let done = transfer::export(tenant, &mut out, progress).await.with_context(whole)?;
        out.flush().with_context(whole)?;
        drop(out);
        half.as_file().sync_all().with_context(whole)?;
        half.persist(file).with_context(whole)?;
        done
    };
    bar.finish_and_clear();
    eprintln!("Users written: {}. Groups written: {}.", done.users, done.groups);
    Ok(Ended::Well)
}

/// The file; standard input is kept in a temporary file first, because an import reads twice.
fn open(file: &Path) -> anyhow::Result<File> {
    if file.as_os_str() != STANDARD {
        return File::open(file).with_context(|| format!("cannot read {}", file.display()));
    }
    let mut spool = tempfile::tempfile().context("cannot make a temporary file for standard input")?;
    std::io::copy(&mut std::io::stdin().lock(), &mut spool).context("cannot read standard input")?;
    Ok(spool)
}

fn spinner() -> anyhow::Result<ProgressBar> {
    let style =
        ProgressStyle::with_template("{spinner} {pos} {msg}, {per_sec}, {elapsed}").context("the progress line's template")?;
    Ok(ProgressBar::new_spinner().with_style(style))
}
