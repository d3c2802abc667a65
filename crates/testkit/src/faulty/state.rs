//! What the faulty target knows: its accounts, what is armed, everything that came, and every rule that was broken.

use super::table::{TargetFault, cannot_meet, method_of};
use crate::accounts::{Accounts, Reply, Request, id_of, list_of, query};
use provost_core::provisioning::OperationKind;
use provost_core::time::{Span, Timestamp};
use provost_scim::Resource;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What an endless answer and one byte a second look like to the server.
#[derive(Debug, Clone)]
pub(super) enum Wire {
    /// The connection ends without a byte.
    Nothing,
    /// These bytes, and the end.
    Bytes(Vec<u8>),
    /// A byte a second, until the other side goes away.
    Slow(Vec<u8>),
    /// A body without end.
    Endless,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When its last byte was read.
    pub at: Instant,
    /// The same in the store's time.
    pub store_at: Timestamp,
    /// GET, POST, …
    pub method: String,
    /// With its query.
    pub path: String,
    /// As it was sent.
    pub body: String,
    /// Whether anything was changed by it.
    pub effect: bool,
    /// Whether it met the armed fault.
    pub met: bool,
}

/// A fault that is in force.
#[derive(Debug, Clone, Copy)]
pub struct Armed {
    /// Which.
    pub fault: TargetFault,
    /// Its sub-case.
    pub variant: &'static str,
    /// The operation whose requests it meets, for faults that do not meet all.
    pub operation: OperationKind,
}

/// The one user of whom the tests count everything.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Their userName.
    pub user_name: String,
    /// From when on the account may be suspended or deleted; never before.
    pub removable_from: Option<Timestamp>,
}

pub(super) struct State {
    pub(super) accounts: Accounts,
    pub(super) seen: Vec<Seen>,
    pub(super) armed: Option<Armed>,
    /// Requests meet it whose path has this part.
    pub(super) armed_at: &'static str,
    /// Each answer comes so long after its request.
    pub(super) answers_after: Duration,
    pub(super) watched: Option<Watched>,
    /// Addresses that nobody may remove, and ids that nobody may write.
    pub(super) entitled: Vec<String>,
    pub(super) strangers: Vec<String>,
    pub(super) violations: Vec<String>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) unauthorized_at: Option<Instant>,
    /// Where redirects lead; nobody may follow.
    pub(super) elsewhere: String,
    late: Vec<Request>,
    pub(super) times_met: usize,
    minute: Option<i64>,
}

/// Requests that were under way when an answer was sent may still arrive for so long.
const UNDER_WAY: Duration = Duration::from_secs(3);

impl State {
    pub(super) fn new() -> Self {
        Self {
            accounts: Accounts::new(),
            seen: Vec::new(),
            armed: None,
            armed_at: "",
            answers_after: Duration::ZERO,
            watched: None,
            entitled: Vec::new(),
            strangers: Vec::new(),
            violations: Vec::new(),
            not_before: None,
            unauthorized_at: None,
            elsewhere: String::new(),
            late: Vec::new(),
            times_met: 0,
            minute: None,
        }
    }

    /// Puts a fault in force.
    pub(super) fn arm(&mut self, armed: Armed) {
        self.times_met = 0;
        (self.armed, self.armed_at) = (Some(armed), "");
        self.minute = None;
        let name = self.watched.as_ref().map(|watched| watched.user_name.clone()).unwrap_or_default();
        match (armed.fault, armed.variant) {
            (TargetFault::IdChanged, _) => self.accounts.change_id(&name),
            (TargetFault::ChangedByAdmin, "removed") => {
                self.accounts.rows.retain(|row| !is_named(row, &name));
            }
            (TargetFault::ChangedByAdmin, _) => {
                for row in self.accounts.rows.iter_mut().filter(|row| is_named(row, &name)) {
                    row.insert("active".to_owned(), json!(true));
                }
            }
            _ => {}
        }
    }

    /// Whether the fault meets every connection, before a request can be read.
    pub(super) fn fault(&self) -> Option<TargetFault> {
        self.armed.map(|armed| armed.fault)
    }

    /// The whole of one exchange. What the engine learns of the app daily is answered and not counted: it is about no user.
    pub(super) fn answer(&mut self, request: &Request, now: Timestamp) -> Wire {
        if request.path.ends_with("/ServiceProviderConfig") {
            return super::wire::http(&Reply::error(404, "this app announces nothing"), &[]);
        }
        self.check_time(request, now);
        let armed = self.armed.filter(|armed| self.meets(*armed, request));
        self.times_met += usize::from(armed.is_some());
        let before = self.accounts.rows.clone();
        let wire = match armed {
            None => super::wire::http(&self.carry_out(request, now), &[]),
            Some(armed) => super::effects::of(self, armed, request, now),
        };
        let (method, path, body) = (request.method.clone(), request.path.clone(), request.body.clone());
        let effect = before != self.accounts.rows;
        self.seen.push(Seen { at: Instant::now(), store_at: now, method, path, body, effect, met: armed.is_some() });
        wire
    }

