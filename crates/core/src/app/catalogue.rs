//! The app catalogue: one profile per app, data in `app-catalogue/*.toml`, built into the program.

use super::{Announceable, AttributeMapping, Expression, Rate, RateHeaders};
use serde::Deserialize;
use std::sync::LazyLock;

/// How an account is brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UpdateVerb {
    /// One PATCH with the smallest set of operations.
    Patch,
    /// One PUT with the whole body.
    Put,
}

/// One row of a profile's default mapping.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingRow {
    target: String,
    source: String,
}

/// What is known of an app: its endpoint, its mandatory attributes, and how its SCIM departs from the RFCs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the app, and they combine freely")]
pub struct Profile {
    /// What configuration files say: `netskope`.
    pub key: String,
    /// What the console shows: `Netskope`.
    pub name: String,
    /// One sentence for the catalogue's page.
    pub description: String,
    /// The endpoint with `{placeholders}` that the administrator fills in.
    pub endpoint_template: String,
    /// Targets that must be mapped and must have a value, marked with `*`.
    pub mandatory: Vec<String>,
    /// Further targets the console offers.
    pub optional: Vec<String>,
    /// The attribute that accounts are found by.
    pub matching: String,
    /// Whether the app itself keeps that attribute unique, so that a create needs no look-up before it.
    pub matching_unique: bool,
    /// Whether the app answers a filter on that attribute; otherwise the client lists and matches.
    pub matching_filterable: bool,
    /// PATCH or PUT.
    pub update: UpdateVerb,
    /// Whether an account can be given another value of that attribute.
    pub renamable: bool,
    /// Whether accounts can be suspended (`active: false`).
    pub suspend: bool,
    /// Whether booleans go out as strings.
    pub boolean_strings: bool,
    /// The content type of requests.
    pub content_type: String,
    /// The most resources the app answers with a page.
    pub page_size: u32,
    /// Whether accounts have versions, so that a change can say which one it was decided on.
    #[serde(default)]
    pub etags: bool,
    /// Whether lists are read by cursor from the first page on.
    #[serde(default)]
    pub cursors: bool,
    /// What this profile states whatever the app announces of itself.
    #[serde(default)]
    pub stated: Vec<Announceable>,
    /// The rates that the app bears; none where no limit is known.
    pub rates: Vec<Rate>,
    /// The headers that tell how much of the rate is left, where the app sends them.
    #[serde(default)]
    pub rate_headers: Option<RateHeaders>,
    /// Requests under way at once, at the most.
    pub concurrency: u32,
    pub(super) mapping: Vec<MappingRow>,
}

static CATALOGUE: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    [
        include_str!("../../../../app-catalogue/netskope.toml"),
        include_str!("../../../../app-catalogue/netskope-suspend.toml"),
        include_str!("../../../../app-catalogue/generic.toml"),
        include_str!("../../../../app-catalogue/generic-unfiltered.toml"),
        include_str!("../../../../app-catalogue/provost-tenant.toml"),
    ]
    .into_iter()
    .map(|text| toml::from_str(text).expect("the built-in catalogue is checked by a test of this module"))
    .collect()
});

/// Every app of the catalogue.
pub fn catalogue() -> &'static [Profile] {
    &CATALOGUE
}

/// The app with this key.
pub fn profile(key: &str) -> Option<&'static Profile> {
    CATALOGUE.iter().find(|profile| profile.key == key)
}

impl Profile {
    /// The rows a new connection starts with.
    pub(super) fn default_rows(&self) -> Vec<AttributeMapping> {
        self.mapping
            .iter()
            .map(|row| AttributeMapping {
                target: row.target.clone(),
                source: Expression::parse(&row.source).expect("the built-in catalogue is checked by a test of this module"),
            })
            .collect()
    }

    /// Whether a value for `target` must be there.
    pub fn is_mandatory(&self, target: &str) -> bool {
        self.mandatory.iter().any(|mandatory| mandatory.eq_ignore_ascii_case(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::ConnectionConfig;

    #[test]
    fn every_profile_parses_and_its_default_mapping_is_complete() {
        for profile in catalogue() {
            assert_eq!(ConnectionConfig::new(&profile.endpoint_template, profile).check(profile), Ok(()), "{}", profile.key);
            assert!(profile.concurrency > 0 && profile.rates.iter().all(|rate| rate.requests > 0), "{}", profile.key);
            let lower = |name: &str| name == name.to_lowercase();
            assert!(profile.rate_headers.iter().all(|headers| lower(&headers.remaining) && lower(&headers.reset)));
        }
    }
}
