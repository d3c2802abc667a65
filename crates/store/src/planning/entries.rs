//! One line of a plan: what would become of one user.

use crate::accounts::{Rules, Subject};
use provost_core::app::Trigger;
use provost_core::ids::UserId;
use provost_core::provisioning::{
    Blocked, Decision, Operation, OperationKind, Removal, RemovalKind, ScopeVerdict, UserView, explain,
};
use provost_core::time::{Rfc3339, Timestamp};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What would be done for one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanAction {
    /// Make an account.
    Create,
    /// Bring the account up to date.
    Update,
    /// Suspend the account, now or at a date.
    Suspend,
    /// Restore the account.
    Restore,
    /// Hard delete the account, now or at a date.
    HardDelete,
    /// Look the account up, because an answer was lost.
    LookUp,
    /// Nothing, by a rule that the administrator may want to know of.
    Skipped,
    /// Something is wanted, and waits for a retry, a change or an administrator.
    Waiting,
    /// No body can be made for the user, who is not failing now.
    WouldFail,
}

impl PlanAction {
    /// As commands print it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Suspend => "suspend",
            Self::Restore => "restore",
            Self::HardDelete => "hard_delete",
            Self::LookUp => "look_up",
            Self::Skipped => "skipped",
            Self::Waiting => "waiting",
            Self::WouldFail => "would_fail",
        }
    }
}

/// One attribute that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PlannedChange")]
pub struct Change {
    /// `title`, `name.givenName`.
    pub attribute: String,
    /// What the app last confirmed.
    pub from: Option<Value>,
    /// What it would be.
    pub to: Option<Value>,
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlanEntry {
    /// The user; `None` for a member of a scope group whom the directory does not know.
    pub user_id: Option<UserId>,
    /// The address.
    pub email: String,
    /// What would be done.
    pub action: PlanAction,
    /// When, for what is not done now: a removal's due time, a failure's next attempt.
    #[serde(serialize_with = "rfc3339")]
    #[schemars(with = "Option<Rfc3339>")]
    pub at: Option<Timestamp>,
    /// The cause of a removal.
    pub trigger: Option<Trigger>,
    /// Since when that cause holds.
    #[serde(serialize_with = "rfc3339")]
    #[schemars(with = "Option<Rfc3339>")]
    pub since: Option<Timestamp>,
    /// Whether the guard would hold the removal until an administrator approves it.
    pub held: bool,
    /// The rules and their evidence, as lines.
    pub why: Vec<String>,
    /// The attributes of a create, an update or a restore.
    pub changes: Vec<Change>,
}

#[expect(clippy::ref_option, reason = "serde passes fields by reference")]
pub(super) fn rfc3339<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Rfc3339).serialize(serializer)
}

/// What a decision comes to, before it is decided whether the plan has room for the words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outline {
    pub(super) action: PlanAction,
    pub(super) removal: Option<Removal>,
    pub(super) at: Option<Timestamp>,
}

/// What a decision comes to; `None` when there is nothing to tell of the user.
pub(super) fn outline(rules: &Rules, subject: &Subject, view: &UserView<'_>, decision: &Decision) -> Option<Outline> {
    let plain = |action| Some(Outline { action, removal: None, at: None });
    if let Some(operation) = &decision.operation {
        return plain(match operation.kind() {
            OperationKind::LookUp => PlanAction::LookUp,
            OperationKind::Create => PlanAction::Create,
            OperationKind::Update => PlanAction::Update,
            OperationKind::Restore => PlanAction::Restore,
            OperationKind::Suspend => PlanAction::Suspend,
            OperationKind::HardDelete => PlanAction::HardDelete,
        });
    }
    match &decision.blocked {
        Some(Blocked::Archived) => return plain(PlanAction::Skipped),
        Some(Blocked::Failing(at)) => {
            return Some(Outline { action: PlanAction::Waiting, removal: decision.removal, at: *at });
        }
        Some(Blocked::NoLivingGroup | Blocked::Mapping(_) | Blocked::Duplicate(_)) => {
            return Some(Outline { action: PlanAction::Waiting, removal: decision.removal, at: None });
        }
        None => {}
    }
    if let Some(removal) = decision.removal {
        let action = match removal.kind {
            RemovalKind::Suspend => PlanAction::Suspend,
            RemovalKind::HardDelete => PlanAction::HardDelete,
        };
        let at = if decision.removal_due.is_some() { None } else { Some(removal.due) };
        return Some(Outline { action, removal: Some(removal), at });
    }
    let skipped = match view.scope {
        ScopeVerdict::SecondaryDomain(_) | ScopeVerdict::Outside(_) => {
            view.service.is_on() && lives(subject) && rules.in_scope_but_for_domain(subject)
        }
        ScopeVerdict::Everyone | ScopeVerdict::MemberOf(_) | ScopeVerdict::NotMember | ScopeVerdict::NoLivingGroup => false,
    };
    if skipped { plain(PlanAction::Skipped) } else { None }
}

