//! The directory: users, groups and their members, org units, domains.
//!
//! Every verb commits one batch: the rows, the admin log events, and the due marks. Nothing here knows an app's rules;
//! who is touched by a change is marked, and what becomes of them is decided elsewhere.

pub(crate) mod address;
pub mod domains;
pub mod groups;
pub mod org_units;
pub mod users;

use crate::StoreError;

/// The most items a page of a list holds.
pub const PAGE_LIMIT_MAX: usize = 1_000;

/// How often a verb that names no revision reads and decides again when somebody else was faster.
pub(crate) const ATTEMPTS_MAX: usize = 5;

/// The longest name, in characters.
const NAME_LENGTH_MAX: usize = 200;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What to pass as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page from up to `limit + 1` items: the one too many says that there is a next page after `cursor` of the last.
    pub fn cut(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}

/// A limit as SQL takes it, one more than asked for, so that [`Page::cut`] sees whether there is a next page.
pub(crate) fn one_more(limit: usize) -> (usize, i64) {
    let limit = limit.clamp(1, PAGE_LIMIT_MAX);
    (limit, i64::try_from(limit + 1).unwrap_or(i64::MAX))
}

/// `text` as a pattern of LIKE … ESCAPE '\' that finds it anywhere.
pub(crate) fn anywhere(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A name without white space around it; `what` is named when it cannot be kept.
pub(crate) fn clean_name(what: &str, text: &str) -> Result<String, StoreError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(StoreError::Invalid(format!("the {what} is empty: give one")));
    }
    if text.chars().count() > NAME_LENGTH_MAX {
        return Err(StoreError::Invalid(format!("the {what} is longer than {NAME_LENGTH_MAX} characters: shorten it")));
    }
    if text.chars().any(char::is_control) {
        return Err(StoreError::Invalid(format!("the {what} contains a control character or line break: remove it")));
    }
    Ok(text.to_owned())
}
