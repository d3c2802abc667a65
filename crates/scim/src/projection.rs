//! Which attributes of a resource are shown (RFC 7644 section 3.9, RFC 7643 section 7 `returned`).

use crate::error::ScimError;
use crate::path::AttributePath;
use crate::schema::{Attribute, AttributeType, Found, Returned, Schema, Schemas};
use crate::{Resource, names};
use serde_json::Value;

/// More names than this in one parameter are refused.
const NAMES_MAX: usize = 100;

/// What the client asked to see.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Projection {
    /// What is returned by default.
    #[default]
    Default,
    /// `attributes`: these, and what is always returned.
    Only(Vec<AttributePath>),
    /// `excludedAttributes`: what is returned by default, without these.
    Without(Vec<AttributePath>),
}

impl Projection {
    /// Reads the parameters `attributes` and `excludedAttributes`, of which only one may be there.
    pub fn parse(attributes: Option<&[String]>, excluded: Option<&[String]>) -> Result<Self, ScimError> {
        match (attributes, excluded) {
            (None, None) => Ok(Self::Default),
            (Some(names), None) => paths(names).map(Self::Only),
            (None, Some(names)) => paths(names).map(Self::Without),
            // RFC 7644 section 3.9: the parameters are mutually exclusive.
            (Some(_), Some(_)) => Err(ScimError::invalid_value("Give either attributes or excludedAttributes, not both.")),
        }
    }

    /// Whether the client asked for this attribute by name, so that one returned on request is shown.
    pub fn asks_for(&self, attribute: &str) -> bool {
        match self {
            Self::Default | Self::Without(_) => false,
            Self::Only(paths) => paths.iter().any(|path| names::same(&path.attribute, attribute)),
        }
    }
}

fn paths(names: &[String]) -> Result<Vec<AttributePath>, ScimError> {
    if names.len() > NAMES_MAX {
        return Err(ScimError::invalid_value(format!("At most {NAMES_MAX} attributes can be named in one request.")));
    }
    let trimmed = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    trimmed.map(|name| AttributePath::parse(name).map_err(|error| error.in_path(name))).collect()
}

/// The resource as the client will see it. Attributes that no schema knows are not shown.
///
/// ```
/// use provost_scim::projection::{Projection, project};
/// use provost_scim::{Resource, Schemas};
/// use serde_json::json;
///
/// let user: Resource = serde_json::from_value(json!({
///     "id": "1", "userName": "ada", "title": "Countess", "name": { "givenName": "Ada", "familyName": "King" }
/// })).unwrap();
/// let wanted = Projection::parse(Some(&["name.givenName".to_owned()]), None).unwrap();
/// // The id is always shown.
/// assert_eq!(json!(project(user, &Schemas::user(), &wanted)), json!({ "id": "1", "name": { "givenName": "Ada" } }));
/// ```
pub fn project(mut resource: Resource, schemas: &Schemas, projection: &Projection) -> Resource {
    let wanted = Wanted::of(projection, schemas);
    let view = View { extension: None, wanted: &wanted };
    keep(&mut resource, |key, value| {
        if let Some(extension) = schemas.extension(key) {
            let Value::Object(members) = value else { return None };
            project_extension(members, extension, schemas, &wanted).then_some(Some(extension.id.as_str()))
        } else {
            let attribute = schemas.attribute(key)?;
            view.shows(&attribute.name, attribute, value).then_some(Some(attribute.name.as_str()))
        }
    });
    resource
}

/// Whether anything of the extension is shown.
fn project_extension(members: &mut Resource, extension: &Schema, schemas: &Schemas, wanted: &Wanted<'_>) -> bool {
    let view = View { extension: Some(extension), wanted };
    keep(members, |key, value| {
        let attribute = schemas.extension_attribute(extension, key)?;
        // One that may be called anything keeps its name.
        let spelled = (attribute.kind != AttributeType::Any).then_some(attribute.name.as_str());
        view.shows(spelled.unwrap_or(key), attribute, value).then_some(spelled)
    });
    !members.is_empty()
}

/// Keeps the members that are shown, spelled as the schema has it, where it has a spelling. Nearly always they are already.
fn keep<'n>(members: &mut Resource, mut shown: impl FnMut(&str, &mut Value) -> Option<Option<&'n str>>) {
    let mut misspelled: Vec<(String, &str)> = Vec::new();
    members.retain(|key, value| {
        let shown = shown(key, value);
        misspelled.extend(shown.flatten().filter(|name| name != key).map(|name| (key.clone(), name)));
        shown.is_some()
    });
    if !misspelled.is_empty() {
        let name = |key: String| misspelled.iter().find(|(of, _)| *of == key).map_or(key, |(_, name)| (*name).to_owned());
        *members = std::mem::take(members).into_iter().map(|(key, value)| (name(key), value)).collect();
    }
}

/// A [`Projection`] whose paths have been looked up: each resource has many attributes, and each of them is held against all paths.
enum Wanted<'a> {
    Default,
    Only(Vec<Named<'a>>),
    Without(Vec<Named<'a>>),
}

/// What a path names.
struct Named<'a> {
    extension: Option<&'a Schema>,
    /// An attribute and perhaps a part of it, as written; without one, everything in the schema.
    attribute: Option<(&'a str, Option<&'a str>)>,
}

