//! In which order resources are listed (RFC 7644 section 3.4.2.3). Ties stay ties: who pages through a list breaks them by `id`.

use crate::path::AttributePath;
use crate::schema::{Attribute, AttributeType, Found, Schemas};
use crate::value::is_primary;
use crate::{Resource, datetime, names};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// How `a` and `b` stand to each other in a list sorted by an attribute.
///
/// RFC 7644 section 3.4.2.3: texts "according to the attribute type" and its case rule, a multi-valued attribute by its primary
/// value or else its first one; resources without a value come last when ascending and first when descending. A complex
/// attribute stands for its `value`, one without that sub-attribute orders nothing, as does a path that no schema knows.
///
/// ```
/// use provost_scim::{AttributePath, Resource, Schemas, sort};
/// use serde_json::json;
/// use std::cmp::Ordering;
///
/// let user = |name: &str| Resource::from_iter([("userName".to_owned(), json!(name))]);
/// let by = AttributePath::of("userName");
/// assert_eq!(sort::compare(&user("ada"), &user("Bob"), &by, false, &Schemas::user()), Ordering::Less);
/// assert_eq!(sort::compare(&user("ada"), &Resource::new(), &by, true, &Schemas::user()), Ordering::Greater);
/// ```
pub fn compare(a: &Resource, b: &Resource, by: &AttributePath, descending: bool, schemas: &Schemas) -> Ordering {
    let order = key(a, by, schemas).cmp(&key(b, by, schemas));
    if descending { order.reverse() } else { order }
}

/// What [`compare`] compares, for callers who sort many resources and want to look at each once: ascending order is the
/// order of the keys.
pub fn key(resource: &Resource, by: &AttributePath, schemas: &Schemas) -> SortKey {
    SortKey(value_of(resource, by, schemas).and_then(|(value, attribute)| Key::of(value, attribute)))
}

/// The place of a resource in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey(Option<Key>);

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Kinds in this order, so that also the values of attributes that nobody declared have one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Truth(bool),
    Number(NumberKey),
    Instant(i128),
    Text(String),
}

impl Key {
    fn of(value: &Value, attribute: &Attribute) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Truth(*value)),
            Value::Number(number) => NumberKey::of(number).map(Self::Number),
            Value::String(text) => Some(match datetime::parse(text).filter(|_| attribute.kind == AttributeType::DateTime) {
                Some(instant) => Self::Instant(instant),
                None => Self::Text(attribute.comparison_key(text).into_owned()),
            }),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// A number, with all its digits where it is a whole one: two that only differ beyond the precision of a fraction keep their order.
#[derive(Debug, Clone, PartialEq)]
struct NumberKey {
    rounded: f64,
    whole: Option<i128>,
}

impl NumberKey {
    fn of(number: &Number) -> Option<Self> {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        // Adding zero turns the negative zero into the other one.
        Some(Self { rounded: number.as_f64()? + 0.0, whole })
    }
}

impl Eq for NumberKey {}

impl Ord for NumberKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rounded.total_cmp(&other.rounded).then(self.whole.cmp(&other.whole))
    }
}

impl PartialOrd for NumberKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The one value that decides, with the attribute whose rules it follows.
fn value_of<'a>(resource: &'a Resource, by: &AttributePath, schemas: &'a Schemas) -> Option<(&'a Value, &'a Attribute)> {
    let Found::Attribute { extension, attribute, sub_attribute } = schemas.find(by)? else { return None };
    let holder = match extension {
        Some(extension) => names::get(resource, &extension.id)?.as_object()?,
        None => resource,
    };
    let value = decisive(names::get(holder, &by.attribute)?)?;
    let (name, part) = match (&by.sub_attribute, sub_attribute) {
        (Some(name), Some(part)) => (name.as_str(), part),
        (Some(_) | None, _) => match attribute.sub_attribute("value") {
            Some(part) => ("value", part),
            None => return Some((value, attribute)),
        },
    };
    Some((decisive(names::get(value.as_object()?, name)?)?, part))
}

/// RFC 7644 section 3.4.2.3: "the value of the primary attribute, if any, or else the first value in the list, if any."
fn decisive(value: &Value) -> Option<&Value> {
    match value {
        Value::Array(items) => items.iter().find(|item| is_primary(item)).or_else(|| items.first()),
        single => Some(single),
    }
}

#[cfg(test)]
mod tests {
    use super::{compare, key};
    use crate::{AttributePath, Resource, Schemas};
    use serde_json::{Value, json};
    use std::cmp::Ordering;

    const TENANT: &str = crate::schema::TENANT_USER;

    fn user(value: Value) -> Resource {
        let Value::Object(members) = value else { panic!("{value} is no object") };
        members
    }

