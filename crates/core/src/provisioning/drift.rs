//! Drift: where an account in the app is not what was last confirmed of it.
//!
//! Compares and judges only. What is done about a difference is the connection's [`DriftRule`](crate::app::DriftRule), and a
//! repair is an ordinary look-up's settlement: `decide` then sends the smallest PATCH that brings the account back.

use super::Account;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Up to this many accounts may be missing whatever share of the connection's accounts they are.
const MISSING_FLOOR: u64 = 3;

/// A larger share than one in this many missing is not believed.
const MISSING_SHARE: u64 = 5;

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriftKind {
    /// Mapped attributes differ.
    Changed,
    /// Somebody else has set `active: false`.
    Suspended,
    /// Somebody else has set `active: true` on an account that we suspended.
    Reactivated,
    /// The app does not hold the account any more.
    Missing,
}

impl DriftKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Changed, Self::Suspended, Self::Reactivated, Self::Missing];

    /// As the store and commands spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Suspended => "suspended",
            Self::Reactivated => "reactivated",
            Self::Missing => "missing",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftChange {
    /// As a mapping target: `name.givenName`.
    pub attribute: String,
    /// As last confirmed.
    pub ours: Option<Value>,
    /// As the app shows it.
    pub theirs: Option<Value>,
}

/// How one account differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What kind.
    pub kind: DriftKind,
    /// Attribute by attribute; empty when the account is missing.
    pub changes: Vec<DriftChange>,
    /// The body as it stands in the app: what was confirmed, with the changes.
    pub theirs: Map<String, Value>,
}

/// The attributes that an app shows at all, judged by some accounts as the app showed them (each its managed part). An
/// attribute that none of them has is taken as one that the app does not show, and says nothing.
pub fn shown_attributes<'a>(parts: impl IntoIterator<Item = &'a Map<String, Value>>) -> BTreeSet<String> {
    parts.into_iter().flat_map(|part| leaves(part).into_iter().map(|(path, _)| path)).collect()
}

/// Compares what was last confirmed of an account with the managed part of it that the app shows. The case of a text is the
/// app's to choose, as it is after a create. An attribute outside `shows` is not compared when it is absent.
pub fn compare(account: &Account, shown: &Map<String, Value>, shows: &BTreeSet<String>) -> Option<Difference> {
    let ours = account.applied.as_ref()?;
    let theirs = leaves(shown);
    let mut body = ours.clone();
    let mut changes = Vec::new();
    for (path, value) in leaves(ours) {
        let there = theirs.iter().find(|(name, _)| *name == path).map(|(_, value)| *value);
        match there {
            Some(there) if same(value, there) => continue,
            None if !shows.contains(&path) => continue,
            Some(_) | None => {}
        }
        set(&mut body, &path, there);
        changes.push(DriftChange { attribute: path, ours: Some(value.clone()), theirs: there.cloned() });
    }
    for (path, there) in theirs {
        if !changes.iter().any(|change| change.attribute == path) && !leaves(ours).iter().any(|(name, _)| *name == path) {
            set(&mut body, &path, Some(there));
            changes.push(DriftChange { attribute: path, ours: None, theirs: Some(there.clone()) });
        }
    }
    if changes.is_empty() {
        return None;
    }
    let active = changes.iter().find(|change| change.attribute == "active").map(|change| change.theirs.as_ref());
    let kind = match active {
        Some(Some(Value::Bool(false))) => DriftKind::Suspended,
        Some(_) => DriftKind::Reactivated,
        None => DriftKind::Changed,
    };
    Some(Difference { kind, changes, theirs: body })
}

/// Whether a listing in which `missing` of our `held` accounts do not stand is too small to be believed: it shows nobody at
/// all, or lacks more than a fifth of them (and more than three).
pub const fn too_small(listed: u64, held: u64, missing: u64) -> bool {
    (listed == 0 && held > 0) || (missing > MISSING_FLOOR && missing.saturating_mul(MISSING_SHARE) > held)
}

/// The attributes of a body as mapping targets with their values; of a list its first element's.
fn leaves(body: &Map<String, Value>) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (name, value) in body {
        let separator = if name.starts_with("urn:") { ':' } else { '.' };
        let inner = match value {
            Value::Object(object) => Some(object),
            Value::Array(elements) => elements.first().and_then(Value::as_object),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        match inner {
            Some(object) => found.extend(object.iter().map(|(leaf, value)| (format!("{name}{separator}{leaf}"), value))),
            None => found.push((name.clone(), value)),
        }
    }
    found
}

fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::String(ours), Value::String(theirs)) => ours.to_lowercase() == theirs.to_lowercase(),
        (ours, theirs) => ours == theirs,
    }
}

