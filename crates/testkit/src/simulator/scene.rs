//! One app as it stands outside of the product: what is known of the directory and of its connection, and the accounts at the
//! other end.
//!
//! A request is judged when it is sent (`judge`). What it does is counted when it arrives.

use super::dice::Dice;
use super::fault::{Course, Death};
use super::judge::{Removal, is_suspend, owner_in, patched_owner};
use super::ledger::{Effect, Ledger};
use super::limits::Limits;
use super::model::Model;
use super::plan::{AppPlan, Outage, UNSEEN};
use super::trace::Trace;
use crate::accounts::{Accounts, Reply, Request, id_of, user_name};
use provost_core::time::{Span, Timestamp};
use provost_scim::Resource;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// After "Turn off" no request begins later than this.
const TURN_OFF: Span = Span::seconds(1);

/// A request between its sending and its arrival.
#[derive(Debug, Clone)]
struct UnderWay {
    request: Request,
    /// The removal that it is.
    removal: Option<Removal>,
}

/// An account that somebody else made, and who may have been given it.
pub(super) type Heirs = BTreeMap<String, BTreeSet<i64>>;

#[expect(clippy::struct_excessive_bools, reason = "each is something that has happened, whatever else has")]
pub(super) struct Scene {
    pub(super) plan: AppPlan,
    pub(super) model: Model,
    pub(super) trace: Trace,
    pub(super) accounts: Accounts,
    /// Whose account it is, by the id that the app gave it.
    pub(super) owners: BTreeMap<String, i64>,
    pub(super) heirs: Heirs,
    under_way: BTreeMap<u64, UnderWay>,
    late: Vec<(Timestamp, UnderWay)>,
    sent: u64,
    dice: Dice,
    /// Users whose accounts were changed behind our back: nobody but a drift check can know.
    pub(super) adrift: BTreeSet<i64>,
    /// Users whose accounts the app's own admin has deleted: they count among our accounts until one is made again.
    pub(super) lost: BTreeSet<i64>,
    /// No faults from here on.
    pub(super) quiet: bool,
    pub(super) revoked: bool,
    /// A 401 has been read, and there is no new token yet.
    pub(super) refused: bool,
    /// How many requests had been sent when the token was entered.
    pub(super) token_since: u64,
    limits: Limits,
    /// Until then whoever asks is told to come back when it is over.
    pub(super) busy_until: Timestamp,
    pub(super) ledger: Ledger,
    /// A backup was put back: the store knows less than the model.
    pub(super) restored: bool,
    /// Since when the machine's clock is wrong, and nobody has said that it is right.
    pub(super) clock_wrong_since: Option<Timestamp>,
    /// When a removal was last sent.
    pub(super) removal_sent_at: Option<Timestamp>,
    /// The app is dead, or was, until then.
    pub(super) dead: Option<(Death, Timestamp)>,
}

