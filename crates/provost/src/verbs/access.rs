//! How a script gets in: the first administrator and the first key. Both work on a data directory beside its server.

use crate::Ended;
use crate::cli::{AdminsArguments, AdminsVerb, ApiKeysArguments, ApiKeysVerb};
use crate::data_dir::{open_beside, open_beside_or_make};
use crate::output::password_from_stdin;
use anyhow::bail;
use provost_store::Actor;
use provost_store::admins::{self, Role};

/// `provost admins …`
pub(crate) async fn admins(arguments: AdminsArguments) -> anyhow::Result<Ended> {
    let AdminsVerb::Create { data, email, password_stdin: _, role } = arguments.verb;
    let role = parse_role(&role)?;
    let store = open_beside_or_make(&data).await?;
    let password = password_from_stdin()?;
    let admin = admins::create(&store, &Actor::CommandLine, &email, password.expose(), role).await?;
    println!("{}", admin.email);
    Ok(Ended::Well)
}

/// `provost api-keys …`
pub(crate) async fn api_keys(arguments: ApiKeysArguments) -> anyhow::Result<Ended> {
    let ApiKeysVerb::Create { data, name, role } = arguments.verb;
    let role = parse_role(&role)?;
    let store = open_beside(&data).await?;
    let key = admins::create_key(&store, &Actor::CommandLine, &name, role).await?;
    println!("{}", key.secret.expose());
    Ok(Ended::Well)
}

fn parse_role(text: &str) -> anyhow::Result<Role> {
    match Role::parse(text) {
        Some(role) => Ok(role),
        None => bail!("\"{text}\" is not a role: use super-admin or auditor"),
    }
}
