//! What the forms *New Token* and *Edit* hold between two requests. The whole state travels in the form, so that adding an
//! endpoint, searching and removing work without script.

use crate::tokens::{Grant, LifetimeUnit, Permission};

/// Which button was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pressed {
    /// Enter in a field, or *Search*.
    Refresh,
    /// *Add Endpoint*.
    OpenPicker,
    /// An endpoint of the picker.
    Choose(String),
    /// *Remove* beside a chosen endpoint.
    Remove(String),
    /// *Save*.
    Save,
}

/// The form's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TokenForm {
    pub(super) name: String,
    /// As typed.
    pub(super) amount: String,
    pub(super) unit: LifetimeUnit,
    pub(super) grants: Vec<Grant>,
    /// What is searched for, while the picker is open.
    pub(super) search: Option<String>,
}

impl TokenForm {
    /// The empty form of *New Token*: 365 days.
    pub(super) fn new() -> Self {
        Self { name: String::new(), amount: "365".to_owned(), unit: LifetimeUnit::Days, grants: Vec::new(), search: None }
    }

    /// Reads a posted form, applies the button, and says which it was. Unknown endpoints and privileges are dropped.
    pub(super) fn read(fields: &[(String, String)]) -> (Self, Pressed) {
        let all =
            |name: &str| fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
        let one = |name: &str| all(name).first().copied().unwrap_or_default().to_owned();
        let grant = |endpoint: &str| Grant::new(endpoint, one(&format!("permission:{endpoint}")).parse().ok()?).ok();
        let mut form = Self {
            name: one("name"),
            amount: one("amount"),
            unit: LifetimeUnit::from_word(&one("unit")).unwrap_or(LifetimeUnit::Days),
            grants: all("endpoint").into_iter().filter_map(grant).collect(),
            search: all("search").first().map(|text| text.chars().take(200).collect()),
        };
        let pressed = pressed(&one("do"));
        form.apply(&pressed);
        (form, pressed)
    }

    fn apply(&mut self, pressed: &Pressed) {
        match pressed {
            Pressed::Refresh | Pressed::Save => {}
            Pressed::OpenPicker => {
                self.search.get_or_insert_default();
            }
            Pressed::Choose(path) => {
                let taken = self.grants.iter().any(|grant| grant.endpoint == *path);
                if !taken && let Ok(grant) = Grant::new(path, Permission::Read) {
                    self.grants.push(grant);
                }
                self.search = None;
            }
            Pressed::Remove(path) => self.grants.retain(|grant| grant.endpoint != *path),
        }
    }
}

fn pressed(text: &str) -> Pressed {
    match text.split_once(' ') {
        Some(("choose", path)) => Pressed::Choose(path.to_owned()),
        Some(("remove", path)) => Pressed::Remove(path.to_owned()),
        Some(_) | None if text == "add-endpoint" => Pressed::OpenPicker,
        Some(_) | None if text == "save" => Pressed::Save,
        Some(_) | None => Pressed::Refresh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn endpoints_are_added_removed_and_kept_with_their_privileges() {
        let (form, pressed) = TokenForm::read(&fields(&[
            ("name", "google"),
            ("amount", "12"),
            ("unit", "weeks"),
            ("endpoint", "/api/v2/scim/Users"),
            ("permission:/api/v2/scim/Users", "rw"),
            ("search", "scim"),
            ("do", "choose /api/v2/scim/Groups"),
        ]));
        assert_eq!(pressed, Pressed::Choose("/api/v2/scim/Groups".to_owned()));
        assert_eq!((form.name.as_str(), form.amount.as_str(), form.unit), ("google", "12", LifetimeUnit::Weeks));
        let held: Vec<_> = form.grants.iter().map(|grant| (grant.endpoint.as_str(), grant.permission)).collect();
        assert_eq!(held, [("/api/v2/scim/Users", Permission::ReadWrite), ("/api/v2/scim/Groups", Permission::Read)]);
        assert_eq!(form.search, None, "the picker closes");

        let (form, _) = TokenForm::read(&fields(&[
            ("endpoint", "/api/v2/scim/Users"),
            ("permission:/api/v2/scim/Users", "rw"),
            ("do", "remove /api/v2/scim/Users"),
        ]));
        assert!(form.grants.is_empty());
    }

    #[test]
    fn made_up_fields_do_no_harm() {
        let (form, pressed) =
            TokenForm::read(&fields(&[("endpoint", "/etc/passwd"), ("permission:/etc/passwd", "root"), ("do", "drop tables")]));
        assert_eq!(pressed, Pressed::Refresh);
        assert!(form.grants.is_empty());
        assert_eq!(form.unit, LifetimeUnit::Days);
    }
}
