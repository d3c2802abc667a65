//! A provider whose store is a map, to carry requests out without a database.

use provost_scim::filter::matches;
use provost_scim::list::{Listing, Page, Paging, Place};
use provost_scim::provider::{
    self, BulkRequest, BulkRun, Cursor, EntityTags, ListQuery, Meta, Patched, Preconditions, Provider, ProviderRequest, Request,
    ResourceKind, Response,
};
use provost_scim::{Resource, ScimError};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const INSTANT: &str = "2011-08-01T18:29:49.793Z";

/// A provider and what it has.
pub(crate) struct Store {
    pub(crate) provider: Provider,
    base: &'static str,
    /// The ids of resources that are yet to be made, by name; others are numbered.
    pub(crate) ids: BTreeMap<String, String>,
    /// In the order in which they were made, with their revision.
    resources: Vec<(ResourceKind, Resource, i64)>,
    /// The calls of the bulk requests so far.
    pub(crate) calls: Vec<String>,
}

/// `userName` or `displayName`.
fn name_of(resource: &Resource) -> &str {
    ["userName", "displayName"].iter().find_map(|name| resource.get(*name)?.as_str()).unwrap_or_default()
}

fn id_of(resource: &Resource) -> &str {
    resource["id"].as_str().expect("what is stored has an id")
}

impl Store {
    pub(crate) fn new(provider: Provider, base: &'static str) -> Self {
        Self { provider, base, ids: BTreeMap::new(), resources: Vec::new(), calls: Vec::new() }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().map(|(_, resource, _)| resource)
    }

    /// The resource of this id, as it is stored.
    pub(crate) fn stored(&self, id: &str) -> &Resource {
        self.all().find(|resource| id_of(resource) == id).unwrap_or_else(|| panic!("{id} is not stored"))
    }

    /// The answer to a request.
    pub(crate) fn answer(&mut self, request: &Request<'_>, preconditions: &Preconditions) -> Response {
        let answered = if request.body.len() > provider::PAYLOAD_BYTES_MAX {
            Err(ScimError::new(413, "too large"))
        } else {
            provider::plan(&self.provider, request)
        };
        let answered = answered.and_then(|planned| match planned {
            ProviderRequest::Bulk(request) => Ok(self.run(request)),
            planned => self.carry_out(planned, preconditions),
        });
        answered.unwrap_or_else(|error| provider::failed(&self.provider, &error))
    }

    /// The answer to a bulk request.
    pub(crate) fn run(&mut self, request: BulkRequest) -> Response {
        let mut run = BulkRun::new(request, self.base);
        while let Some(next) = run.next_call() {
            self.calls.push(format!("{} {}", next.call.method.word(), next.call.path));
            let if_match = next.call.version.as_deref().map(EntityTags::parse);
            let preconditions = Preconditions { if_match, if_none_match: None };
            let planned = provider::plan_operation(&self.provider, &next.call);
            let answered = planned.and_then(|planned| self.carry_out(planned, &preconditions));
            run.note(&next, &answered.unwrap_or_else(|error| provider::failed(&self.provider, &error)));
        }
        run.finish(&self.provider)
    }

    fn carry_out(&mut self, planned: ProviderRequest, preconditions: &Preconditions) -> Result<Response, ScimError> {
        match planned {
            ProviderRequest::Create { kind, resource, projection } => {
                let made = self.make(kind, resource);
                Ok(provider::created(&self.provider, kind, self.shown(&made), &projection))
            }
            ProviderRequest::Get { kind, id, projection } => {
                let found = self.shown(&self.resources[self.place(kind, &id)?].1);
                Ok(provider::found_or_known(&self.provider, kind, found, &projection, preconditions))
            }
            ProviderRequest::Replace { kind, id, incoming, projection } => {
                let replaced =
                    self.change(kind, &id, preconditions, |provider, old| provider::replaced(provider, kind, old, &incoming))?;
                Ok(provider::found(&self.provider, kind, replaced, &projection))
            }
            ProviderRequest::Patch { kind, id, request, projection } => {
                let patched =
                    self.change(kind, &id, preconditions, |provider, old| provider::patched(provider, kind, old, &request))?;
                Ok(provider::changed(&self.provider, kind, patched, &projection))
            }
            ProviderRequest::Delete { kind, id } => {
                let place = self.place(kind, &id)?;
                preconditions.allow_change(&provider::version(self.resources[place].2, None))?;
                self.resources.remove(place);
                Ok(provider::deleted())
            }
            ProviderRequest::List { kind, query } => self.list(&[kind], &query),
            ProviderRequest::ListAll { query } => self.list(&ResourceKind::ALL, &query),
            ProviderRequest::ServiceProviderConfig => Ok(provider::service_provider_config(&self.provider, self.base)),
            ProviderRequest::ResourceTypes => Ok(provider::resource_types(&self.provider, self.base)),
            ProviderRequest::ResourceType { name } => provider::resource_type(&self.provider, &name, self.base),
            ProviderRequest::Schemas => Ok(provider::schemas(&self.provider, self.base)),
            ProviderRequest::Schema { urn } => provider::schema(&self.provider, &urn, self.base),
            ProviderRequest::Bulk(_) => Err(ScimError::invalid_value("a bulk request within another one")),
            ProviderRequest::NotImplemented { what } => Err(ScimError::new(501, what)),
        }
    }

