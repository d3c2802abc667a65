//! One line and what it means: JSON into the rows of a user or a group, and back.

use super::lines::{LINE_BYTES_MAX, LINE_VALUES_MAX};
use crate::find::keys::CHARACTERS_MAX;
use crate::groups::GroupRecord;
use crate::users::UserRecord;
use provost_scim::provider::ResourceKind;
use provost_scim::{Leniency, Resource, Schemas, validate};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A resource of a file.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) id: String,
    /// `userName` or `displayName`.
    pub(super) name: String,
    /// Without `id`, `meta`, `members` and what is read-only.
    pub(super) body: Resource,
    /// Microseconds since 1970, when the line says so.
    pub(super) created_at: Option<i64>,
    pub(super) modified_at: Option<i64>,
    pub(super) kind: Kind,
}

/// What only users or only groups have.
#[derive(Debug)]
pub(super) enum Kind {
    User {
        external_id: Option<String>,
        active: bool,
    },
    /// The ids of its members.
    Group {
        users: BTreeSet<String>,
        groups: BTreeSet<String>,
    },
}

/// What lines are checked against; made once for a file, because schemas are large.
#[derive(Debug)]
pub(super) struct Rules {
    users: Schemas,
    groups: Schemas,
}

impl Rules {
    pub(super) fn new() -> Self {
        Self { users: Schemas::user(), groups: Schemas::group() }
    }

    /// Reads a line; the error says what is wrong, why, and what to do.
    pub(super) fn read(&self, line: &[u8]) -> Result<Incoming, String> {
        if line.len() > LINE_BYTES_MAX {
            return Err(format!("is longer than {} MB: split the group", LINE_BYTES_MAX >> 20));
        }
        let mut resource = provost_scim::json::parse_object_within(line, LINE_VALUES_MAX)
            .map_err(|error| format!("is not one JSON object: {} Write each resource as one line of JSON", error.detail))?;
        let kind = self.kind(&resource)?;
        let id = name(&resource, "id")?.ok_or("has no id: an import keeps ids, so give each resource one that is unique")?;
        let (created_at, modified_at) = times(&resource)?;
        let members = take(&mut resource, "members");
        let schemas = match kind {
            ResourceKind::User => &self.users,
            ResourceKind::Group => &self.groups,
        };
        let body = validate::normalize(&resource, schemas, &Leniency::NONE)
            .map_err(|error| format!("is refused by the schema: {} Mend this attribute", error.detail))?;
        let required = |attribute: &str| name(&body, attribute)?.ok_or_else(|| format!("has no {attribute}: give it one"));
        let (name, kind) = match kind {
            ResourceKind::User => {
                let active = body.get("active") != Some(&Value::Bool(false));
                (required("userName")?, Kind::User { external_id: key(&body, "externalId")?, active })
            }
            ResourceKind::Group => {
                let (users, groups) = member_ids(members)?;
                (required("displayName")?, Kind::Group { users, groups })
            }
        };
        Ok(Incoming { id, name, body, created_at, modified_at, kind })
    }

    /// The kind is told by `schemas`.
    fn kind(&self, resource: &Resource) -> Result<ResourceKind, String> {
        let urns = find(resource, "schemas").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let names = |urn: &str| urns.iter().filter_map(Value::as_str).any(|given| given.eq_ignore_ascii_case(urn));
        match (names(&self.users.base.id), names(&self.groups.base.id)) {
            (true, false) => Ok(ResourceKind::User),
            (false, true) => Ok(ResourceKind::Group),
            (true, true) => Err("names the schemas of a user and of a group: keep the one that it is".to_owned()),
            (false, false) => {
                Err(format!("does not say what it is: name \"{}\" or \"{}\" in schemas", self.users.base.id, self.groups.base.id))
            }
        }
    }
}

/// A user as a line.
pub(super) fn user_line(user: &UserRecord) -> Resource {
    line(ResourceKind::User, &user.id, &user.body, user.created_at, user.modified_at)
}

