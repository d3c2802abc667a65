//! List answers and index paging (RFC 7644 section 3.4.2).

use crate::Resource;
use serde_json::{Value, json};

/// The URN of list answers.
pub const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListResponse {
    /// Where this page stands.
    pub listing: Listing,
    /// This page.
    pub resources: Vec<Resource>,
}

impl ListResponse {
    /// The body. RFC 7644 section 3.4.2: `Resources` may be absent when there is none; it is always written here.
    pub fn body(self) -> Value {
        let mut body = Resource::new();
        let mut set = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        set("schemas", json!([LIST_SCHEMA]));
        if let Some(total) = self.listing.total {
            set("totalResults", json!(total));
        }
        set("itemsPerPage", json!(self.resources.len()));
        match self.listing.place {
            Place::Index(start_index) => set("startIndex", json!(start_index)),
            // RFC 9865 section 2.1: a page without `nextCursor` is the last one.
            Place::Cursor { next, previous } => {
                for (name, cursor) in [("previousCursor", previous), ("nextCursor", next)] {
                    if let Some(cursor) = cursor {
                        set(name, json!(cursor));
                    }
                }
            }
        }
        set("Resources", self.resources.into_iter().map(Value::Object).collect());
        Value::Object(body)
    }
}

/// How a client walks through a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// By the index of the first one (RFC 7644 section 3.4.2.4).
    Index(Page),
    /// By cursor (RFC 9865): from the beginning, or after what the provider's own cursor names.
    Cursor {
        /// The provider's `nextCursor` or `previousCursor`; `None` at the beginning.
        cursor: Option<String>,
        /// At most this many.
        count: u64,
    },
}

/// Where the page of an answer stands in its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// How many match, on all pages; `None` where counting them would cost more than the page (RFC 9865 section 2.1).
    pub total: Option<u64>,
    /// How the rest is reached.
    pub place: Place,
}

/// The place of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The index of its first resource, from 1.
    Index(u64),
    /// RFC 9865: the cursors of its neighbours.
    Cursor {
        /// `None` on the last page.
        next: Option<String>,
        /// `None` on the first page.
        previous: Option<String>,
    },
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub start_index: u64,
    /// At most this many; 0 asks for the total only.
    pub count: u64,
}

impl Page {
    /// Reads the two query parameters; without `count`, `count_max` is meant.
    ///
    /// RFC 7644 section 3.4.2.4: "A value less than 1 SHALL be interpreted as 1" for `startIndex`, "a negative value SHALL be
    /// interpreted as 0" for `count`, and no more than `count` are returned, but there may be fewer.
    pub fn of(start_index: Option<i64>, count: Option<i64>, count_max: u64) -> Self {
        let start_index = u64::try_from(start_index.unwrap_or(1)).unwrap_or(1).max(1);
        let count = match count {
            Some(count) => u64::try_from(count).unwrap_or(0).min(count_max),
            None => count_max,
        };
        Self { start_index, count }
    }

    /// How many to skip.
    pub const fn offset(self) -> u64 {
        self.start_index.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::{ListResponse, Listing, Page, Place};

    #[test]
    fn page_parameters_out_of_range_are_read_as_the_rfc_says() {
        let page = |start_index, count| Page { start_index, count };
        let cases = [
            (None, None, page(1, 200)),
            (Some(0), Some(10), page(1, 10)),
            (Some(-5), Some(-1), page(1, 0)),
            (Some(3), Some(0), page(3, 0)),
            (Some(i64::MAX), Some(i64::MAX), page(i64::MAX.unsigned_abs(), 200)),
            (Some(i64::MIN), Some(i64::MIN), page(1, 0)),
        ];
        for (start_index, count, expected) in cases {
            assert_eq!(Page::of(start_index, count, 200), expected, "{start_index:?} {count:?}");
        }
        assert_eq!(Page::of(Some(1), None, 200).offset(), 0);
    }

    #[test]
    fn an_empty_list_has_all_its_numbers() {
        let body = ListResponse { listing: Listing { total: Some(0), place: Place::Index(1) }, resources: Vec::new() }.body();
        let expected = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 0, "itemsPerPage": 0, "startIndex": 1, "Resources": []
        });
        assert_eq!(body, expected);
    }
}
