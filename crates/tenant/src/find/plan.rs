//! What an index can say about a filter: look-ups whose results hold every match, and perhaps more.

use super::keys;
use super::order::{Column, attribute_name};
use provost_scim::provider::ResourceKind;
use provost_scim::{AttributePath, CompareOperator, Filter, Literal, Schemas};

/// Look-ups, put together as the filter puts its parts together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    Look(LookUp),
    /// Whatever is in all of these. Not complete when parts of the filter are missing here.
    All {
        plans: Vec<Plan>,
        is_complete: bool,
    },
    /// Whatever is in any of these.
    Any(Vec<Plan>),
}

/// One look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LookUp {
    pub(crate) what: What,
    /// Whether what is found matches, so that nobody needs to look again.
    pub(crate) is_exact: bool,
}

/// What is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Rows whose column holds this key.
    Key(Column, String),
    /// Rows whose column begins with this.
    Prefix(Column, String),
    /// Rows whose column is at least the first and less than the second.
    Between(Column, Option<i64>, Option<i64>),
    /// Users with this address.
    Address(String),
    /// Users in the group with this id, or in a group in it.
    InGroup(String),
    /// Groups with the member of this id.
    HasMember(String),
}

impl Plan {
    /// `None` when no index helps.
    pub(crate) fn of(filter: &Filter, kind: ResourceKind, schemas: &Schemas) -> Option<Self> {
        match filter {
            Filter::And(parts) => {
                let plans: Vec<Self> = parts.iter().filter_map(|part| Self::of(part, kind, schemas)).collect();
                let is_complete = plans.len() == parts.len();
                (!plans.is_empty()).then_some(Self::All { plans, is_complete })
            }
            Filter::Or(parts) => parts.iter().map(|part| Self::of(part, kind, schemas)).collect::<Option<_>>().map(Self::Any),
            Filter::Not(_) | Filter::Present(_) => None,
            Filter::Compare { path, operator, value } => look_up(path, *operator, value, kind, schemas).map(Self::Look),
            Filter::Values { path, filter } => {
                let inner = |part: &AttributePath| AttributePath { sub_attribute: Some(part.attribute.clone()), ..path.clone() };
                within(filter, &inner, kind, schemas)
            }
        }
    }

    /// Whether it may find very many, so that narrower ones are better asked first.
    pub(crate) fn is_wide(&self) -> bool {
        match self {
            Self::Look(look_up) => matches!(look_up.what, What::Prefix(..) | What::Between(..)),
            Self::All { plans, .. } => plans.iter().all(Self::is_wide),
            Self::Any(plans) => plans.iter().any(Self::is_wide),
        }
    }
}

/// A filter over the values of one attribute. Whether one and the same value fulfils all parts has to be looked at.
fn within(
    filter: &Filter,
    outer: &impl Fn(&AttributePath) -> AttributePath,
    kind: ResourceKind,
    schemas: &Schemas,
) -> Option<Plan> {
    match filter {
        Filter::And(parts) => {
            let plans: Vec<Plan> = parts.iter().filter_map(|part| within(part, outer, kind, schemas)).collect();
            (!plans.is_empty()).then_some(Plan::All { plans, is_complete: false })
        }
        Filter::Or(parts) => parts.iter().map(|part| within(part, outer, kind, schemas)).collect::<Option<_>>().map(Plan::Any),
        Filter::Compare { path, operator, value } => look_up(&outer(path), *operator, value, kind, schemas).map(Plan::Look),
        Filter::Not(_) | Filter::Present(_) | Filter::Values { .. } => None,
    }
}

fn look_up(
    path: &AttributePath,
    operator: CompareOperator,
    value: &Literal,
    kind: ResourceKind,
    schemas: &Schemas,
) -> Option<LookUp> {
    // No column holds U+0000.
    let Literal::String(text) = value else { return None };
    let text = Some(text).filter(|text| !text.contains('\0'))?;
    let equal = operator == CompareOperator::Equal;
    let starts = operator == CompareOperator::StartsWith && !text.is_empty();
    let (what, is_exact) = match (kind, attribute_name(path, schemas)?) {
        (_, ("id", None)) if equal => (What::Key(Column::Id, text.clone()), true),
        (_, ("externalId", None)) if equal => {
            (What::Key(Column::ExternalId, keys::exact_or_absent(Some(text))), keys::is_whole(text))
        }
        (_, ("meta", Some("created"))) => (between(Column::Created, operator, text)?, true),
        (_, ("meta", Some("lastModified"))) => (between(Column::Modified, operator, text)?, true),
        (ResourceKind::User, ("userName", None)) if equal => (What::Key(Column::UserName, keys::user_name(text)), true),
        (ResourceKind::User, ("userName", None)) if starts => (What::Prefix(Column::UserName, keys::user_name(text)), true),
        (ResourceKind::User, ("displayName", None)) if equal => {
            (What::Key(Column::DisplayName, keys::folded_or_absent(Some(text))), false)
        }
        (ResourceKind::User, ("displayName", None)) if starts => {
            (What::Prefix(Column::DisplayName, keys::folded_or_absent(Some(text))), false)
        }
        (ResourceKind::Group, ("displayName", None)) if equal => (What::Key(Column::DisplayName, keys::folded(text)), false),
        (ResourceKind::Group, ("displayName", None)) if starts => (What::Prefix(Column::DisplayName, keys::folded(text)), false),
        (ResourceKind::User, ("emails", None | Some("value"))) if equal => (What::Address(keys::folded(text)), false),
        (ResourceKind::User, ("groups", None | Some("value"))) if equal => (What::InGroup(text.clone()), true),
        (ResourceKind::Group, ("members", None | Some("value"))) if equal => (What::HasMember(text.clone()), true),
        (ResourceKind::User | ResourceKind::Group, _) => return None,
    };
    Some(LookUp { what, is_exact })
}

/// Instants are kept in microseconds and shown, and therefore compared, in whole milliseconds.
fn between(column: Column, operator: CompareOperator, text: &str) -> Option<What> {
    let nanos = provost_scim::datetime::parse(text)?;
    let millis = i64::try_from(nanos.div_euclid(1_000_000)).ok()?;
    let is_whole = nanos.rem_euclid(1_000_000) == 0;
    let from = millis.checked_mul(1_000)?;
    let next = from.checked_add(1_000)?;
    // The first millisecond that is not before the instant.
    let up = if is_whole { from } else { next };
    let (low, high) = match operator {
        CompareOperator::Greater => (Some(next), None),
        CompareOperator::GreaterOrEqual => (Some(up), None),
        CompareOperator::Less => (None, Some(up)),
        CompareOperator::LessOrEqual => (None, Some(next)),
        CompareOperator::Equal => (Some(from), Some(if is_whole { next } else { from })),
        CompareOperator::NotEqual | CompareOperator::Contains | CompareOperator::StartsWith | CompareOperator::EndsWith => {
            return None;
        }
    };
    Some(What::Between(column, low, high))
}