/// A group with its members, each an id and a kind, as a line.
pub(super) fn group_line<'a>(group: &GroupRecord, members: impl Iterator<Item = (&'a str, ResourceKind)>) -> Resource {
    let mut body = group.body.clone();
    let members: Vec<Value> = members
        .map(|(id, kind)| match kind {
            ResourceKind::User => json!({ "value": id }),
            ResourceKind::Group => json!({ "value": id, "type": "Group" }),
        })
        .collect();
    if !members.is_empty() {
        body.insert("members".to_owned(), Value::Array(members));
    }
    line(ResourceKind::Group, &group.id, &body, group.created_at, group.modified_at)
}

fn line(kind: ResourceKind, id: &str, body: &Resource, created_at: i64, modified_at: i64) -> Resource {
    let mut line = Resource::new();
    line.insert("schemas".to_owned(), body.get("schemas").cloned().unwrap_or_default());
    line.insert("id".to_owned(), json!(id));
    line.extend(body.iter().filter(|(name, _)| *name != "schemas").map(|(name, value)| (name.clone(), value.clone())));
    // To the microsecond, so that a second import finds nothing different.
    let meta = json!({ "resourceType": kind.word(), "created": instant(created_at), "lastModified": instant(modified_at) });
    line.insert("meta".to_owned(), meta);
    line
}

fn instant(micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{at:.6}")
}

fn times(resource: &Resource) -> Result<(Option<i64>, Option<i64>), String> {
    let Some(meta) = find(resource, "meta").and_then(Value::as_object) else { return Ok((None, None)) };
    let time = |name: &str| match find(meta, name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let parsed = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            parsed.map(|at| Some(at.as_microsecond())).ok_or_else(|| {
                format!("has a meta.{name} that is no instant: write it as \"2011-05-13T04:42:34Z\", or leave it out")
            })
        }
    };
    Ok((time("created")?, time("lastModified")?))
}

/// A text by which a resource is known, which is not empty.
fn name(resource: &Resource, attribute: &str) -> Result<Option<String>, String> {
    match key(resource, attribute)? {
        Some(text) if text.is_empty() => Err(format!("has an empty {attribute}: give it one")),
        known => Ok(known),
    }
}

/// A text that is searched by an index: not too long, and without control characters.
fn key(resource: &Resource, name: &str) -> Result<Option<String>, String> {
    let text = match find(resource, name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(format!("has an {name} that is no text: write it in quotation marks")),
    };
    if text.chars().count() > CHARACTERS_MAX || text.contains(char::is_control) {
        return Err(format!(
            "has an {name} that is longer than {CHARACTERS_MAX} characters or holds control characters: change it"
        ));
    }
    Ok(Some(text.clone()))
}

/// The ids of the members that are users, and of those that are groups. RFC 7643 section 4.2: `type` tells them apart.
fn member_ids(members: Option<Value>) -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
    let items = match members {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => return Err("has members that are no array: write [{\"value\": \"ID\"}]".to_owned()),
    };
    let (mut users, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        let Some(member) = item.as_object() else {
            return Err("has a member that is no object: write {\"value\": \"ID\"}".to_owned());
        };
        let ids = match find(member, "type").and_then(Value::as_str).unwrap_or("User") {
            kind if kind.eq_ignore_ascii_case("User") => &mut users,
            kind if kind.eq_ignore_ascii_case("Group") => &mut groups,
            _ => return Err("has a member that is neither a user nor a group: write its type as User or Group".to_owned()),
        };
        match find(member, "value").and_then(Value::as_str) {
            Some(id) if !id.is_empty() => ids.insert(id.to_owned()),
            Some(_) | None => return Err("has a member without a value: write {\"value\": \"ID\"}".to_owned()),
        };
    }
    Ok((users, groups))
}

/// RFC 7643 section 2.1: attribute names are compared without regard to case.
fn find<'a>(resource: &'a Resource, name: &str) -> Option<&'a Value> {
    resource.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn take(resource: &mut Resource, name: &str) -> Option<Value> {
    let key = resource.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    resource.shift_remove(&key)
}