impl<'a> Wanted<'a> {
    fn of(projection: &'a Projection, schemas: &'a Schemas) -> Self {
        let named = |paths: &'a [AttributePath]| paths.iter().filter_map(|path| Named::of(path, schemas)).collect();
        match projection {
            Projection::Default => Self::Default,
            Projection::Only(paths) => Self::Only(named(paths)),
            Projection::Without(paths) => Self::Without(named(paths)),
        }
    }
}

impl<'a> Named<'a> {
    /// `None` for what no schema knows.
    fn of(path: &'a AttributePath, schemas: &'a Schemas) -> Option<Self> {
        if path.as_schema_urn().is_some_and(|urn| names::same(&schemas.base.id, &urn)) {
            return Some(Self { extension: None, attribute: None });
        }
        match schemas.find(path)? {
            Found::Extension(extension) => Some(Self { extension: Some(extension), attribute: None }),
            Found::Attribute { extension, .. } => {
                Some(Self { extension, attribute: Some((&path.attribute, path.sub_attribute.as_deref())) })
            }
        }
    }
}

struct View<'a> {
    extension: Option<&'a Schema>,
    wanted: &'a Wanted<'a>,
}

/// How a list of paths touches one attribute.
struct Touch<'a> {
    /// Whether it is named itself, alone or with everything in its schema.
    whole: bool,
    /// The parts that are named.
    parts: Vec<&'a str>,
}

impl View<'_> {
    /// Whether anything of the attribute is shown; what is not is taken out of the value.
    fn shows(&self, name: &str, attribute: &Attribute, value: &mut Value) -> bool {
        // RFC 7643 section 7: "always" whatever the client says, "never" likewise, "request" only by name.
        let parts = match (attribute.returned, self.wanted) {
            (Returned::Never, _) | (Returned::Request, Wanted::Default | Wanted::Without(_)) => None,
            (Returned::Always, Wanted::Default | Wanted::Without(_)) | (Returned::Default, Wanted::Default) => {
                Some(Parts::AllAnd(Vec::new()))
            }
            (Returned::Always, Wanted::Only(paths)) => Some(Parts::AllAnd(self.touch(paths, name).parts)),
            (Returned::Default | Returned::Request, Wanted::Only(paths)) => match self.touch(paths, name) {
                Touch { whole: true, parts } => Some(Parts::AllAnd(parts)),
                Touch { whole: false, parts } if parts.is_empty() => always_parts(attribute),
                Touch { whole: false, parts } => Some(Parts::Only(parts)),
            },
            (Returned::Default, Wanted::Without(paths)) => match self.touch(paths, name) {
                Touch { whole: true, .. } => always_parts(attribute),
                Touch { whole: false, parts } => Some(Parts::Without(parts)),
            },
        };
        parts.is_some_and(|parts| keep_parts(attribute, value, &parts))
    }

    fn touch<'p>(&self, paths: &'p [Named<'_>], name: &str) -> Touch<'p> {
        let mut touch = Touch { whole: false, parts: Vec::new() };
        for path in paths {
            let same_schema = match (path.extension, self.extension) {
                (Some(named), Some(extension)) => names::same(&named.id, &extension.id),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            match path.attribute.filter(|_| same_schema) {
                None => touch.whole |= same_schema,
                Some((named, part)) if names::same(named, name) => match part {
                    None => touch.whole = true,
                    Some(part) => touch.parts.push(part),
                },
                Some(_) => {}
            }
        }
        touch
    }
}

/// What is left of an attribute that the client does not want: the parts that are returned always, if it has any.
fn always_parts<'a>(attribute: &Attribute) -> Option<Parts<'a>> {
    let has_any = attribute.sub_attributes.iter().any(|part| part.returned == Returned::Always);
    has_any.then(|| Parts::Only(Vec::new()))
}

enum Parts<'a> {
    /// What is returned by default, and these.
    AllAnd(Vec<&'a str>),
    Only(Vec<&'a str>),
    Without(Vec<&'a str>),
}

/// Whether anything is left.
fn keep_parts(attribute: &Attribute, value: &mut Value, parts: &Parts<'_>) -> bool {
    match value {
        Value::Array(items) => {
            items.retain_mut(|item| keep_parts(attribute, item, parts));
            !items.is_empty()
        }
        Value::Object(members) => {
            members.retain(|key, _| keeps(attribute, key, parts));
            !members.is_empty()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn keeps(attribute: &Attribute, key: &str, parts: &Parts<'_>) -> bool {
    let named = |list: &[&str]| list.iter().any(|name| names::same(name, key));
    let returned = attribute.sub_attribute(key).map_or(Returned::Default, |part| part.returned);
    match (returned, parts) {
        (Returned::Always, _) | (Returned::Default, Parts::AllAnd(_)) => true,
        (Returned::Never, _) | (Returned::Request, Parts::Without(_)) => false,
        (Returned::Default, Parts::Only(list)) | (Returned::Request, Parts::AllAnd(list) | Parts::Only(list)) => named(list),
        (Returned::Default, Parts::Without(list)) => !named(list),
    }
}