    fn order(path: &str, a: Value, b: Value) -> Ordering {
        let by = AttributePath::parse(path).unwrap();
        let (a, b, schemas) = (user(a), user(b), Schemas::user());
        let ascending = compare(&a, &b, &by, false, &schemas);
        assert_eq!(compare(&b, &a, &by, false, &schemas), ascending.reverse(), "{path}");
        assert_eq!(compare(&a, &b, &by, true, &schemas), ascending.reverse(), "{path}");
        ascending
    }

    #[test]
    fn values_compare_by_the_rules_of_their_attribute() {
        let enterprise = crate::schema::ENTERPRISE_USER;
        let less = [
            ("userName", json!({ "userName": "Ada" }), json!({ "userName": "bob" })),
            ("USERNAME", json!({ "username": "ａｄａ" }), json!({ "userName": "Adb" })),
            ("externalId", json!({ "externalId": "B" }), json!({ "externalId": "a" })),
            ("active", json!({ "active": false }), json!({ "active": true })),
            ("name.familyName", json!({ "name": { "familyName": "a" } }), json!({ "name": { "familyName": "B" } })),
            (
                "meta.created",
                json!({ "meta": { "created": "2020-01-01T01:00:00+02:00" } }),
                json!({ "meta": { "created": "2020-01-01T00:00:00Z" } }),
            ),
            ("emails", json!({ "emails": [{ "value": "a" }, { "value": "z" }] }), json!({ "emails": [{ "value": "b" }] })),
            (
                "emails.value",
                json!({ "emails": [{ "value": "z" }, { "value": "a", "primary": true }] }),
                json!({ "emails": [{ "value": "b" }] }),
            ),
            (
                "emails.type",
                json!({ "emails": [{ "type": "z" }, { "type": "A", "primary": true }] }),
                json!({ "emails": [{ "type": "b" }] }),
            ),
            (
                &format!("{enterprise}:manager"),
                json!({ enterprise: { "manager": { "value": "1" } } }),
                json!({ enterprise: { "manager": { "value": "2" } } }),
            ),
            (&format!("{TENANT}:n"), json!({ TENANT: { "n": 9 } }), json!({ TENANT: { "n": 10.5 } })),
            (
                &format!("{TENANT}:n"),
                json!({ TENANT: { "n": 9_007_199_254_740_992_i64 } }),
                json!({ TENANT: { "n": 9_007_199_254_740_993_i64 } }),
            ),
            (&format!("{TENANT}:n"), json!({ TENANT: { "n": 5 } }), json!({ TENANT: { "n": "5" } })),
        ];
        for (path, a, b) in less {
            assert_eq!(order(path, a.clone(), b.clone()), Ordering::Less, "{path}: {a} {b}");
        }
        assert_eq!(order("userName", json!({ "userName": "ADA" }), json!({ "userName": "ada" })), Ordering::Equal);
        assert_eq!(
            order(&format!("{TENANT}:n"), json!({ TENANT: { "n": 0.0 } }), json!({ TENANT: { "n": -0.0 } })),
            Ordering::Equal
        );
    }

    #[test]
    fn resources_without_a_value_come_last_or_first() {
        let title = |title: Value| json!({ "title": title });
        assert_eq!(order("title", title(json!("z")), json!({})), Ordering::Less);
        assert_eq!(order("title", title(Value::Null), json!({})), Ordering::Equal);
        assert_eq!(order("emails", json!({ "emails": [{ "value": "a" }] }), json!({ "emails": [] })), Ordering::Less);
        assert_eq!(
            order("emails", json!({ "emails": [{ "type": "x" }] }), json!({ "emails": [{ "value": "a" }] })),
            Ordering::Greater
        );
        // What has no order leaves everything where it is.
        for path in ["name", "nothing", "urn:x:y:z", crate::schema::ENTERPRISE_USER] {
            assert_eq!(
                order(path, json!({ "name": { "formatted": "a" } }), json!({ "name": { "formatted": "b" } })),
                Ordering::Equal
            );
        }
    }

    #[test]
    fn keys_are_a_total_order() {
        let values = [
            json!(null),
            json!(true),
            json!(0),
            json!(-0.0),
            json!(0.5),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300),
            json!("a"),
            json!("B"),
            json!([]),
            json!([2, 1]),
            json!({ "value": 1 }),
            json!({ "x": 1 }),
            json!(9_007_199_254_740_992.0),
            json!(9_007_199_254_740_993_i64),
        ];
        let by = AttributePath::parse(&format!("{TENANT}:n")).unwrap();
        let keys: Vec<_> =
            values.iter().map(|value| key(&user(json!({ TENANT: { "n": value } })), &by, &Schemas::user())).collect();
        for a in &keys {
            for b in &keys {
                assert_eq!(a.cmp(b), b.cmp(a).reverse());
                for c in keys.iter().filter(|c| a <= b && b <= *c) {
                    assert!(a <= c, "{a:?} {b:?} {c:?}");
                }
            }
        }
    }
}