    fn meets(&self, armed: Armed, request: &Request) -> bool {
        use TargetFault as F;
        let by_id = id_of(&request.path).is_some();
        let search = request.method == "GET" && !by_id;
        if !request.path.contains(self.armed_at) {
            return false;
        }
        match armed.fault {
            F::ConnectRefused | F::DnsFailure | F::TlsFailure | F::GoAway => false,
            F::TooManyRequests | F::Unavailable | F::Redirect | F::Unauthorized | F::ClockSkew | F::MinuteLimit => true,
            F::RequestLost
            | F::AnswerLost
            | F::ServerError
            | F::HalfBody
            | F::WrongLength
            | F::TruncatedJson
            | F::ErrorInsideSuccess
            | F::Doubled
            | F::SlowBody
            | F::EndlessBody
            | F::GzipBomb => carries(request, armed.operation),
            F::LateEffect => request.method != "GET" && carries(request, armed.operation),
            F::CreatedWithoutId | F::Conflict => request.method == "POST",
            F::AccountLimit => {
                let known = id_of(&request.path).is_some_and(|id| self.accounts.position(&id).is_some());
                let activates = request.body.contains(r#""path":"active","value":true"#);
                request.method == "POST" || (known && request.method == "PATCH" && activates)
            }
            F::ChangedCase | F::TextBooleans => request.method != "DELETE",
            F::UnknownId => by_id && self.accounts.position(&id_of(&request.path).unwrap_or_default()).is_some(),
            F::PreconditionFailed => by_id && request.method != "GET",
            F::BlindSearch => search || (armed.operation == OperationKind::Create && request.method == "POST"),
            F::ShiftingPages | F::StartIndexIgnored | F::WrongTotal => search,
            F::IdChanged | F::ChangedByAdmin => {
                cannot_meet(armed.fault, armed.variant, armed.operation).is_none() && by_id && request.method != "GET"
            }
            F::ForbiddenUser => self.is_about_watched(request),
        }
    }

    fn is_about_watched(&self, request: &Request) -> bool {
        let Some(watched) = &self.watched else { return false };
        let id = id_of(&request.path).unwrap_or_default();
        let theirs = self.accounts.named(&watched.user_name).iter().any(|row| row["id"] == id);
        let sought = query(&request.path, "filter").is_some_and(|filter| filter.contains(&watched.user_name));
        theirs || sought || request.body.contains(&watched.user_name)
    }

    /// Carries out a request, and checks what it did.
    pub(super) fn carry_out(&mut self, request: &Request, now: Timestamp) -> Reply {
        let id = id_of(&request.path);
        let target = id.as_deref().and_then(|id| self.accounts.position(id)).map(|at| self.accounts.rows[at].clone());
        let reply = self.accounts.carry_out(request);
        if let (Some(id), Some(row)) = (id, target)
            && request.method != "GET"
            && reply.status < 300
        {
            self.check_write(&id, &row, request, now);
        }
        self.check_doubles();
        reply
    }

    fn check_write(&mut self, id: &str, row: &Resource, request: &Request, now: Timestamp) {
        if self.strangers.iter().any(|stranger| stranger == id) {
            self.violations.push(format!("a stranger's account was touched: {} {}", request.method, request.path));
        }
        let active = |row: &Resource| row.get("active") != Some(&json!(false));
        let after = self.accounts.position(id).map(|at| self.accounts.rows[at].clone());
        let removed = after.as_ref().is_none_or(|after| active(row) && !active(after));
        if !removed {
            return;
        }
        if self.entitled.iter().any(|entitled| is_named(row, entitled)) {
            self.violations.push(format!("somebody entitled was removed: {} {}", request.method, request.path));
        }
        let watched = self.watched.as_ref().filter(|watched| is_named(row, &watched.user_name));
        if watched.is_some_and(|watched| watched.removable_from.is_none_or(|from| now < from)) {
            self.violations.push(format!("removed too early or without a cause: {} {}", request.method, request.path));
        }
    }

    fn check_doubles(&mut self) {
        let Some(watched) = &self.watched else { return };
        let count = self.accounts.named(&watched.user_name).len();
        if count > 1 {
            self.violations.push(format!("{count} accounts for {}", watched.user_name));
        }
    }

    fn check_time(&mut self, request: &Request, now: Timestamp) {
        if self.unauthorized_at.is_some_and(|at| at.elapsed() > UNDER_WAY) {
            self.violations.push(format!("a request after the 401: {} {}", request.method, request.path));
        }
        if self.not_before.is_some_and(|until| now < until) {
            self.violations.push(format!("a request before Retry-After had ended: {} {}", request.method, request.path));
        }
    }

    /// Keeps a request whose effect comes after the next one like it.
    pub(super) fn postpone(&mut self, request: &Request) {
        self.late.push(request.clone());
    }

    /// The effects that come now.
    pub(super) fn come_late(&mut self, now: Timestamp) {
        for request in std::mem::take(&mut self.late) {
            self.carry_out(&request, now);
        }
    }

    /// Whether the minute's requests are used up: they are in the minute of the first request, and in no later one.
    pub(super) fn minute_is_used_up(&mut self, now: Timestamp) -> Option<Span> {
        let minute = *self.minute.get_or_insert(now.0 / 60_000_000);
        let left = (minute + 1) * 60_000_000 - now.0;
        (left > 0).then_some(Span(left))
    }

    /// A list page of this target, from which a fault may be made.
    pub(super) fn page(&self, request: &Request, start: usize, count: usize) -> Value {
        let all: Vec<Value> = self.accounts.rows.iter().cloned().map(Value::Object).collect();
        let page: Vec<Value> = all.iter().skip(start.max(1) - 1).take(count.min(self.accounts.page_max)).cloned().collect();
        let asked = query(&request.path, "startIndex").and_then(|number| number.parse().ok()).unwrap_or(1);
        list_of(&page, all.len(), asked)
    }
}

pub(super) fn is_named(row: &Resource, user_name: &str) -> bool {
    row.get("userName").and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case(user_name))
}

/// Whether a request is the one that an operation is carried out by.
fn carries(request: &Request, operation: OperationKind) -> bool {
    request.method == method_of(operation)
}
