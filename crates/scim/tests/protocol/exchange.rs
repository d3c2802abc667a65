//! The examples of RFC 7644 and RFC 9865 as requests and answers, from `data/rfc/exchanges.json`.
//!
//! Bodies are as the RFCs have them, with the dots of what they leave out. `Host`, `Authorization` and `Content-Length` are not
//! there. Where an entry is not `exact`, its `difference` says why and sets other values by JSON pointer; `tenant` does so for a
//! provider that is otherwise than the profile alone asks for. What is a provider's own to choose, ids, versions, instants,
//! cursors and the words of errors, is compared by its form only.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The base of all URIs in the examples.
pub(crate) const BASE: &str = "https://example.com/v2";

/// Ids that the RFCs shorten with dots.
const SHORTENED: [(&str, &str); 5] = [
    ("2819c223-7f76-...413861904646", "2819c223-7f76-453a-919d-413861904646"),
    ("2819c223...919d-413861904646", "2819c223-7f76-453a-919d-413861904646"),
    ("2819c223...413861904646", "2819c223-7f76-453a-919d-413861904646"),
    ("08e1d05d...473d93df9210", "08e1d05d-121c-4561-8b96-473d93df9210"),
    ("acbf3ae7-8463-...-9b4da3f908ce", "acbf3ae7-8463-4692-b4fd-9b4da3f908ce"),
];

/// Who carries an exchange out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// This crate alone.
    Protocol,
    /// The tenant.
    Tenant,
}

/// One example.
#[derive(Debug, Clone)]
pub(crate) struct Exchange(Value);

/// A request, ready to be sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    /// Below the base.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// An answer, of a provider or of the RFC.
#[derive(Debug, PartialEq)]
pub(crate) struct Answered {
    pub(crate) status: u64,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
}

/// What a text of the examples is with the provider that carries them out: ids and cursors.
#[derive(Debug, Default)]
pub(crate) struct Names(pub(crate) Vec<(String, String)>);

impl Names {
    pub(crate) fn learn(&mut self, rfc: &str, ours: &str) {
        self.0.push((rfc.to_owned(), ours.to_owned()));
    }

    pub(crate) fn ours(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (rfc, ours)| text.replace(rfc.as_str(), ours))
    }
}

/// All of them, shortened ids written out.
pub(crate) fn read(text: &str) -> Vec<Exchange> {
    let text = SHORTENED.iter().fold(text.to_owned(), |text, (short, whole)| text.replace(short, whole));
    let entries: Vec<Value> = serde_json::from_str(&text).expect("the file holds an array");
    entries.into_iter().map(Exchange).collect()
}

impl Exchange {
    pub(crate) fn label(&self) -> String {
        format!("RFC {} {}, {}", self.0["rfc"], self.text("section"), self.text("what"))
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("{} has no {name}", self.0))
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Whether it begins where the one before it ended.
    pub(crate) fn continues(&self) -> bool {
        self.0["before"] == "previous"
    }

    /// What is there before: `Users` or `Groups`, and a resource with the id of the RFC.
    pub(crate) fn before(&self) -> Vec<(&str, Value)> {
        let mut all = Vec::new();
        for one in self.0["before"].as_array().into_iter().flatten() {
            let kind = one["kind"].as_str().expect("a kind");
            for number in 0..one.get("times").map_or(1, |times| times.as_u64().expect("a number")) {
                let text = one["resource"].to_string().replace("{n}", &number.to_string());
                all.push((kind, serde_json::from_str(&text).expect("a resource")));
            }
        }
        all
    }

    /// The ids of what it makes, by name.
    pub(crate) fn made(&self) -> Vec<(&str, &str)> {
        let made = self.0.get("ids").and_then(Value::as_object).into_iter().flatten();
        made.map(|(name, id)| (name.as_str(), id.as_str().expect("an id"))).collect()
    }

    /// The entry with its differences.
    fn with_differences(&self, carrier: Carrier) -> Value {
        let mut entry = self.0.clone();
        let of_tenant = self.0.get("tenant").filter(|_| carrier == Carrier::Tenant);
        for difference in self.0.get("difference").into_iter().chain(of_tenant) {
            assert!(difference["because"].as_str().is_some_and(|reason| reason.len() > 20), "{} gives no reason", self.label());
            for (pointer, value) in difference["set"].as_object().expect("what is set") {
                set(&mut entry, pointer, value);
            }
        }
        entry
    }

