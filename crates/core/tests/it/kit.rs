//! Values that the tests are made of.

use provost_core::app::{
    Action, AttributeMapping, Connection, ConnectionConfig, ConnectionStatus, Expression, GracePeriod, Limits, profile,
};
use provost_core::directory::{User, UserStatus};
use provost_core::ids::{AppId, ConnectionId, OrgUnitId, UserId};
use provost_core::provisioning::{
    Account, AccountState, CheckedRemoval, Removal, RemovalCandidate, ScopeVerdict, ServiceVerdict, UserView, body_of, guard,
};
use provost_core::time::{Span, Timestamp};
use provost_scim::{PatchOp, PatchRequest};
use serde_json::{Map, Value, json};
use std::path::Path;

/// 2026-01-01T00:00:00Z: day 0 of every test.
pub(crate) const START: Timestamp = Timestamp(1_767_225_600_000_000);

pub(crate) fn day(days: i64) -> Timestamp {
    START + Span::days(days)
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

pub(crate) fn user(id: i64, email: &str) -> User {
    User {
        id: UserId::new(id),
        primary_email: email.to_owned(),
        given_name: "Ada".to_owned(),
        family_name: format!("Number{id}"),
        org_unit: OrgUnitId::new(1),
        status: UserStatus::default(),
        attributes: object(json!({ "organizations": [{ "primary": true, "title": "Engineer" }] })),
        created_at: START,
        revision: 1,
    }
}

pub(crate) fn row(target: &str, source: &str) -> AttributeMapping {
    AttributeMapping { target: target.to_owned(), source: Expression::parse(source).expect("the tests name real attributes") }
}

/// A connection that is turned on, with the catalogue's mapping and the title.
pub(crate) fn connection(key: &str) -> Connection {
    let profile = profile(key).expect("the tests name profiles of the catalogue");
    let mut config = ConnectionConfig::new("https://tenant.example/scim", profile);
    config.mapping.push(row("title", "user.organizations.title"));
    Connection {
        id: ConnectionId::new(1),
        app_id: AppId::new(1),
        profile,
        config,
        status: ConnectionStatus::Active,
        halt: None,
        revision: 1,
    }
}

pub(crate) const fn after(period: GracePeriod) -> Action {
    Action { after: period, edited_at: None }
}

pub(crate) fn view(user: &User) -> UserView<'_> {
    UserView {
        user_id: user.id,
        user: Some(user),
        service: ServiceVerdict::OnByOrgUnit("/"),
        scope: ScopeVerdict::Everyone,
        swap: None,
        twin: None,
        verdicts: &[],
        as_confirmed: false,
    }
}

pub(crate) fn off(user: &User) -> UserView<'_> {
    UserView { service: ServiceVerdict::OffByOrgUnit("/Contractors"), ..view(user) }
}

/// The record of `user` with a linked account that is up to date, marked at day 0.
pub(crate) fn linked(user: &User, connection: &Connection) -> Account {
    let body = body_of(&view(user), connection).expect("there is a user").expect("the user can be mapped");
    Account {
        state: AccountState::Linked,
        remote_id: Some(format!("r{}", user.id)),
        applied: Some(body),
        due_at: None,
        ..Account::new(user.id, &user.primary_email, START)
    }
}

/// Applies a PATCH as RFC 7644 section 3.5.2 says, as far as the engine's own requests go. Written for the tests, apart
/// from the code under test.
pub(crate) fn apply_patch(resource: &mut Map<String, Value>, patch: &PatchRequest) {
    for operation in &patch.operations {
        let path = operation.path.as_deref().expect("our requests name a path");
        let (parent, leaf) = match (path.strip_prefix("urn:"), path.rsplit_once(':'), path.split_once('.')) {
            (Some(_), Some((urn, leaf)), _) if urn.contains(":2.0:") => (Some(urn), leaf),
            (None, _, Some((parent, leaf))) => (Some(parent), leaf),
            _ => (None, path),
        };
        let holder = match parent {
            None => &mut *resource,
            Some(parent) => resource
                .entry(parent.to_owned())
                .or_insert_with(|| Value::Object(Map::new()))
                .as_object_mut()
                .expect("the parent of a sub-attribute is an object"),
        };
        match operation.op {
            PatchOp::Add | PatchOp::Replace => {
                holder.insert(leaf.to_owned(), operation.value.clone().expect("a value to be set"));
            }
            PatchOp::Remove => {
                holder.shift_remove(leaf);
            }
        }
        if let Some(parent) = parent.filter(|parent| resource[*parent] == json!({})) {
            resource.shift_remove(parent);
        }
    }
}

/// A removal that the guard has let through, with nothing else due.
pub(crate) fn checked(account: &Account, removal: Removal) -> CheckedRemoval {
    let candidate = RemovalCandidate {
        user_id: account.user_id,
        email: account.email.clone(),
        remote_id: account.remote_id.clone().expect("only an account that is there is removed"),
        removal,
        marked: account.marked,
        revision: account.revision,
    };
    let guarded = guard(&[candidate], &[], 1, &Limits::default(), &[], removal.due);
    guarded.passed.into_iter().next().expect("one removal is below every limit")
}

/// The files under `tests/golden`; one that no test names fails.
pub(crate) const GOLDEN: [&str; 2] = ["explain.txt", "settle.txt"];

/// Compares with a golden file; `UPDATE_GOLDEN=1` writes it anew.
pub(crate) fn golden(name: &str, text: &str) {
    assert!(GOLDEN.contains(&name), "{name} is not listed in GOLDEN");
    golden_at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name), text);
}

/// The same for a file anywhere.
pub(crate) fn golden_at(path: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, text).expect("golden files can be written");
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = known.lines().zip(text.lines()).enumerate();
    let differs =
        lines.find(|(_, (known, now))| known != now).map_or(known.lines().count().min(text.lines().count()), |(n, _)| n);
    let here = |text: &str| text.lines().nth(differs).unwrap_or("(end)").to_owned();
    let (line, was, is) = (differs + 1, here(&known), here(text));
    assert!(known == text, "{}, line {line}:\n  golden: {was}\n     now: {is}\nUPDATE_GOLDEN=1 accepts it", path.display());
}

#[test]
fn every_golden_file_belongs_to_a_test() {
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")).expect("there are golden files");
    let mut names: Vec<String> =
        files.map(|file| file.expect("it can be listed").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    assert_eq!(names, GOLDEN);
}
