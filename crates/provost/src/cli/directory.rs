//! Verbs about the directory and the configuration file.

use super::Target;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The user download, as CSV; "-" leaves it out
    pub users: PathBuf,
    /// The group members list, as CSV
    #[arg(long, value_name = "FILE")]
    pub members: Option<PathBuf>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What becomes of active users that the user download does not name; suspending is refused when they are many
    #[arg(long, value_name = "WHAT", default_value = "keep", value_parser = ["keep", "suspend"])]
    pub absent: String,
    /// Confirm that up to this many absent users may be suspended, for a file that does not look whole
    #[arg(long, value_name = "N")]
    pub absent_max: Option<u64>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    pub verb: ConfigVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Make apps, access, mapping, scope, deprovisioning and status as the file says
    Apply {
        /// The YAML file
        file: PathBuf,
        /// Show the plan, and change nothing
        #[arg(long, conflicts_with_all = ["confirm", "yes"])]
        plan: bool,
        /// The hash of the plan that was read
        #[arg(long, value_name = "HASH", conflicts_with = "yes")]
        confirm: Option<String>,
        /// Whatever the plan is: for scripts that mean it
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Print the present configuration in the shape that apply reads; secrets are left out
    Export {
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Args)]
pub(crate) struct UsersArguments {
    #[command(subcommand)]
    pub verb: UserVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserVerb {
    /// List users
    List {
        /// Part of a name or address
        #[arg(default_value = "")]
        text: String,
        #[command(flatten)]
        target: Target,
    },
    /// Show one user
    Show {
        /// Address or id
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Add a user
    Add {
        /// The primary address
        email: String,
        /// First name
        #[arg(long)]
        given_name: String,
        /// Last name
        #[arg(long)]
        family_name: String,
        /// The org unit's path
        #[arg(long, default_value = "/")]
        org_unit: String,
        #[command(flatten)]
        target: Target,
    },
    /// Suspend a user
    Suspend {
        /// Address or id
        user: String,
        /// Why, for the log
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        target: Target,
    },
    /// End a suspension
    Unsuspend {
        /// Address or id
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Archive a user: provisioning leaves them alone
    Archive {
        /// Address or id
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// End the archiving
    Unarchive {
        /// Address or id
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Delete a user, who can be restored for 20 days
    Delete {
        /// Address or id
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Restore a deleted user
    Restore {
        /// Address or id
        user: String,
        /// The path of the org unit to come back to; left out: where the user was
        #[arg(long, value_name = "PATH")]
        org_unit: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// List the groups that hold a user, also through other groups
    Groups {
        /// Address or id
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Change attributes: `email=…`, `given_name=…`, `family_name=…`, `org_unit=/Sales`, `title=…`, `department=…`
    Set {
        /// Address or id
        user: String,
        /// NAME=VALUE; an empty value clears
        #[arg(required = true, value_name = "NAME=VALUE")]
        changes: Vec<String>,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GroupsArguments {
    #[command(subcommand)]
    pub verb: GroupVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupVerb {
    /// List groups
    List {
        /// Part of a name or address
        #[arg(default_value = "")]
        text: String,
        #[command(flatten)]
        target: Target,
    },
    /// Add a group
    Add {
        /// The group's address
        email: String,
        /// Its display name
        #[arg(long, default_value = "")]
        name: String,
        #[command(flatten)]
        target: Target,
    },
    /// Show one group
    Show {
        /// Address or id
        group: String,
        #[command(flatten)]
        target: Target,
    },
    /// Change what is said; the rest stays
    Set {
        /// Address or id
        group: String,
        /// Its new address
        #[arg(long)]
        email: Option<String>,
        /// Its new display name
        #[arg(long)]
        name: Option<String>,
        /// Its new description
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Delete a group
    Delete {
        /// Address or id
        group: String,
        #[command(flatten)]
        target: Target,
    },
    /// List a group's members
    Members {
        /// Address or id
        group: String,
        #[command(flatten)]
        target: Target,
    },
    /// Add a member: a user, a group, or an outside address
    AddMember {
        /// The group's address or id
        group: String,
        /// The member's address or id
        member: String,
        /// What the member may do in the group; provisioning does not look at it
        #[arg(long, default_value = "MEMBER", value_parser = ["MEMBER", "MANAGER", "OWNER"])]
        role: String,
        #[command(flatten)]
        target: Target,
    },
    /// Remove a member
    RemoveMember {
        /// The group's address or id
        group: String,
        /// The member's address or id
        member: String,
        #[command(flatten)]
        target: Target,
    },
}
