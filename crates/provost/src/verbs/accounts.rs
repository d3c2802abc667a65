//! `provost accounts`: what an app holds.

use super::app::{all_items, path};
use crate::Ended;
use crate::api::{Api, segment};
use crate::cli::AccountsArguments;
use crate::output::{print_items, print_table, text};
use serde_json::Value;

/// `provost accounts APP`
pub(crate) async fn run(arguments: AccountsArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let state = arguments.state.as_deref().map_or_else(String::new, |state| format!("&state={state}"));
    let AccountsArguments { failing, leaving, text: part, .. } = &arguments;
    let wanted = format!("/accounts?failing={failing}&leaving={leaving}&text={}&limit=500{state}", segment(part));
    let accounts = all_items(&api, &path(&arguments.app, &wanted)).await?;
    if arguments.target.json {
        print_items(true, &accounts, &[]);
    } else if accounts.is_empty() {
        println!("No account matches.");
    } else {
        print_table(&["USER", "STATE", "NEXT REMOVAL", "FAILURE"], &accounts.iter().map(row).collect::<Vec<_>>());
    }
    Ok(Ended::Well)
}

fn row(account: &Value) -> Vec<String> {
    let part = |name: &str| account.get(name).filter(|part| !part.is_null());
    let removal = part("removal").map_or_else(String::new, |removal| {
        let rejected = if removal.get("rejected") == Some(&Value::Bool(true)) { ", rejected" } else { "" };
        format!("{} at {} ({}{rejected})", text(removal, "action"), text(removal, "at"), text(removal, "trigger"))
    });
    let failure = part("failure").map_or_else(String::new, |failure| text(failure, "message"));
    vec![text(account, "email"), text(account, "state"), removal, failure]
}
