//! Query strings (RFC 7644 section 3.4.2) and search bodies (section 3.4.3).

use super::{AllowedFilters, ListQuery, Provider, ResourceKind, Sort};
use crate::error::{ScimError, ScimType};
use crate::filter::{self, Filter};
use crate::list::{Page, Paging};
use crate::path::{AttributePath, shortened};
use crate::projection::Projection;
use crate::schema::{Found, Returned};
use crate::{Resource, names};
use serde_json::Value;

/// The URN of search bodies.
pub(super) const SEARCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// The parameters of a list or a single resource, wherever they stood.
#[derive(Default)]
pub(super) struct Parameters {
    filter: Option<String>,
    attributes: Option<Vec<String>>,
    excluded: Option<Vec<String>>,
    start_index: Option<i64>,
    count: Option<i64>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    cursor: Option<String>,
}

impl Parameters {
    /// Reads `a=b&c=d`. Names that SCIM does not know are passed over.
    pub(super) fn of_query(query: Option<&str>) -> Result<Self, ScimError> {
        let (mut parameters, mut count) = (Self::default(), None);
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name, true)?;
            let value = decoded(value, true).map_err(|error| of_parameter(&name, &error))?;
            let list = || value.split(',').map(|name| name.trim().to_owned()).collect();
            match name.to_ascii_lowercase().as_str() {
                "filter" => parameters.filter = Some(value),
                "attributes" => parameters.attributes = Some(list()),
                "excludedattributes" => parameters.excluded = Some(list()),
                "startindex" => parameters.start_index = Some(integer("startIndex", &value)?),
                "count" => count = Some(value),
                "sortby" => parameters.sort_by = Some(value),
                "sortorder" => parameters.sort_order = Some(value),
                "cursor" => parameters.cursor = Some(value),
                _ => {}
            }
        }
        let count = count.as_deref().map(|text| integer("count", text)).transpose();
        parameters.count = count.map_err(|error| parameters.of_count(error))?;
        Ok(parameters)
    }

    /// RFC 7644 section 3.4.3.
    pub(super) fn of_search(body: &Resource) -> Result<Self, ScimError> {
        let named = match names::get(body, "schemas") {
            Some(Value::Array(urns)) => urns.iter().filter_map(Value::as_str).any(|urn| names::same(urn, SEARCH_SCHEMA)),
            Some(_) | None => false,
        };
        if !named {
            return Err(ScimError::invalid_syntax(format!("schemas of a search is [\"{SEARCH_SCHEMA}\"].")));
        }
        let mut parameters = Self {
            filter: text(body, "filter")?,
            attributes: texts(body, "attributes")?,
            excluded: texts(body, "excludedAttributes")?,
            start_index: whole(body, "startIndex")?,
            count: None,
            sort_by: text(body, "sortBy")?,
            sort_order: text(body, "sortOrder")?,
            cursor: text(body, "cursor")?,
        };
        parameters.count = whole(body, "count").map_err(|error| parameters.of_count(error))?;
        Ok(parameters)
    }

    /// RFC 9865 section 2.1: with a cursor, a count that cannot be read has a keyword of its own.
    fn of_count(&self, error: ScimError) -> ScimError {
        match self.cursor {
            Some(_) => ScimError { scim_type: Some(ScimType::InvalidCount), ..error },
            None => error,
        }
    }

    pub(super) fn projection(&self) -> Result<Projection, ScimError> {
        let given = |list: &Option<Vec<String>>| list.clone().filter(|names| names.iter().any(|name| !name.is_empty()));
        Projection::parse(given(&self.attributes).as_deref(), given(&self.excluded).as_deref())
    }

    /// The query of a list of these kinds.
    pub(super) fn list_query(self, provider: &Provider, kinds: &[ResourceKind]) -> Result<ListQuery, ScimError> {
        Ok(ListQuery {
            projection: self.projection()?,
            paging: self.paging(provider),
            sort: self.sort(provider, kinds)?,
            filter: self.filter.map(|text| allowed_filter(&text, provider, kinds)).transpose()?,
        })
    }

    /// RFC 9865 section 2.3: a client asks for cursors by `cursor`, empty at the beginning.
    fn paging(&self, provider: &Provider) -> Paging {
        let page = Page::of(self.start_index, self.count, provider.profile.results_max);
        match self.cursor.as_ref().filter(|_| provider.profile.cursors) {
            None => Paging::Index(page),
            Some(cursor) => Paging::Cursor { cursor: Some(cursor.clone()).filter(|text| !text.is_empty()), count: page.count },
        }
    }

    /// RFC 7644 section 3.4.2.3: ascending unless said otherwise. A provider that does not sort passes it over.
    fn sort(&self, provider: &Provider, kinds: &[ResourceKind]) -> Result<Option<Sort>, ScimError> {
        let Some(by) = self.sort_by.as_deref().filter(|_| provider.profile.sorts) else {
            return Ok(None);
        };
        let by = AttributePath::parse(by).map_err(|error| error.in_path(by))?;
        // RFC 7644 section 3.4.2.3: a resource without the attribute has its place in the order too; but one kind must have it.
        let found: Vec<Found<'_>> = kinds.iter().filter_map(|kind| provider.schemas(*kind).find(&by)).collect();
        if found.is_empty() {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
            return Err(ScimError::invalid_path(format!("sortBy: {} has no attribute \"{by}\".", kinds.join(" or "))));
        }
        // The order would tell of what RFC 7643 section 7 says is never returned.
        let is_hidden = |found: &Found<'_>| match found {
            Found::Attribute { attribute, sub_attribute, .. } => {
                [Some(*attribute), *sub_attribute].into_iter().flatten().any(|named| named.returned == Returned::Never)
            }
            Found::Extension(_) => false,
        };
        if found.iter().any(is_hidden) {
            return Err(ScimError::invalid_value(format!("sortBy: {by} is never shown, so nothing is sorted by it.")));
        }
        let descending = match self.sort_order.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("ascending") => false,
            Some("descending") => true,
            Some(_) => return Err(ScimError::invalid_value("sortOrder is ascending or descending.")),
        };
        Ok(Some(Sort { by, descending }))
    }
}

