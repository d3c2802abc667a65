//! The judge of every request when it is sent: whom it is for, and whether it may go now.

use super::model::UNDER_WAY;
use super::scene::Scene;
use crate::accounts::{Request, id_of};
use provost_core::provisioning::RemovalKind;
use provost_core::time::Timestamp;
use serde_json::{Value, json};

/// What a request takes away, and whether an administrator approved it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Removal {
    pub(super) kind: RemovalKind,
    pub(super) approved: bool,
}

impl Scene {
    /// Not too early, and not for the wrong user. Answers the removal that the request is, if it is one.
    pub(super) fn judge(&mut self, request: &Request, now: Timestamp) -> Option<Removal> {
        if self.restored {
            let gone = id_of(&request.path).filter(|_| request.method == "DELETE" || is_suspend(&request.body));
            if let Some(id) = gone.filter(|id| self.accounts.position(id).is_some()) {
                self.break_rule(now, &format!("{id}: removed on the word of a backup"));
            }
            return None;
        }
        match (request.method.as_str(), id_of(&request.path)) {
            ("POST", _) => {
                let user = owner_in(&request.body)?;
                if !self.model.was_wanted(user, now) {
                    self.break_rule(now, &format!("{user}: an account is made for a user who is to have none"));
                }
                let hidden = self.plan.faults.iter().any(|fault| fault.hides_accounts());
                if !hidden && !self.accounts_of(user).is_empty() {
                    self.break_rule(now, &format!("{user}: an account is made again, and theirs is there"));
                }
                self.judge_alone(user, now);
                None
            }
            ("PATCH" | "PUT", Some(id)) => {
                let user = self.owner(&id, request, now)?;
                self.judge_alone(user, now);
                if is_suspend(&request.body) {
                    return Some(self.judge_removal(user, RemovalKind::Suspend, now));
                }
                let on = self.model.oracle.facts(user).service_on && self.model.no_living_group();
                if self.model.is_leaving(user, now) || !(self.model.was_wanted(user, now) || on) {
                    self.break_rule(now, &format!("{user}: updated while a cause holds, or not entitled"));
                }
                None
            }
            ("DELETE", Some(id)) => {
                let user = self.owner(&id, request, now)?;
                self.judge_alone(user, now);
                Some(self.judge_removal(user, RemovalKind::HardDelete, now))
            }
            _ => None,
        }
    }

    fn judge_alone(&mut self, user: i64, now: Timestamp) {
        if self.model.oracle.left_alone(user) && !self.model.was_wanted(user, now) {
            self.break_rule(now, &format!("{user}: something is sent for an archived user"));
        }
    }

    fn judge_removal(&mut self, user: i64, kind: RemovalKind, now: Timestamp) -> Removal {
        let oracle = &self.model.oracle;
        let due = oracle.may_go(user, kind);
        let is_due = due.is_some_and(|due| due <= now);
        let (wanted, approved) = (oracle.wanted(user), oracle.approved_for(user, kind).is_some());
        if wanted {
            self.break_rule(now, &format!("{user}: {kind:?} of an entitled, active user"));
        } else if !is_due {
            self.break_rule(now, &format!("{user}: {kind:?} before its time, which is {due:?}"));
        } else if self.model.no_living_group() {
            self.break_rule(now, &format!("{user}: {kind:?} while the scope has no living group"));
        }
        if let Some(since) = self.clock_wrong_since.filter(|since| now - *since > UNDER_WAY) {
            self.break_rule(now, &format!("{user}: {kind:?}, and the machine's clock has been wrong since {since}"));
        }
        Removal { kind, approved }
    }

    /// Whose account a request writes.
    fn owner(&mut self, id: &str, request: &Request, now: Timestamp) -> Option<i64> {
        // Nothing can be done to an account that is gone; and the write probe asks for one that never was.
        self.accounts.position(id)?;
        if let Some(owner) = self.owners.get(id) {
            return Some(*owner);
        }
        let heirs = self.heirs.get(id)?;
        // Where nothing tells which of its heirs was given the account, it is one of whom the request may be.
        let removes = request.method == "DELETE" || is_suspend(&request.body);
        let likely = heirs.iter().find(|user| self.model.oracle.wanted(**user) != removes).or(heirs.first());
        let named = patched_owner(&request.body).or(likely.copied());
        let Some(user) = named.filter(|user| heirs.contains(user)) else {
            self.break_rule(now, &format!("{} of {id}, which is a stranger's account", request.method));
            return None;
        };
        Some(user)
    }
}

/// The user whose id a body bears.
pub(super) fn owner_in(body: &str) -> Option<i64> {
    serde_json::from_str::<Value>(body).ok()?["externalId"].as_str()?.parse().ok()
}

/// The user whose id a PATCH writes.
pub(super) fn patched_owner(body: &str) -> Option<i64> {
    let body: Value = serde_json::from_str(body).ok()?;
    let writes = |operation: &Value| match operation["path"].as_str() {
        Some("externalId") => operation["value"].as_str().and_then(|id| id.parse().ok()),
        Some(_) => None,
        None => operation["value"]["externalId"].as_str().and_then(|id| id.parse().ok()),
    };
    body["Operations"].as_array()?.iter().find_map(writes)
}

/// Whether a body is that of a suspend.
pub(super) fn is_suspend(body: &str) -> bool {
    let Ok(body) = serde_json::from_str::<Value>(body) else { return false };
    let is_off = |value: &Value| *value == json!(false) || *value == json!("false");
    let sets = |operation: &Value| match operation["path"].as_str() {
        Some("active") => is_off(&operation["value"]),
        Some(_) => false,
        None => is_off(&operation["value"]["active"]),
    };
    body["Operations"].as_array().is_some_and(|operations| operations.iter().any(sets))
}
