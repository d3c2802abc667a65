//! How an app's provisioning stands, what is planned, who fails, and why.

use crate::Ended;
use crate::api::{Api, segment, unconfirmed};
use crate::cli::{
    AppArguments, ApproveArguments, ExplainArguments, FailuresArguments, PlanArguments, TokenExpiryArguments, TurnOnArguments,
};
use crate::output::{items, print_json, print_table, text};
use serde_json::{Value, json};

/// The path of an app's autoprovisioning.
pub(crate) fn path(app: &str, rest: &str) -> String {
    format!("/apps/{}/autoprovisioning{rest}", segment(app))
}

/// `provost status APP`
pub(crate) async fn status(arguments: AppArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let status = api.get(&path(&arguments.app, "/status")).await?;
    if arguments.target.json {
        print_json(&status);
    } else {
        print_status(&status);
    }
    Ok(Ended::Well)
}

/// `provost token-expiry APP DATE|unknown`
pub(crate) async fn token_expiry(arguments: TokenExpiryArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let expires_at = (arguments.expires != "unknown").then_some(&arguments.expires);
    let kept = api.call("PUT", &path(&arguments.app, "/token-expiry"), Some(&json!({ "expires_at": expires_at }))).await?;
    if arguments.target.json {
        print_json(&kept);
    } else if expires_at.is_some() {
        println!("The access token expires at {}.", text(&kept, "token_expires_at"));
        let status = api.get(&path(&arguments.app, "/status")).await?;
        if let Some(warning) = status.get("token_warning").and_then(Value::as_str) {
            eprintln!("Warning: {warning}");
        }
    } else {
        println!("When the access token expires is not known: no warning comes before it.");
    }
    Ok(Ended::Well)
}

/// The lines of a status.
pub(crate) fn print_status(status: &Value) {
    println!("{}: {}", text(status, "app"), text(status, "status"));
    if let Some(halted) = status.get("halted").filter(|halted| !halted.is_null()) {
        println!("  stopped: {} ({})", text(halted, "reason").replace('_', " "), text(halted, "message"));
        println!("  Nothing is sent until the app is reauthorized; how many changes wait is known then.");
    }
    for still in standing(status) {
        println!("  {}", text(still, "message"));
        println!("  Confirm with: provost approve {:?} --confirm {}", text(status, "app"), text(still, "reason"));
    }
    if let Some(rest) = status.get("quarantine").filter(|rest| !rest.is_null()) {
        println!(
            "  in quarantine since {}: {} (next try {})",
            text(rest, "since"),
            text(rest, "message"),
            text(rest, "next_probe")
        );
    }
    if let Some(warning) = status.get("token_warning").and_then(Value::as_str) {
        println!("  {warning}");
    }
    print_accounts(status);
    let total = |usage: &Value| text(usage, "total");
    println!("  in the last 30 days: {}", counts(status.get("usage_30_days"), total));
    let next = status.get("next_removal").filter(|next| !next.is_null());
    if let Some(next) = next {
        println!("  next removal: {}", next.as_str().map_or_else(|| next.to_string(), str::to_owned));
    }
}

/// What is due and who is failing is not known of an app that is stopped.
fn print_accounts(status: &Value) {
    let halted = status.get("halted").is_some_and(|halted| !halted.is_null());
    let mut accounts = status.get("accounts").cloned().unwrap_or(Value::Null);
    if let Some(accounts) = accounts.as_object_mut() {
        let sweeping = accounts.remove("sweeping") == Some(Value::Bool(true));
        if halted {
            accounts.retain(|name, _| !matches!(name.as_str(), "due" | "failing"));
        } else if sweeping {
            println!("  users are being looked at again: more may become due");
        }
    }
    println!("  accounts: {}", counts(Some(&accounts), Value::to_string));
}

/// Why removals wait as a whole, as far as nobody has confirmed it.
fn standing(answer: &Value) -> impl Iterator<Item = &Value> {
    let all = answer.get("standstills").and_then(Value::as_array).into_iter().flatten();
    all.filter(|still| still.get("confirmed") == Some(&Value::Bool(false)))
}

/// `linked 3, suspended 0`
fn counts(object: Option<&Value>, count: impl Fn(&Value) -> String) -> String {
    let fields = object.and_then(Value::as_object).into_iter().flatten();
    fields.map(|(name, value)| format!("{} {}", words(name), count(value))).collect::<Vec<_>>().join(", ")
}

/// A field's name as a line says it.
fn words(name: &str) -> String {
    match name {
        "no_account" => "no account and none to be made".to_owned(),
        _ => name.replace('_', " "),
    }
}

/// `provost plan APP`
pub(crate) async fn plan(arguments: PlanArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let plan = api.get(&path(&arguments.app, &format!("/plan?limit={}", arguments.limit))).await?;
    if arguments.target.json {
        print_json(&plan);
    } else {
        print_plan(&plan);
        println!("Hash: {}", text(&plan, "hash"));
    }
    Ok(Ended::Well)
}

/// The counts and entries of a plan; what confirms it is for the caller to say.
pub(crate) fn print_plan(plan: &Value) {
    println!("Plan: {}", counts(plan.get("counts"), Value::to_string));
    let entries = plan.get("entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !entries.is_empty() {
        let rows: Vec<Vec<String>> = entries
            .iter()
            .map(|entry| vec![text(entry, "action"), text(entry, "email"), text(entry, "at"), reasons(entry)])
            .collect();
        print_table(&["ACTION", "USER", "AT", "WHY"], &rows);
    }
}

