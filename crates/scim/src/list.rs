//! List answers and index paging (RFC 7644 section 3.4.2).

use crate::Resource;
use serde_json::{Value, json};

/// The URN of list answers.
pub const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListResponse {
    /// How many match, on all pages.
    pub total_results: u64,
    /// The index of the first of these, from 1.
    pub start_index: u64,
    /// This page.
    pub resources: Vec<Resource>,
}

impl ListResponse {
    /// The body. RFC 7644 section 3.4.2: `Resources` may be absent when there is none; it is always written here.
    pub fn body(self) -> Value {
        json!({
            "schemas": [LIST_SCHEMA],
            "totalResults": self.total_results,
            "itemsPerPage": self.resources.len(),
            "startIndex": self.start_index,
            "Resources": self.resources,
        })
    }
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
    use super::{ListResponse, Page};

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
        let body = ListResponse { total_results: 0, start_index: 1, resources: Vec::new() }.body();
        let expected = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 0, "itemsPerPage": 0, "startIndex": 1, "Resources": []
        });
        assert_eq!(body, expected);
    }
}
