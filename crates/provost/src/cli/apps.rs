//! Verbs about apps themselves; what concerns an app's provisioning is beside them.

use super::Target;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(after_help = "Example: provost apps add Netskope --catalogue netskope --data DIR\n\
                        For whom an app is ON, its single sign-on and its provisioning stand in the configuration file: see provost config.")]
pub(crate) struct AppsArguments {
    #[command(subcommand)]
    pub verb: AppsVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AppsVerb {
    /// List apps
    List {
        #[command(flatten)]
        target: Target,
    },
    /// List the catalogue: the apps that can be added
    Catalogue {
        #[command(flatten)]
        target: Target,
    },
    /// Show one app
    Show {
        /// Name or id
        app: String,
        #[command(flatten)]
        target: Target,
    },
    /// Add an app; it is OFF for everyone
    Add {
        /// Its name, unique
        name: String,
        /// The key of its profile (see provost apps catalogue)
        #[arg(long, value_name = "KEY")]
        catalogue: String,
        #[command(flatten)]
        target: Target,
    },
    /// Rename an app
    Rename {
        /// Name or id
        app: String,
        /// Its new name
        name: String,
        #[command(flatten)]
        target: Target,
    },
    /// Remove an app whose autoprovisioning is off; its records go too, and nothing is sent
    Remove {
        /// Name or id
        app: String,
        #[command(flatten)]
        target: Target,
    },
}
