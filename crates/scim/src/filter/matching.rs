//! Whether a resource matches a filter (RFC 7644 section 3.4.2.2).

use super::{CompareOperator, Filter, Literal};
use crate::path::AttributePath;
use crate::schema::{Attribute, AttributeType, Found, Schemas};
use crate::{Resource, names, order};
use serde_json::Value;
use std::cmp::Ordering;

/// Whether `resource` matches `filter`. Attributes that no schema knows count as unassigned.
///
/// `ne` is the opposite of `eq`: it also holds when the attribute has no value, and on a multi-valued attribute only when
/// no value is equal.
pub fn matches(filter: &Filter, resource: &Resource, schemas: &Schemas) -> bool {
    evaluate(filter, &Scope::Resource { resource, schemas })
}

/// Whether one value of a multi-valued attribute matches a filter over its sub-attributes.
pub(crate) fn matches_value(filter: &Filter, value: &Value, attribute: &Attribute) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| matches_value(part, value, attribute)),
        Filter::Or(parts) => parts.iter().any(|part| matches_value(part, value, attribute)),
        Filter::Not(inner) => !matches_value(inner, value, attribute),
        Filter::Compare { .. } | Filter::Present(_) | Filter::Values { .. } => matches_term(filter, value, attribute),
    }
}

fn matches_term(filter: &Filter, value: &Value, attribute: &Attribute) -> bool {
    // `members[value eq "…"]` on a large group is the usual case, so it takes the short way.
    if let (Some((path, wanted)), Value::Object(members)) = (filter.equality(), value)
        && let Some(part) =
            attribute.sub_attribute(&path.attribute).filter(|part| part.kind == AttributeType::String && !part.multi_valued)
    {
        let given = names::get(members, &part.name).and_then(Value::as_str);
        return given.is_some_and(|given| order::of_texts(given, wanted, part).is_eq());
    }
    evaluate(filter, &Scope::Value { value, attribute })
}

/// What paths are relative to.
enum Scope<'a> {
    Resource { resource: &'a Resource, schemas: &'a Schemas },
    Value { value: &'a Value, attribute: &'a Attribute },
}

fn evaluate(filter: &Filter, scope: &Scope<'_>) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| evaluate(part, scope)),
        Filter::Or(parts) => parts.iter().any(|part| evaluate(part, scope)),
        Filter::Not(inner) => !evaluate(inner, scope),
        // RFC 7644 table 3: "if it contains a non-empty node for complex attributes, there is a match".
        Filter::Present(path) => resolve_whole(path, scope).is_some_and(|(values, _)| values.into_iter().any(is_present)),
        Filter::Compare { path, operator, value } => {
            // RFC 7643 section 2.5: null is the same as unassigned, which the whole attribute is or is not.
            let found = if *value == Literal::Null { resolve_whole(path, scope) } else { resolve(path, scope) };
            let (values, attribute) = match found {
                Some((values, attribute)) => (values, Some(attribute)),
                None => (Vec::new(), None),
            };
            compare(&values, *operator, value, attribute)
        }
        Filter::Values { path, filter } => match resolve_whole(path, scope) {
            Some((values, attribute)) => values.into_iter().any(|value| matches_value(filter, value, attribute)),
            None => false,
        },
    }
}

/// The values that a path names, with the attribute whose rules they follow: the default sub-attribute `value` for a complex one.
fn resolve<'a>(path: &AttributePath, scope: &Scope<'a>) -> Option<(Vec<&'a Value>, &'a Attribute)> {
    let (values, attribute) = resolve_whole(path, scope)?;
    // RFC 7644 section 3.4.2.2, sample `emails co "example.com"`: a complex multi-valued attribute stands for its `value`.
    match attribute.sub_attribute("value") {
        Some(value) if attribute.multi_valued => Some((parts(values, "value"), value)),
        Some(_) | None => Some((values, attribute)),
    }
}

