//! Bulk requests (RFC 7644 section 3.7): [`read`] takes the body apart, [`BulkRun`] says which call comes next and gathers the
//! answers. Carrying out the calls is the caller's, each with the same gates as if it had been sent alone.

use super::bulk_refs::{self, Step};
use super::{Method, Provider, Response, answer, rules};
use crate::error::ScimError;
use crate::path::shortened;
use crate::{Resource, names, patch};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// `bulk.maxOperations` of the configuration.
pub const OPERATIONS_MAX: usize = 1_000;
/// `bulk.maxPayloadSize` of the configuration; whoever reads the body sees to it.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

const REQUEST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// A bulk request, its form checked.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRequest {
    /// After how many failed operations no further one is begun; `None`: all are tried.
    pub fail_on_errors: Option<u64>,
    /// In the order of the body.
    pub operations: Vec<BulkOperation>,
}

/// One operation. POST, PUT, PATCH and DELETE are possible; a POST has a `bulk_id`, and all but a DELETE have data.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkOperation {
    /// What is done.
    pub method: Method,
    /// By which others refer to the resource; unique in the request.
    pub bulk_id: Option<String>,
    /// `/Users`, `/Users/42`, `/Users/bulkId:ada`, perhaps with a query.
    pub path: String,
    /// `If-Match` of this operation.
    pub version: Option<String>,
    /// The body.
    pub data: Option<Resource>,
}

/// A call that an operation needs. It is planned with [`super::plan_operation`].
#[derive(Debug, Clone, PartialEq)]
pub struct BulkCall {
    /// POST, PUT, PATCH or DELETE.
    pub method: Method,
    /// The path below the base, with a slash at its beginning.
    pub path: String,
    /// What stands after the question mark.
    pub query: Option<String>,
    /// `If-Match`.
    pub version: Option<String>,
    /// The body, references resolved.
    pub data: Option<Resource>,
}

/// Reads the body of a bulk request. What has not the form of one is refused as a whole, before anything is carried out: 400
/// `invalidSyntax`, or 413 for too many operations.
pub(super) fn read(body: &Resource) -> Result<BulkRequest, ScimError> {
    let named = match names::get(body, "schemas") {
        Some(Value::Array(urns)) => urns.iter().filter_map(Value::as_str).any(|urn| names::same(urn, REQUEST_SCHEMA)),
        Some(_) | None => false,
    };
    if !named {
        return Err(ScimError::invalid_syntax(format!("schemas of a bulk request is [\"{REQUEST_SCHEMA}\"].")));
    }
    let fail_on_errors = match names::get(body, "failOnErrors") {
        None | Some(Value::Null) => None,
        Some(value) => Some(
            value.as_u64().ok_or_else(|| ScimError::invalid_syntax("failOnErrors is a whole number that is not negative."))?,
        ),
    };
    let Some(Value::Array(items)) = names::get(body, "Operations") else {
        return Err(ScimError::invalid_syntax("Operations is missing; it is an array of operations."));
    };
    // RFC 7644 section 3.7.4: more than the announced maximum is a 413 that specifies the limit. `scimType` is optional (section
    // 3.12) and missing in the example there.
    if items.len() > OPERATIONS_MAX {
        let detail = format!("Operations has {} entries; maxOperations is {OPERATIONS_MAX}.", items.len());
        return Err(ScimError::too_large(detail));
    }
    let mut operations = Vec::with_capacity(items.len());
    let mut known = std::collections::BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let operation = read_operation(item, index)?;
        // RFC 7644 section 3.7: "the bulkId ... is unique within a bulk request".
        if let Some(bulk_id) = operation.bulk_id.as_ref().filter(|bulk_id| !known.insert((*bulk_id).clone())) {
            return Err(refused(index, &format!("bulkId \"{}\" is another operation's", shortened(bulk_id))));
        }
        operations.push(operation);
    }
    Ok(BulkRequest { fail_on_errors, operations })
}

