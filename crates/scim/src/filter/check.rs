//! Whether a filter makes sense for a resource type; matching never fails, so this is asked first.

use super::{CompareOperator, Filter, Literal};
use crate::error::ScimError;
use crate::path::AttributePath;
use crate::schema::{Attribute, AttributeType, Found, Returned, Schemas};

/// RFC 7644 section 3.4.2.2: an attribute and an operator that do not go together are a 400 `invalidFilter`. Unknown
/// attributes are refused too, by name: a filter with a slip in it would otherwise match nobody, or with `ne` everybody.
///
/// What is never returned (RFC 7643 section 7) is refused with every operator: the matches would tell of it.
pub fn check(filter: &Filter, schemas: &Schemas) -> Result<(), ScimError> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().try_for_each(|part| check(part, schemas)),
        Filter::Not(inner) => check(inner, schemas),
        Filter::Present(path) => known(path, schemas).map(|_| ()),
        Filter::Compare { path, operator, value } => {
            let attribute = known(path, schemas)?;
            let compared = match attribute.sub_attribute("value") {
                Some(value) if attribute.multi_valued => shown(format_args!("{path}"), value)?,
                Some(_) | None => attribute,
            };
            comparable(&path.to_string(), compared, *operator, value)
        }
        Filter::Values { path, filter } => check_inner(filter, &path.to_string(), known(path, schemas)?),
    }
}

/// The same for a filter over the values of one attribute.
pub(crate) fn check_inner(filter: &Filter, outer: &str, attribute: &Attribute) -> Result<(), ScimError> {
    let inner = |path: &AttributePath| match attribute.sub_attribute(&path.attribute) {
        Some(part) if path.schema.is_none() && path.sub_attribute.is_none() => shown(format_args!("{outer}.{path}"), part),
        None if attribute.kind == AttributeType::Any
            || (attribute.sub_attributes.is_empty() && path.attribute.eq_ignore_ascii_case("value")) =>
        {
            Ok(attribute)
        }
        Some(_) | None => Err(ScimError::invalid_filter(format!("{outer} has no sub-attribute \"{path}\"."))),
    };
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().try_for_each(|part| check_inner(part, outer, attribute)),
        Filter::Not(filter) => check_inner(filter, outer, attribute),
        Filter::Present(path) => inner(path).map(|_| ()),
        Filter::Compare { path, operator, value } => comparable(&format!("{outer}.{path}"), inner(path)?, *operator, value),
        Filter::Values { path, .. } => {
            Err(ScimError::invalid_filter(format!("{outer}[{path}[…]]: a value filter holds no further value filter.")))
        }
    }
}

fn known<'a>(path: &AttributePath, schemas: &'a Schemas) -> Result<&'a Attribute, ScimError> {
    let found = schemas.find(path);
    match found {
        Some(Found::Attribute { attribute, sub_attribute, .. }) => {
            let attribute = shown(format_args!("{path}"), attribute)?;
            sub_attribute.map_or(Ok(attribute), |part| shown(format_args!("{path}"), part))
        }
        Some(Found::Extension(_)) => Err(ScimError::invalid_filter(format!("{path} is a schema; name one of its attributes."))),
        None => Err(ScimError::invalid_filter(format!("{} has no attribute \"{path}\".", schemas.resource_type))),
    }
}

/// What may be asked about.
fn shown<'a>(name: std::fmt::Arguments<'_>, attribute: &'a Attribute) -> Result<&'a Attribute, ScimError> {
    if attribute.returned == Returned::Never {
        return Err(ScimError::invalid_filter(format!("{name} is never shown, so nothing may be learned of it.")));
    }
    Ok(attribute)
}

fn comparable(name: &str, attribute: &Attribute, operator: CompareOperator, value: &Literal) -> Result<(), ScimError> {
    let refused = |why: &str| Err(ScimError::invalid_filter(format!("{name} {} {value}: {why}.", operator.word())));
    // RFC 7644 table 3: gt, ge, lt and le on Boolean and Binary attributes SHALL fail.
    if operator.is_ordering() && matches!(attribute.kind, AttributeType::Boolean | AttributeType::Binary) {
        return refused("boolean and binary attributes have no order");
    }
    let instant = |text: &str| !operator.is_ordering() || crate::datetime::parse(text).is_some();
    let (fits, expected) = match attribute.kind {
        AttributeType::Any => (true, ""),
        AttributeType::Boolean => match value {
            Literal::String(text) => (crate::value::boolean_text(text).is_some(), "it is true or false"),
            Literal::Boolean(_) | Literal::Number(_) | Literal::Null => {
                (!matches!(value, Literal::Number(_)), "it is true or false")
            }
        },
        AttributeType::Integer | AttributeType::Decimal => {
            (matches!(value, Literal::Number(_) | Literal::Null), "it is a number")
        }
        AttributeType::DateTime => match value {
            Literal::String(text) => (instant(text), "it is an instant such as \"2011-05-13T04:42:34Z\""),
            Literal::Boolean(_) | Literal::Number(_) | Literal::Null => {
                (*value == Literal::Null, "it is an instant in double quotes")
            }
        },
        AttributeType::String | AttributeType::Reference | AttributeType::Binary => {
            (matches!(value, Literal::String(_) | Literal::Null), "it is a string, in double quotes")
        }
        AttributeType::Complex => (false, "a complex attribute is compared by one of its sub-attributes"),
    };
    if fits { Ok(()) } else { refused(expected) }
}
