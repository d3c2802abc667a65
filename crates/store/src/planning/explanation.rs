//! One user of one app, explained: each rule that was looked at, with its evidence.

use super::entries::rfc3339;
use crate::accounts::removals::APPROVED_DETAIL;
use crate::accounts::standstill;
use crate::accounts::{self, AccountQuery, Rules, Subject, load_rules, removals};
use crate::apps::{self, connections};
use crate::directory::users;
use crate::log::{self, LogQuery, names};
use crate::{Store, StoreError};
use provost_core::app::Trigger;
use provost_core::directory::{User, UserState};
use provost_core::ids::UserId;
use provost_core::provisioning::{AccountState, Approval, Decision, Removal, RemovalKind, decide, explain as reasons};
use provost_core::time::{Rfc3339, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// So many of the newest entries about a user are looked through for the last change.
const LOOKED_THROUGH: usize = 100;

/// The events that say what was done, in words.
const DONE: [(&str, &str); 5] = [
    (names::CREATE_USER_WITH_AUTO_PROV, "created or taken over"),
    (names::UPDATE_AUTO_PROVISIONED_USER, "updated"),
    (names::SUSPEND_AUTO_PROVISIONED_USER, "suspended"),
    (names::UNSUSPEND_AUTO_PROVISIONED_USER, "restored"),
    (names::HARD_DELETED_AUTO_PROVISIONED_USER, "hard deleted"),
];

/// What is known of one user for one app, and what happens next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The app's name.
    pub app: String,
    /// The user.
    pub user_id: UserId,
    /// Their address.
    pub email: String,
    /// The user's state in the directory; `None` when it has forgotten them.
    #[schemars(with = "Option<UserState>")]
    pub user_state: Option<&'static str>,
    /// Whether the user is entitled: ON and in scope.
    pub entitled: bool,
    /// `absent`, `linked` or `suspended`.
    #[schemars(with = "AccountState")]
    pub account: &'static str,
    /// The app's id of the account.
    pub remote_id: Option<String>,
    /// The causes that hold, each with its beginning in RFC 3339.
    pub causes: Vec<(Trigger, String)>,
    /// The next removal: `suspend` or `hard_delete`.
    #[schemars(with = "Option<RemovalKind>")]
    pub removal: Option<&'static str>,
    /// When the next removal is due.
    #[serde(serialize_with = "rfc3339")]
    #[schemars(with = "Option<Rfc3339>")]
    pub removal_at: Option<Timestamp>,
    /// Whether the guard holds that removal.
    pub held: bool,
    /// Whether an administrator has rejected it: it is not sent as long as its cause holds.
    pub rejected: bool,
    /// The last failure, in the app's words.
    pub failure: Option<String>,
    /// When it is looked at again, if nothing changes before.
    #[serde(serialize_with = "rfc3339")]
    #[schemars(with = "Option<Rfc3339>")]
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
    let verdict = verdict(store, &rules, &subject, &decision).await?;
    let held = verdict.is_none() && is_held(store, &rules, &decision).await?;
    let rejected = verdict.as_ref().is_some_and(|verdict| !verdict.approved);
    let account = &subject.account;
    let mut lines = heading(&rules, &subject);
    lines.extend(last_done(store, &rules, id).await?);
    lines.extend(reasons(&view, account, &rules.connection, &decision, now));
    lines.extend(standing_still(store, &rules, &decision).await?);
    lines.extend(verdict.map(|verdict| verdict_line(&verdict)));
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
        rejected,
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

async fn is_held(store: &Store, rules: &Rules, decision: &Decision) -> Result<bool, StoreError> {
    let Some(removal) = decision.removal_due else { return Ok(false) };
    let standing = removals::holds(store, rules.connection.id).await?;
    Ok(standing.iter().any(|hold| hold.kind == removal.kind))
}

/// What an administrator has said of the removal that is due.
async fn verdict(store: &Store, rules: &Rules, subject: &Subject, decision: &Decision) -> Result<Option<Approval>, StoreError> {
    let Some(removal) = decision.removal_due else { return Ok(None) };
    let verdicts = removals::approvals(store, rules.connection.id).await?;
    Ok(verdicts.into_iter().find(|verdict| {
        verdict.user_id == subject.account.user_id && same(removal, verdict.kind, verdict.trigger, verdict.since)
    }))
}

fn verdict_line(verdict: &Approval) -> String {
    if verdict.approved {
        "Approved by an administrator, as long as this cause holds.".to_owned()
    } else {
        "Rejected by an administrator: not sent while this cause holds.".to_owned()
    }
}

/// The last change of the account that the log tells of, with its cause and whether it was approved.
async fn last_done(store: &Store, rules: &Rules, user: UserId) -> Result<Option<String>, StoreError> {
    let query =
        LogQuery { connection: Some(rules.connection.id), user: Some(user), limit: LOOKED_THROUGH, ..LogQuery::default() };
    let entries = log::list(store, &query).await?.items;
    let done = entries.iter().find_map(|entry| DONE.iter().find(|(name, _)| *name == entry.name).map(|(_, what)| (entry, what)));
    Ok(done.map(|(entry, what)| {
        let cause = Trigger::ALL.into_iter().find(|trigger| entry.detail["cause"] == trigger.word());
        let cause = cause.map_or_else(String::new, |trigger| format!(" (cause: {})", trigger.word()));
        let approved = if entry.detail[APPROVED_DETAIL] == true { ", approved by an administrator" } else { "" };
        format!("Last change: {what} at {}{cause}{approved}.", entry.at)
    }))
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
