//! Everything outside of the product: the model, the app at the other end, and the judge of every request.
//!
//! A request is judged when it is sent: whom it is for, whether it may go now. What it does is counted when it arrives.

use super::dice::Dice;
use super::fault::Course;
use super::model::Model;
use super::plan::{Plan, UNSEEN};
use super::trace::Trace;
use crate::accounts::{Accounts, Reply, Request, id_of, user_name};
use provost_core::provisioning::RemovalKind;
use provost_core::time::{Span, Timestamp};
use provost_scim::Resource;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// After "Turn off" no request begins later than this.
const TURN_OFF: Span = Span::seconds(1);

/// What a request takes away, and whether an administrator approved it.
#[derive(Debug, Clone, Copy)]
struct Removal {
    kind: RemovalKind,
    approved: bool,
}

/// A request between its sending and its arrival.
#[derive(Debug, Clone)]
struct UnderWay {
    request: Request,
    /// The removal that it is.
    removal: Option<Removal>,
}

/// An account that somebody else made, and who may have been given it.
type Heirs = BTreeMap<String, BTreeSet<i64>>;

pub(super) struct Scene {
    pub(super) plan: Plan,
    pub(super) model: Model,
    pub(super) trace: Trace,
    pub(super) accounts: Accounts,
    /// Whose account it is, by the id that the app gave it.
    pub(super) owners: BTreeMap<String, i64>,
    heirs: Heirs,
    under_way: BTreeMap<u64, UnderWay>,
    late: Vec<(Timestamp, UnderWay)>,
    sent: u64,
    dice: Dice,
    /// Users whose accounts were changed behind our back: nobody but a drift check can know.
    pub(super) adrift: BTreeSet<i64>,
    /// No faults from here on.
    pub(super) quiet: bool,
    pub(super) revoked: bool,
    /// A 401 has been read, and there is no new token yet.
    pub(super) refused: bool,
    not_before: Timestamp,
    /// The rules that were broken.
    pub(super) broken: Vec<String>,
}

impl Scene {
    pub(super) fn new(plan: Plan, dice: Dice, trace: Trace) -> Self {
        let mut accounts = Accounts::new();
        accounts.unique = plan.profile != "generic";
        let model = Model::new(plan.archived_as_suspended, UNSEEN);
        Self {
            plan,
            model,
            trace,
            accounts,
            owners: BTreeMap::new(),
            heirs: Heirs::new(),
            under_way: BTreeMap::new(),
            late: Vec::new(),
            sent: 0,
            dice,
            adrift: BTreeSet::new(),
            quiet: false,
            revoked: false,
            refused: false,
            not_before: Timestamp(0),
            broken: Vec::new(),
        }
    }

    pub(super) fn break_rule(&mut self, now: Timestamp, what: &str) {
        self.trace.note(now, || format!("BROKEN: {what}"));
        self.broken.push(format!("{now}: {what}"));
    }

    /// How many requests were sent so far.
    pub(super) const fn requests(&self) -> u64 {
        self.sent
    }

    /// A request is sent: it is judged, and how it will go is drawn. Answers its number, too.
    pub(super) fn send(&mut self, request: &Request, now: Timestamp) -> (u64, Course) {
        self.sent += 1;
        let course = Course::draw(&mut self.dice, &self.plan, self.quiet, request);
        let fault = course.fault;
        self.trace.note(now, || {
            let told = fault.map_or(String::new(), |fault| format!(" ({fault:?})"));
            format!("→ {} {} {}{told}", request.method, request.path, request.body)
        });
        if !self.model.active && now - self.model.turned_off_at > TURN_OFF {
            self.break_rule(now, &format!("{} {} while the connection is off", request.method, request.path));
        }
        if self.refused {
            self.break_rule(now, &format!("{} {} after a 401", request.method, request.path));
        }
        if now < self.not_before {
            let until = self.not_before;
            self.break_rule(now, &format!("{} {} before {until}, when the app may be asked", request.method, request.path));
        }
        let removal = self.judge(request, now);
        self.under_way.insert(self.sent, UnderWay { request: request.clone(), removal });
        (self.sent, course)
    }

