//! `provost config`: the configuration as a file. The file names where a token is; the token itself is read here.

use super::app::print_plan;
use crate::Ended;
use crate::api::{Api, unconfirmed};
use crate::cli::{ConfigArguments, ConfigVerb, Target};
use crate::output::{print_json, text};
use anyhow::Context;
use serde_json::{Map, Value, json};
use std::path::Path;

/// `provost config apply|export`
pub(crate) async fn run(arguments: ConfigArguments) -> anyhow::Result<Ended> {
    match arguments.verb {
        ConfigVerb::Export { target } => {
            let api = Api::open(&target).await?;
            print!("{}", api.get_text("/config/export", "text/yaml").await?);
            Ok(Ended::Well)
        }
        ConfigVerb::Apply { file, plan, confirm, yes, target } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let tokens = tokens(&file, &text)?;
            let body = json!({ "file": text, "tokens": tokens });
            let confirmation = match (&confirm, yes) {
                (Some(hash), _) => format!("?confirm={}", crate::api::segment(hash)),
                (None, true) => "?yes=true".to_owned(),
                (None, false) => String::new(),
            };
            let path = if plan { "/config/plan".to_owned() } else { format!("/config/apply{confirmation}") };
            send(&target, &path, &body, plan).await
        }
    }
}

async fn send(target: &Target, path: &str, body: &Value, is_plan: bool) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    let answer = match api.call("POST", path, Some(body)).await {
        Ok(answer) => answer,
        Err(error) => return unconfirmed(&error, target.json).ok_or(error),
    };
    if target.json {
        print_json(&answer);
        return Ok(Ended::Well);
    }
    let plan = if is_plan { &answer } else { answer.get("plan").unwrap_or(&answer) };
    let changes = plan.get("changes") != Some(&Value::Bool(false));
    println!(
        "{}",
        match (changes, is_plan) {
            (false, _) => "Nothing to change.",
            (true, true) => "Planned; nothing was changed:",
            (true, false) => "Done:",
        }
    );
    for app in plan.get("apps").and_then(Value::as_array).into_iter().flatten() {
        print_app(app);
    }
    if !is_plan && body.get("tokens").and_then(Value::as_object).is_some_and(|tokens| !tokens.is_empty()) && changes {
        println!("An access token that was stored was not tried: `provost status APP` says when the app refuses it.");
    }
    if is_plan {
        println!("Hash: {}", text(plan, "hash"));
    }
    Ok(Ended::Well)
}

fn print_app(app: &Value) {
    println!("{}:", text(app, "app"));
    let lines = |field: &str| app.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    if lines("steps").next().is_none() {
        println!("  nothing to change");
    }
    for step in lines("steps") {
        println!("  {step}");
    }
    for warning in lines("warnings") {
        println!("  warning: {warning}");
    }
    if let Some(plan) = app.get("plan").filter(|plan| !plan.is_null()) {
        print_plan(plan);
    }
}

/// The tokens that the file names by `token_file` (relative to the file) or `token_env`.
fn tokens(file: &Path, text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut tokens = Map::new();
    let folder = file.parent().unwrap_or(Path::new("."));
    let parsed = provost_server::config::parse(text).with_context(|| format!("{} cannot be used", file.display()))?;
    for app in parsed.apps {
        let Some(entry) = app.autoprovisioning else { continue };
        let token = match (entry.token_file, entry.token_env) {
            (Some(name), _) => {
                let path = folder.join(name);
                std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read the token of {} from {}", app.name, path.display()))?
            }
            (None, Some(name)) => {
                std::env::var(&name).with_context(|| format!("the token of {} is to be in the variable {name}", app.name))?
            }
            (None, None) => continue,
        };
        tokens.insert(app.name, Value::String(token.trim().to_owned()));
    }
    Ok(tokens)
}
