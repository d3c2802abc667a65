//! `provost apps`: apps themselves.

use crate::Ended;
use crate::api::{Api, segment};
use crate::cli::{AppsArguments, AppsVerb, Target};
use crate::output::{items, print_items, print_json, text};
use serde_json::{Value, json};

/// `provost apps VERB`
pub(crate) async fn run(arguments: AppsArguments) -> anyhow::Result<Ended> {
    match arguments.verb {
        AppsVerb::List { target } => {
            let columns = [("name", "NAME"), ("catalogue", "CATALOGUE"), ("autoprovisioning", "AUTOPROVISIONING"), ("id", "ID")];
            list(&target, "/apps", &columns).await
        }
        AppsVerb::Catalogue { target } => {
            list(&target, "/catalogue", &[("key", "KEY"), ("name", "NAME"), ("description", "WHAT IT IS")]).await
        }
        AppsVerb::Show { app, target } => call(&target, "GET", &one(&app), None).await,
        AppsVerb::Add { name, catalogue, target } => {
            call(&target, "POST", "/apps", Some(json!({ "name": name, "catalogue": catalogue }))).await
        }
        AppsVerb::Rename { app, name, target } => call(&target, "PATCH", &one(&app), Some(json!({ "name": name }))).await,
        AppsVerb::Remove { app, target } => call(&target, "DELETE", &one(&app), None).await,
    }
}

fn one(app: &str) -> String {
    format!("/apps/{}", segment(app))
}

/// None of these lists has a second page.
async fn list(target: &Target, path: &str, columns: &[(&str, &str)]) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    print_items(target.json, items(&api.get(path).await?), columns);
    Ok(Ended::Well)
}

async fn call(target: &Target, method: &str, path: &str, body: Option<Value>) -> anyhow::Result<Ended> {
    let api = Api::open(target).await?;
    let app = api.call(method, path, body.as_ref()).await?;
    if target.json {
        print_json(&app);
    } else if app.is_null() {
        println!("The app was removed; nothing was sent.");
    } else {
        print_app(&app);
    }
    Ok(Ended::Well)
}

fn print_app(app: &Value) {
    println!("{} ({}), id {}", text(app, "name"), text(app, "catalogue"), text(app, "id"));
    println!("  autoprovisioning: {}", text(app, "autoprovisioning").replace('_', " "));
    let access = app.get("access").cloned().unwrap_or_default();
    println!("  service status: {} for everyone who is not named", text(&access, "default").to_uppercase());
    for (field, what) in [("org_units", "org unit"), ("groups", "group")] {
        for (name, status) in access.get(field).and_then(Value::as_object).into_iter().flatten() {
            println!("    {what} {name}: {}", status.as_str().unwrap_or_default().to_uppercase());
        }
    }
    match app.get("sso").filter(|sso| !sso.is_null()) {
        Some(sso) => println!("  single sign-on: {} at {}", text(sso, "entity_id"), text(sso, "acs_url")),
        None => println!("  single sign-on: no details yet"),
    }
}
