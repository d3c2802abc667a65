//! What each fault makes of a request that it meets.

use super::state::{Armed, State, Wire};
use super::table::TargetFault as F;
use super::wire;
use crate::accounts::{Reply, Request, query};
use provost_core::provisioning::OperationKind;
use provost_core::time::{Span, Timestamp};
use serde_json::{Value, json};
use std::time::Instant;

/// How far the target's clock is ahead.
const SKEW: Span = Span::hours(2);

pub(super) fn of(state: &mut State, armed: Armed, request: &Request, now: Timestamp) -> Wire {
    let first = state.times_met == 1;
    match armed.fault {
        F::ConnectRefused | F::DnsFailure | F::TlsFailure | F::GoAway | F::RequestLost => Wire::Nothing,
        F::ServerError => {
            if armed.variant == "after the effect" {
                state.carry_out(request, now);
            }
            wire::http(&Reply::error(500, "the database is away"), &[])
        }
        F::ErrorInsideSuccess => {
            let body = json!({ "status": "error", "message": "this tenant is read-only" });
            wire::http(&Reply { status: 200, body: Some(body) }, &[])
        }
        F::LateEffect if first => {
            state.postpone(request);
            Wire::Nothing
        }
        F::LateEffect => {
            let answer = after(state, request, now, |reply| wire::http(reply, &[]));
            state.come_late(now);
            answer
        }
        F::Doubled => {
            state.carry_out(request, now);
            after(state, request, now, |reply| wire::http(reply, &[]))
        }
        F::UnknownId => wire::http(&Reply::error(404, "no such user"), &[]),
        F::Conflict => wire::http(&Reply::error(409, "userName is in use"), &[]),
        F::PreconditionFailed => wire::http(&Reply::error(412, "the ETag does not match"), &[]),
        F::ForbiddenUser => wire::http(&Reply::error(403, "not allowed for this user"), &[]),
        F::AccountLimit => wire::http(&Reply::error(403, "no seats are left in your plan"), &[]),
        F::Redirect => {
            let status = armed.variant.parse().unwrap_or(302);
            wire::http(&Reply { status, body: None }, &[format!("Location: {}/scim/v2/Users", state.elsewhere)])
        }
        F::Unauthorized => {
            state.unauthorized_at.get_or_insert_with(Instant::now);
            wire::http(&Reply::error(401, "the token has been revoked"), &[])
        }
        F::TooManyRequests | F::Unavailable | F::MinuteLimit | F::ClockSkew => slowed(state, armed, request, now, first),
        F::BlindSearch => blind(state, request, now),
        F::ShiftingPages | F::StartIndexIgnored | F::WrongTotal => listed(state, armed, request),
        F::AnswerLost
        | F::HalfBody
        | F::WrongLength
        | F::TruncatedJson
        | F::CreatedWithoutId
        | F::ChangedCase
        | F::TextBooleans
        | F::SlowBody
        | F::EndlessBody
        | F::GzipBomb
        | F::IdChanged
        | F::ChangedByAdmin => after(state, request, now, |reply| mangled(armed, reply)),
    }
}

/// The app asks for patience.
fn slowed(state: &mut State, armed: Armed, request: &Request, now: Timestamp, first: bool) -> Wire {
    match armed.fault {
        F::TooManyRequests => wire::http(&Reply::error(429, "slow down"), &retry_after(state, armed.variant, now)),
        F::Unavailable => {
            let headers = if armed.variant.is_empty() { Vec::new() } else { retry_after(state, "seconds", now) };
            wire::http(&Reply::error(503, "maintenance until noon"), &headers)
        }
        F::ClockSkew => skewed(state, request, now, first),
        _ => match state.minute_is_used_up(now) {
            Some(left) => {
                let seconds = left.0 / 1_000_000 + 1;
                wire::http(&Reply::error(429, "100 requests a minute"), &[format!("Retry-After: {seconds}")])
            }
            None => after(state, request, now, |reply| wire::http(reply, &[])),
        },
    }
}

/// The answer to a request that was carried out as it should be.
fn mangled(armed: Armed, reply: &Reply) -> Wire {
    let status = if reply.status == 204 { 200 } else { reply.status };
    let body = body_of(reply);
    match armed.fault {
        F::AnswerLost => Wire::Nothing,
        F::HalfBody => wire::half(status, &body),
        F::WrongLength if armed.variant == "too long" => wire::text(status, &body, body.len() + 100, &[]),
        F::WrongLength => wire::text(status, &body, body.len() / 2, &[]),
        F::TruncatedJson => wire::text(status, &body[..body.len() / 2], body.len() / 2, &[]),
        F::CreatedWithoutId => wire::http(&changed(reply, &without_id), &[]),
        F::ChangedCase => wire::http(&changed(reply, &upper_names), &[]),
        F::TextBooleans => wire::http(&changed(reply, &text_booleans), &[]),
        F::SlowBody => match wire::http(reply, &[]) {
            Wire::Bytes(bytes) => Wire::Slow(bytes),
            other => other,
        },
        F::EndlessBody => Wire::Endless,
        F::GzipBomb => wire::bomb(),
        _ => wire::http(reply, &[]),
    }
}

