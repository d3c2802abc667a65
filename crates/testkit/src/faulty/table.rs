//! The catalogue of what a target can do wrong: 36 faults, each with the words that an administrator must find, and with
//! the operations that it cannot meet.

use provost_core::provisioning::OperationKind;

/// One way in which a target misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is described by its row of the table")]
pub enum TargetFault {
    ConnectRefused,
    DnsFailure,
    TlsFailure,
    RequestLost,
    AnswerLost,
    ServerError,
    HalfBody,
    WrongLength,
    TruncatedJson,
    ErrorInsideSuccess,
    CreatedWithoutId,
    ChangedCase,
    LateEffect,
    Doubled,
    UnknownId,
    Conflict,
    PreconditionFailed,
    TooManyRequests,
    Unavailable,
    Redirect,
    SlowBody,
    EndlessBody,
    GzipBomb,
    BlindSearch,
    ShiftingPages,
    StartIndexIgnored,
    WrongTotal,
    IdChanged,
    ChangedByAdmin,
    TextBooleans,
    Unauthorized,
    ForbiddenUser,
    MinuteLimit,
    ClockSkew,
    GoAway,
    AccountLimit,
}

/// What becomes of a user whose operation meets the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Nothing fails for good: the engine gets there while the fault lasts.
    Quiet,
    /// The user fails while the fault lasts, and recovers without help.
    Recovers,
    /// The user fails until an administrator has mended what the words say, and asks for a retry.
    Waits,
    /// The connection stops until it is reauthorized.
    Halts,
}

/// A row of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct FaultRow {
    /// Which.
    pub fault: TargetFault,
    /// Its name in tables and golden files.
    pub name: &'static str,
    /// Its sub-cases, one after the other; every row has at least one.
    pub variants: &'static [&'static str],
    /// What becomes of the user.
    pub course: Course,
    /// What the failure's message must say, in any case of letters; where nothing fails, why.
    pub words: &'static [&'static str],
}

const fn row(
    fault: TargetFault,
    name: &'static str,
    variants: &'static [&'static str],
    course: Course,
    words: &'static [&'static str],
) -> FaultRow {
    FaultRow { fault, name, variants, course, words }
}

const ONE: &[&str] = &[""];

/// All 36.
pub const FAULTS: [FaultRow; 36] = {
    use Course::{Halts, Quiet, Recovers, Waits};
    use TargetFault as F;
    [
        row(
            F::ConnectRefused,
            "connect refused",
            ONE,
            Recovers,
            &["connection was refused", "nothing listens", "nothing was sent"],
        ),
        row(F::DnsFailure, "DNS failure", ONE, Recovers, &["name could not be resolved", "nothing was sent"]),
        row(F::TlsFailure, "TLS failure", ONE, Recovers, &["TLS failed", "its certificate is", "nothing was sent"]),
        row(F::RequestLost, "request lost", ONE, Recovers, &["closed the connection without an answer", "looked up"]),
        row(
            F::AnswerLost,
            "answer lost after the effect",
            ONE,
            Recovers,
            &["closed the connection without an answer", "looked up"],
        ),
        row(
            F::ServerError,
            "500",
            &["before the effect", "after the effect"],
            Recovers,
            &["internal error (500)", "the database is away"],
        ),
        row(F::HalfBody, "half body", ONE, Recovers, &["broke off", "looked up"]),
        row(F::WrongLength, "wrong Content-Length", &["too long", "too short"], Recovers, &["looked up"]),
        row(F::TruncatedJson, "truncated JSON", ONE, Recovers, &["not whole JSON", "looked up"]),
        row(F::ErrorInsideSuccess, "200 with an error body", ONE, Waits, &["200", "error inside", "tenant is read-only"]),
        row(F::CreatedWithoutId, "201 without id", ONE, Recovers, &["did not tell its id", "looked up"]),
        row(F::ChangedCase, "userName in another case", ONE, Quiet, &["Names compare without regard to case."]),
        row(
            F::LateEffect,
            "effect applied late, after our retry",
            ONE,
            Recovers,
            &["closed the connection without an answer", "looked up"],
        ),
        row(
            F::Doubled,
            "request doubled by a proxy",
            ONE,
            Quiet,
            &["The second create is refused, and a search finds what the first one made."],
        ),
        row(F::UnknownId, "404 on a known id", ONE, Recovers, &["404", "does not know the account", "shows it"]),
        row(
            F::Conflict,
            "409 on create",
            &["exists", "deleted shadow"],
            Recovers,
            &["409", "taken", "search shows no such account"],
        ),
        row(F::PreconditionFailed, "412 ETag", ONE, Recovers, &["412", "changed in the app", "read again"]),
        row(F::TooManyRequests, "429", &["seconds", "date", "none", "negative", "10^9"], Recovers, &["too many requests (429)"]),
        row(F::Unavailable, "503", &["", "with Retry-After"], Recovers, &["unavailable (503)"]),
        row(
            F::Redirect,
            "redirect to another host",
            &["301", "302", "307"],
            Waits,
            &["redirects", "token is not sent", "endpoint URL"],
        ),
        row(F::SlowBody, "1 byte/s", ONE, Recovers, &["did not answer in time", "looked up"]),
        row(F::EndlessBody, "endless body", ONE, Recovers, &["more than 8 MiB", "looked up"]),
        row(F::GzipBomb, "gzip bomb", ONE, Recovers, &["compressed", "unpacks to more than 8 MiB", "looked up"]),
        row(
            F::BlindSearch,
            "search does not see a new user for a while",
            ONE,
            Recovers,
            &["409", "search shows no such account"],
        ),
        row(
            F::ShiftingPages,
            "list page skips or repeats under change",
            &["skips", "repeats"],
            Recovers,
            &["list of accounts", "not complete"],
        ),
        row(F::StartIndexIgnored, "startIndex ignored", ONE, Recovers, &["list of accounts", "same page", "startIndex"]),
        row(F::WrongTotal, "totalResults wrong", &["too high", "too low"], Recovers, &["list of accounts", "totalResults"]),
        row(F::IdChanged, "id changed", ONE, Quiet, &["The account is found again by its name, under its new id."]),
        row(
            F::ChangedByAdmin,
            "account changed by the app's own admin",
            &["removed", "re-activated"],
            Quiet,
            &["What is gone is made again, and what is to be restored or deleted may be active already."],
        ),
        row(F::TextBooleans, "boolean as \"true\"", ONE, Quiet, &["Truth values sent as text are read as such."]),
        row(F::Unauthorized, "401 in mid-run", ONE, Halts, &["token has been revoked"]),
        row(F::ForbiddenUser, "403 for one user", ONE, Waits, &["403", "not allowed for this user", "may write"]),
        row(F::MinuteLimit, "rate limit counted per minute", ONE, Recovers, &["too many requests (429)"]),
        row(F::ClockSkew, "clock skew in Date", ONE, Recovers, &["unavailable (503)"]),
        row(F::GoAway, "HTTP/2 GOAWAY", ONE, Recovers, &["GOAWAY", "too many requests", "looked up"]),
        row(F::AccountLimit, "account limit reached", ONE, Waits, &["403", "no seats are left"]),
    ]
};

