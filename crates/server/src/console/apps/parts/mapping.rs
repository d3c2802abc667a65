//! Attribute mapping: a row for every attribute of the app that is filled, mandatory ones first and with `*`.
//!
//! A row is the field `map.ATTRIBUTE` with an expression as its value.

use super::super::form::Fields;
use crate::console::frame::sentence;
use provost_core::app::{AttributeMapping, Expression, Profile};
use provost_core::directory::DIRECTORY_ATTRIBUTES;
use provost_web::{ButtonKind, Markup, Table, button_named, data_table, hint, html, icon, select};

/// Before an attribute's name in the name of its field.
pub(in super::super) const PREFIX: &str = "map.";

/// Fixed values that the list offers beside the directory's attributes.
const FIXED: [&str; 4] = ["true", "false", "'work'", "'home'"];

/// One row: the app's attribute, and the expression as typed; empty when nothing is chosen yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Row {
    pub(in super::super) target: String,
    pub(in super::super) source: String,
}

/// The rows of a stored mapping.
pub(in super::super) fn rows_of(mapping: &[AttributeMapping]) -> Vec<Row> {
    mapping.iter().map(|row| Row { target: row.target.clone(), source: row.source.to_string() }).collect()
}

/// The rows that a form sent, after its *Remove* and *Add attribute* buttons.
pub(in super::super) fn rows_sent(fields: &Fields) -> Vec<Row> {
    let mut rows: Vec<Row> = fields
        .below(PREFIX)
        .map(|(target, source)| Row { target: target.to_owned(), source: source.trim().to_owned() })
        .collect();
    if let Some(removed) = fields.given("remove") {
        rows.retain(|row| row.target != removed);
    }
    let added = fields.given("add_target").filter(|_| fields.text("go") == "add");
    if let Some(target) = added.filter(|target| !rows.iter().any(|row| row.target == *target)) {
        rows.push(Row { target: target.to_owned(), source: String::new() });
    }
    rows
}

/// Whether the form sent one of the buttons within it, after which it is shown again.
pub(in super::super) fn acted(fields: &Fields) -> bool {
    fields.given("remove").is_some() || matches!(fields.text("go"), "add" | "preview")
}

/// The mapping that the rows say, or what is wrong.
pub(in super::super) fn parse(rows: &[Row], profile: &Profile) -> Result<Vec<AttributeMapping>, String> {
    let offered = || profile.mandatory.iter().chain(&profile.optional);
    let mut mapping = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(target) = offered().find(|offered| offered.eq_ignore_ascii_case(&row.target)) else {
            return Err(format!("{} is not an attribute of this app: remove its row.", row.target));
        };
        if row.source.is_empty() {
            return Err(format!("Choose a directory attribute for {target}, or remove its row."));
        }
        let source = Expression::parse(&row.source).map_err(|error| sentence(&format!("the mapping of {target}: {error}")))?;
        mapping.push(AttributeMapping { target: target.clone(), source });
    }
    match profile.mandatory.iter().find(|mandatory| !mapping.iter().any(|row| row.target == **mandatory)) {
        Some(missing) => Err(format!("{missing} is mandatory for this app: add it and choose a directory attribute.")),
        None => Ok(mapping),
    }
}

/// The form's content. `preview` stands below the rows; `preview_path` answers it again while one chooses.
pub(in super::super) fn body(app: &str, profile: &Profile, rows: &[Row], preview_path: &str, preview: &Markup) -> Markup {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|row| !profile.is_mandatory(&row.target));
    let table_rows: Vec<Vec<Markup>> = sorted.iter().map(|row| cells(profile, row, preview_path)).collect();
    let header = format!("{app} attribute");
    let unused: Vec<(&str, &str)> = profile
        .mandatory
        .iter()
        .chain(&profile.optional)
        .filter(|offered| !rows.iter().any(|row| row.target.eq_ignore_ascii_case(offered)))
        .map(|offered| (offered.as_str(), short(offered)))
        .collect();
    html! {
        (hint(&format!("Choose the directory attribute that fills each attribute of {app}. Attributes with * are mandatory: a user without a value for one is not provisioned and stands among the failures.")))
        (data_table(Table { caption: "Attribute mapping", headers: &["Directory attribute", &header, ""], numbers: &[], rows: &table_rows, empty: "No attribute is mapped." }))
        @if !unused.is_empty() {
            div.actions {
                (select("Further attribute", "add_target", &unused, ""))
                (button_named("Add attribute", ButtonKind::Secondary, "go", "add"))
            }
        }
        (preview)
    }
}