fn read_operation(item: &Value, index: usize) -> Result<BulkOperation, ScimError> {
    let Some(members) = item.as_object() else { return Err(refused(index, "it is not an object")) };
    let text = |name: &str| match names::get(members, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(refused(index, &format!("{name} is a string"))),
    };
    let word = text("method")?.ok_or_else(|| refused(index, "method is missing"))?;
    let method = Method::parse(&word.to_ascii_uppercase())
        .filter(|method| *method != Method::Get)
        .ok_or_else(|| refused(index, &format!("method \"{}\" is not POST, PUT, PATCH or DELETE", shortened(&word))))?;
    let path = text("path")?.ok_or_else(|| refused(index, "path is missing"))?;
    let bulk_id = text("bulkId")?.filter(|bulk_id| !bulk_id.is_empty());
    // RFC 7644 section 3.7: bulkId is "REQUIRED when method is POST", data when it is POST, PUT or PATCH.
    if method == Method::Post && bulk_id.is_none() {
        return Err(refused(index, "bulkId is missing; a POST needs one"));
    }
    let data = match (names::get(members, "data"), method) {
        (_, Method::Delete) => None,
        (Some(Value::Object(data)), _) => Some(data.clone()),
        // The example of RFC 7644 section 3.7.3 has the operations of a PATCH alone, without the object around them.
        (Some(operations @ Value::Array(_)), Method::Patch) => Some(patch::body_of(operations.clone())),
        (Some(_) | None, _) => return Err(refused(index, "data is missing; it is the resource or the PATCH as an object")),
    };
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    Ok(BulkOperation { method, bulk_id, path, version: text("version")?, data })
}

fn refused(index: usize, reason: &str) -> ScimError {
    ScimError::invalid_syntax(format!("Operations[{index}]: {reason}."))
}

/// A bulk request on its way: call [`Self::next_call`] and [`Self::note`] in turn until there is no call, then [`Self::finish`].
#[derive(Debug)]
pub struct BulkRun {
    request: BulkRequest,
    base_url: String,
    steps: VecDeque<Step>,
    /// bulkId → id of the resources that there are by now.
    ids: BTreeMap<String, String>,
    outcomes: Vec<Outcome>,
    failures: u64,
}

/// What became of an operation so far.
#[derive(Debug, Clone, Default)]
struct Outcome {
    /// `None` until it was begun.
    status: Option<u16>,
    location: Option<String>,
    version: Option<String>,
    response: Option<Value>,
    /// The resource's id, once it is made.
    id: Option<String>,
    /// What is still to be added to it.
    missing: Vec<Value>,
}

/// A call, and the step that it belongs to.
#[derive(Debug)]
pub struct NextCall {
    /// What to carry out.
    pub call: BulkCall,
    step: Step,
}

impl BulkRun {
    /// `base_url` has no slash at its end.
    pub fn new(request: BulkRequest, base_url: &str) -> Self {
        let steps = bulk_refs::steps(&request.operations);
        let outcomes = vec![Outcome::default(); request.operations.len()];
        Self { request, base_url: base_url.to_owned(), steps: steps.into(), ids: BTreeMap::new(), outcomes, failures: 0 }
    }

    /// The next call to carry out. An operation whose references cannot be resolved needs none.
    pub fn next_call(&mut self) -> Option<NextCall> {
        while let Some(step) = self.steps.pop_front() {
            let call = match &step {
                Step::Run { index, without } if !self.has_failed_enough() => self.first_call(*index, without),
                Step::Complete { index } if self.outcomes[*index].id.is_some() => self.completing_call(*index),
                Step::Run { .. } | Step::Complete { .. } => continue,
            };
            match call {
                Ok(call) => return Some(NextCall { call, step }),
                Err(error) => self.fail(step.index(), &error),
            }
        }
        None
    }