impl Scene {
    pub(super) fn new(plan: AppPlan, dice: Dice, trace: Trace) -> Self {
        let mut accounts = Accounts::new();
        accounts.unique = plan.profile != "generic";
        let model = Model::new(plan.archived_as_suspended, UNSEEN);
        let limits = Limits::of(plan.profile);
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
            lost: BTreeSet::new(),
            quiet: false,
            revoked: false,
            refused: false,
            token_since: 0,
            limits,
            busy_until: Timestamp(0),
            ledger: Ledger::default(),
            restored: false,
            clock_wrong_since: None,
            removal_sent_at: None,
            dead: None,
        }
    }

    pub(super) fn break_rule(&self, now: Timestamp, what: &str) {
        self.trace.break_rule(now, what);
    }

    /// The app dies, if it has not done so before; whether it did.
    pub(super) fn die(&mut self, outage: Outage, now: Timestamp) -> bool {
        if self.dead.is_some() {
            return false;
        }
        self.trace.note(now, || format!("the app is dead: {outage:?}"));
        self.dead = Some((outage.death, now + outage.lasts));
        true
    }

    /// How the app is dead now, if it is.
    pub(super) fn death(&self, now: Timestamp) -> Option<Death> {
        self.dead.filter(|(_, until)| now < *until).map(|(death, _)| death)
    }

    /// How many requests were sent so far.
    pub(super) const fn requests(&self) -> u64 {
        self.sent
    }

    /// A request is sent: it is judged, and how it will go is drawn. Answers its number, too.
    pub(super) fn send(&mut self, request: &Request, now: Timestamp) -> (u64, Course) {
        self.sent += 1;
        let drawn = Course::draw(&mut self.dice, &self.plan, self.quiet, request);
        let course = Course { fault: self.death(now).map(Death::fault).or(drawn.fault), ..drawn };
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
        if let Some(passed) = self.limits.begin(&request.method, now) {
            self.break_rule(now, &format!("{} {}: {passed}", request.method, request.path));
        }
        let removal = self.judge(request, now);
        if removal.is_some() {
            self.removal_sent_at = Some(now);
        }
        self.under_way.insert(self.sent, UnderWay { request: request.clone(), removal });
        (self.sent, course)
    }

    /// The request arrives: what it does, and what is answered.
    pub(super) fn arrive(&mut self, number: u64, now: Timestamp) -> Reply {
        self.apply_late(now);
        match self.under_way.remove(&number) {
            Some(under_way) => self.carry_out(number, &under_way, now, true),
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
        for (number, under_way) in std::mem::take(&mut self.under_way) {
            if self.dice.coin() {
                self.carry_out(number, &under_way, now, true);
            }
        }
        // The next process begins on a machine whose clock is right.
        self.clock_wrong_since = None;
        self.limits.kill(now);
        self.ledger.kill(now);
    }

    /// Carries out the requests whose time has come long after they were given up.
    pub(super) fn apply_late(&mut self, now: Timestamp) {
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        let due: Vec<(Timestamp, UnderWay)> = due;
        for (_, under_way) in due {
            let owner = id_of(&under_way.request.path).and_then(|id| self.owners.get(&id).copied());
            self.adrift.extend(owner.or_else(|| owner_in(&under_way.request.body)));
            self.carry_out(0, &under_way, now, false);
        }
    }

    fn carry_out(&mut self, number: u64, under_way: &UnderWay, now: Timestamp, counts: bool) -> Reply {
        let UnderWay { request, removal } = under_way;
        let held = self.owners.iter().filter(|(id, _)| self.accounts.position(id).is_some()).count() + self.lost.len();
        let was_active = id_of(&request.path).is_some_and(|id| self.is_active(&id));
        let reply = self.accounts.carry_out(request);
        let status = reply.status;
        self.trace.note(now, || format!("= {} {} → {status}", request.method, request.path));
        let (effect, done) = match (request.method.as_str(), status) {
            ("POST", 201) => {
                self.note_created(request, &reply, counts, now);
                (Some(Effect::Created), false)
            }
            ("PATCH" | "PUT", 200..=299) => {
                self.note_taken(request);
                (Some(if is_suspend(&request.body) { Effect::Suspended } else { Effect::Changed }), was_active)
            }
            ("DELETE", 200..=299) => (Some(Effect::Deleted), true),
            _ => (None, false),
        };
        if let Some(effect) = effect {
            self.ledger.note(number, effect);
        }
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
        self.lost.remove(&user);
        let own = self.accounts_of(user);
        // A backup does not know that somebody was renamed, and the app is asked for the name that it knows.
        if own.len() > 1 && !self.restored {
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

    /// The answer to a request is read; `whole` where nothing of it is missing.
    pub(super) fn read(&mut self, number: u64, whole: bool, status: u16, retry_after: Option<i64>, now: Timestamp) {
        self.trace.note(now, || format!("← {status}"));
        // What was sent with the token before says nothing of the one that an administrator has entered meanwhile.
        if status == 401 && number > self.token_since {
            self.refused = true;
        }
        if whole && (200..300).contains(&status) {
            self.ledger.read(number, now);
        }
        if let Some(seconds @ 1..=86_400) = retry_after {
            self.limits.pause(Span::seconds(seconds), now);
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
