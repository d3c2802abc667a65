//! First contact: whether an app's accounts are listed once, or searched for one by one.
//!
//! A listing is worth it when it takes fewer requests. How many pages it takes is known only once the app has said how many
//! accounts it has, and the first page says so: where that is not known yet, the first page is asked for by a coarser rule.

/// From this many users on the first page is asked for, where every create is preceded by a search: one page is less than
/// two searches.
const ASKED_FROM: u64 = 2;

/// The same where the app refuses a second account of one name: it may well hold nobody, and then the page was for nothing.
const ASKED_FROM_WHERE_UNIQUE: u64 = 10;

/// What is known before the first account is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// Users who are to have an account and have none.
    pub to_create: u64,
    /// Whether the app keeps the matching attribute unique itself.
    pub unique: bool,
    /// Whether the app answers filters; a look-up in one that does not is a listing of its own.
    pub filterable: bool,
    /// Accounts on a page of the app.
    pub page_size: u64,
    /// How many accounts the app holds, once it has said so.
    pub accounts: Option<u64>,
}

/// How to find out which users have accounts already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approach {
    /// One by one: a search before a create, or a search after a refused one.
    LookUp,
    /// List the accounts page by page, and join.
    List,
}

impl Contact {
    /// How many requests a listing takes.
    pub fn requests_by_listing(&self) -> Option<u64> {
        self.accounts.map(|accounts| accounts.div_ceil(self.page_size.max(1)).max(1))
    }

    /// How many requests the look-ups take: one before each create; where the app refuses a second account, two for each that
    /// is there (the refused create and a search), and half of them are assumed to be there.
    pub const fn requests_by_look_ups(&self) -> u64 {
        self.to_create
    }

    /// From how many users on it is worth asking for the next page.
    pub fn listed_from(&self) -> u64 {
        if !self.filterable {
            return 1;
        }
        match (self.requests_by_listing(), self.unique) {
            (Some(pages), _) => pages + 1,
            (None, false) => ASKED_FROM,
            (None, true) => ASKED_FROM_WHERE_UNIQUE,
        }
    }

    /// The way that takes fewer requests.
    pub fn approach(&self) -> Approach {
        if self.requests_by_look_ups() >= self.listed_from() { Approach::List } else { Approach::LookUp }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_made_when_it_takes_fewer_requests() {
        use Approach::{List, LookUp};
        for (to_create, unique, page_size, accounts, expected) in [
            // Nothing is known of the app yet: the first page.
            (1, false, 100, None, LookUp),
            (2, false, 100, None, List),
            (9, true, 100, None, LookUp),
            (10, true, 100, None, List),
            (1_000_000, true, 100, None, List),
            // The first page has said how many there are.
            (2_000, true, 100, Some(1_500), List),
            (16, true, 100, Some(1_500), List),
            (15, true, 100, Some(1_500), LookUp),
            (15, false, 100, Some(1_501), LookUp),
            (17, false, 100, Some(1_501), List),
            (10, false, 100, Some(1_000_000), LookUp),
            (2, false, 100, Some(0), List),
            (1, false, 100, Some(1), LookUp),
            // A profile that says nonsense of its pages.
            (5, false, 0, Some(4), List),
        ] {
            let contact = Contact { to_create, unique, filterable: true, page_size, accounts };
            assert_eq!(contact.approach(), expected, "{contact:?}");
        }
    }

    #[test]
    fn an_app_without_filters_is_always_listed() {
        let contact = |to_create, accounts| Contact { to_create, unique: true, filterable: false, page_size: 10, accounts };
        assert_eq!(contact(1, Some(100_000)).approach(), Approach::List);
        assert_eq!(contact(0, None).approach(), Approach::LookUp, "there is nobody to look for");
    }

    #[test]
    fn pages_are_counted_up() {
        let pages =
            |accounts| Contact { to_create: 0, unique: true, filterable: true, page_size: 100, accounts }.requests_by_listing();
        assert_eq!([None, Some(0), Some(1), Some(100), Some(101)].map(pages), [None, Some(1), Some(1), Some(1), Some(2)]);
    }
}