    /// Not too early, and not for the wrong user. Answers the removal that the request is, if it is one.
    fn judge(&mut self, request: &Request, now: Timestamp) -> Option<Removal> {
        match (request.method.as_str(), id_of(&request.path)) {
            ("POST", _) => {
                let user = owner_in(&request.body)?;
                if !self.model.was_wanted(user, now) {
                    self.break_rule(now, &format!("{user}: an account is made for a user who is to have none"));
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
        let named = patched_owner(&request.body).or_else(|| heirs.first().copied());
        let Some(user) = named.filter(|user| heirs.contains(user)) else {
            self.break_rule(now, &format!("{} of {id}, which is a stranger's account", request.method));
            return None;
        };
        Some(user)
    }

    /// The request arrives: what it does, and what is answered.
    pub(super) fn arrive(&mut self, number: u64, now: Timestamp) -> Reply {
        self.apply_late(now);
        match self.under_way.remove(&number) {
            Some(under_way) => self.carry_out(&under_way, now, true),
            None => Reply::error(500, "the simulator has lost the request"),
        }
    }

    /// The request never arrives.
    pub(super) fn lose(&mut self, number: u64) {
        self.under_way.remove(&number);
    }

    /// The request arrives when nobody expects it any more.
    pub(super) fn delay(&mut self, number: u64, now: Timestamp) {
        let at = now + Span::seconds(self.dice.between(31, 7_200));
        self.late.extend(self.under_way.remove(&number).map(|under_way| (at, under_way)));
    }

    /// The process is killed: what is under way arrives or not, and nobody reads the answer.
    pub(super) fn kill(&mut self, now: Timestamp) {
        for under_way in std::mem::take(&mut self.under_way).into_values() {
            if self.dice.coin() {
                self.carry_out(&under_way, now, true);
            }
        }
        // What was heard in the last moment could not be kept.
        self.not_before = Timestamp(0);
    }

    /// Carries out the requests whose time has come long after they were given up.
    pub(super) fn apply_late(&mut self, now: Timestamp) {
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        let due: Vec<(Timestamp, UnderWay)> = due;
        for (_, under_way) in due {
            let owner = id_of(&under_way.request.path).and_then(|id| self.owners.get(&id).copied());
            self.adrift.extend(owner.or_else(|| owner_in(&under_way.request.body)));
            self.carry_out(&under_way, now, false);
        }
    }

    fn carry_out(&mut self, under_way: &UnderWay, now: Timestamp, counts: bool) -> Reply {
        let UnderWay { request, removal } = under_way;
        let held = self.owners.iter().filter(|(id, _)| self.accounts.position(id).is_some()).count();
        let was_active = id_of(&request.path).is_some_and(|id| self.is_active(&id));
        let reply = self.accounts.carry_out(request);
        let status = reply.status;
        self.trace.note(now, || format!("= {} {} → {status}", request.method, request.path));
        let done = match (request.method.as_str(), status) {
            ("POST", 201) => {
                self.note_created(request, &reply, counts, now);
                false
            }
            ("PATCH" | "PUT", 200..=299) => {
                self.note_taken(request);
                was_active
            }
            ("DELETE", 200..=299) => true,
            _ => false,
        };
        let counted = removal.filter(|removal| done && counts && !removal.approved);
        if let Some(Err(why)) = counted.map(|removal| self.model.oracle.gone(removal.kind, held, now)) {
            self.break_rule(now, &why);
        }
        reply
    }

    fn note_created(&mut self, request: &Request, reply: &Reply, counts: bool, now: Timestamp) {
        let id = reply.body.as_ref().and_then(|body| body["id"].as_str()).unwrap_or_default().to_owned();
        let Some(user) = owner_in(&request.body) else { return };
        if !counts {
            // Made hours after everybody had given it up: it is theirs only when it is found.
            self.heirs.insert(id, BTreeSet::from([user]));
            return;
        }
        self.owners.insert(id, user);
        let own = self.accounts_of(user);
        if own.len() > 1 {
            self.break_rule(now, &format!("{user}: has two accounts: {own:?}"));
        }
    }

    /// What somebody else made is the heir's as soon as it bears the heir's mark.
    fn note_taken(&mut self, request: &Request) {
        let (Some(id), Some(user)) = (id_of(&request.path), patched_owner(&request.body)) else { return };
        if self.heirs.get(&id).is_some_and(|heirs| heirs.contains(&user)) {
            self.owners.entry(id).or_insert(user);
        }
    }

    fn is_active(&self, id: &str) -> bool {
        self.accounts.position(id).is_some_and(|at| self.accounts.rows[at].get("active") != Some(&json!(false)))
    }

    /// The app's accounts that were made for this user, or given to them.
    pub(super) fn accounts_of(&self, user: i64) -> Vec<Resource> {
        let own = |row: &&Resource| {
            row.get("id").and_then(Value::as_str).is_some_and(|id| self.owners.get(id).is_some_and(|owner| *owner == user))
        };
        self.accounts.rows.iter().filter(own).cloned().collect()
    }

    /// An account that was made for this user so late that it may have been found without being written since.
    pub(super) fn found_late(&self, user: i64) -> Option<&Resource> {
        let is_theirs = |row: &&Resource| {
            let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
            let inherits = !self.owners.contains_key(id) && self.heirs.get(id).is_some_and(|heirs| heirs.contains(&user));
            inherits && row.get("externalId") == Some(&json!(user.to_string()))
        };
        self.accounts.rows.iter().find(is_theirs)
    }

    /// The answer is read.
    pub(super) fn read(&mut self, status: u16, retry_after: Option<i64>, now: Timestamp) {
        self.trace.note(now, || format!("← {status}"));
        if status == 401 {
            self.refused = true;
        }
        if let Some(seconds @ 1..=86_400) = retry_after {
            self.not_before = self.not_before.max(now + Span::seconds(seconds));
        }
    }

    /// An administrator of the app makes an account by hand.
    pub(super) fn make_by_hand(&mut self, email: &str, now: Timestamp) -> bool {
        if !self.accounts.named(email).is_empty() {
            return false;
        }
        let body = json!({ "userName": email, "externalId": "made-by-hand", "active": true, "title": "Guest" });
        let Value::Object(body) = body else { return false };
        let id = self.accounts.add(body);
        self.heirs.insert(id, BTreeSet::new());
        self.name_heirs(now);
        true
    }

    /// Whoever is wanted under the address of an account that somebody else made may be given it.
    pub(super) fn name_heirs(&mut self, now: Timestamp) {
        for (id, heirs) in &mut self.heirs {
            let Some(at) = self.accounts.position(id) else { continue };
            let bearer = self.model.bearer(user_name(&self.accounts.rows[at])).map(|person| person.id.get());
            heirs.extend(bearer.filter(|user| self.model.was_wanted(*user, now)));
        }
    }

    /// A number for the faults of an answer.
    pub(super) fn draw(&mut self, end: u64) -> u64 {
        self.dice.below(end)
    }
}

/// The user whose id a body bears.
fn owner_in(body: &str) -> Option<i64> {
    serde_json::from_str::<Value>(body).ok()?["externalId"].as_str()?.parse().ok()
}

/// The user whose id a PATCH writes.
fn patched_owner(body: &str) -> Option<i64> {
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
