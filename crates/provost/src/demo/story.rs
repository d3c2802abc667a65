//! The story: a rename, a suspension, a leaver, a restore, and time going by.

use super::Teller;
use super::people::PRIMARY;
use super::system::{APP, System};
use crate::api::segment;
use anyhow::{Context, ensure};
use provost_core::time::Span;
use serde_json::{Value, json};

/// Tells it.
pub(super) async fn tell(system: &System, teller: &mut Teller) -> anyhow::Result<()> {
    let cast = provisioned(system, 4).await?;
    let [renamed, suspended, leaver, returner] = &cast[..] else { unreachable_cast()? };

    let new_address = format!("{}-weber@{PRIMARY}", renamed.split('@').next().unwrap_or_default());
    let change = json!({ "primary_email": new_address, "family_name": "Weber" });
    system.api.call("PATCH", &user(renamed, ""), Some(&change)).await?;
    system.settle().await?;
    teller.step(
        &format!("Renamed {renamed} to {new_address}: one PATCH, the same account."),
        &json!({ "from": renamed, "to": new_address }),
    );

    system.api.call("POST", &user(suspended, "/suspend"), Some(&json!({ "reason": "long leave" }))).await?;
    system.api.call("DELETE", &user(leaver, ""), None).await?;
    system.api.call("DELETE", &user(returner, ""), None).await?;
    system.settle().await?;
    teller.step(
        &format!("Suspended {suspended} (hard delete after 21 days); deleted {leaver} and {returner} (after 7 days). Nothing is removed yet."),
        &json!({ "suspended": suspended, "deleted": [leaver, returner] }),
    );
    explain(system, teller, suspended).await?;

    system.advance(Span::days(3)).await?;
    system.api.call("POST", &user(returner, "/restore"), Some(&json!({}))).await?;
    system.settle().await?;
    teller.step(&format!("Three days on: restored {returner}; the removal is cancelled."), &json!({ "restored": returner }));

    let before = deleted(system).await?;
    system.advance(Span::hours(4 * 24 - 1)).await?;
    ensure!(deleted(system).await? == before, "an account went before its time");
    system.advance(Span::hours(2)).await?;
    let after = deleted(system).await?;
    ensure!(after == before + 1, "the leaver's account should have gone on day 7, and only that one");
    teller.step(
        &format!("Seven days on: an hour before, nothing was sent; now {leaver}'s account is hard deleted."),
        &json!({ "hard_deleted": leaver }),
    );

    system.advance(Span::days(15)).await?;
    ensure!(deleted(system).await? == after + 1, "the suspended user's account should have gone on day 21");
    teller.step(
        &format!("Twenty-two days on: {suspended} is still suspended, and the account is hard deleted."),
        &json!({ "hard_deleted": suspended }),
    );
    Ok(())
}

fn unreachable_cast<T>() -> anyhow::Result<T> {
    anyhow::bail!("the story needs four people with accounts")
}

fn user(key: &str, rest: &str) -> String {
    format!("/users/{}{rest}", segment(key))
}

/// Addresses of the first `count` users with an account.
async fn provisioned(system: &System, count: usize) -> anyhow::Result<Vec<String>> {
    let accounts = system.api.get(&format!("/apps/{APP}/autoprovisioning/accounts?state=linked&limit={count}")).await?;
    let items = accounts["items"].as_array().context("the list of accounts has no items")?;
    Ok(items.iter().filter_map(|account| account["email"].as_str()).map(str::to_owned).collect())
}

/// Hard deletes of the last 30 days.
async fn deleted(system: &System) -> anyhow::Result<u64> {
    system.status().await?["usage_30_days"]["deleted"]["total"].as_u64().context("the status has no count of hard deletes")
}

async fn explain(system: &System, teller: &Teller, key: &str) -> anyhow::Result<()> {
    let explanation = system.api.get(&format!("/apps/{APP}/autoprovisioning/explain/{}", segment(key))).await?;
    for line in explanation["lines"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        teller.detail(line);
    }
    Ok(())
}
