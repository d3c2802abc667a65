//! Verbs about who may come in: administrators of the console, and keys of the management API.

use super::Target;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(
    after_help = "Example: provost admins create --data DIR --email sam@example.com --role auditor --password-stdin < password\n\
                        With --data they work also while a server runs on the directory."
)]
pub(crate) struct AdminsArguments {
    #[command(subcommand)]
    pub verb: AdminsVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminsVerb {
    /// List administrators, also disabled ones
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Show one administrator
    Show {
        /// Address or id
        admin: String,
        #[command(flatten)]
        target: Target,
    },
    /// Make an administrator and print the address; a data directory that is missing is made, and said then
    Create {
        /// The address to sign in with
        #[arg(long)]
        email: String,
        /// Read the password from standard input (its first line)
        #[arg(long, required = true)]
        password_stdin: bool,
        /// What they may do: super-admin or auditor
        #[arg(long)]
        role: String,
        #[command(flatten)]
        target: Target,
    },
    /// Give an administrator another role; the last super admin keeps theirs
    SetRole {
        /// Address or id
        admin: String,
        /// What they may do: super-admin or auditor
        role: String,
        #[command(flatten)]
        target: Target,
    },
    /// Set an administrator's password; all their sessions end
    SetPassword {
        /// Address or id
        admin: String,
        /// Read the password from standard input (its first line)
        #[arg(long, required = true)]
        password_stdin: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Sign an administrator out and let them in no more; the last super admin stays
    Disable {
        /// Address or id
        admin: String,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples: provost api-keys create --data DIR --name ci --role super-admin > key\n          \
                        provost api-keys revoke ci --server URL --api-key-file key\n\
                        With --data they work also while a server runs on the directory.")]
pub(crate) struct ApiKeysArguments {
    #[command(subcommand)]
    pub verb: ApiKeysVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApiKeysVerb {
    /// List keys, also those that work no more
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Make a key and print it, and nothing else; it cannot be shown again
    Create {
        /// The key's name, unique
        #[arg(long)]
        name: String,
        /// What it may do: super-admin or auditor
        #[arg(long)]
        role: String,
        /// From when on it works no more: 2027-11-23, or 2027-11-23T16:00:00Z; left out: it has no end
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Revoke a key: it stops working at once, and for good
    Revoke {
        /// Name or id
        key: String,
        #[command(flatten)]
        target: Target,
    },
}