/// Whether the user fails by this decision, whatever the app says.
pub(super) const fn fails(decision: &Decision) -> bool {
    matches!(decision.blocked, Some(Blocked::Mapping(_) | Blocked::Duplicate(_)))
}

fn lives(subject: &Subject) -> bool {
    subject.user.as_ref().is_some_and(|user| user.status.deleted_since.is_none())
}

/// The entry in words.
pub(super) fn entry(
    rules: &Rules,
    subject: &Subject,
    view: &UserView<'_>,
    decision: &Decision,
    outline: Outline,
    now: Timestamp,
) -> PlanEntry {
    let account = &subject.account;
    let changes = match &decision.operation {
        Some(Operation::Create { body, .. }) => changes(None, body),
        Some(Operation::Update { body, .. } | Operation::Restore { body, .. }) => changes(account.applied.as_ref(), body),
        Some(Operation::LookUp { .. } | Operation::Remove(_)) | None => Vec::new(),
    };
    PlanEntry {
        user_id: Some(account.user_id),
        email: subject.user.as_ref().map_or_else(|| account.email.clone(), |user| user.primary_email.clone()),
        action: outline.action,
        at: outline.at,
        trigger: outline.removal.map(|removal| removal.trigger),
        since: outline.removal.map(|removal| removal.since),
        held: false,
        why: explain(view, account, &rules.connection, decision, now),
        changes,
    }
}

/// The leaves in which two bodies differ.
fn changes(from: Option<&Map<String, Value>>, to: &Map<String, Value>) -> Vec<Change> {
    let mut before = BTreeMap::new();
    let mut after = BTreeMap::new();
    for (name, value) in from.into_iter().flatten() {
        leaves(name, value, &mut before);
    }
    for (name, value) in to {
        leaves(name, value, &mut after);
    }
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| Change { attribute: name.clone(), from: before.get(name).cloned(), to: after.get(name).cloned() })
        .collect()
}

fn leaves(path: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if path.starts_with("urn:") { format!("{path}:{name}") } else { format!("{path}.{name}") };
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| leaves(&below(name), value, into)),
        Value::Array(elements) if elements.len() == 1 => leaves(path, &elements[0], into),
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                leaves(&format!("{path}[{index}]"), value, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            into.insert(path.to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn changes_name_the_leaves_that_differ_and_the_values_that_are_cleared() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let from = body(
            json!({ "userName": "a@x.example", "title": "Dr", "name": { "givenName": "A", "familyName": "B" }, "emails": [{ "value": "a@x.example" }] }),
        );
        let to = body(
            json!({ "userName": "a@x.example", "name": { "givenName": "C", "familyName": "B" }, "emails": [{ "value": "c@x.example" }], urn: { "department": "Ops" } }),
        );
        let found: Vec<(String, Option<Value>, Option<Value>)> =
            changes(Some(&from), &to).into_iter().map(|change| (change.attribute, change.from, change.to)).collect();
        let expected = [
            ("emails.value".to_owned(), Some(json!("a@x.example")), Some(json!("c@x.example"))),
            ("name.givenName".to_owned(), Some(json!("A")), Some(json!("C"))),
            ("title".to_owned(), Some(json!("Dr")), None),
            (format!("{urn}:department"), None, Some(json!("Ops"))),
        ];
        assert_eq!(found, expected);
    }
}
