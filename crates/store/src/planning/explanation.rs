//! One user of one app, explained: each rule that was looked at, with its evidence.

use super::entries::rfc3339;
use crate::accounts::standstill;
use crate::accounts::{self, AccountQuery, Rules, Subject, load_rules, removals};
use crate::apps::{self, connections};
use crate::directory::users;
use crate::{Store, StoreError};
use provost_core::app::Trigger;
use provost_core::directory::User;
use provost_core::ids::UserId;
use provost_core::provisioning::{AccountState, Decision, Removal, RemovalKind, decide, explain as reasons};
use provost_core::time::Timestamp;
use serde::Serialize;

/// What is known of one user for one app, and what happens next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The app's name.
    pub app: String,
    /// The user.
    pub user_id: UserId,
    /// Their address.
    pub email: String,
    /// The user's state in the directory; `None` when it has forgotten them.
    pub user_state: Option<&'static str>,
    /// Whether the user is entitled: ON and in scope.
    pub entitled: bool,
    /// `absent`, `linked` or `suspended`.
    pub account: &'static str,
    /// The app's id of the account.
    pub remote_id: Option<String>,
    /// The causes that hold, each with its beginning in RFC 3339.
    pub causes: Vec<(Trigger, String)>,
    /// The next removal: `suspend` or `hard_delete`.
    pub removal: Option<&'static str>,
    /// When the next removal is due.
    #[serde(serialize_with = "rfc3339")]
    pub removal_at: Option<Timestamp>,
    /// Whether the guard holds that removal.
    pub held: bool,
    /// The last failure, in the app's words.
    pub failure: Option<String>,
    /// When it is looked at again, if nothing changes before.
    #[serde(serialize_with = "rfc3339")]
    pub next_look_at: Option<Timestamp>,
    /// Everything, as lines.
    pub lines: Vec<String>,
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// Explains one user (address or id, also deleted or forgotten) for one app (name or id).
pub async fn explain(store: &Store, app_key: &str, user_key: &str) -> Result<Explanation, StoreError> {
    let app = apps::find(store, app_key).await?;
    let connection = connections::required_of_app(store, app.id).await?;
    let rules = load_rules(store, connection.id).await?;
    let id = user_id(store, &rules, user_key).await?;
    let subject = accounts::subjects(store, &rules, &[id]).await?.pop();
    let subject = subject.ok_or_else(|| StoreError::NotFound { what: "user", key: user_key.to_owned() })?;
    let now = store.now();
    let view = rules.view(&subject);
    let decision = decide(&view, &subject.account, &rules.connection, now);
    let held = is_held(store, &rules, &subject, &decision).await?;
    let account = &subject.account;
    let mut lines = heading(&rules, &subject);
    lines.extend(reasons(&view, account, &rules.connection, &decision, now));
    lines.extend(standing_still(store, &rules, &decision).await?);
    lines.extend(closing(&subject, &decision, held, now));
    let email = subject.user.as_ref().map_or_else(|| account.email.clone(), |user| user.primary_email.clone());
    let since = |trigger: Trigger| decision.causes.since(trigger).map(|since| (trigger, since.to_string()));
    Ok(Explanation {
        app: rules.app.name.clone(),
        user_id: account.user_id,
        email,
        user_state: subject.user.as_ref().map(|user| user.status.state().word()),
        entitled: view.entitled(),
        account: account.state.word(),
        remote_id: account.remote_id.clone(),
        causes: Trigger::ALL.into_iter().filter_map(since).collect(),
        removal: decision.removal.map(|removal| removal.kind.word()),
        removal_at: decision.removal.map(|removal| removal.due),
        held,
        failure: account.failure.as_ref().map(|failure| failure.message.clone()),
        next_look_at: account.due_at.or(decision.wake_at),
        lines,
    })
}

