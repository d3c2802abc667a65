//! Verbs about an app's provisioning.

use super::Target;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct AppArguments {
    /// The app's name or id
    pub app: String,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// The app's name or id
    pub app: String,
    /// Show at most this many entries; the counts are always whole
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArguments {
    /// The app's name or id
    pub app: String,
    /// Return when nothing is due; exit code 0 only if nobody is failing
    #[arg(long)]
    pub wait: bool,
    /// Give up waiting after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    pub timeout: u64,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: provost accounts Netskope --leaving --data DIR")]
pub(crate) struct AccountsArguments {
    /// The app's name or id
    pub app: String,
    /// Part of the address
    #[arg(default_value = "")]
    pub text: String,
    /// Only accounts in this state; left out: those that the app holds
    #[arg(long, value_parser = ["absent", "linked", "suspended"])]
    pub state: Option<String>,
    /// Only of users who fail now, whatever the state
    #[arg(long)]
    pub failing: bool,
    /// Only those with a removal ahead, whatever the state
    #[arg(long)]
    pub leaving: bool,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct FailuresArguments {
    /// The app's name or id
    pub app: String,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Try again now: this user, or everyone with "all"
    #[arg(long, value_name = "USER|all")]
    pub retry: Option<String>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The app's name or id
    pub app: String,
    /// The user's address or id
    pub user: String,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArguments {
    /// The app's name or id
    pub app: String,
    /// Only these users (addresses or ids); without any, nothing is decided and the held removals are listed
    pub users: Vec<String>,
    /// Decide on all that are held
    #[arg(long, conflicts_with = "users")]
    pub all: bool,
    /// Reject instead: they are not removed for this cause
    #[arg(long)]
    pub reject: bool,
    /// Let removals go on that wait for a reason as a whole: `machine_clock`, `app_clock` or `restored`
    #[arg(long, value_name = "REASON", conflicts_with_all = ["users", "all", "reject"])]
    pub confirm: Option<String>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that is typed, and clap says which exclude each other")]
pub(crate) struct DriftArguments {
    /// The app's name or id
    pub app: String,
    /// Bring back what differs
    #[arg(long, group = "rule")]
    pub repair: bool,
    /// Only list what differs
    #[arg(long, group = "rule")]
    pub report: bool,
    /// Leave what differs until the directory changes that attribute
    #[arg(long, group = "rule")]
    pub accept: bool,
    /// Begin nothing: show the last check
    #[arg(long, conflicts_with_all = ["rule", "confirm", "cancel"])]
    pub show: bool,
    /// Take a held listing for the truth: those who are not in it are looked up one by one
    #[arg(long, conflicts_with_all = ["rule", "cancel"])]
    pub confirm: bool,
    /// End a check that runs or is held
    #[arg(long, conflicts_with = "rule")]
    pub cancel: bool,
    /// Give up waiting after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    pub timeout: u64,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct NotManagedArguments {
    /// The app's name or id
    pub app: String,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct TokenExpiryArguments {
    /// The app's name or id
    pub app: String,
    /// When it expires, as the app shows it: 2027-11-23, 2027-11-23T16:00:00Z, or "unknown"
    pub expires: String,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct TurnOnArguments {
    /// The app's name or id
    pub app: String,
    /// The hash of the plan that was read (see `provost plan`)
    #[arg(long, value_name = "HASH", conflicts_with = "yes")]
    pub confirm: Option<String>,
    /// Whatever the plan is: for scripts that mean it
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub target: Target,
}
