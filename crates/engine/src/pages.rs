//! Reading a whole list, distrustful of what apps say of it: an account that is only overlooked would be made twice.

use provost_core::provisioning::Remote;
use std::collections::HashSet;

/// The most pages that are read.
const PAGES_MAX: u32 = 10_000;

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    ids: HashSet<String>,
    /// Accounts on the pages read, repeated ones too: the next page begins after them.
    pub(crate) read: u64,
    total: Option<u64>,
    count: u32,
}

impl Pages {
    /// Takes a page. `true` when the list is whole; an error in words when it cannot be relied upon.
    pub(crate) fn after(&mut self, page: &[Remote], total: Option<u64>) -> Result<bool, String> {
        self.total = total.or(self.total);
        self.count += 1;
        if page.is_empty() {
            return self.end().map(|()| true);
        }
        let before = self.ids.len();
        self.ids.extend(page.iter().map(|remote| remote.id.clone()));
        self.read += page.len() as u64;
        if self.ids.len() == before {
            return Err("the app shows the same page again, whatever startIndex it is asked for".to_owned());
        }
        if self.count >= PAGES_MAX {
            return Err(format!("it does not end: {PAGES_MAX} pages were read"));
        }
        Ok(false)
    }

    /// The app has no more pages: an error when that cannot be everybody.
    pub(crate) fn end(&self) -> Result<(), String> {
        if self.all_shown() { Ok(()) } else { Err(self.missing()) }
    }

    /// Whether everybody was shown whom the app says it has.
    pub(crate) fn all_shown(&self) -> bool {
        self.count > 0 && self.total.is_none_or(|total| self.ids.len() as u64 >= total)
    }

    fn missing(&self) -> String {
        let (total, shown) = (self.total.unwrap_or(0), self.ids.len());
        format!("the app says that it has {total} (totalResults) and shows {shown}; it may have changed while it was read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ids: std::ops::Range<u32>) -> Vec<Remote> {
        ids.map(|id| Remote { id: id.to_string(), resource: None }).collect()
    }

    #[test]
    fn a_list_is_whole_with_its_empty_page_whatever_the_total_says() {
        for total in [None, Some(15), Some(10)] {
            let mut pages = Pages::default();
            assert_eq!(pages.after(&page(0..10), total), Ok(false));
            assert_eq!(pages.after(&page(10..15), total), Ok(false));
            assert_eq!(pages.after(&[], total), Ok(true), "{total:?}");
        }
    }

    #[test]
    fn a_list_that_lacks_somebody_or_repeats_itself_is_not_whole() {
        let mut pages = Pages::default();
        assert_eq!(pages.after(&page(0..10), Some(21)), Ok(false));
        assert_eq!(pages.after(&page(11..21), Some(21)), Ok(false), "10 was skipped");
        assert!(pages.after(&[], Some(21)).unwrap_err().contains("totalResults"));
        let mut pages = Pages::default();
        assert_eq!(pages.after(&page(0..10), None), Ok(false));
        assert!(pages.after(&page(0..10), None).unwrap_err().contains("startIndex"));
    }
}
