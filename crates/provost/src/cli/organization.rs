//! Verbs about the organization as a whole: its units, its domains, and the log of what was done in it.

use super::Target;
use clap::{Args, Subcommand};
use std::num::NonZeroUsize;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples: provost orgs create /Sales/EMEA --data DIR\n          provost orgs move /Sales/EMEA /Trade --data DIR"
)]
pub(crate) struct OrgsArguments {
    #[command(subcommand)]
    pub verb: OrgVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OrgVerb {
    /// List org units, each behind the one it stands in
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Make an org unit; the one above must be there
    Create {
        /// Its path, e.g. /Sales/EMEA
        path: String,
        #[command(flatten)]
        target: Target,
    },
    /// Rename an org unit; what stands in it comes along
    Rename {
        /// Its path
        path: String,
        /// Its new name, without the path
        name: String,
        #[command(flatten)]
        target: Target,
    },
    /// Move an org unit below another; what stands in it comes along
    Move {
        /// Its path
        path: String,
        /// The path of the unit it is to stand in; / for the root
        parent: String,
        #[command(flatten)]
        target: Target,
    },
    /// Remove an empty org unit
    Remove {
        /// Its path
        path: String,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example: provost domains add example.org --kind alias --data DIR")]
pub(crate) struct DomainsArguments {
    #[command(subcommand)]
    pub verb: DomainVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DomainVerb {
    /// List the organization's domains
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Add a domain
    Add {
        /// Its name, e.g. example.org
        domain: String,
        /// What it is to be; the first domain is the primary one
        #[arg(long, default_value = "secondary", value_parser = ["primary", "secondary", "alias"])]
        kind: String,
        #[command(flatten)]
        target: Target,
    },
    /// Change what a domain is; who was the primary one becomes secondary
    SetKind {
        /// Its name or id
        domain: String,
        /// What it is to be
        #[arg(value_parser = ["primary", "secondary", "alias"])]
        kind: String,
        #[command(flatten)]
        target: Target,
    },
    /// Remove a domain in which nobody has an address
    Remove {
        /// Its name or id
        domain: String,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples: provost log --user ada@example.com --from 2026-11-01 --data DIR\n          \
                        provost log --event SUSPEND_USER --csv --server URL --api-key-file FILE > suspended.csv")]
pub(crate) struct LogArguments {
    /// Only events of this name, e.g. `SUSPEND_USER`
    #[arg(long, value_name = "NAME")]
    pub event: Option<String>,
    /// Only events of this app, by its name or id
    #[arg(long)]
    pub app: Option<String>,
    /// Only events of this user, by address or id; ids also of users whom the directory has forgotten
    #[arg(long)]
    pub user: Option<String>,
    /// Only from this instant on: 2026-11-23T16:02:55Z, or the day 2026-11-23
    #[arg(long, value_name = "WHEN")]
    pub from: Option<String>,
    /// Only before this instant, or before this day
    #[arg(long, value_name = "WHEN")]
    pub to: Option<String>,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value = "100", conflicts_with = "csv")]
    pub limit: NonZeroUsize,
    /// Print CSV, of all of them (at most 50,000)
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    #[command(flatten)]
    pub target: Target,
}
