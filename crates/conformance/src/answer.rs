//! An answer of the server, and what can be demanded of it. Each demand that is not met says what was there instead.

use crate::values::{ERROR, at, items, member, short, texts, unassigned};
use provost_platform::HttpResponse;
use provost_scim::ScimType;
use serde_json::Value;

/// Why a check ended without success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The server does not do what is required; says how that shows.
    Failed(String),
    /// It cannot be tried on this server; says why.
    Skipped(String),
}

/// An answer, with the request that it answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub status: u16,
    /// `GET /Users/1 → 200`
    pub said: String,
    pub body: Value,
    response: HttpResponse,
}

impl Answer {
    pub(crate) fn new(request: &str, response: HttpResponse) -> Self {
        let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        Self { status: response.status, said: format!("{request} → {}", response.status), body, response }
    }

    /// The same answer, as evidence together with the one before it.
    pub(crate) fn after(mut self, before: &Self) -> Self {
        self.said = format!("{}, then {}", before.said, self.said);
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.header(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.response.body.is_empty()
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.response.body).contains(text)
    }

    /// A failure that this answer shows.
    pub(crate) fn fault(&self, what: &str) -> Stop {
        Stop::Failed(format!("{}: {}", self.said, short(what)))
    }

    /// The demand is met, or this answer shows that it is not.
    pub(crate) fn demand(&self, met: bool, what: &str) -> Result<(), Stop> {
        if met { Ok(()) } else { Err(self.fault(what)) }
    }

    /// The status is one of these.
    pub(crate) fn is(self, statuses: &[u16]) -> Result<Self, Stop> {
        if statuses.contains(&self.status) {
            return Ok(self);
        }
        let wanted = statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
        let detail = at(&self.body, "detail").and_then(Value::as_str).unwrap_or_default();
        Err(self.fault(format!("{wanted} was expected; {detail}").trim_end_matches("; ")))
    }

    /// What stands at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        at(&self.body, path)
    }

    /// The text at a path.
    pub(crate) fn text(&self, path: &str) -> Result<&str, Stop> {
        self.get(path).and_then(Value::as_str).ok_or_else(|| self.fault(&format!("no text at {path}: {}", self.shown(path))))
    }

    /// The number at a path.
    pub(crate) fn number(&self, path: &str) -> Result<i64, Stop> {
        self.get(path).and_then(Value::as_i64).ok_or_else(|| self.fault(&format!("no number at {path}: {}", self.shown(path))))
    }

    /// Exactly this stands at the path.
    pub(crate) fn has(&self, path: &str, expected: &Value) -> Result<(), Stop> {
        self.demand(self.get(path) == Some(expected), &format!("{path} is {}, not {expected}", self.shown(path)))
    }

    /// Nothing stands at the path.
    pub(crate) fn lacks(&self, path: &str) -> Result<(), Stop> {
        self.demand(unassigned(self.get(path)), &format!("{path} is there: {}", self.shown(path)))
    }

    /// `schemas` holds this URN.
    pub(crate) fn has_schema(&self, urn: &str) -> Result<(), Stop> {
        let found =
            items(self.get("schemas")).iter().any(|schema| schema.as_str().is_some_and(|it| it.eq_ignore_ascii_case(urn)));
        self.demand(found, &format!("schemas is {}, without {urn}", self.shown("schemas")))
    }

    /// The resources of a list.
    pub(crate) fn resources(&self) -> &[Value] {
        items(self.get("Resources"))
    }

    /// The texts under a name in each resource of a list.
    pub(crate) fn listed(&self, name: &str) -> Vec<&str> {
        texts(self.resources(), name)
    }

    /// An error with this status, in the form of RFC 7644 section 3.12, with one of these keywords (any when there are none).
    pub(crate) fn error(self, status: u16, keywords: &[ScimType]) -> Result<Self, Stop> {
        let answer = self.is(&[status])?;
        answer.has_schema(ERROR)?;
        answer.has("status", &Value::String(status.to_string()))?;
        if keywords.is_empty() {
            return Ok(answer);
        }
        let found = answer.get("scimType").and_then(Value::as_str).and_then(ScimType::parse);
        let wanted = keywords.iter().map(|keyword| keyword.word()).collect::<Vec<_>>().join(" or ");
        answer.demand(
            found.is_some_and(|found| keywords.contains(&found)),
            &format!("scimType is {}, not {wanted}", answer.shown("scimType")),
        )?;
        Ok(answer)
    }

    /// Refused as the client's fault, and not by breaking.
    pub(crate) fn refused(self) -> Result<Self, Stop> {
        let answer = self;
        answer.demand((400..500).contains(&answer.status), "a refusal (4xx) was expected")?;
        Ok(answer)
    }

    fn shown(&self, path: &str) -> String {
        let found = at(&self.body, path);
        found.map_or_else(
            || if member(&self.body, "schemas").is_some() { "absent" } else { "absent (no SCIM body)" }.to_owned(),
            |value| short(&value.to_string()),
        )
    }
}