fn allowed_filter(text: &str, provider: &Provider, kinds: &[ResourceKind]) -> Result<Filter, ScimError> {
    let filter = Filter::parse(text).map_err(|error| error.in_filter())?;
    check(&filter, provider, kinds)?;
    let AllowedFilters::Only(allowed) = &provider.profile.allowed_filters else {
        return Ok(filter);
    };
    let allowed = || allowed.iter().filter(|one| kinds.contains(&one.kind));
    let fits = filter.equality().is_some_and(|(path, _)| {
        allowed().any(|one| {
            let base = &provider.schemas(one.kind).base.id;
            let own = path.schema.as_ref().is_none_or(|urn| names::same(urn, base)) && path.sub_attribute.is_none();
            own && names::same(one.attribute, &path.attribute)
        })
    });
    if fits {
        return Ok(filter);
    }
    let choices: Vec<String> = allowed().map(|one| format!("{} by {} eq \"…\"", one.kind.endpoint(), one.attribute)).collect();
    Err(ScimError::invalid_filter(format!("This filter is not supported; there is: {}.", choices.join(", "))))
}

/// Whether a filter makes sense for these kinds. RFC 7644 section 3.4.2.1: over several kinds, an attribute that one of them has
/// not got counts as one without a value; but one of them must have it.
fn check(filter: &Filter, provider: &Provider, kinds: &[ResourceKind]) -> Result<(), ScimError> {
    let one_of = || {
        let mut tried = kinds.iter().map(|kind| filter::check(filter, provider.schemas(*kind)));
        let first = tried.next().unwrap_or(Ok(()));
        if tried.any(|checked| checked.is_ok()) { Ok(()) } else { first }
    };
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().try_for_each(|part| check(part, provider, kinds)),
        Filter::Not(inner) => check(inner, provider, kinds),
        Filter::Compare { .. } | Filter::Present(_) | Filter::Values { .. } => one_of(),
    }
}

fn of_parameter(name: &str, error: &ScimError) -> ScimError {
    let scim_type = if name.eq_ignore_ascii_case("filter") { Some(ScimType::InvalidFilter) } else { error.scim_type };
    ScimError { scim_type, detail: format!("{}: {}", shortened(name), error.detail), status: error.status }
}

/// Percent-decodes; in query strings a plus is a space.
pub(super) fn decoded(text: &str, plus_is_space: bool) -> Result<String, ScimError> {
    let refused = || ScimError::invalid_value(format!("\"{}\" is not percent-encoded UTF-8 text.", shortened(text)));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| {
                    byte.and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
                };
                let high = digit(rest.next()).ok_or_else(refused)?;
                let low = digit(rest.next()).ok_or_else(refused)?;
                bytes.push(high * 16 + low);
            }
            b'+' if plus_is_space => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or_else(refused)
}

fn integer(name: &str, text: &str) -> Result<i64, ScimError> {
    text.trim().parse().map_err(|_| ScimError::invalid_value(format!("{name} is a whole number, not \"{}\".", shortened(text))))
}

fn text(body: &Resource, name: &str) -> Result<Option<String>, ScimError> {
    match names::get(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ScimError::invalid_value(format!("{name} is a string."))),
    }
}

fn texts(body: &Resource, name: &str) -> Result<Option<Vec<String>>, ScimError> {
    let refused = || ScimError::invalid_value(format!("{name} is an array of strings."));
    match names::get(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>().map(Some).ok_or_else(refused)
        }
        Some(_) => Err(refused()),
    }
}

fn whole(body: &Resource, name: &str) -> Result<Option<i64>, ScimError> {
    match names::get(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| ScimError::invalid_value(format!("{name} is a whole number."))),
    }
}