    /// The ids of the resources whose versions it names.
    pub(crate) fn versioned(&self) -> Vec<(String, String)> {
        let last = |path: &str| path.split('?').next().and_then(|path| path.rsplit('/').next().map(str::to_owned));
        let kind = |path: &str| if path.contains("/Groups") { "Groups" } else { "Users" }.to_owned();
        let request = &self.0["request"];
        let operations = request["body"]["Operations"].as_array().into_iter().flatten();
        let versioned = operations.filter(|operation| operation.get("version").is_some()).map(|operation| &operation["path"]);
        let conditional = ["If-Match", "If-None-Match"].iter().any(|name| request["headers"].get(name).is_some());
        let paths = versioned.chain(conditional.then_some(&request["path"])).filter_map(Value::as_str);
        paths.filter(|_| self.0.get("stale").is_none()).filter_map(|path| Some((kind(path), last(path)?))).collect()
    }

    /// The request; `versions` are those of [`Self::versioned`].
    pub(crate) fn request(&self, carrier: Carrier, names: &Names, versions: &BTreeMap<String, String>) -> Sent {
        sent(&self.with_differences(carrier)["request"], names, versions)
    }

    /// The request as the RFC has it, and the status of the answer to it, where it cannot be carried out so.
    pub(crate) fn as_written(&self, names: &Names) -> Option<(Sent, u64)> {
        let status = self.0.get("as_written")?.as_u64()?;
        Some((sent(&self.0["request"], names, &BTreeMap::new()), status))
    }

    /// The answer that is expected.
    pub(crate) fn response(&self, carrier: Carrier) -> Answered {
        let response = self.with_differences(carrier)["response"].take();
        let headers = response["headers"].as_object().into_iter().flatten();
        Answered {
            status: response["status"].as_u64().expect("a status"),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().expect("a text").to_owned()))
                .collect(),
            body: response.get("body").cloned(),
        }
    }
}

fn sent(request: &Value, names: &Names, versions: &BTreeMap<String, String>) -> Sent {
    let text = |name: &str| request[name].as_str().expect("a text");
    let current = |path: &str| {
        let id = path.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        versions.get(id).cloned()
    };
    let header = |(name, value): (&String, &Value)| {
        let conditional = ["If-Match", "If-None-Match"].contains(&name.as_str());
        let version = current(text("path")).filter(|_| conditional);
        (name.clone(), version.unwrap_or_else(|| value.as_str().expect("a text").to_owned()))
    };
    let mut body = request.get("body").cloned();
    for operation in body.as_mut().and_then(|body| body.get_mut("Operations")?.as_array_mut()).into_iter().flatten() {
        let version = operation["path"].as_str().filter(|_| operation.get("version").is_some()).and_then(current);
        if let Some(version) = version {
            operation["version"] = Value::from(version);
        }
    }
    let body = body.map(|body| names.ours(&body.to_string()).replace("{1048576}", &" ".repeat(1 << 20)));
    Sent {
        method: text("method").to_owned(),
        // The RFCs write spaces in filters where a URI has their code.
        path: names.ours(text("path").strip_prefix("/v2").unwrap_or(text("path"))).replace(' ', "%20"),
        headers: request["headers"].as_object().into_iter().flatten().map(header).collect(),
        body: body.unwrap_or_default(),
    }
}

/// Sets a value by its JSON pointer; null takes it away.
fn set(entry: &mut Value, pointer: &str, value: &Value) {
    let (parent, last) = pointer.rsplit_once('/').expect("a pointer");
    let parent = entry.pointer_mut(parent).unwrap_or_else(|| panic!("there is no {parent}"));
    match parent {
        Value::Object(members) if value.is_null() => drop(members.shift_remove(last).expect("it is there")),
        Value::Object(members) => drop(members.insert(last.to_owned(), value.clone())),
        Value::Array(items) => items[last.parse::<usize>().expect("a place")] = value.clone(),
        other => panic!("{other} has no parts"),
    }
}

