//! `provost orgs` and `provost domains`.

use crate::Ended;
use crate::api::{Api, Usage, segment};
use crate::cli::{DomainVerb, DomainsArguments, OrgVerb, OrgsArguments, Target};
use crate::output::{items, print_items, print_json, text};
use serde_json::{Value, json};

/// `provost orgs VERB`
pub(crate) async fn orgs(arguments: OrgsArguments) -> anyhow::Result<Ended> {
    match arguments.verb {
        OrgVerb::List { target } => list(&target, "/org-units", &[("path", "PATH"), ("users", "USERS"), ("id", "ID")]).await,
        OrgVerb::Create { path, target } => {
            let (parent, name) = parent_and_name(&path)?;
            call(&target, "POST", "/org-units", Some(json!({ "parent": parent, "name": name }))).await
        }
        OrgVerb::Rename { path, name, target } => call(&target, "PATCH", &unit(&path), Some(json!({ "name": name }))).await,
        OrgVerb::Move { path, parent, target } => call(&target, "PATCH", &unit(&path), Some(json!({ "parent": parent }))).await,
        OrgVerb::Remove { path, target } => call(&target, "DELETE", &unit(&path), None).await,
    }
}

fn unit(path: &str) -> String {
    format!("/org-units?path={}", segment(path))
}

/// `/Sales/EMEA` is EMEA in /Sales.
fn parent_and_name(path: &str) -> Result<(&str, &str), Usage> {
    let unreadable =
        || Usage::new(format!("\"{path}\" is no path of a new org unit: write it from the root on, like /Sales/EMEA"));
    let (parent, name) = path.trim_end_matches('/').rsplit_once('/').ok_or_else(unreadable)?;
    match parent {
        "" => Ok(("/", name)),
        parent if parent.starts_with('/') => Ok((parent, name)),
        _ => Err(unreadable()),
    }
}

/// `provost domains VERB`
pub(crate) async fn domains(arguments: DomainsArguments) -> anyhow::Result<Ended> {
    let one = |domain: &str| format!("/domains/{}", segment(domain));
    match arguments.verb {
        DomainVerb::List { target } => list(&target, "/domains", &[("name", "DOMAIN"), ("kind", "KIND")]).await,
        DomainVerb::Add { domain, kind, target } => {
            call(&target, "POST", "/domains", Some(json!({ "name": domain, "kind": kind }))).await
        }
        DomainVerb::SetKind { domain, kind, target } => {
            call(&target, "PATCH", &one(&domain), Some(json!({ "kind": kind }))).await
        }
        DomainVerb::Remove { domain, target } => call(&target, "DELETE", &one(&domain), None).await,
    }
}

/// What was changed, in one line.
async fn call(target: &Target, method: &str, path: &str, body: Option<Value>) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    let answer = api.call(method, path, body.as_ref()).await?;
    if target.json {
        print_json(&answer);
    } else if answer.is_null() {
        println!("Removed.");
    } else if answer.get("path").is_some() {
        println!("The org unit is {}", text(&answer, "path"));
    } else {
        println!("{} is the organization's {} domain", text(&answer, "name"), text(&answer, "kind"));
    }
    Ok(Ended::Well)
}

/// None of these lists has a second page.
async fn list(target: &Target, path: &str, columns: &[(&str, &str)]) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    print_items(target.json, items(&api.get(path).await?), columns);
    Ok(Ended::Well)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_path_is_the_name() {
        let read = |path| parent_and_name(path).ok();
        assert_eq!(read("/Sales"), Some(("/", "Sales")));
        assert_eq!(read("/Sales/EMEA/"), Some(("/Sales", "EMEA")));
        assert_eq!([read("Sales"), read("Sales/EMEA"), read("")], [None; 3]);
    }
}