/// A living user first, then a deleted one, then one whom only an account remembers.
async fn user_id(store: &Store, rules: &Rules, key: &str) -> Result<UserId, StoreError> {
    match users::find(store, key).await {
        Ok(user) => return Ok(user.id),
        Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    match users::find_deleted(store, key).await {
        Ok(user) => return Ok(user.id),
        Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let wanted = key.trim().to_lowercase();
    if let Ok(id) = wanted.parse::<UserId>() {
        return Ok(id);
    }
    let query = AccountQuery { text: wanted.clone(), limit: 100, ..AccountQuery::default() };
    let found = accounts::list(store, rules.connection.id, &query).await?;
    let exact = found.items.into_iter().find(|account| account.email.eq_ignore_ascii_case(&wanted));
    exact.map(|account| account.user_id).ok_or_else(|| StoreError::NotFound { what: "user", key: key.to_owned() })
}

async fn is_held(store: &Store, rules: &Rules, subject: &Subject, decision: &Decision) -> Result<bool, StoreError> {
    let Some(removal) = decision.removal_due else { return Ok(false) };
    let standing = removals::holds(store, rules.connection.id).await?;
    if !standing.iter().any(|hold| hold.kind == removal.kind) {
        return Ok(false);
    }
    let verdicts = removals::approvals(store, rules.connection.id).await?;
    Ok(!verdicts
        .iter()
        .any(|verdict| verdict.user_id == subject.account.user_id && same(removal, verdict.kind, verdict.trigger, verdict.since)))
}

/// Why no removal of the connection goes, where one of this user's is due.
async fn standing_still(store: &Store, rules: &Rules, decision: &Decision) -> Result<Vec<String>, StoreError> {
    if decision.removal_due.is_none() {
        return Ok(Vec::new());
    }
    let standing = standstill::standing(store, rules.connection.id).await?;
    let lines = standing.iter().filter(|standing| standing.holds()).map(|standing| format!("Held: {}", standing.message));
    Ok(lines.collect())
}

fn same(removal: Removal, kind: RemovalKind, trigger: Trigger, since: Timestamp) -> bool {
    removal.kind == kind && removal.trigger == trigger && removal.since == since
}

fn heading(rules: &Rules, subject: &Subject) -> Vec<String> {
    let account = &subject.account;
    let who = match &subject.user {
        Some(user) => format!(
            "User: {} ({}), id {}, {}, org unit {}.",
            user.full_name(),
            user.primary_email,
            user.id,
            state_words(user),
            rules.org_unit_path(user)
        ),
        None => format!("User: {}, id {}, no longer in the directory.", account.email, account.user_id),
    };
    let what = match (account.state, &account.remote_id) {
        (AccountState::Absent, _) | (_, None) => format!("Account in {}: none.", rules.app.name),
        (AccountState::Linked, Some(remote_id)) => format!("Account in {}: in use, id {remote_id}.", rules.app.name),
        (AccountState::Suspended, Some(remote_id)) => {
            format!("Account in {}: suspended by Provost, id {remote_id}.", rules.app.name)
        }
    };
    vec![who, what]
}

fn state_words(user: &User) -> String {
    let status = &user.status;
    let mut words = Vec::new();
    if let Some(at) = status.deleted_since {
        words.push(format!("deleted since {at}"));
    }
    if let Some(at) = status.archived_since {
        words.push(format!("archived since {at}"));
    }
    if let Some(suspension) = &status.suspended {
        let reason = if suspension.reason.is_empty() { String::new() } else { format!(" ({})", suspension.reason) };
        words.push(format!("suspended since {}{reason}", suspension.since));
    }
    if words.is_empty() { "active".to_owned() } else { words.join(", ") }
}

fn closing(subject: &Subject, decision: &Decision, held: bool, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    if held {
        lines.push("Held: too many removals at once; an administrator must approve them.".to_owned());
    }
    if let Some(failure) = subject.account.failure.as_ref().filter(|_| decision.is_quiet()) {
        lines.push(format!("The last failure ({}) is over: {}.", failure.at, failure.message));
    }
    if !subject.recorded {
        lines.push("The connection has not looked at this user yet.".to_owned());
    } else if subject.account.due_at.is_some_and(|due| due <= now) {
        lines.push("A look at this user is due now.".to_owned());
    }
    lines
}
