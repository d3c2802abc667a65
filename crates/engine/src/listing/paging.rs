//! The place in a listing, and how a page moves it: pure, and distrustful of what apps say of their pages.
//!
//! A list is whole when everybody that the app says it has was shown, or, where it does not say so, when a page is empty. A
//! list that stops before that is broken: nobody may be taken for absent because of it.

use serde::{Deserialize, Serialize};

/// The most pages of one listing.
const PAGES_MAX: u64 = 200_000;

/// The most accounts of one listing.
const ACCOUNTS_MAX: u64 = 20_000_000;

/// A page that shows nobody new, or nobody at all, is asked for this many times over before the list counts as broken.
const PATIENCE: u32 = 3;

/// Where a listing stands. Kept with every page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    /// RFC 9865: what the next page is asked with; `None` for a list by index, or at its beginning.
    pub(crate) cursor: Option<String>,
    /// Accounts on the pages read, repeated ones too: the next page begins after them.
    pub(crate) read: u64,
    /// Different accounts.
    pub(crate) listed: u64,
    /// Pages read.
    pub(crate) pages: u64,
    /// How many accounts the app says it has.
    pub(crate) total: Option<u64>,
    /// The total was seen to be too small: only an empty page ends the list.
    pub(crate) total_wrong: bool,
    /// Pages in a row that showed nobody new, or nobody.
    pub(crate) idle: u32,
    /// Whether the list stood still while it was read.
    pub(crate) steady: bool,
    /// When those who were not listed are looked up: the last of them, by user.
    pub(crate) after_user: i64,
}

/// What a page showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// How many accounts were asked for.
    pub(crate) asked: u64,
    /// How many it showed.
    pub(crate) shown: u64,
    /// Those of them that no earlier page had shown.
    pub(crate) fresh: u64,
    /// `totalResults`.
    pub(crate) total: Option<u64>,
    /// `nextCursor`.
    pub(crate) next_cursor: Option<String>,
    /// The first page was asked for with an empty cursor.
    pub(crate) by_cursor: bool,
}

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The next page.
    More,
    /// That was everybody.
    Whole,
    /// The list cannot be relied upon; why.
    Broken(String),
}

impl Place {
    /// The beginning.
    pub(crate) fn begin() -> Self {
        Self { steady: true, ..Self::default() }
    }

    /// The place after a page, and what follows.
    pub(crate) fn after(&self, seen: &Seen) -> (Self, Turn) {
        let beyond = self.total.is_some_and(|total| self.read >= total) && seen.fresh > 0;
        let moved = self.pages > 0 && (seen.fresh < seen.shown || self.total != seen.total);
        let idle = if seen.fresh == 0 { self.idle + 1 } else { 0 };
        let empty = seen.shown == 0;
        let next = Self {
            cursor: seen.next_cursor.clone(),
            read: self.read + seen.shown,
            listed: self.listed + seen.fresh,
            pages: self.pages + 1,
            total: seen.total,
            total_wrong: self.total_wrong || beyond,
            idle,
            steady: self.steady && !moved,
            after_user: 0,
        };
        let turn = if next.pages > PAGES_MAX || next.listed > ACCOUNTS_MAX {
            Turn::Broken(format!("the list does not end: {} pages were read", next.pages))
        } else if next.cursor.is_some() {
            next.by_cursor(self)
        } else if self.cursor.is_some() {
            // RFC 9865 section 2: the last page has no nextCursor.
            next.ended()
        } else if seen.by_cursor && seen.total.is_none() && seen.shown < seen.asked {
            // A full page without a cursor and a total may come from an app that does not know cursors.
            Turn::Whole
        } else {
            next.by_index(seen, empty)
        };
        (next, turn)
    }

    fn by_cursor(&self, before: &Self) -> Turn {
        if self.idle >= PATIENCE && before.cursor.is_some() {
            return Turn::Broken("the list does not end: its cursors lead to the same accounts again".to_owned());
        }
        Turn::More
    }

    fn by_index(&self, seen: &Seen, empty: bool) -> Turn {
        let Some(total) = self.total.filter(|_| !self.total_wrong) else {
            return match (empty, self.idle >= PATIENCE) {
                (true, _) => Turn::Whole,
                (false, true) => Turn::Broken(repeats(self.listed)),
                (false, false) => Turn::More,
            };
        };
        if self.listed >= total {
            // Some apps say as total what is on the page: a full first page that seems to be everybody is not believed.
            let doubtful = self.pages == 1 && total > 0 && total == seen.shown && seen.shown >= seen.asked;
            return if doubtful { Turn::More } else { Turn::Whole };
        }
        if self.idle >= PATIENCE {
            return if empty { self.ended() } else { Turn::Broken(repeats(self.listed)) };
        }
        if self.read >= total && !empty && self.idle == 0 {
            // Accounts that came twice: others may have been on no page.
            return self.ended();
        }
        Turn::More
    }

    /// The app has no more pages: whether that was everybody. Of a list that changed while it was read one in a hundred may
    /// be missing: none of them is taken for absent without being looked up.
    fn ended(&self) -> Turn {
        let total = self.total.filter(|_| !self.total_wrong).unwrap_or(0);
        let missing = total.saturating_sub(self.listed);
        let tolerated = if self.steady { 0 } else { (total / 100).max(1) };
        if missing > tolerated {
            return Turn::Broken(format!("the app says that it has {total} accounts and shows {}", self.listed));
        }
        Turn::Whole
    }
}

