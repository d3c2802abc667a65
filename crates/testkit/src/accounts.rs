//! The accounts of a stand-in app: a small SCIM server without faults, in memory. The faulty target and the simulator put the
//! faults around it.

use provost_platform::{HttpRequest, HttpResponse};
use provost_scim::{Filter, Leniency, Resource, Schemas, apply, matches, patch};
use serde_json::{Value, json};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
}

impl Request {
    /// As it comes to the app, under this path of it.
    pub(crate) fn at(path: String, sent: HttpRequest) -> Self {
        Self {
            method: sent.method.as_str().to_owned(),
            path,
            body: sent.body.map(|body| String::from_utf8_lossy(&body).into_owned()).unwrap_or_default(),
        }
    }
}

/// A status and a body.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
}

impl Reply {
    pub(crate) fn error(status: u16, detail: &str) -> Self {
        let schema = "urn:ietf:params:scim:api:messages:2.0:Error";
        Self { status, body: Some(json!({ "schemas": [schema], "status": status.to_string(), "detail": detail })) }
    }

    /// As a client reads it.
    pub(crate) fn on_the_wire(&self) -> HttpResponse {
        let body = self.body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let headers = vec![("content-type".to_owned(), "application/scim+json".to_owned())];
        HttpResponse { status: self.status, headers, body }
    }
}

/// The table.
pub(crate) struct Accounts {
    pub(crate) rows: Vec<Resource>,
    next_id: u64,
    /// Whether a second account under one userName is refused.
    pub(crate) unique: bool,
    /// The most resources on a page.
    pub(crate) page_max: usize,
    schemas: Schemas,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { rows: Vec::new(), next_id: 1, unique: true, page_max: 200, schemas: Schemas::user() }
    }
}

impl Accounts {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds an account behind everybody's back; its id.
    pub(crate) fn add(&mut self, mut resource: Resource) -> String {
        let id = format!("r{}", self.next_id);
        self.next_id += 1;
        resource.insert("id".to_owned(), json!(id));
        self.rows.push(resource);
        id
    }

    /// Gives an account another id.
    pub(crate) fn change_id(&mut self, user_name: &str) {
        let id = format!("r{}", self.next_id);
        self.next_id += 1;
        for row in self.rows.iter_mut().filter(|row| bears(row, user_name)) {
            row.insert("id".to_owned(), json!(id));
        }
    }

    /// Changes somebody's given name behind everybody's back.
    pub(crate) fn rename(&mut self, user_name: &str, given_name: &str) {
        for row in self.rows.iter_mut().filter(|row| bears(row, user_name)) {
            row.insert("name".to_owned(), json!({ "givenName": given_name, "familyName": "Tester" }));
        }
    }

    pub(crate) fn named(&self, user_name: &str) -> Vec<&Resource> {
        self.rows.iter().filter(|row| bears(row, user_name)).collect()
    }

    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.rows.iter().position(|row| row["id"] == id)
    }

    /// Carries out a request.
    pub(crate) fn carry_out(&mut self, request: &Request) -> Reply {
        let Some(id) = id_of(&request.path) else {
            return match request.method.as_str() {
                "POST" => self.create(&request.body),
                "GET" => self.list(&request.path),
                _ => Reply::error(405, "no such method"),
            };
        };
        let Some(at) = self.position(&id) else { return Reply::error(404, "no such user") };
        match request.method.as_str() {
            "GET" => Reply { status: 200, body: Some(Value::Object(self.rows[at].clone())) },
            "DELETE" => {
                self.rows.remove(at);
                Reply { status: 204, body: None }
            }
            "PATCH" => self.patch(at, &request.body),
            _ => Reply::error(405, "no such method"),
        }
    }

    fn create(&mut self, body: &str) -> Reply {
        let Ok(Value::Object(resource)) = serde_json::from_str(body) else { return Reply::error(400, "not a resource") };
        if self.unique && !self.named(user_name(&resource)).is_empty() {
            return Reply::error(409, "userName is in use");
        }
        self.add(resource);
        Reply { status: 201, body: self.rows.last().cloned().map(Value::Object) }
    }

    fn patch(&mut self, at: usize, body: &str) -> Reply {
        let body = serde_json::from_str(body).unwrap_or_default();
        let mut row = self.rows[at].clone();
        let changed =
            patch::read(&body, &Leniency::NONE).and_then(|request| apply(&mut row, &request, &self.schemas, &Leniency::NONE));
        if let Err(error) = changed {
            return Reply::error(400, &error.to_string());
        }
        let name = user_name(&row);
        if self.unique && self.rows.iter().enumerate().any(|(other, row)| other != at && bears(row, name)) {
            return Reply::error(409, "userName is in use");
        }
        self.rows[at].clone_from(&row);
        Reply { status: 200, body: Some(Value::Object(row)) }
    }

    fn list(&self, path: &str) -> Reply {
        let filter = query(path, "filter").and_then(|filter| Filter::parse(&filter).ok());
        let shown = |row: &&Resource| filter.as_ref().is_none_or(|filter| matches(filter, row, &self.schemas));
        let all: Vec<Value> = self.rows.iter().filter(shown).cloned().map(Value::Object).collect();
        let number = |name: &str| query(path, name).and_then(|number| number.parse::<usize>().ok());
        let start = number("startIndex").unwrap_or(1).max(1);
        let count = number("count").unwrap_or(100).min(self.page_max);
        let page: Vec<Value> = all.iter().skip(start - 1).take(count).cloned().collect();
        Reply { status: 200, body: Some(list_of(&page, all.len(), start)) }
    }
}

/// A list answer.
pub(crate) fn list_of(page: &[Value], total: usize, start: usize) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total, "startIndex": start, "itemsPerPage": page.len(), "Resources": page,
    })
}

fn bears(row: &Resource, name: &str) -> bool {
    user_name(row).eq_ignore_ascii_case(name)
}

/// The userName of an account.
pub(crate) fn user_name(row: &Resource) -> &str {
    row.get("userName").and_then(Value::as_str).unwrap_or_default()
}

/// The id in `/scim/v2/Users/{id}`.
pub(crate) fn id_of(path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    path.split("/Users/").nth(1).filter(|id| !id.is_empty()).map(str::to_owned)
}

/// A parameter of the query, decoded.
pub(crate) fn query(path: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(&format!("http://target{path}")).ok()?;
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
