//! Which events the page lists.

use crate::console::form::href;
use provost_core::time::{Span, Timestamp};
use provost_store::directory::users;
use provost_store::log::LogQuery;
use provost_store::{Store, StoreError};
use serde::Deserialize;

/// Without a beginning, this much is listed.
const USUAL: Span = Span::days(30);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) user: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) after: String,
}

impl Filter {
    /// With the usual beginning when none was given.
    pub(super) fn with_defaults(self, now: Timestamp) -> Self {
        if self.from.is_empty() { Self { from: day(now - USUAL), ..self } } else { self }
    }

    /// The question to the log, without a limit; `None`, and why, when nothing can match.
    pub(super) async fn query(&self, store: &Store) -> Result<(Option<LogQuery>, Option<String>), StoreError> {
        let user = match self.user.trim() {
            "" => None,
            key => match key.parse() {
                // The log also knows users whom the directory has forgotten.
                Ok(id) => Some(id),
                Err(_) => match users::find(store, key).await {
                    Ok(user) => Some(user.id),
                    Err(StoreError::NotFound { .. }) => {
                        let text = format!("There is no user {key}. Of users whom the directory has forgotten, give the ID.");
                        return Ok((None, Some(text)));
                    }
                    Err(error) => return Err(error),
                },
            },
        };
        let (from, to) = (start_of(&self.from), start_of(&self.to));
        let unread = (!self.from.is_empty() && from.is_none()) || (!self.to.is_empty() && to.is_none());
        let query = LogQuery {
            name: Some(self.name.clone()).filter(|name| !name.is_empty()),
            connection: None,
            user,
            from,
            to: to.map(|to| to + Span::days(1)),
            after: Some(self.after.clone()).filter(|after| !after.is_empty()),
            limit: 0,
        };
        let trouble = unread.then(|| "A date could not be read and was left out: write it like 2026-11-23.".to_owned());
        Ok((Some(query), trouble))
    }

    /// The list, or its CSV, with this filter, from `after` on.
    pub(super) fn href(&self, path: &str, after: &str) -> String {
        let values = [("name", &*self.name), ("user", &self.user), ("from", &self.from), ("to", &self.to), ("after", after)];
        href(path, &values)
    }
}

/// `2026-11-23`.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// The day's first instant, in UTC.
fn start_of(date: &str) -> Option<Timestamp> {
    let date: jiff::civil::Date = date.trim().parse().ok()?;
    let instant = format!("{date}T00:00:00Z").parse::<jiff::Timestamp>().ok()?;
    Some(Timestamp(instant.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_449_720_000_000);

    #[test]
    fn days_are_read_as_they_are_written() {
        assert_eq!(day(NOW), "2026-11-23");
        assert_eq!(start_of("2026-11-23").map(|at| at.to_string()).as_deref(), Some("2026-11-23T00:00:00Z"));
        assert_eq!([start_of(""), start_of("23.11.2026"), start_of("2026-13-01")], [None, None, None]);
    }

    #[test]
    fn the_last_thirty_days_are_the_usual_ones() {
        assert_eq!(Filter::default().with_defaults(NOW).from, "2026-10-24");
        let given = Filter { from: "2020-01-01".to_owned(), ..Filter::default() };
        assert_eq!(given.with_defaults(NOW).from, "2020-01-01");
    }
}