    fn first_call(&mut self, index: usize, without: &[String]) -> Result<BulkCall, ScimError> {
        let operation = &mut self.request.operations[index];
        let (path, query) = match operation.path.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (operation.path.as_str(), None),
        };
        if operation.method != Method::Post {
            // As it came, so that a failure shows what it was about.
            self.outcomes[index].location = Some(format!("{}{path}", self.base_url));
        }
        let path = bulk_refs::resolved_path(path, &self.ids)?;
        if operation.method != Method::Post {
            self.outcomes[index].location = Some(format!("{}{path}", self.base_url));
        }
        let mut data = operation.data.take();
        if let Some(data) = &mut data {
            self.outcomes[index].missing = bulk_refs::take_out(data, without);
            bulk_refs::resolve_data(operation.method, data, &self.ids)?;
        }
        Ok(BulkCall { method: operation.method, path, query, version: operation.version.clone(), data })
    }

    /// RFC 7644 section 3.7.1: of resources that refer to each other one is made without its reference, which is added once the
    /// other is there.
    fn completing_call(&mut self, index: usize) -> Result<BulkCall, ScimError> {
        let outcome = &mut self.outcomes[index];
        let mut operations = Value::Array(std::mem::take(&mut outcome.missing));
        bulk_refs::resolve(&mut operations, &self.ids)?;
        let (path, query) = match self.request.operations[index].path.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (self.request.operations[index].path.as_str(), None),
        };
        let id = rules::encoded(outcome.id.as_deref().unwrap_or_default());
        let data = patch::body_of(operations);
        let path = format!("{}/{id}", path.trim_end_matches('/'));
        Ok(BulkCall { method: Method::Patch, path, query, version: None, data: Some(data) })
    }

    /// Takes the answer to a call.
    pub fn note(&mut self, called: &NextCall, response: &Response) {
        let index = called.step.index();
        let error = response.status >= 400;
        let operation = &self.request.operations[index];
        let outcome = &mut self.outcomes[index];
        // RFC 7644 section 3.7: "response" is needed for failures; for the others it is given when attributes are asked for.
        let asked = called.call.query.as_deref().is_some_and(|query| query.to_ascii_lowercase().contains("attributes="));
        outcome.response = response.body.clone().filter(|_| error || asked);
        if error {
            outcome.status = Some(response.status);
            self.failures += 1;
            return;
        }
        outcome.version.clone_from(&response.etag);
        match called.step {
            Step::Run { .. } => {
                outcome.status = Some(response.status);
                if operation.method == Method::Post {
                    outcome.location.clone_from(&response.location);
                    outcome.id = response.body.as_ref().and_then(|body| body.get("id")?.as_str().map(str::to_owned));
                    if let (Some(bulk_id), Some(id)) = (&operation.bulk_id, &outcome.id) {
                        self.ids.insert(bulk_id.clone(), id.clone());
                    }
                }
            }
            // The operation stays what it was, a create.
            Step::Complete { .. } => {}
        }
    }

    fn fail(&mut self, index: usize, error: &ScimError) {
        let outcome = &mut self.outcomes[index];
        outcome.status = Some(error.status);
        outcome.response = Some(error.body());
        self.failures += 1;
    }

    /// RFC 7644 section 3.7: `failOnErrors` is how many errors are accepted before the rest is given up.
    fn has_failed_enough(&self) -> bool {
        self.request.fail_on_errors.is_some_and(|limit| self.failures >= limit.max(1))
    }

    /// The answer: 200 with what became of every operation that was begun, in the order of the request.
    pub fn finish(self, provider: &Provider) -> Response {
        let mut results = Vec::with_capacity(self.outcomes.len());
        for (operation, outcome) in self.request.operations.iter().zip(self.outcomes) {
            let Some(status) = outcome.status else { continue };
            let mut result = json!({ "method": operation.method.word() });
            // RFC 7644 section 3.7: location is there for all but a failed POST, and status is a text.
            let members = [
                ("bulkId", operation.bulk_id.clone().map(Value::String)),
                ("version", outcome.version.map(Value::String)),
                ("location", outcome.location.map(Value::String)),
                ("status", Some(json!(status.to_string()))),
                ("response", outcome.response),
            ];
            for (name, value) in members {
                if let Some(value) = value {
                    result[name] = value;
                }
            }
            results.push(result);
        }
        answer::success(200, provider, json!({ "schemas": [RESPONSE_SCHEMA], "Operations": results }))
    }
}