/// How an answer differs from the one that is expected. Headers that the RFC does not show are passed over.
pub(crate) fn disagreement(expected: &Answered, actual: &Answered) -> Option<String> {
    if expected.status != actual.status {
        return Some(format!("status {} instead of {}: {:?}", actual.status, expected.status, actual.body));
    }
    for (name, value) in &expected.headers {
        let found = actual.headers.get(name).map(String::as_str).unwrap_or_default();
        let agrees = if name == "etag" { is_version(found) } else { found == value };
        if !agrees {
            return Some(format!("{name}: {found:?} instead of {value:?}"));
        }
    }
    let versions = (actual.headers.get("etag"), actual.body.as_ref().and_then(|body| body.pointer("/meta/version")));
    if let (Some(header), Some(inside)) = versions
        && inside != header
    {
        return Some(format!("ETag is {header}, meta.version is {inside}"));
    }
    match (&expected.body, &actual.body) {
        (None, None) => None,
        (Some(expected), Some(actual)) => differing(expected, actual, ""),
        (expected, actual) => Some(format!("{actual:?} instead of {expected:?}")),
    }
}

fn differing(expected: &Value, actual: &Value, name: &str) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => differing_members(expected, actual),
        (Value::Array(expected), Value::Array(actual)) => {
            let shown = expected.iter().take_while(|one| **one != "...").count();
            if actual.len() < expected.len() || (shown == expected.len() && actual.len() > shown) {
                return Some(format!("{name} has {} instead of {} values", actual.len(), expected.len()));
            }
            let (mut expected, mut actual): (Vec<&Value>, Vec<&Value>) = (expected.iter().collect(), actual.iter().collect());
            if name == "Resources" && shown == expected.len() {
                // RFC 7644 section 3.4.2.3: without sortBy a list has no order of its own.
                expected.sort_by_key(|one| one["id"].as_str());
                actual.sort_by_key(|one| one["id"].as_str());
            }
            let mut pairs = expected.into_iter().zip(actual).take(shown);
            pairs.find_map(|(expected, actual)| differing(expected, actual, name))
        }
        (Value::String(_), Value::String(text)) => match name {
            "created" | "lastModified" => (!is_instant(text)).then(|| format!("{name}: {text} is no instant")),
            "version" => (!is_version(text)).then(|| format!("{name}: {text} is no version")),
            "nextCursor" | "previousCursor" | "detail" => text.is_empty().then(|| format!("{name} is empty")),
            _ => (expected != actual).then(|| format!("{name}: {actual} instead of {expected}")),
        },
        (expected, actual) => (expected != actual).then(|| format!("{name}: {actual} instead of {expected}")),
    }
}

fn differing_members(expected: &Map<String, Value>, actual: &Map<String, Value>) -> Option<String> {
    let open = expected.contains_key("...");
    if let Some((name, value)) = actual.iter().find(|(name, _)| !open && !expected.contains_key(*name)) {
        return Some(format!("{name} is there: {value}"));
    }
    for (name, expected_value) in expected.iter().filter(|(name, _)| *name != "...") {
        let Some(value) = actual.get(name) else { return Some(format!("{name} is missing")) };
        if let Some(difference) = differing(expected_value, value, name) {
            return Some(difference);
        }
        // A list of which only some are shown has as many as it says.
        let count = actual.get("itemsPerPage").and_then(Value::as_u64);
        if name == "Resources" && value.as_array().map(|items| items.len() as u64) != count {
            return Some(format!("{count:?} is not the number of Resources"));
        }
    }
    None
}

/// `2011-08-01T18:29:49.793Z`
fn is_instant(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() >= 20 && digits >= 14 && text.as_bytes()[10] == b'T' && text.ends_with('Z')
}

fn is_version(text: &str) -> bool {
    text.len() > 4 && text.starts_with("W/\"") && text.ends_with('"')
}

/// The cursors of an answer, as the RFC and as the provider calls them.
pub(crate) fn learn_cursors(names: &mut Names, expected: &Answered, actual: &Answered) {
    for name in ["nextCursor", "previousCursor"] {
        let of = |answer: &Answered| answer.body.as_ref().and_then(|body| body[name].as_str().map(str::to_owned));
        if let (Some(rfc), Some(ours)) = (of(expected), of(actual)) {
            names.learn(&rfc, &ours);
        }
    }
}