fn without_id(value: &mut Value) {
    if let Some(body) = value.as_object_mut() {
        body.remove("id");
    }
}

fn after(state: &mut State, request: &Request, now: Timestamp, answer: impl FnOnce(&Reply) -> Wire) -> Wire {
    let reply = state.carry_out(request, now);
    answer(&reply)
}

/// A DELETE gets one too, where the fault is in the body.
fn body_of(reply: &Reply) -> String {
    reply.body.as_ref().map_or_else(|| r#"{"deleted":"the account is gone"}"#.to_owned(), Value::to_string)
}

fn changed(reply: &Reply, change: &impl Fn(&mut Value)) -> Reply {
    let mut body = reply.body.clone();
    if let Some(body) = &mut body {
        walk(body, change);
    }
    Reply { status: reply.status, body }
}

fn walk(value: &mut Value, change: &impl Fn(&mut Value)) {
    change(value);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Object(members) => members.values_mut().for_each(|member| walk(member, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn upper_names(value: &mut Value) {
    if let Some(Value::String(name)) = value.get_mut("userName") {
        *name = name.to_uppercase();
    }
}

fn text_booleans(value: &mut Value) {
    if let Value::Bool(flag) = value {
        *value = Value::String(if *flag { "True" } else { "False" }.to_owned());
    }
}

fn http_date(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&instant).unwrap_or_default()
}

fn retry_after(state: &mut State, variant: &str, now: Timestamp) -> Vec<String> {
    let until = now + Span::seconds(90);
    let (value, until) = match variant {
        "seconds" => ("90".to_owned(), Some(until)),
        // An HTTP date knows no fractions.
        "date" => (http_date(until), Some(Timestamp(until.0 / 1_000_000 * 1_000_000))),
        "negative" => ("-5".to_owned(), None),
        // More than a day is not waited.
        "10^9" => ("1000000000".to_owned(), Some(now + Span::hours(23))),
        _ => return Vec::new(),
    };
    state.not_before = until;
    vec![format!("Retry-After: {value}")]
}

/// A search shows nothing of the watched user; the first create's answer is lost, so that there is something to search for.
fn blind(state: &mut State, request: &Request, now: Timestamp) -> Wire {
    let reply = state.carry_out(request, now);
    let created = request.method == "POST" && reply.status == 201;
    if created {
        return Wire::Nothing;
    }
    if request.method != "GET" {
        return wire::http(&reply, &[]);
    }
    wire::http(&Reply { status: 200, body: Some(crate::accounts::list_of(&[], 0, 1)) }, &[])
}

fn listed(state: &State, armed: Armed, request: &Request) -> Wire {
    let number = |name: &str| query(&request.path, name).and_then(|number| number.parse::<usize>().ok());
    let (start, count) = (number("startIndex").unwrap_or(1), number("count").unwrap_or(100));
    let mut page = match (armed.fault, armed.variant) {
        (F::StartIndexIgnored, _) => state.page(request, 1, count),
        // Somebody on an earlier page went: everybody behind moved up by one.
        (F::ShiftingPages, "skips") if start > 1 => state.page(request, start + 1, count),
        // Somebody came before: everybody behind moved down by one.
        (F::ShiftingPages, "repeats") if start > 1 => state.page(request, start - 1, count),
        _ => state.page(request, start, count),
    };
    match (armed.fault, armed.variant) {
        (F::WrongTotal, "too high") => page["totalResults"] = json!(1_000),
        (F::WrongTotal, _) => page["totalResults"] = page["itemsPerPage"].clone(),
        _ => {}
    }
    wire::http(&Reply { status: 200, body: Some(page) }, &[])
}

/// Every answer's `Date` is ahead; the first asks to wait a minute, until an instant on that clock.
fn skewed(state: &mut State, request: &Request, now: Timestamp, first: bool) -> Wire {
    let date = format!("Date: {}", http_date(now + SKEW));
    if first {
        let until = format!("Retry-After: {}", http_date(now + SKEW + Span::seconds(60)));
        state.not_before = Some(now + Span::seconds(58));
        return wire::http(&Reply::error(503, "maintenance until noon"), &[date, until]);
    }
    after(state, request, now, |reply| wire::http(reply, &[date]))
}

/// The operations of the matrix, in its order.
pub const OPERATIONS: [OperationKind; 6] = [
    OperationKind::Create,
    OperationKind::LookUp,
    OperationKind::Update,
    OperationKind::Suspend,
    OperationKind::Restore,
    OperationKind::HardDelete,
];
