//! What an app announces of itself (`ServiceProviderConfig`, RFC 7643 section 5 and RFC 9865 section 4), and what that makes
//! of the profile it is worked with.
//!
//! An announcement fills in what the catalogue does not state: a fact that the profile names as `stated` stands, whatever
//! the app says of itself.

use super::{Profile, UpdateVerb, catalogue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

/// No more accounts are asked for with a page, whatever the app offers: a page is held in memory.
const PAGE_MAX: u64 = 1_000;

/// A fact that an app can announce and a profile can state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announceable {
    /// Whether PATCH is answered.
    Update,
    /// Whether filters are answered.
    Filter,
    /// How many resources a page holds.
    PageSize,
    /// Whether resources have versions.
    Etags,
    /// Whether lists are read by cursor.
    Cursors,
}

/// What an app announces; `None` where it is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Announced {
    /// `patch.supported`
    pub patch: Option<bool>,
    /// `filter.supported`
    pub filter: Option<bool>,
    /// `filter.maxResults`
    pub results_max: Option<u64>,
    /// `etag.supported`
    pub etag: Option<bool>,
    /// `pagination.cursor`
    pub cursor: Option<bool>,
    /// `pagination.maxPageSize`
    pub page_max: Option<u64>,
    /// `bulk.supported`
    pub bulk: Option<bool>,
    /// `sort.supported`
    pub sort: Option<bool>,
}

impl Announced {
    /// Reads a `ServiceProviderConfig`, leniently; `None` for what is none: an object that says nothing of all this.
    pub fn read(config: &Value) -> Option<Self> {
        let supported = |name: &str| truth(config.get(name)?.get("supported")?);
        let number = |part: &str, name: &str| config.get(part)?.get(name)?.as_u64().filter(|number| *number > 0);
        let read = Self {
            patch: supported("patch"),
            filter: supported("filter"),
            results_max: number("filter", "maxResults"),
            etag: supported("etag"),
            cursor: config.get("pagination").and_then(|pagination| truth(pagination.get("cursor")?)),
            page_max: number("pagination", "maxPageSize"),
            bulk: supported("bulk"),
            sort: supported("sort"),
        };
        (read != Self::default()).then_some(read)
    }

    /// What is announced, for people: each with its value, in the order of the RFC.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let word =
            |supported: Option<bool>| supported.map_or("not said", |supported| if supported { "yes" } else { "no" }).to_owned();
        let number = |number: Option<u64>| number.map_or("not said".to_owned(), |number| number.to_string());
        vec![
            ("PATCH", word(self.patch)),
            ("Filters", word(self.filter)),
            ("Results on a page, at the most", number(self.page_size())),
            ("Versions (ETag)", word(self.etag)),
            ("Paging by cursor", word(self.cursor)),
            ("Bulk", word(self.bulk)),
            ("Sorting", word(self.sort)),
        ]
    }

    /// The most resources on a page.
    fn page_size(&self) -> Option<u64> {
        match (self.results_max, self.page_max) {
            (Some(results), Some(page)) => Some(results.min(page)),
            (results, page) => results.or(page),
        }
    }
}

/// Some apps write their booleans as texts.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What is taken from announcements; page sizes over a hundred are whole hundreds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the app, and they combine freely")]
struct Learned {
    puts: bool,
    filterable: bool,
    page_size: u32,
    etags: bool,
    cursors: bool,
}

/// The catalogue's profiles as they were learned. Each is made once and kept for good, so that a connection is as cheap to
/// copy as without; there are at most 8 × 2 × 109 for each app, and in practice one.
static LEARNED: LazyLock<Mutex<BTreeMap<(String, Learned), &'static Profile>>> = LazyLock::new(Mutex::default);

