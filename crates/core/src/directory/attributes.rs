//! The directory's attributes as a mapping can name them: one table, from key to category, label and reader.

use super::User;
use serde_json::Value;

/// One attribute of a user that a mapping can name.
#[derive(Debug, PartialEq, Eq)]
pub struct DirectoryAttribute {
    /// What configuration files and the store say: `user.organizations.title`.
    pub key: &'static str,
    /// The heading it stands under in the console's list.
    pub category: &'static str,
    /// What the console shows.
    pub label: &'static str,
    read: Read,
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    PrimaryEmail,
    Username,
    GivenName,
    FamilyName,
    FullName,
    UserId,
    /// A field of the attributes object itself.
    Field(&'static str),
    /// A field of the element marked primary, or else of the first one, in a list.
    Listed(&'static str, &'static str),
    /// The value of the first list element whose `type` is this.
    Typed(&'static str, &'static str),
}

const fn row(key: &'static str, category: &'static str, label: &'static str, read: Read) -> DirectoryAttribute {
    DirectoryAttribute { key, category, label, read }
}

/// Every attribute, in the order in which the console lists them.
pub static DIRECTORY_ATTRIBUTES: &[DirectoryAttribute] = &[
    row("user.primary_email", "Basic Information", "Primary email", Read::PrimaryEmail),
    row("user.username", "Basic Information", "Username", Read::Username),
    row("user.name.given_name", "Basic Information", "First name", Read::GivenName),
    row("user.name.family_name", "Basic Information", "Last name", Read::FamilyName),
    row("user.name.full_name", "Additional Details", "Formatted name", Read::FullName),
    row("user.id", "Additional Details", "Directory ID", Read::UserId),
    row("user.recovery_email", "Contact Information", "Recovery email", Read::Field("recoveryEmail")),
    row("user.recovery_phone", "Contact Information", "Recovery phone", Read::Field("recoveryPhone")),
    row("user.emails.home", "Contact Information", "Home email", Read::Typed("emails", "home")),
    row("user.emails.work", "Contact Information", "Work secondary email", Read::Typed("emails", "work")),
    row("user.phones.work", "Phone", "Work phone", Read::Typed("phones", "work")),
    row("user.phones.home", "Phone", "Home phone", Read::Typed("phones", "home")),
    row("user.phones.mobile", "Phone", "Mobile phone", Read::Typed("phones", "mobile")),
    row("user.addresses.work", "Address", "Work address", Read::Typed("addresses", "work")),
    row("user.addresses.home", "Address", "Home address", Read::Typed("addresses", "home")),
    row("user.external_ids.organization", "Employee Details", "Employee ID", Read::Typed("externalIds", "organization")),
    row("user.organizations.title", "Employee Details", "Title", Read::Listed("organizations", "title")),
    row("user.organizations.type", "Employee Details", "Type", Read::Listed("organizations", "description")),
    row("user.organizations.department", "Employee Details", "Department", Read::Listed("organizations", "department")),
    row("user.organizations.cost_center", "Employee Details", "Cost center", Read::Listed("organizations", "costCenter")),
    row("user.relations.manager", "Employee Details", "Manager's email", Read::Typed("relations", "manager")),
    row("user.locations.building_id", "Employee Details", "Building ID", Read::Listed("locations", "buildingId")),
    row("user.locations.floor_name", "Employee Details", "Floor name", Read::Listed("locations", "floorName")),
    row("user.locations.floor_section", "Employee Details", "Floor section", Read::Listed("locations", "floorSection")),
];

impl DirectoryAttribute {
    /// The attribute with this key.
    pub fn find(key: &str) -> Option<&'static Self> {
        DIRECTORY_ATTRIBUTES.iter().find(|attribute| attribute.key == key)
    }

    /// The user's value; `None` when absent or empty, which a mapping treats alike.
    pub fn read(&self, user: &User) -> Option<String> {
        let text = match self.read {
            Read::PrimaryEmail => Some(user.primary_email.clone()),
            Read::Username => user.primary_email.split('@').next().map(str::to_owned),
            Read::GivenName => Some(user.given_name.clone()),
            Read::FamilyName => Some(user.family_name.clone()),
            Read::FullName => Some(user.full_name()),
            Read::UserId => Some(user.id.to_string()),
            Read::Field(field) => user.attributes.get(field).and_then(text),
            Read::Listed(list, field) => primary(elements(user, list)).and_then(|element| element.get(field)).and_then(text),
            Read::Typed(list, kind) => elements(user, list)
                .find(|element| element.get("type").and_then(Value::as_str) == Some(kind))
                .and_then(|element| ["value", "address", "formatted"].iter().find_map(|field| element.get(field)))
                .and_then(text),
        };
        text.filter(|text| !text.is_empty())
    }
}

fn elements<'a>(user: &'a User, list: &str) -> impl Iterator<Item = &'a Value> + Clone + use<'a> {
    user.attributes.get(list).and_then(Value::as_array).into_iter().flatten()
}

fn primary<'a>(mut elements: impl Iterator<Item = &'a Value> + Clone) -> Option<&'a Value> {
    let mut all = elements.clone();
    all.find(|element| element.get("primary") == Some(&Value::Bool(true))).or_else(|| elements.next())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