/// Sets or removes the attribute that [`leaves`] names so.
fn set(body: &mut Map<String, Value>, path: &str, value: Option<&Value>) {
    let split = path.rsplit_once(if path.starts_with("urn:") { ':' } else { '.' });
    let holder = match split {
        Some((parent, _)) if path.starts_with("urn:") || parent.find('.').is_none() => {
            let list = crate::app::is_list(parent);
            let empty = || if list { Value::Array(vec![Value::Object(Map::new())]) } else { Value::Object(Map::new()) };
            match body.entry(parent.to_owned()).or_insert_with(empty) {
                Value::Object(object) => Some(object),
                Value::Array(elements) => elements.first_mut().and_then(Value::as_object_mut),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            }
        }
        Some(_) | None => None,
    };
    let (holder, leaf) = match (holder, split) {
        (Some(holder), Some((_, leaf))) => (holder, leaf),
        _ => (body, path),
    };
    match value {
        Some(value) => holder.insert(leaf.to_owned(), value.clone()),
        None => holder.remove(leaf),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use crate::time::Timestamp;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("not an object: {value}") };
        object
    }

    fn account(applied: Value) -> Account {
        Account { applied: Some(map(applied)), ..Account::new(UserId::new(1), "ada@example.com", Timestamp(0)) }
    }

    fn found(applied: Value, shown: Value) -> Option<(DriftKind, Vec<String>)> {
        let shown = map(shown);
        let everything = ["title", "active", "userName", "name.givenName"].map(str::to_owned).into_iter().collect();
        let difference = compare(&account(applied), &shown, &everything)?;
        Some((difference.kind, difference.changes.into_iter().map(|change| change.attribute).collect()))
    }

    #[test]
    fn differences_are_told_by_kind() {
        let ours = json!({ "userName": "ada@example.com", "name": { "givenName": "Ada" }, "title": "Dr", "active": true });
        let with = |name: &str, value: Value| {
            let mut shown = map(ours.clone());
            shown.insert(name.to_owned(), value);
            Value::Object(shown)
        };
        assert_eq!(found(ours.clone(), ours.clone()), None);
        assert_eq!(found(ours.clone(), with("userName", json!("Ada@Example.com"))), None, "the app chooses the case");
        let changed = |name: &str| Some((DriftKind::Changed, vec![name.to_owned()]));
        assert_eq!(found(ours.clone(), with("title", json!("Prof"))), changed("title"));
        assert_eq!(found(ours.clone(), with("name", json!({ "givenName": "Augusta" }))), changed("name.givenName"));
        assert_eq!(found(ours.clone(), with("nickName", json!("A"))), changed("nickName"));
        let suspended = Some((DriftKind::Suspended, vec!["active".to_owned()]));
        assert_eq!(found(ours.clone(), with("active", json!(false))), suspended);
        let off = json!({ "userName": "ada@example.com", "active": false });
        let on = json!({ "userName": "ada@example.com", "active": true });
        assert_eq!(found(off, on), Some((DriftKind::Reactivated, vec!["active".to_owned()])));
    }

    #[test]
    fn an_attribute_that_the_app_shows_of_nobody_is_not_called_cleared() {
        let ours = json!({ "userName": "ada", "title": "Dr", "active": true });
        let silent = map(json!({ "userName": "ada", "active": true }));
        assert_eq!(compare(&account(ours.clone()), &silent, &shown_attributes([&silent])), None);
        let other = map(json!({ "userName": "bob", "title": "Mr", "active": true }));
        let difference = compare(&account(ours), &silent, &shown_attributes([&silent, &other])).unwrap();
        assert_eq!(difference.changes[0].theirs, None);
        assert_eq!(difference.theirs, silent, "what stands in the app, and nothing that was only not shown");
    }

    #[test]
    fn what_stands_in_the_app_is_what_was_confirmed_with_the_changes() {
        let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let ours = json!({
            "emails": [{ "type": "work", "value": "a@x" }], "name": { "givenName": "Ada", "familyName": "L" },
            extension: { "department": "R" }, "externalId": "1", "active": true,
        });
        let theirs = map(json!({
            "emails": [{ "type": "work", "value": "b@x" }], "name": { "givenName": "Ada", "familyName": "K" },
            extension: { "department": "S" }, "active": true,
        }));
        let difference = compare(&account(ours), &theirs, &shown_attributes([&theirs])).unwrap();
        let mut expected = theirs;
        expected.insert("externalId".to_owned(), json!("1"));
        assert_eq!(difference.theirs, expected);
        assert_eq!(difference.changes.len(), 3);
    }

    #[test]
    fn a_listing_that_lacks_too_many_is_not_believed() {
        for (listed, held, missing, expected) in [
            (0, 0, 0, false),
            (0, 1, 1, true),
            (0, 1_000, 1_000, true),
            (2, 5, 3, false),
            (1, 5, 4, true),
            (80, 100, 20, false),
            (79, 100, 21, true),
            // Strangers do not make up for ours.
            (500, 100, 21, true),
            (150, 100, 0, false),
        ] {
            assert_eq!(too_small(listed, held, missing), expected, "{listed} listed, {held} held, {missing} missing");
        }
    }
}
