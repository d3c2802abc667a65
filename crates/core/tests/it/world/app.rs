//! The app at the other end: accounts by id, with unique names where the profile says so, and faults.

use crate::kit::apply_patch;
use provost_scim::PatchRequest;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One account of the app. `owner` is the oracle's note, never read by the code under test.
#[derive(Debug, Clone)]
pub(crate) struct RemoteAccount {
    pub(crate) body: Map<String, Value>,
    pub(crate) owner: Option<i64>,
}

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request never arrives, and no answer comes.
    LostBefore,
    /// It is carried out, and the answer is lost.
    LostAfter,
    /// 500, and nothing was done.
    ErrorBefore,
    /// 500, and it was done.
    ErrorAfter,
    /// The connection is refused.
    Refused,
    /// 429 with a minute to wait.
    Throttled,
    /// 400.
    Rejected,
    /// 401.
    Unauthorized,
}

impl Fault {
    /// Whether the request is carried out nevertheless.
    pub(crate) fn has_effect(self) -> bool {
        matches!(self, Self::LostAfter | Self::ErrorAfter)
    }
}

#[derive(Debug, Default)]
pub(crate) struct FakeApp {
    pub(crate) accounts: BTreeMap<String, RemoteAccount>,
    pub(crate) unique: bool,
    made: u32,
}

pub(crate) fn user_name(body: &Map<String, Value>) -> &str {
    body.get("userName").and_then(Value::as_str).unwrap_or_default()
}

impl FakeApp {
    pub(crate) fn new(unique: bool) -> Self {
        Self { unique, ..Self::default() }
    }

    /// The ids of the accounts with this name.
    pub(crate) fn search(&self, name: &str) -> Vec<String> {
        let same = |account: &RemoteAccount| user_name(&account.body).eq_ignore_ascii_case(name);
        self.accounts.iter().filter(|(_, account)| same(account)).map(|(id, _)| id.clone()).collect()
    }

    /// `None` is a 409.
    pub(crate) fn post(&mut self, body: &Map<String, Value>, owner: Option<i64>) -> Option<String> {
        if self.unique && !self.search(user_name(body)).is_empty() {
            return None;
        }
        self.made += 1;
        let id = format!("remote-{}", self.made);
        self.accounts.insert(id.clone(), RemoteAccount { body: body.clone(), owner });
        Some(id)
    }

    /// The status.
    pub(crate) fn patch(&mut self, id: &str, patch: &PatchRequest) -> u16 {
        let Some(account) = self.accounts.get(id) else { return 404 };
        let mut body = account.body.clone();
        apply_patch(&mut body, patch);
        if self.unique && self.search(user_name(&body)).iter().any(|other| other != id) {
            return 409;
        }
        self.accounts.get_mut(id).expect("it was there a moment ago").body = body;
        200
    }
}
