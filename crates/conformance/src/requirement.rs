//! What a requirement is, and all of them as one table.

use crate::answer::Stop;
use crate::checks;
use crate::session::Session;
use std::pin::Pin;

/// What a check answers with: nothing when the server does what is required.
pub(crate) type Checking<'a> = Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'a>>;

/// A check: sends requests and judges the answers.
pub(crate) type Check = for<'a> fn(&'a Session) -> Checking<'a>;

/// One thing that the RFCs require of a server.
#[derive(Debug)]
pub struct Requirement {
    /// Its name, unique: `create-location`.
    pub id: &'static str,
    /// Where it stands: `RFC 7644 3.3`.
    pub section: &'static str,
    /// What is required, as a sentence without a subject: the server…
    pub words: &'static str,
    /// What the server must announce for it to apply.
    pub needs: &'static [Need],
    /// How it is tried.
    pub(crate) trial: Trial,
}

/// How a requirement is tried.
#[derive(Debug)]
pub(crate) enum Trial {
    /// By a function of its own.
    Check(Check),
    /// By a filter over the cast: exactly these of them must be found, by their short names.
    Filter {
        /// The filter; it is sent in conjunction with one that selects the cast.
        filter: &'static str,
        /// In any order.
        finds: &'static [&'static str],
    },
    /// By a filter that must be answered with 400 `invalidFilter`.
    BadFilter(&'static str),
}

/// A requirement that a function tries.
pub(crate) const fn check(
    id: &'static str,
    section: &'static str,
    words: &'static str,
    needs: &'static [Need],
    check: Check,
) -> Requirement {
    Requirement { id, section, words, needs, trial: Trial::Check(check) }
}

/// A filter that finds exactly these of the cast.
pub(crate) const fn finds(
    id: &'static str,
    words: &'static str,
    filter: &'static str,
    finds: &'static [&'static str],
) -> Requirement {
    Requirement { id, section: "RFC 7644 3.4.2.2", words, needs: &[Need::Filter], trial: Trial::Filter { filter, finds } }
}

/// A filter that is refused.
pub(crate) const fn bad_filter(id: &'static str, words: &'static str, filter: &'static str) -> Requirement {
    Requirement { id, section: "RFC 7644 3.4.2.2", words, needs: &[Need::Filter], trial: Trial::BadFilter(filter) }
}

/// Something that a server announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// `patch.supported`
    Patch,
    /// `bulk.supported`
    Bulk,
    /// `filter.supported`
    Filter,
    /// `sort.supported`
    Sort,
    /// `etag.supported`
    Etag,
    /// `pagination.cursor` (RFC 9865 section 4)
    Cursor,
    /// An authentication scheme
    Authentication,
    /// A resource type with the schema of groups
    Groups,
    /// The enterprise extension on users
    Enterprise,
    /// This attribute in the schema of users
    UserAttribute(&'static str),
}

impl Need {
    /// As a report says that it is missing.
    pub fn words(self) -> String {
        match self {
            Self::Patch => "patch".to_owned(),
            Self::Bulk => "bulk".to_owned(),
            Self::Filter => "filter".to_owned(),
            Self::Sort => "sort".to_owned(),
            Self::Etag => "etag".to_owned(),
            Self::Cursor => "pagination.cursor".to_owned(),
            Self::Authentication => "an authentication scheme".to_owned(),
            Self::Groups => "the resource type Group".to_owned(),
            Self::Enterprise => "the enterprise extension of users".to_owned(),
            Self::UserAttribute(name) => format!("the attribute {name} of users"),
        }
    }
}

/// Every requirement, in the order in which they are tried.
pub fn requirements() -> impl Iterator<Item = &'static Requirement> {
    checks::PARTS.iter().copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_every_requirement_names_its_section() {
        let ids: BTreeSet<_> = requirements().map(|requirement| requirement.id).collect();
        assert_eq!(ids.len(), requirements().count());
        assert!(ids.len() >= 120, "{}", ids.len());
        for requirement in requirements() {
            assert!(requirement.section.starts_with("RFC "), "{}", requirement.id);
            assert!(requirement.id.chars().all(|character| character.is_ascii_lowercase() || "0123456789-".contains(character)));
            assert!(requirement.id.len() <= 36, "{}", requirement.id);
            assert!(!requirement.words.ends_with('.') && !requirement.words.is_empty(), "{}", requirement.id);
        }
    }
}
