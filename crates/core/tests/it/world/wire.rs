//! One request: what it does at the app, and what the client makes of the answer.

use super::World;
use super::app::Fault;
use crate::kit::object;
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, FailureKind, Operation, OperationKind, Outcome, Remote, found, holder};
use provost_core::time::Span;
use provost_scim::{PatchOp, PatchOperation, PatchRequest};
use serde_json::json;

impl World {
    pub(super) fn request(&mut self, user: i64, operation: &Operation, fault: Option<Fault>) -> Outcome {
        self.requests += 1;
        let Some(fault) = fault else { return self.carry_out(user, operation) };
        if fault.has_effect() && operation.kind() != OperationKind::LookUp {
            let outcome = self.carry_out(user, operation);
            if !matches!(outcome, Outcome::Applied { .. }) {
                return outcome;
            }
        }
        let message = "the test says so".to_owned();
        match fault {
            Fault::LostBefore | Fault::LostAfter => Outcome::Unknown { message },
            Fault::ErrorBefore | Fault::ErrorAfter => Outcome::Unavailable { status: Some(500), message },
            Fault::Refused => Outcome::Unavailable { status: None, message },
            Fault::Throttled => Outcome::Throttled { status: 429, until: Some(self.now + Span::seconds(60)), message },
            Fault::Rejected => Outcome::Rejected { kind: FailureKind::Rejected, status: Some(400), message },
            Fault::Unauthorized => Outcome::Unauthorized { message },
        }
    }

    fn carry_out(&mut self, user: i64, operation: &Operation) -> Outcome {
        match operation {
            Operation::LookUp { remote_id: Some(remote_id), .. } => match self.remote(remote_id) {
                Some(remote) => Outcome::Found { remote },
                None => Outcome::AlreadyGone,
            },
            Operation::LookUp { remote_id: None, matching } => self.find(user, matching),
            Operation::Create { body, matching } => {
                if !self.connection.profile.matching_unique {
                    match self.find(user, matching) {
                        Outcome::NotFound => {}
                        outcome => return outcome,
                    }
                }
                match self.app.post(body, Some(user)) {
                    Some(id) => Outcome::Applied { remote: self.remote(&id) },
                    None => self.find(user, matching),
                }
            }
            Operation::Update { remote_id, patch, body } | Operation::Restore { remote_id, patch, body } => {
                match self.app.patch(remote_id, patch) {
                    404 => Outcome::AlreadyGone,
                    409 => match self.find(user, super::user_name(body)) {
                        held @ Outcome::FoundHeld { .. } => held,
                        _ => Outcome::Conflict { message: "userName is taken".to_owned() },
                    },
                    _ => Outcome::Applied { remote: self.remote(remote_id) },
                }
            }
            Operation::Remove(removal) => {
                let candidate = removal.candidate();
                let (kind, accounts) = (candidate.removal.kind, self.linked());
                let status = match removal.operation_kind() {
                    OperationKind::Suspend => self.app.patch(&candidate.remote_id, &inactive()),
                    _ if self.app.accounts.remove(&candidate.remote_id).is_some() => 204,
                    _ => 404,
                };
                if status == 404 {
                    return Outcome::AlreadyGone;
                }
                let trigger = candidate.removal.trigger;
                let judged = self.oracle.removed(user, kind, trigger, removal.approved(), accounts, self.now);
                judged.unwrap_or_else(|why| panic!("{why}"));
                Outcome::Applied { remote: None }
            }
        }
    }

    fn remote(&self, id: &str) -> Option<Remote> {
        let account = self.app.accounts.get(id)?;
        let mut resource = account.body.clone();
        resource.insert("id".to_owned(), id.into());
        Some(Remote { id: id.to_owned(), resource: Some(resource) })
    }

    fn find(&self, user: i64, name: &str) -> Outcome {
        let shown = self.app.search(name).iter().filter_map(|id| self.remote(id)).collect();
        let remote = match found(shown, UserId::new(user), &self.connection.config) {
            Outcome::Found { remote } => remote,
            outcome => return outcome,
        };
        let claims = |record: &&Account| {
            let asked = record.open_create().is_some_and(|asked| asked.eq_ignore_ascii_case(name));
            asked || record.remote_id.as_ref() == Some(&remote.id)
        };
        let claimants: Vec<Account> = self.records.values().filter(claims).cloned().collect();
        match holder(&remote, UserId::new(user), &claimants, &self.connection.config) {
            Some(holder) => Outcome::FoundHeld {
                by: holder.user_id,
                email: holder.email.clone(),
                until: holder.removal.map(|removal| removal.due),
            },
            None => Outcome::Found { remote },
        }
    }
}

fn inactive() -> PatchRequest {
    PatchRequest {
        operations: vec![PatchOperation { op: PatchOp::Replace, path: Some("active".to_owned()), value: Some(json!(false)) }],
    }
}

/// The body that the directory's tables call for, written out apart from the mapping code.
pub(super) fn expected_body(user: &provost_core::directory::User, name: &str) -> serde_json::Map<String, serde_json::Value> {
    let email = &user.primary_email;
    object(json!({
        "userName": name,
        "emails": [{ "value": email, "primary": true, "type": "work" }],
        "name": { "givenName": user.given_name, "familyName": user.family_name },
        "displayName": format!("{} {}", user.given_name, user.family_name),
        "externalId": user.id.to_string(),
        "title": user.attributes["organizations"][0]["title"],
        "active": true,
    }))
}
