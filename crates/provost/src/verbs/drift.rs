//! `provost drift` and `provost not-managed`: what the app holds beside what was last confirmed.

use super::app::{all_items, path};
use crate::Ended;
use crate::api::Api;
use crate::cli::{DriftArguments, NotManagedArguments};
use crate::output::{print_json, print_table, text};
use anyhow::bail;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often the state is asked for.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// How often a line says how far the check has come.
const PRINT_EVERY: Duration = Duration::from_secs(5);

/// `provost drift APP [--repair|--report|--accept]`
pub(crate) async fn run(arguments: DriftArguments) -> anyhow::Result<Ended> {
    let mut api = Api::open(&arguments.target).await?;
    let begun = begin(&mut api, &arguments).await;
    let ended = match begun {
        Ok(true) => wait(&api, &arguments).await,
        Ok(false) => Ok(()),
        Err(error) => Err(error),
    };
    let shown = match ended {
        Ok(()) => show(&api, &arguments).await,
        Err(error) => Err(error),
    };
    api.close().await?;
    shown
}

/// Asks for what the arguments say; whether there is something to wait for.
async fn begin(api: &mut Api, arguments: &DriftArguments) -> anyhow::Result<bool> {
    let app = &arguments.app;
    if arguments.show {
        return Ok(false);
    }
    if arguments.cancel {
        api.call("POST", &path(app, "/drift/cancel"), None).await?;
        return Ok(false);
    }
    api.start_engine();
    if arguments.confirm {
        api.call("POST", &path(app, "/drift/confirm"), None).await?;
        return Ok(true);
    }
    let rules = [(arguments.repair, "repair"), (arguments.report, "report"), (arguments.accept, "accept")];
    let rule = rules.into_iter().find(|(chosen, _)| *chosen).map(|(_, word)| word);
    let body = rule.map_or_else(|| json!({}), |rule| json!({ "differences": rule }));
    api.call("POST", &path(app, "/drift"), Some(&body)).await?;
    Ok(true)
}

async fn wait(api: &Api, arguments: &DriftArguments) -> anyhow::Result<()> {
    let (begun, mut printed) = (Instant::now(), Instant::now());
    loop {
        let status = api.get(&path(&arguments.app, "/status")).await?;
        if let Some(halted) = status.get("halted").filter(|halted| !halted.is_null()) {
            bail!("the check waits, and nothing is sent, until the app is reauthorized: {}", text(halted, "message"));
        }
        let drift = api.get(&path(&arguments.app, "/drift")).await?;
        let check = &drift["check"];
        if check["open"] != json!(true) {
            return Ok(());
        }
        let progress = format!("{}: {} accounts on {} pages", text(check, "state"), check["listed"], check["pages"]);
        if printed.elapsed() >= PRINT_EVERY {
            printed = Instant::now();
            eprintln!("{progress}");
        }
        if begun.elapsed() >= Duration::from_secs(arguments.timeout) {
            bail!(
                "the check is not over after {} seconds ({progress}); it goes on where a server runs and the connection is active: \
                 look again with --show",
                arguments.timeout
            );
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

async fn show(api: &Api, arguments: &DriftArguments) -> anyhow::Result<Ended> {
    let drift = api.get(&path(&arguments.app, "/drift")).await?;
    let check = &drift["check"];
    let differences = all_items(api, &path(&arguments.app, "/drift/differences")).await?;
    if arguments.target.json {
        print_json(&json!({ "check": check, "not_managed": drift["not_managed"], "items": differences }));
    } else if check.is_null() {
        println!("No drift check was made yet: run one with: provost drift {:?}", arguments.app);
    } else {
        print_check(check, &drift, &differences);
    }
    let well = matches!(check["state"].as_str(), Some("done" | "cancelled") | None);
    Ok(if well { Ended::Well } else { Ended::WithFailures })
}

fn print_check(check: &Value, drift: &Value, differences: &[Value]) {
    let counts = &check["counts"];
    println!("Drift check of {} by {}: {}", text(check, "requested_at"), text(check, "requested_by"), text(check, "state"));
    if !check["message"].is_null() {
        println!("  {}", text(check, "message"));
    }
    if check["state"] == json!("waiting") {
        println!("  it has not begun: nothing is known of it yet");
        return;
    }
    println!(
        "  {} accounts listed on {} pages; {} changed, {} suspended, {} reactivated, {} missing; {} not managed",
        check["listed"],
        check["pages"],
        counts["changed"],
        counts["suspended"],
        counts["reactivated"],
        counts["missing"],
        drift["not_managed"],
    );
    if differences.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> =
        differences.iter().map(|one| vec![text(one, "email"), text(one, "kind"), changes(one), text(one, "action")]).collect();
    print_table(&["USER", "WHAT", "OURS -> THEIRS", "DONE"], &rows);
}

/// `title: "Dr" -> "Prof"`
fn changes(difference: &Value) -> String {
    let change = |change: &Value| format!("{}: {} -> {}", text(change, "attribute"), change["ours"], change["theirs"]);
    difference["changes"].as_array().into_iter().flatten().map(change).collect::<Vec<_>>().join("; ")
}

/// `provost not-managed APP`
pub(crate) async fn not_managed(arguments: NotManagedArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let first = api.get(&path(&arguments.app, "/not-managed?limit=1")).await?;
    let all = all_items(&api, &path(&arguments.app, "/not-managed?limit=1000")).await?;
    if arguments.target.json {
        print_json(&json!({ "items": all, "count": first["count"], "listed_at": first["listed_at"] }));
    } else if first["listed_at"].is_null() {
        println!("The app's accounts were not listed yet: run: provost drift {:?} --report", arguments.app);
    } else if all.is_empty() {
        println!("Every account that the app had at {} is managed.", text(&first, "listed_at"));
    } else {
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|account| {
                let state = if account["active"] == json!(true) { "active" } else { "inactive" };
                vec![text(account, "name"), text(account, "remote_id"), state.to_owned(), text(account, "seen_at")]
            })
            .collect();
        print_table(&["NAME IN THE APP", "ID IN THE APP", "STATE", "SEEN"], &rows);
        println!("{} accounts are linked to nobody; they are never touched.", first["count"]);
    }
    Ok(Ended::Well)
}
