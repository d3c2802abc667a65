//! Filters that no index answers: every resource is looked at, and only the page that is asked for is kept.

use provost_scim::list::Page;
use provost_scim::{Filter, Resource, Schemas, matches};

/// The matches of a scan so far.
pub(super) struct Scan<'a> {
    filter: &'a Filter,
    schemas: &'a Schemas,
    page: Page,
    /// How many match.
    pub(super) total: u64,
    /// Those on the page.
    pub(super) found: Vec<Resource>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(filter: &'a Filter, schemas: &'a Schemas, page: Page) -> Self {
        Self { filter, schemas, page, total: 0, found: Vec::new() }
    }

    /// Looks at one resource.
    pub(super) fn look(&mut self, resource: Resource) {
        if !matches(self.filter, &resource, self.schemas) {
            return;
        }
        self.total += 1;
        if self.total > self.page.offset() && (self.found.len() as u64) < self.page.count {
            self.found.push(resource);
        }
    }
}

/// The attribute, in lower case, and the text when a filter is one equality on an attribute of the base schema.
pub(super) fn base_equality(filter: &Filter, schemas: &Schemas) -> Option<(String, String)> {
    let (path, text) = filter.equality()?;
    let own = path.schema.as_ref().is_none_or(|urn| urn.eq_ignore_ascii_case(&schemas.base.id)) && path.sub_attribute.is_none();
    own.then(|| (path.attribute.to_lowercase(), text.to_owned()))
}