fn reasons(entry: &Value) -> String {
    let why = entry.get("why").and_then(Value::as_array);
    why.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// `provost failures APP`
pub(crate) async fn failures(arguments: FailuresArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    if let Some(who) = &arguments.retry {
        let body = if who == "all" { json!({}) } else { json!({ "user": who }) };
        let answer = api.call("POST", &path(&arguments.app, "/retry"), Some(&body)).await?;
        if arguments.target.json {
            print_json(&answer);
        } else {
            println!("Users who are tried again now: {}.", text(&answer, "retried"));
        }
        return Ok(Ended::Well);
    }
    if arguments.csv {
        print!("{}", api.get_text(&path(&arguments.app, "/failures"), "text/csv").await?);
        return Ok(Ended::Well);
    }
    let failures = all_items(&api, &path(&arguments.app, "/failures")).await?;
    if arguments.target.json {
        print_json(&json!({ "items": failures }));
    } else if failures.is_empty() {
        println!("Nobody is failing.");
    } else {
        let row = |failure: &Value| {
            ["user", "operation", "status", "message", "at", "next_attempt"].iter().map(|field| text(failure, field)).collect()
        };
        let rows: Vec<Vec<String>> = failures.iter().map(row).collect();
        print_table(&["USER", "TRIED", "STATUS", "THE APP SAID", "AT", "NEXT ATTEMPT"], &rows);
    }
    Ok(if failures.is_empty() { Ended::Well } else { Ended::WithFailures })
}

/// All pages of a list.
pub(crate) async fn all_items(api: &Api, path: &str) -> anyhow::Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = match &after {
            None => api.get(path).await?,
            Some(after) => api.get(&format!("{path}{separator}after={}", segment(after))).await?,
        };
        all.extend_from_slice(items(&page));
        after = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// `provost explain APP USER`
pub(crate) async fn explain(arguments: ExplainArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let explanation = api.get(&path(&arguments.app, &format!("/explain/{}", segment(&arguments.user)))).await?;
    if arguments.target.json {
        print_json(&explanation);
    } else {
        let lines = explanation.get("lines").and_then(Value::as_array);
        for line in lines.into_iter().flatten().filter_map(Value::as_str) {
            println!("{line}");
        }
    }
    Ok(Ended::Well)
}

/// `provost approve APP [USER …]`
pub(crate) async fn approve(arguments: ApproveArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    if let Some(reason) = &arguments.confirm {
        let answer = api.call("POST", &path(&arguments.app, "/held/confirm"), Some(&json!({ "reason": reason }))).await?;
        if arguments.target.json {
            print_json(&answer);
        } else {
            println!("Confirmed: removals of {} wait no longer for this reason ({reason}).", arguments.app);
        }
        return Ok(Ended::Well);
    }
    if arguments.users.is_empty() && !arguments.all {
        let held = api.get(&path(&arguments.app, "/held")).await?;
        if arguments.target.json {
            print_json(&held);
        } else {
            print_held(&held, &arguments.app);
        }
        return Ok(Ended::Well);
    }
    let verdict = if arguments.reject { "/held/reject" } else { "/held/approve" };
    let body = if arguments.all { json!({}) } else { json!({ "users": arguments.users }) };
    let answer = api.call("POST", &path(&arguments.app, verdict), Some(&body)).await?;
    let word = if arguments.reject { "rejected" } else { "approved" };
    let decided = answer.get(word).and_then(Value::as_u64).unwrap_or(0);
    if arguments.target.json {
        print_json(&answer);
    } else {
        println!("Removals {word}: {decided}.");
        for user in answer.get("not_held").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            println!("No removal of {user} is held: nothing was decided of them.");
        }
    }
    // Whoever names somebody expects a verdict.
    Ok(if decided == 0 && !arguments.all { Ended::WithFailures } else { Ended::Well })
}

fn print_held(held: &Value, app: &str) {
    let rows: Vec<Vec<String>> = items(held)
        .iter()
        .map(|held| ["email", "kind", "trigger", "since", "due"].iter().map(|field| text(held, field)).collect())
        .collect();
    for still in standing(held) {
        println!("{}", text(still, "message"));
        println!("Confirm with: provost approve {app:?} --confirm {}", text(still, "reason"));
    }
    if !rows.is_empty() {
        print_table(&["USER", "ACTION", "CAUSE", "SINCE", "DUE"], &rows);
        println!("Approve with: provost approve {app:?} --all (or name users); reject with --reject.");
    } else if standing(held).next().is_some() {
        println!("Nobody's removal is held one by one.");
    } else {
        println!("No removal is held.");
    }
}

/// `provost turn-on APP`
pub(crate) async fn turn_on(arguments: TurnOnArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let body = json!({ "confirm": arguments.confirm, "yes": arguments.yes });
    match api.call("POST", &path(&arguments.app, "/turn-on"), Some(&body)).await {
        Ok(answer) if arguments.target.json => print_json(&answer),
        Ok(_) => println!("Autoprovisioning of {} is active.", arguments.app),
        Err(error) => return unconfirmed(&error, arguments.target.json).ok_or(error),
    }
    Ok(Ended::Well)
}

/// `provost probe APP`
pub(crate) async fn probe(arguments: AppArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let answer = api.call("POST", &path(&arguments.app, "/probe"), None).await?;
    if arguments.target.json {
        print_json(&answer);
    } else {
        println!("If {} is in quarantine, it is asked now whether it works again: see provost status.", arguments.app);
    }
    Ok(Ended::Well)
}

/// `provost turn-off APP`
pub(crate) async fn turn_off(arguments: AppArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let answer = api.call("POST", &path(&arguments.app, "/turn-off"), None).await?;
    if arguments.target.json {
        print_json(&answer);
    } else {
        println!("Autoprovisioning of {} is inactive: nothing is sent.", arguments.app);
    }
    Ok(Ended::Well)
}