/// The method by which an operation is carried out.
pub(super) const fn method_of(operation: OperationKind) -> &'static str {
    match operation {
        OperationKind::LookUp => "GET",
        OperationKind::Create => "POST",
        OperationKind::Update | OperationKind::Suspend | OperationKind::Restore => "PATCH",
        OperationKind::HardDelete => "DELETE",
    }
}

/// Why a fault cannot meet an operation; `None` where it can and must.
pub fn cannot_meet(fault: TargetFault, variant: &str, operation: OperationKind) -> Option<&'static str> {
    use OperationKind::{Create, HardDelete, LookUp, Restore, Suspend, Update};
    use TargetFault as F;
    match (fault, operation) {
        (F::LateEffect, LookUp) => Some("a read has no effect that could come late"),
        (F::CreatedWithoutId, LookUp | Update | Suspend | Restore | HardDelete) => Some("only a create is answered with 201"),
        (F::ChangedCase | F::TextBooleans, HardDelete) => Some("a DELETE is answered without a body"),
        (F::UnknownId | F::PreconditionFailed | F::IdChanged | F::ChangedByAdmin, Create) => Some("no id is known yet"),
        (F::IdChanged | F::ChangedByAdmin, LookUp) => Some("the account is met for the first time"),
        (F::ChangedByAdmin, Update | Suspend) if variant == "re-activated" => Some("the account is active"),
        (F::Conflict, LookUp | Update | Suspend | Restore | HardDelete) => Some("no name is claimed"),
        (F::BlindSearch | F::ShiftingPages | F::StartIndexIgnored | F::WrongTotal, Update | Suspend | Restore | HardDelete) => {
            Some("the account is addressed by its id")
        }
        (F::AccountLimit, LookUp | Update | Suspend | HardDelete) => Some("no seat is taken"),
        (
            F::ConnectRefused
            | F::DnsFailure
            | F::TlsFailure
            | F::RequestLost
            | F::AnswerLost
            | F::ServerError
            | F::HalfBody
            | F::WrongLength
            | F::TruncatedJson
            | F::ErrorInsideSuccess
            | F::CreatedWithoutId
            | F::ChangedCase
            | F::LateEffect
            | F::Doubled
            | F::UnknownId
            | F::Conflict
            | F::PreconditionFailed
            | F::TooManyRequests
            | F::Unavailable
            | F::Redirect
            | F::SlowBody
            | F::EndlessBody
            | F::GzipBomb
            | F::BlindSearch
            | F::ShiftingPages
            | F::StartIndexIgnored
            | F::WrongTotal
            | F::IdChanged
            | F::ChangedByAdmin
            | F::TextBooleans
            | F::Unauthorized
            | F::ForbiddenUser
            | F::MinuteLimit
            | F::ClockSkew
            | F::GoAway
            | F::AccountLimit,
            LookUp | Create | Update | Suspend | Restore | HardDelete,
        ) => None,
    }
}