impl Profile {
    /// The catalogue's profile for `key` with what the app announces put in where the profile leaves it open.
    pub fn learned(key: &str, announced: Option<&Announced>) -> Option<&'static Self> {
        let known = catalogue().iter().find(|profile| profile.key == key)?;
        let Some(announced) = announced else { return Some(known) };
        let open = |what: Announceable| !known.stated.contains(&what);
        let learned = Learned {
            puts: if open(Announceable::Update) && announced.patch == Some(false) {
                true
            } else {
                known.update == UpdateVerb::Put
            },
            filterable: announced.filter.filter(|_| open(Announceable::Filter)).unwrap_or(known.matching_filterable),
            page_size: announced.page_size().filter(|_| open(Announceable::PageSize)).map_or(known.page_size, page_size),
            etags: announced.etag.filter(|_| open(Announceable::Etags)).unwrap_or(known.etags),
            cursors: announced.cursor.filter(|_| open(Announceable::Cursors)).unwrap_or(known.cursors),
        };
        let same = Learned {
            puts: known.update == UpdateVerb::Put,
            filterable: known.matching_filterable,
            page_size: known.page_size,
            etags: known.etags,
            cursors: known.cursors,
        };
        if learned == same {
            return Some(known);
        }
        let mut all = LEARNED.lock().expect("nothing panics while it holds the learned profiles");
        Some(all.entry((key.to_owned(), learned)).or_insert_with(|| {
            Box::leak(Box::new(Self {
                update: if learned.puts { UpdateVerb::Put } else { UpdateVerb::Patch },
                matching_filterable: learned.filterable,
                page_size: learned.page_size,
                etags: learned.etags,
                cursors: learned.cursors,
                ..known.clone()
            }))
        }))
    }
}

fn page_size(announced: u64) -> u32 {
    let bounded = announced.clamp(1, PAGE_MAX);
    let whole = if bounded > 100 { bounded - bounded % 100 } else { bounded };
    u32::try_from(whole).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::profile;
    use serde_json::json;

    #[test]
    fn an_announcement_is_read_leniently() {
        let config = json!({
            "patch": { "supported": "False" }, "filter": { "supported": true, "maxResults": 0 },
            "pagination": { "cursor": true, "maxPageSize": 50 }, "etag": { "supported": 1 }, "bulk": 7,
        });
        let read = Announced::read(&config).expect("an announcement");
        let expected =
            Announced { patch: Some(false), filter: Some(true), cursor: Some(true), page_max: Some(50), ..Announced::default() };
        assert_eq!(read, expected);
        for nothing in [json!({}), json!([]), json!({ "detail": "not found" }), json!({ "patch": true })] {
            assert_eq!(Announced::read(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_a_profile_leaves_open_is_learned_and_what_it_states_stands() {
        let announced = Announced {
            patch: Some(false),
            filter: Some(false),
            results_max: Some(250),
            etag: Some(true),
            cursor: Some(true),
            ..Announced::default()
        };
        let generic = Profile::learned("generic", Some(&announced)).expect("a profile");
        let learned = (generic.update, generic.matching_filterable, generic.page_size, generic.etags, generic.cursors);
        assert_eq!(learned, (UpdateVerb::Put, false, 200, true, true));
        let again = Profile::learned("generic", Some(&announced)).expect("a profile");
        assert!(std::ptr::eq(generic, again), "each is made once");
        let netskope = Profile::learned("netskope", Some(&announced)).expect("a profile");
        let stated = (netskope.update, netskope.matching_filterable, netskope.page_size, netskope.etags, netskope.cursors);
        assert_eq!(stated, (UpdateVerb::Patch, true, 100, true, true));
        let known = profile("generic").expect("a profile");
        for silent in [None, Some(&Announced::default())] {
            assert!(std::ptr::eq(Profile::learned("generic", silent).expect("a profile"), known));
        }
    }

    #[test]
    fn page_sizes_are_bounded() {
        assert_eq!([1, 7, 100, 101, 199, 250, 999_999].map(page_size), [1, 7, 100, 100, 100, 200, 1_000]);
    }
}