    /// Stores a new resource.
    pub(crate) fn make(&mut self, kind: ResourceKind, resource: Resource) -> Resource {
        let id = self.ids.get(name_of(&resource)).cloned().unwrap_or_else(|| format!("id{}", self.resources.len() + 1));
        let made = self.with_meta(kind, resource, id, 1);
        self.resources.push((kind, made.clone(), 1));
        made
    }

    fn with_meta(&self, kind: ResourceKind, resource: Resource, id: String, revision: i64) -> Resource {
        let version = Some(provider::version(revision, None));
        let meta = Meta { id, created: INSTANT.to_owned(), last_modified: INSTANT.to_owned(), version };
        provider::with_meta(&self.provider, kind, resource, &meta, self.base)
    }

    fn place(&self, kind: ResourceKind, id: &str) -> Result<usize, ScimError> {
        let mut places = self.resources.iter();
        places.position(|(its, resource, _)| *its == kind && id_of(resource) == id).ok_or_else(|| ScimError::not_found(id))
    }

    /// What became of the resource, as it is shown.
    fn change(
        &mut self,
        kind: ResourceKind,
        id: &str,
        preconditions: &Preconditions,
        make: impl Fn(&Provider, &Resource) -> Result<Patched, ScimError>,
    ) -> Result<Resource, ScimError> {
        let place = self.place(kind, id)?;
        let (_, old, revision) = &self.resources[place];
        preconditions.allow_change(&provider::version(*revision, None))?;
        let Patched { resource, changed } = make(&self.provider, old)?;
        if changed {
            let revision = revision + 1;
            self.resources[place] = (kind, self.with_meta(kind, resource, id.to_owned(), revision), revision);
        }
        Ok(self.shown(&self.resources[place].1))
    }

    /// With the type and the URI of every member.
    fn shown(&self, resource: &Resource) -> Resource {
        let mut shown = resource.clone();
        for member in shown.get_mut("members").and_then(Value::as_array_mut).into_iter().flatten() {
            let found = self.resources.iter().find(|(_, resource, _)| resource["id"] == member["value"]);
            if let Some((kind, resource, _)) = found {
                member["type"] = json!(kind.word());
                member["$ref"] = json!(provider::location(*kind, id_of(resource), self.base));
            }
        }
        shown
    }

    fn list(&self, kinds: &[ResourceKind], query: &ListQuery) -> Result<Response, ScimError> {
        assert_eq!(query.sort, None, "the examples have no order");
        let mut found = Vec::new();
        for kind in kinds {
            let schemas = self.provider.schemas(*kind);
            let of_kind = self.resources.iter().filter(|(its, resource, _)| {
                its == kind && query.filter.as_ref().is_none_or(|filter| matches(filter, resource, schemas))
            });
            found.extend(of_kind.map(|(kind, resource, _)| (*kind, self.shown(resource))));
        }
        let total = found.len();
        let (from, count, place) = match &query.paging {
            Paging::Index(page @ Page { start_index, count }) => (page.offset(), *count, Place::Index(*start_index)),
            Paging::Cursor { cursor, count } => {
                let query = provider::fingerprint(kinds[0], query.filter.as_ref(), None);
                let read = |text: &String| Cursor::decode(text, query, 0, 0);
                let from = cursor.as_ref().map_or(Ok(0), |text| read(text).map(|cursor| cursor.after.unsigned_abs()))?;
                let to = |after: u64| {
                    Cursor { forward: true, after: after.cast_signed(), key: None, issued_at: 0, query, seen: 0 }.encode()
                };
                let next = Some(from + count).filter(|next| *next < total as u64).map(to);
                (from, *count, Place::Cursor { next, previous: Some(from).filter(|from| *from > 0).map(to) })
            }
        };
        let on_page = |index: u64| (from..from.saturating_add(count)).contains(&index);
        let page: Vec<_> = (0..).zip(found).filter(|(index, _)| on_page(*index)).map(|(_, one)| one).collect();
        let of = |kind: ResourceKind| page.iter().filter(move |(its, _)| *its == kind).map(|(_, one)| one.clone());
        let parts = kinds.iter().map(|kind| (*kind, of(*kind).collect())).collect();
        let listing = Listing { total: Some(total as u64), place };
        Ok(provider::listed_together(&self.provider, listing, parts, &query.projection))
    }
}