/// The values that a path names, complex ones as they are.
fn resolve_whole<'a>(path: &AttributePath, scope: &Scope<'a>) -> Option<(Vec<&'a Value>, &'a Attribute)> {
    match scope {
        Scope::Resource { resource, schemas } => {
            let Found::Attribute { extension, attribute, sub_attribute } = schemas.find(path)? else {
                return None;
            };
            let holder = match extension {
                Some(extension) => names::get(resource, &extension.id).and_then(Value::as_object),
                None => Some(*resource),
            };
            let values = each(holder.and_then(|holder| names::get(holder, &path.attribute)));
            match (&path.sub_attribute, sub_attribute) {
                (Some(name), Some(sub_attribute)) => Some((parts(values, name), sub_attribute)),
                (Some(_) | None, _) => Some((values, attribute)),
            }
        }
        Scope::Value { value, attribute } => {
            // RFC 7643 section 2.4: `value` is "the attribute's significant value", so a list of scalars calls each of them so.
            if attribute.sub_attributes.is_empty() && !value.is_object() && names::same(&path.attribute, "value") {
                return Some((vec![value], attribute));
            }
            if attribute.kind == AttributeType::Any {
                return Some((each(value.as_object().and_then(|object| names::get(object, &path.attribute))), attribute));
            }
            let part = attribute.sub_attribute(&path.attribute)?;
            Some((each(value.as_object().and_then(|object| names::get(object, &path.attribute))), part))
        }
    }
}

fn each(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(single) => vec![single],
    }
}

fn parts<'a>(values: Vec<&'a Value>, name: &str) -> Vec<&'a Value> {
    values.into_iter().filter_map(Value::as_object).flat_map(|object| each(names::get(object, name))).collect()
}

/// RFC 7644 table 3, `pr`: "a non-empty or non-null value"; a complex one has a sub-attribute with a value.
fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_present),
        Value::Object(members) => members.values().any(is_present),
    }
}

fn compare(values: &[&Value], operator: CompareOperator, literal: &Literal, attribute: Option<&Attribute>) -> bool {
    let any = |test: fn(Ordering) -> bool| {
        attribute.is_some_and(|attribute| values.iter().any(|value| order_of(value, literal, attribute).is_some_and(test)))
    };
    let part = |test: fn(&str, &str) -> bool| {
        attribute.is_some_and(|attribute| values.iter().any(|value| part_of(value, literal, attribute, test)))
    };
    let equals = || match literal {
        Literal::Null => values.is_empty(),
        Literal::String(_) | Literal::Number(_) | Literal::Boolean(_) => any(Ordering::is_eq),
    };
    match operator {
        CompareOperator::Equal => equals(),
        CompareOperator::NotEqual => !equals(),
        CompareOperator::Contains => part(|text, wanted| text.contains(wanted)),
        CompareOperator::StartsWith => part(|text, wanted| text.starts_with(wanted)),
        CompareOperator::EndsWith => part(|text, wanted| text.ends_with(wanted)),
        CompareOperator::Greater => any(Ordering::is_gt) && ordered(attribute),
        CompareOperator::GreaterOrEqual => any(Ordering::is_ge) && ordered(attribute),
        CompareOperator::Less => any(Ordering::is_lt) && ordered(attribute),
        CompareOperator::LessOrEqual => any(Ordering::is_le) && ordered(attribute),
    }
}

/// RFC 7644 table 3: Boolean and Binary attributes have no order.
fn ordered(attribute: Option<&Attribute>) -> bool {
    attribute.is_some_and(|attribute| !matches!(attribute.kind, AttributeType::Boolean | AttributeType::Binary))
}

fn order_of(value: &Value, literal: &Literal, attribute: &Attribute) -> Option<Ordering> {
    match (value, literal) {
        (Value::String(text), Literal::String(wanted)) => Some(order::of_texts(text, wanted, attribute)),
        (Value::Number(number), Literal::Number(wanted)) => order::of_numbers(number, wanted),
        (Value::Bool(value), Literal::Boolean(wanted)) => Some(value.cmp(wanted)),
        // Clients write `active eq "true"` too; only that reading makes sense of it.
        (Value::Bool(value), Literal::String(wanted)) => Some(value.cmp(&crate::value::boolean_text(wanted)?)),
        _ => None,
    }
}

fn part_of(value: &Value, literal: &Literal, attribute: &Attribute, test: fn(&str, &str) -> bool) -> bool {
    let (Value::String(text), Literal::String(wanted)) = (value, literal) else {
        return false;
    };
    test(&attribute.comparison_key(text), &attribute.comparison_key(wanted))
}
