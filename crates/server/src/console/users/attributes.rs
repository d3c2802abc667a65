//! The directory attributes that the edit page sets, and their fields.

use crate::api::set_attributes;
use provost_core::directory::{DIRECTORY_ATTRIBUTES, DirectoryAttribute, User};
use provost_web::{Field, FieldKind, Markup, field, fieldset, html};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Set by fields of their own, or not set at all.
const ELSEWHERE: [&str; 2] = ["Basic Information", "Additional Details"];

pub(super) fn editable() -> impl Iterator<Item = &'static DirectoryAttribute> {
    DIRECTORY_ATTRIBUTES.iter().filter(|attribute| !ELSEWHERE.contains(&attribute.category))
}

/// What is typed, or else what the user has.
fn shown(attribute: &DirectoryAttribute, user: &User, typed: &BTreeMap<String, String>) -> String {
    typed.get(attribute.key).cloned().or_else(|| attribute.read(user)).unwrap_or_default()
}

/// All fields, under the headings of their categories.
pub(super) fn fields(user: &User, typed: &BTreeMap<String, String>) -> Markup {
    let mut categories: Vec<&str> = Vec::new();
    for attribute in editable() {
        if !categories.contains(&attribute.category) {
            categories.push(attribute.category);
        }
    }
    html! {
        @for category in categories {
            (fieldset(category, html! {
                @for attribute in editable().filter(|attribute| attribute.category == category) {
                    (field(Field { label: attribute.label, name: attribute.key, value: &shown(attribute, user, typed), kind: kind(attribute), ..Field::default() }))
                }
            }))
        }
    }
}

fn kind(attribute: &DirectoryAttribute) -> FieldKind {
    if attribute.category == "Address" { FieldKind::Textarea } else { FieldKind::Text }
}

/// The user's attributes with what was typed; `None` when nothing differs. What is not on the page stays as it is.
pub(super) fn changed(user: &User, typed: &BTreeMap<String, String>) -> Result<Option<Map<String, Value>>, String> {
    let mut values = Map::new();
    for attribute in editable() {
        let Some(text) = typed.get(attribute.key) else { continue };
        let text = text.trim().replace("\r\n", "\n");
        if text != attribute.read(user).unwrap_or_default().trim() {
            values.insert(attribute.key.to_owned(), Value::String(text));
        }
    }
    if values.is_empty() {
        return Ok(None);
    }
    let mut attributes = user.attributes.clone();
    set_attributes(&mut attributes, &values).map_err(|problem| problem.detail().to_owned())?;
    Ok(Some(attributes))
}

/// What the user has, as label and value, for the profile.
pub(super) fn present(user: &User) -> Vec<(&'static str, String)> {
    editable().filter_map(|attribute| Some((attribute.label, attribute.read(user)?))).collect()
}
