//! `provost users`.

use super::app::all_items;
use crate::Ended;
use crate::api::{Api, segment};
use crate::cli::{Target, UserVerb, UsersArguments};
use crate::output::{items, print_items, print_json, text};
use anyhow::bail;
use serde_json::{Map, Value, json};

/// `provost users VERB`
pub(crate) async fn run(arguments: UsersArguments) -> anyhow::Result<Ended> {
    match arguments.verb {
        UserVerb::List { text: part, target } => list(&target, &part).await,
        UserVerb::Show { user, target } => call(&target, "GET", &one(&user, ""), None).await,
        UserVerb::Add { email, given_name, family_name, org_unit, target } => {
            let body =
                json!({ "primary_email": email, "given_name": given_name, "family_name": family_name, "org_unit": org_unit });
            call(&target, "POST", "/users", Some(body)).await
        }
        UserVerb::Suspend { user, reason, target } => {
            call(&target, "POST", &one(&user, "/suspend"), Some(json!({ "reason": reason }))).await
        }
        UserVerb::Unsuspend { user, target } => call(&target, "POST", &one(&user, "/unsuspend"), None).await,
        UserVerb::Archive { user, target } => call(&target, "POST", &one(&user, "/archive"), None).await,
        UserVerb::Unarchive { user, target } => call(&target, "POST", &one(&user, "/unarchive"), None).await,
        UserVerb::Delete { user, target } => call(&target, "DELETE", &one(&user, ""), None).await,
        UserVerb::Restore { user, org_unit, target } => {
            call(&target, "POST", &one(&user, "/restore"), Some(json!({ "org_unit": org_unit }))).await
        }
        UserVerb::Groups { user, target } => groups(&target, &user).await,
        UserVerb::Set { user, changes, target } => call(&target, "PATCH", &one(&user, ""), Some(patch(&changes)?)).await,
    }
}

fn one(user: &str, rest: &str) -> String {
    format!("/users/{}{rest}", segment(user))
}

async fn call(target: &Target, method: &str, path: &str, body: Option<Value>) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    let user = api.call(method, path, body.as_ref()).await?;
    if target.json {
        print_json(&user);
    } else if user.is_object() {
        println!("{} is {} in {}", text(&user, "primary_email"), text(&user, "state"), text(&user, "org_unit"));
    }
    Ok(Ended::Well)
}

async fn list(target: &Target, part: &str) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    let users = all_items(&api, &format!("/users?text={}&limit=500", segment(part))).await?;
    let columns = [("primary_email", "ADDRESS"), ("full_name", "NAME"), ("state", "STATE"), ("org_unit", "ORG UNIT")];
    print_items(target.json, &users, &columns);
    Ok(Ended::Well)
}

/// `provost users groups USER`
async fn groups(target: &Target, user: &str) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    let groups = api.get(&one(user, "/groups")).await?;
    print_items(target.json, items(&groups), &[("email", "ADDRESS"), ("name", "NAME"), ("direct", "DIRECT")]);
    Ok(Ended::Well)
}

/// `NAME=VALUE` pairs as the API's PATCH.
fn patch(changes: &[String]) -> anyhow::Result<Value> {
    let mut body = Map::new();
    let mut set = Map::new();
    for change in changes {
        let Some((name, value)) = change.split_once('=') else {
            bail!("\"{change}\" sets nothing: write NAME=VALUE, e.g. title=Engineer");
        };
        let value = Value::String(value.to_owned());
        match name {
            "email" | "primary_email" => body.insert("primary_email".to_owned(), value),
            "given_name" | "family_name" | "org_unit" => body.insert(name.to_owned(), value),
            attribute => set.insert(attribute.to_owned(), value),
        };
    }
    if !set.is_empty() {
        body.insert("set".to_owned(), Value::Object(set));
    }
    Ok(Value::Object(body))
}