fn repeats(listed: u64) -> String {
    format!("the app shows the same accounts on every page (it ignores startIndex): only {listed} can be listed")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays an app: answers (shown, fresh, total, cursor) page by page; returns how it ended, after how many pages.
    fn play(pages: impl IntoIterator<Item = (u64, u64, Option<u64>, Option<&'static str>)>) -> (Turn, u64, bool) {
        let mut place = Place::begin();
        for (shown, fresh, total, cursor) in pages {
            let seen = Seen { asked: 100, shown, fresh, total, next_cursor: cursor.map(str::to_owned), by_cursor: false };
            let (next, turn) = place.after(&seen);
            place = next;
            if turn != Turn::More {
                return (turn, place.pages, place.steady);
            }
        }
        (Turn::More, place.pages, place.steady)
    }

    fn whole(pages: u64) -> (Turn, u64, bool) {
        (Turn::Whole, pages, true)
    }

    #[test]
    fn a_list_ends_when_everybody_was_shown() {
        let full = |count: usize, total: u64| std::iter::repeat_n((100, 100, Some(total), None), count);
        assert_eq!(play(full(15, 1_500)), whole(15), "no page beyond the last");
        assert_eq!(play(full(9, 950).chain([(50, 50, Some(950), None)])), whole(10));
        assert_eq!(play([(0, 0, Some(0), None)]), whole(1));
        assert_eq!(play([(7, 7, Some(7), None)]), whole(1));
        assert_eq!(play(std::iter::repeat_n((30, 30, Some(60), None), 2)), whole(2), "smaller pages than asked for");
    }

    #[test]
    fn an_app_that_says_no_total_or_a_wrong_one_is_read_to_an_empty_page() {
        let end = [(0, 0, None, None)];
        assert_eq!(play([(100, 100, None, None), (40, 40, None, None)].into_iter().chain(end)), whole(3));
        // The total is what is on the page.
        let pages = [(100, 100, Some(100), None), (100, 100, Some(100), None), (40, 40, Some(40), None), (0, 0, Some(0), None)];
        let (turn, read, _) = play(pages);
        assert_eq!((turn, read), (Turn::Whole, 4));
        assert_eq!(play([(100, 100, Some(100), None), (0, 0, Some(100), None)]), whole(2), "exactly a page");
    }

    #[test]
    fn a_list_that_stops_early_is_no_whole_list() {
        let broken = |pages: Vec<_>| matches!(play(pages).0, Turn::Broken(_));
        let empty = (0, 0, Some(500), None);
        assert!(broken(vec![(100, 100, Some(500), None), empty, empty, empty]));
        assert!(!broken(vec![(100, 100, Some(500), None), empty, (100, 100, Some(500), None)]), "an empty page in between");
        let same = (100, 0, Some(500), None);
        assert!(broken(vec![(100, 100, Some(500), None), same, same, same]), "startIndex is ignored");
        assert!(broken(vec![(100, 100, None, None), (100, 0, None, None), (100, 0, None, None), (100, 0, None, None)]));
        assert!(broken(vec![(100, 100, Some(300), Some("a")), (100, 100, Some(300), None)]), "cursors that end early");
        let round = (100, 0, Some(300), Some("a"));
        assert!(broken(vec![(100, 100, Some(300), Some("a")), round, round, round]), "cursors in a circle");
    }

    #[test]
    fn an_endless_list_is_ended() {
        let (turn, pages, _) = play(std::iter::repeat((100, 100, None, None)));
        assert!(matches!(turn, Turn::Broken(_)), "{turn:?}");
        assert!(pages <= PAGES_MAX + 1);
        let (turn, _, _) = play(std::iter::repeat((1, 1, Some(u64::MAX), Some("next"))));
        assert!(matches!(turn, Turn::Broken(_)), "{turn:?}");
    }

    #[test]
    fn a_list_that_moves_while_it_is_read_is_whole_and_not_steady() {
        // One was added in front: the last of the first page comes again.
        let pages = [(100, 100, Some(200), None), (100, 99, Some(201), None), (1, 1, Some(201), None)];
        assert_eq!(play(pages), (Turn::Whole, 3, false));
        // One was removed from the first page: another has slipped through.
        let pages = [(100, 100, Some(200), None), (99, 99, Some(199), None)];
        assert_eq!(play(pages), (Turn::Whole, 2, false));
    }

    #[test]
    fn a_first_page_by_cursor_may_be_the_only_one() {
        let seen = |shown, total| Seen { asked: 100, shown, fresh: shown, total, next_cursor: None, by_cursor: true };
        let turn = |shown, total| Place::begin().after(&seen(shown, total)).1;
        assert_eq!(turn(99, None), Turn::Whole);
        assert_eq!(turn(100, None), Turn::More, "the cursor may have been ignored");
        assert_eq!([turn(99, Some(99)), turn(99, Some(300))], [Turn::Whole, Turn::More]);
    }

    #[test]
    fn a_list_by_cursor_ends_with_its_cursors() {
        let pages = [(100, 100, Some(250), Some("a")), (100, 100, Some(250), Some("b")), (50, 50, Some(250), None)];
        assert_eq!(play(pages), whole(3));
        assert_eq!(play([(100, 100, None, Some("a")), (10, 10, None, None)]), whole(2));
    }
}
