//! The servers.

use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// How many people the directory has
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(20..=20_000))]
    pub users: u32,
    /// Keep the data here instead of in a temporary directory; it must be empty
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// End after the comparison: 0 only if the tenant is exactly as the directory says
    #[arg(long)]
    pub once: bool,
    /// Print each step as one line of JSON
    #[arg(long)]
    pub json: bool,
    /// Tamper with one account of the tenant before the comparison, to see that it is found
    #[arg(long, hide = true)]
    pub tamper: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where the data is; made when missing
    #[arg(long, value_name = "DIR", env = "PROVOST_DATA")]
    pub data: PathBuf,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Keep the data in this PostgreSQL database instead of DIR/provost.db; DIR still holds the key
    #[arg(long, value_name = "URL", env = "PROVOST_DATABASE", hide_env_values = true, value_parser = super::database_url)]
    pub database: Option<String>,
    /// A private network in which endpoints may be, e.g. 127.0.0.0/8; may be repeated
    #[arg(long, value_name = "CIDR", value_parser = super::network)]
    pub allow_private: Vec<ipnet::IpNet>,
    /// Browsers come over https only, through a proxy: cookies are sent no other way, and browsers remember it for a year
    #[arg(long)]
    pub https: bool,
    /// The data were restored from a backup: hold every removal until an administrator has looked
    #[arg(long)]
    pub restored: bool,
    /// The key file that belongs to the data is lost: erase the stored tokens that it sealed; every app must be reauthorized
    #[arg(long)]
    pub key_lost: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct TenantArguments {
    #[command(subcommand)]
    pub verb: Option<TenantVerb>,
    /// Where the tenant's data is; made when missing
    #[arg(long, value_name = "DIR", required_unless_present = "in_memory")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub memory: MemoryArguments,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    /// How the tenant behaves: netskope or standard
    #[arg(long, default_value = "netskope")]
    pub profile: String,
}

/// A tenant for one run of somebody's tests.
#[derive(Debug, Args)]
pub(crate) struct MemoryArguments {
    /// Keep everything in memory: the tenant is gone when it ends
    #[arg(long, conflicts_with = "data", requires = "token_file")]
    pub in_memory: bool,
    /// In memory: write a token here that may read and write users and groups; a file of an earlier run is replaced
    #[arg(long, value_name = "FILE", requires = "in_memory", conflicts_with = "data")]
    pub token_file: Option<PathBuf>,
    /// In memory: begin with these users and groups, a file as `provost tenant export` writes it
    #[arg(long, value_name = "FILE", requires = "in_memory", conflicts_with = "data")]
    pub import: Option<PathBuf>,
    /// In memory: make this administrator of the tenant's console, with the password on standard input (its first line)
    #[arg(long, value_name = "EMAIL", requires = "in_memory", conflicts_with = "data")]
    pub admin: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantVerb {
    /// Administrators of the tenant
    #[command(subcommand)]
    Admin(TenantAdminVerb),
    /// Tokens of the tenant's REST API v2
    #[command(subcommand)]
    Token(TenantTokenVerb),
    /// Bring in users and groups: one SCIM resource a line, users before groups
    ///
    /// Every line is checked first; a file with a bad line stores nothing. Ids and times are kept. What is here already and
    /// says the same stays as it is, so an import can be repeated; what differs is refused, for an import only adds.
    #[command(after_help = "Example: provost tenant export --data old | provost tenant import --data new -")]
    Import {
        /// The file, or - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Where the tenant's data is; made when missing
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write every user and group as one line of JSON; works also while the tenant runs
    ///
    /// Not in the file: administrators, tokens, settings and the request log.
    #[command(after_help = "Example: provost tenant export --data DIR backup.jsonl")]
    Export {
        /// The file, or - for standard output
        #[arg(value_name = "FILE", default_value = "-")]
        file: PathBuf,
        /// Where the tenant's data is; it must be there
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Hold any SCIM 2.0 server against RFC 7643, 7644 and 9865: this tenant, or another's
    ///
    /// Only what the server announces is tried. Makes users and groups named conformance-… and removes them.
    #[command(after_help = "Exit codes: 0 nothing failed; 1 something failed; 2 nothing could be tried.")]
    Conformance(ConformanceArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ConformanceArguments {
    /// The URL that /Users is appended to, e.g. <http://127.0.0.1:8090/api/v2/scim>
    #[arg(value_name = "URL")]
    pub url: String,
    /// The file that holds the bearer token; it must allow reading and writing users and groups
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// A private network in which the server may be, e.g. 127.0.0.0/8; may be repeated
    #[arg(long, value_name = "CIDR", value_parser = super::network)]
    pub allow_private: Vec<ipnet::IpNet>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantAdminVerb {
    /// Make an administrator; works also while the tenant runs
    Create {
        /// Where the tenant's data is; made when missing, and said then
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The address to sign in with
        #[arg(long)]
        email: String,
        /// Read the password from standard input (its first line)
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantTokenVerb {
    /// Make a token and print its secret, and nothing else; works also while the tenant runs
    Create {
        /// Where the tenant's data is; it must be there
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The token's name, unique in the tenant
        #[arg(long)]
        name: String,
        /// An endpoint and what may be done there: /api/v2/scim/Users:rw or :r; may be repeated
        #[arg(long, value_name = "ENDPOINT:rw", required = true)]
        grant: Vec<String>,
        /// When it expires: hours, days, weeks or months, e.g. 12h, 365d, 8w, 6m
        #[arg(long, default_value = "365d")]
        expires: String,
    },
}
