//! `provost tenant`: the Netskope-like tenant, and the verbs by which a script gets into it.

use crate::Ended;
use crate::api::Usage;
use crate::cli::{MemoryArguments, TenantAdminVerb, TenantArguments, TenantTokenVerb, TenantVerb};
use crate::output::password_from_stdin;
use crate::serve::{listen, serve_until, stop_signal, url_of};
use anyhow::{Context, bail};
use provost_db::Location;
use provost_platform::Clock;
use provost_tenant::tokens::{Grant, Lifetime, LifetimeUnit};
use provost_tenant::{ProfileName, Tenant};
use std::path::Path;

/// The database in the tenant's data directory.
const DATABASE: &str = "tenant.db";

/// Serves the tenant, or makes an administrator or a token.
pub(crate) async fn run(arguments: TenantArguments) -> anyhow::Result<Ended> {
    match arguments.verb {
        None => return serve(arguments).await,
        Some(TenantVerb::Admin(TenantAdminVerb::Create { data, email, password_stdin: _ })) => {
            let is_new = !data.join(DATABASE).exists();
            let tenant = open_or_make(&data, ProfileName::Netskope).await?;
            if is_new {
                eprintln!("There was no tenant in {}: a new, empty one was made there.", data.display());
            }
            let password = password_from_stdin()?;
            let admin = provost_tenant::admins::create(&tenant, &email, password.expose()).await?;
            println!("{}", admin.email);
        }
        Some(TenantVerb::Token(TenantTokenVerb::Create { data, name, grant, expires })) => {
            let grants = grant.iter().map(|text| text.parse()).collect::<Result<Vec<Grant>, _>>()?;
            let lifetime = parse_lifetime(&expires)?;
            let tenant = open(&data).await?;
            let secret = provost_tenant::tokens::create(&tenant, &name, grants, lifetime).await?;
            println!("{}", secret.expose());
        }
        Some(TenantVerb::Import { file, data, json }) => {
            return crate::transfer::import(&open_or_make(&data, ProfileName::Netskope).await?, &file, json).await;
        }
        Some(TenantVerb::Export { file, data }) => {
            return crate::transfer::export(&open(&data).await?, &file).await;
        }
        Some(TenantVerb::Conformance(arguments)) => return crate::conformance::run(&arguments).await,
    }
    Ok(Ended::Well)
}

async fn serve(arguments: TenantArguments) -> anyhow::Result<Ended> {
    let profile: ProfileName = arguments.profile.parse()?;
    // What tests wait for is that it listens: then its token is there, too.
    let tenant = match &arguments.data {
        Some(data) => open_or_make(data, profile).await?,
        None => match in_memory(&arguments.memory, profile).await? {
            Some(tenant) => tenant,
            None => return Ok(Ended::WithFailures),
        },
    };
    let listener = listen(arguments.listen).await?;
    let url = url_of(&listener)?;
    println!("The tenant listens on {url}, its SCIM endpoint is {url}/api/v2/scim");
    if let Some(data) = &arguments.data
        && !provost_tenant::admins::exists_any(&tenant).await?
    {
        println!(
            "There is no administrator yet. Make one: provost tenant admin create --data {} --email you@example.com --password-stdin",
            data.display()
        );
    }
    serve_until(listener, provost_tenant::router(tenant), stop_signal()).await?;
    Ok(Ended::Well)
}

/// A tenant that is gone when it ends; none when what it is to begin with cannot be imported, which has been said then.
async fn in_memory(wanted: &MemoryArguments, profile: ProfileName) -> anyhow::Result<Option<Tenant>> {
    let tenant = Tenant::open(Location::Memory, Clock::system(), profile).await.context("cannot open a tenant in memory")?;
    if let Some(file) = &wanted.import
        && crate::transfer::import(&tenant, file, false).await? == Ended::WithFailures
    {
        return Ok(None);
    }
    if let Some(email) = &wanted.admin {
        provost_tenant::admins::create(&tenant, email, password_from_stdin()?.expose()).await?;
    }
    if let Some(file) = &wanted.token_file {
        let secret = provost_tenant::tokens::create(&tenant, "in memory", Grant::everything(), Lifetime::default()).await?;
        provost_platform::replace_private(file, format!("{}\n", secret.expose()).as_bytes())
            .with_context(|| format!("cannot write the token to {}", file.display()))?;
    }
    Ok(Some(tenant))
}

/// Opens a tenant that is there: a mistyped name is no new one.
async fn open(data: &Path) -> anyhow::Result<Tenant> {
    if !data.join(DATABASE).exists() {
        let text = format!(
            "there is no tenant in {}: it has no {DATABASE}. Check --data; a new tenant is made by `provost tenant --data DIR`, `provost \
             tenant admin create` or `provost tenant import`",
            data.display()
        );
        return Err(Usage::new(text).into());
    }
    open_or_make(data, ProfileName::Netskope).await
}

async fn open_or_make(data: &Path, profile: ProfileName) -> anyhow::Result<Tenant> {
    std::fs::create_dir_all(data).with_context(|| format!("cannot make the directory {}", data.display()))?;
    let location = Location::File(data.join(DATABASE));
    Tenant::open(location, Clock::system(), profile)
        .await
        .with_context(|| format!("cannot open the tenant in {}", data.display()))
}

/// `365d`
fn parse_lifetime(text: &str) -> anyhow::Result<Lifetime> {
    let (amount, unit) = text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let unit = match unit {
        "h" => LifetimeUnit::Hours,
        "d" => LifetimeUnit::Days,
        "w" => LifetimeUnit::Weeks,
        "m" => LifetimeUnit::Months,
        _ => bail!("\"{text}\" is not a time: write a number and h, d, w or m, e.g. 365d"),
    };
    let amount =
        amount.parse().with_context(|| format!("\"{text}\" is not a time: write a number and h, d, w or m, e.g. 365d"))?;
    Ok(Lifetime::new(amount, unit)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_or_refused_with_what_to_write() {
        assert!(parse_lifetime("12h").is_ok());
        for bad in ["", "d", "12", "12y", "-1d", "ä"] {
            assert!(parse_lifetime(bad).is_err(), "{bad}");
        }
    }
}
