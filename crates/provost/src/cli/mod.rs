//! What can be typed. Only the shape: what each command does stands in its own module.

mod access;
mod apps;
mod directory;
mod organization;
mod provisioning;
mod servers;

pub(crate) use access::{AdminsArguments, AdminsVerb, ApiKeysArguments, ApiKeysVerb};
pub(crate) use apps::{AppsArguments, AppsVerb};
pub(crate) use directory::{ConfigArguments, ConfigVerb, GroupVerb, GroupsArguments, ImportArguments, UserVerb, UsersArguments};
pub(crate) use organization::{DomainVerb, DomainsArguments, LogArguments, OrgVerb, OrgsArguments};
pub(crate) use provisioning::{
    AccountsArguments, AppArguments, ApproveArguments, DriftArguments, ExplainArguments, FailuresArguments, NotManagedArguments,
    PlanArguments, SyncArguments, TokenExpiryArguments, TurnOnArguments,
};
pub(crate) use servers::{
    ConformanceArguments, DemoArguments, MemoryArguments, ServeArguments, TenantAdminVerb, TenantArguments, TenantTokenVerb,
    TenantVerb,
};

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Keeps the accounts of applications equal to a directory, over SCIM 2.0.
#[derive(Debug, Parser)]
#[command(
    name = "provost",
    version,
    after_help = "Exit codes: 0 done; 1 failed, or done with failures; 2 wrong usage; 3 the plan needs to be confirmed.\n\
                  Verbs work on a data directory (--data DIR) or against a running server (--server URL --api-key-file FILE)."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole system in one process: directory, console, engine, tenant, and a short story
    Demo(DemoArguments),
    /// Run the console, the management API and the engine
    Serve(ServeArguments),
    /// Run a Netskope-like tenant, or make its administrators and tokens
    Tenant(TenantArguments),
    /// Work with administrators of the console
    Admins(AdminsArguments),
    /// Work with keys of the management API
    ApiKeys(ApiKeysArguments),
    /// Bring in the user list (and the group members) that a Google Admin console downloads
    Import(ImportArguments),
    /// Apply or export the configuration file
    Config(ConfigArguments),
    /// Show how an app's provisioning stands
    Status(AppArguments),
    /// Show what would be sent, and when; sends nothing
    Plan(PlanArguments),
    /// Look at every user again, and wait until nothing is due
    Sync(SyncArguments),
    /// List an app's accounts, as last confirmed, and what is ahead of each
    Accounts(AccountsArguments),
    /// List the users who are failing
    Failures(FailuresArguments),
    /// Ask an app in quarantine at once whether it works again
    Probe(AppArguments),
    /// Explain one user: each rule and its evidence
    Explain(ExplainArguments),
    /// Approve or reject removals that the guard holds
    Approve(ApproveArguments),
    /// Compare the app's accounts with what was last confirmed of them, and repair or report what differs
    Drift(DriftArguments),
    /// List the app's accounts that are linked to nobody
    NotManaged(NotManagedArguments),
    /// Say when an app's access token expires, so that warnings come before
    TokenExpiry(TokenExpiryArguments),
    /// Turn autoprovisioning on
    TurnOn(TurnOnArguments),
    /// Turn autoprovisioning off: nothing is sent from then on
    TurnOff(AppArguments),
    /// Work with users of the directory
    Users(UsersArguments),
    /// Work with groups of the directory
    Groups(GroupsArguments),
    /// Work with organizational units
    Orgs(OrgsArguments),
    /// Work with the organization's domains
    Domains(DomainsArguments),
    /// Work with apps, and show which there are to add
    Apps(AppsArguments),
    /// Show the admin log: what was changed, by whom, and what was sent
    Log(LogArguments),
}

impl Command {
    /// Whether it runs until it is stopped.
    pub(crate) fn is_server(&self) -> bool {
        match self {
            Self::Serve(_) => true,
            Self::Tenant(tenant) => tenant.verb.is_none(),
            Self::Demo(_)
            | Self::Admins(_)
            | Self::ApiKeys(_)
            | Self::Import(_)
            | Self::Config(_)
            | Self::Status(_)
            | Self::Plan(_)
            | Self::Sync(_)
            | Self::Accounts(_)
            | Self::Failures(_)
            | Self::Probe(_)
            | Self::Explain(_)
            | Self::Approve(_)
            | Self::Drift(_)
            | Self::NotManaged(_)
            | Self::TokenExpiry(_)
            | Self::TurnOn(_)
            | Self::TurnOff(_)
            | Self::Users(_)
            | Self::Groups(_)
            | Self::Orgs(_)
            | Self::Domains(_)
            | Self::Apps(_)
            | Self::Log(_) => false,
        }
    }
}

/// An address range.
fn network(text: &str) -> Result<ipnet::IpNet, String> {
    text.parse().map_err(|_| "it is no address range: write one like 127.0.0.0/8 or 10.1.0.0/16".to_owned())
}

/// The URL of a PostgreSQL database.
fn database_url(text: &str) -> Result<String, String> {
    if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(text.to_owned());
    }
    Err("only PostgreSQL is supported: write postgres://USER:PASSWORD@HOST/NAME, or leave --database out for a file".to_owned())
}

/// Where a verb works, and how it prints.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// Work on this data directory, which must be there and which no server may hold
    #[arg(long, value_name = "DIR", conflicts_with = "server", env = "PROVOST_DATA")]
    pub data: Option<PathBuf>,
    /// Work through this running server, e.g. <http://127.0.0.1:8080>
    #[arg(long, value_name = "URL", requires = "api_key_file", env = "PROVOST_SERVER")]
    pub server: Option<String>,
    /// The file that holds the server's API key
    #[arg(long, value_name = "FILE", env = "PROVOST_API_KEY_FILE")]
    pub api_key_file: Option<PathBuf>,
    /// With --data: a private network in which endpoints may be, e.g. 127.0.0.0/8 (a server has its own)
    #[arg(long, value_name = "CIDR", value_parser = network)]
    pub allow_private: Vec<ipnet::IpNet>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