fn cells(profile: &Profile, row: &Row, preview_path: &str) -> Vec<Markup> {
    let mandatory = profile.is_mandatory(&row.target);
    let remove = if mandatory {
        html! {}
    } else {
        html! {
            button.button.button-text type="submit" name="remove" value=(row.target) formnovalidate aria-label=(format!("Remove {}", short(&row.target))) { "Remove" }
        }
    };
    vec![
        source_select(row, preview_path),
        html! { span title=(row.target) { (short(&row.target)) @if mandatory { span.required { "* (required)" } } } },
        remove,
    ]
}

/// The list of directory attributes under their categories, and of fixed values.
fn source_select(row: &Row, preview_path: &str) -> Markup {
    let mut categories: Vec<&str> = Vec::new();
    for attribute in DIRECTORY_ATTRIBUTES {
        if !categories.contains(&attribute.category) {
            categories.push(attribute.category);
        }
    }
    let own = Some(row.source.as_str()).filter(|source| {
        !source.is_empty() && !FIXED.contains(source) && !DIRECTORY_ATTRIBUTES.iter().any(|attribute| attribute.key == *source)
    });
    let option = |value: &str, label: &str| html! { option value=(value) selected[value == row.source] { (label) } };
    html! {
        div.select {
            select name=(format!("{PREFIX}{}", row.target)) aria-label=(format!("Directory attribute for {}", short(&row.target)))
                data-search=(preview_path) data-target="mapping-preview" {
                @if row.source.is_empty() { (option("", "Choose…")) }
                @for category in &categories {
                    optgroup label=(category) {
                        @for attribute in DIRECTORY_ATTRIBUTES.iter().filter(|attribute| attribute.category == *category) {
                            (option(attribute.key, &format!("{category} > {}", attribute.label)))
                        }
                    }
                }
                optgroup label="Fixed value" {
                    @for fixed in FIXED.into_iter().chain(own) { (option(fixed, &format!("Always {}", fixed.trim_matches('\'')))) }
                }
            }
            (icon(provost_web::Icon::ChevronDown))
        }
    }
}

/// The last part of an extension's attribute: its URN says little to people.
pub(in super::super) fn short(target: &str) -> &str {
    if target.starts_with("urn:") { target.rsplit(':').next().unwrap_or(target) } else { target }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::app::{default_mapping, profile};

    fn sent(extra: &[(&str, &str)]) -> Fields {
        let profile = profile("netskope").expect("it is in the catalogue");
        let mut pairs: Vec<(String, String)> =
            rows_of(&default_mapping(profile)).into_iter().map(|row| (format!("{PREFIX}{}", row.target), row.source)).collect();
        pairs.extend(extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Fields::of(pairs)
    }

    #[test]
    fn a_form_that_was_not_touched_says_the_mapping_it_was_made_of() {
        let profile = profile("netskope").expect("it is in the catalogue");
        assert_eq!(parse(&rows_sent(&sent(&[])), profile), Ok(default_mapping(profile)));
    }

    #[test]
    fn rows_are_added_and_removed_and_a_mandatory_one_is_missed() {
        let profile = profile("netskope").expect("it is in the catalogue");
        let added = rows_sent(&sent(&[("go", "add"), ("add_target", "title")]));
        assert!(parse(&added, profile).unwrap_err().contains("Choose a directory attribute for title"));
        let removed = rows_sent(&sent(&[("remove", "displayName")]));
        assert!(!removed.iter().any(|row| row.target == "displayName"));
        let broken = rows_sent(&sent(&[("remove", "userName")]));
        assert!(parse(&broken, profile).unwrap_err().contains("userName is mandatory"));
    }
}
