//! `provost groups`.

use super::app::all_items;
use crate::Ended;
use crate::api::{Api, Usage, segment};
use crate::cli::{GroupVerb, GroupsArguments, Target};
use crate::output::{print_items, print_json, text};
use serde_json::{Map, Value, json};

/// `provost groups VERB`
pub(crate) async fn run(arguments: GroupsArguments) -> anyhow::Result<Ended> {
    match arguments.verb {
        GroupVerb::List { text: part, target } => {
            let path = format!("/groups?text={}&limit=500", segment(&part));
            list(&target, &path, &[("email", "ADDRESS"), ("name", "NAME")]).await
        }
        GroupVerb::Members { group, target } => {
            let path = one(&group, "/members?limit=500");
            list(&target, &path, &[("email", "ADDRESS"), ("kind", "KIND"), ("role", "ROLE")]).await
        }
        GroupVerb::Add { email, name, target } => {
            let name = if name.is_empty() { email.split('@').next().unwrap_or_default().to_owned() } else { name };
            call(&target, "POST", "/groups", Some(json!({ "email": email, "name": name }))).await
        }
        GroupVerb::Delete { group, target } => call(&target, "DELETE", &one(&group, ""), None).await,
        GroupVerb::Show { group, target } => tell(&target, "GET", &group, None).await,
        GroupVerb::Set { group, email, name, description, target } => {
            let given = [("email", email), ("name", name), ("description", description)];
            let given: Map<String, Value> =
                given.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?.into()))).collect();
            if given.is_empty() {
                return Err(Usage::new("nothing is to be changed: give --email, --name or --description").into());
            }
            tell(&target, "PATCH", &group, Some(given.into())).await
        }
        GroupVerb::AddMember { group, member, role, target } => {
            call(&target, "POST", &one(&group, "/members"), Some(json!({ "member": member, "role": role }))).await
        }
        GroupVerb::RemoveMember { group, member, target } => {
            call(&target, "DELETE", &one(&group, &format!("/members/{}", segment(&member))), None).await
        }
    }
}

fn one(group: &str, rest: &str) -> String {
    format!("/groups/{}{rest}", segment(group))
}

async fn call(target: &Target, method: &str, path: &str, body: Option<Value>) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    let answer = api.call(method, path, body.as_ref()).await?;
    if target.json {
        print_json(&answer);
    } else {
        println!("Done.");
    }
    Ok(Ended::Well)
}

/// The group, after a change or as it is.
async fn tell(target: &Target, method: &str, group: &str, body: Option<Value>) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    let group = api.call(method, &one(group, ""), body.as_ref()).await?;
    if target.json {
        print_json(&group);
    } else {
        println!("{} ({}) has {} direct members", text(&group, "email"), text(&group, "name"), text(&group, "members"));
    }
    Ok(Ended::Well)
}

async fn list(target: &Target, path: &str, columns: &[(&str, &str)]) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    print_items(target.json, &all_items(&api, path).await?, columns);
    Ok(Ended::Well)
}
