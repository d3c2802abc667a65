//! Who may come in: administrators and keys. All of it works on a data directory beside its server, for this is how a script gets in.

use crate::Ended;
use crate::api::{Api, segment};
use crate::cli::{AdminsArguments, AdminsVerb, ApiKeysArguments, ApiKeysVerb, Target};
use crate::output::{items, password_from_stdin, print_items, print_json, text};
use anyhow::bail;
use provost_store::admins::Role;
use serde_json::{Value, json};

/// `provost admins VERB`
pub(crate) async fn admins(arguments: AdminsArguments) -> anyhow::Result<Ended> {
    match arguments.verb {
        AdminsVerb::List { target } => {
            let columns =
                [("email", "ADDRESS"), ("role", "ROLE"), ("last_sign_in", "LAST SIGN-IN"), ("disabled_since", "DISABLED")];
            list(&target, "/admins", &columns).await
        }
        AdminsVerb::Show { admin, target } => {
            let api = Api::open_beside(&target).await?;
            tell_admin(&target, &api.get(&admin_path(&admin, "")).await?)
        }
        AdminsVerb::Create { email, password_stdin: _, role, target } => create_admin(&target, &email, &role).await,
        AdminsVerb::SetRole { admin, role, target } => {
            let body = json!({ "role": parse_role(&role)? });
            let api = Api::open_beside(&target).await?;
            tell_admin(&target, &api.call("PATCH", &admin_path(&admin, ""), Some(&body)).await?)
        }
        AdminsVerb::SetPassword { admin, password_stdin: _, target } => set_password(&target, &admin).await,
        AdminsVerb::Disable { admin, target } => {
            let api = Api::open_beside(&target).await?;
            tell_admin(&target, &api.call("POST", &admin_path(&admin, "/disable"), None).await?)
        }
    }
}

fn admin_path(admin: &str, rest: &str) -> String {
    format!("/admins/{}{rest}", segment(admin))
}

async fn create_admin(target: &Target, email: &str, role: &str) -> anyhow::Result<Ended> {
    let role = parse_role(role)?;
    let api = Api::open_beside_or_make(target).await?;
    let password = password_from_stdin()?;
    let body = json!({ "email": email, "password": password.expose(), "role": role });
    let admin = api.call("POST", "/admins", Some(&body)).await?;
    if target.json {
        print_json(&admin);
    } else {
        println!("{}", text(&admin, "email"));
    }
    Ok(Ended::Well)
}

async fn set_password(target: &Target, admin: &str) -> anyhow::Result<Ended> {
    let api = Api::open_beside(target).await?;
    let password = password_from_stdin()?;
    let body = json!({ "password": password.expose() });
    api.call("PUT", &admin_path(admin, "/password"), Some(&body)).await?;
    if target.json {
        print_json(&Value::Null);
    } else {
        println!("The password of {admin} was set; all sessions of this administrator have ended.");
    }
    Ok(Ended::Well)
}

#[expect(clippy::unnecessary_wraps, reason = "what verbs end with")]
fn tell_admin(target: &Target, admin: &Value) -> anyhow::Result<Ended> {
    if target.json {
        print_json(admin);
    } else {
        let disabled = if text(admin, "disabled_since").is_empty() { "" } else { ", and disabled" };
        println!("{} is {}{disabled}", text(admin, "email"), text(admin, "role"));
    }
    Ok(Ended::Well)
}

/// `provost api-keys VERB`
pub(crate) async fn api_keys(arguments: ApiKeysArguments) -> anyhow::Result<Ended> {
    match arguments.verb {
        ApiKeysVerb::List { target } => {
            let columns = [
                ("name", "NAME"),
                ("role", "ROLE"),
                ("state", "STATE"),
                ("created_at", "CREATED"),
                ("last_used_at", "LAST USED"),
                ("expires_at", "EXPIRES"),
            ];
            list(&target, "/api-keys", &columns).await
        }
        ApiKeysVerb::Create { name, role, expires, target } => {
            let body = json!({ "name": name, "role": parse_role(&role)?, "expires_at": expires });
            let key = Api::open_beside(&target).await?.call("POST", "/api-keys", Some(&body)).await?;
            if target.json {
                print_json(&key);
            } else {
                println!("{}", text(&key, "secret"));
            }
            Ok(Ended::Well)
        }
        ApiKeysVerb::Revoke { key, target } => {
            let api = Api::open_beside(&target).await?;
            let revoked = api.call("POST", &format!("/api-keys/{}/revoke", segment(&key)), None).await?;
            if target.json {
                print_json(&revoked);
            } else {
                println!("The key {} is revoked since {}.", text(&revoked, "name"), text(&revoked, "revoked_at"));
            }
            Ok(Ended::Well)
        }
    }
}

/// None of these lists has a second page.
async fn list(target: &Target, path: &str, columns: &[(&str, &str)]) -> anyhow::Result<Ended> {
    let found = Api::open_beside(target).await?.get(path).await?;
    print_items(target.json, items(&found), columns);
    Ok(Ended::Well)
}

fn parse_role(text: &str) -> anyhow::Result<Role> {
    match Role::parse(text) {
        Some(role) => Ok(role),
        None => bail!("\"{text}\" is not a role: use super-admin or auditor"),
    }
}
