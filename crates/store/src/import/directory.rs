//! What of the directory a chunk needs to know, loaded at once, and grown by what the chunk makes.

use super::Import;
use crate::directory::domains::{self, Domains};
use crate::directory::org_units::{self, path_key};
use crate::{Actor, Store, StoreError};
use provost_core::directory::{Domain, DomainKind, OrgUnit, email_domain};
use provost_core::ids::{GroupId, OrgUnitId};
use provost_db::{Batch, Query, Row, Value, list};
use std::collections::HashMap;

/// The tree and the domains, and what is to be made of both.
pub(super) struct Surroundings {
    pub(super) domains: Domains,
    units: HashMap<String, OrgUnit>,
    pub(super) new_domains: Vec<Domain>,
    pub(super) new_units: Vec<OrgUnit>,
}

impl Surroundings {
    pub(super) async fn load(store: &Store, import: &Import) -> Result<Self, StoreError> {
        let answers = store.db.read_all(vec![domains::query(), org_units::query()]).await?;
        let rows = |index: usize| answers.get(index).map_or(&[] as &[Row], Vec::as_slice);
        let mut domains = Domains::from_rows(rows(0))?;
        domains.all.extend(import.planned.domains.iter().cloned());
        let mut units = HashMap::new();
        for unit in rows(1).iter().map(org_units::from_row).chain(import.planned.org_units.iter().cloned().map(Ok)) {
            let unit = unit?;
            units.insert(path_key(&unit.path), unit);
        }
        Ok(Self { domains, units, new_domains: Vec::new(), new_units: Vec::new() })
    }

    /// The domain of `email` is one of the organization's from now on.
    pub(super) fn ensure_domain(&mut self, store: &Store, email: &str) {
        let name = email_domain(email);
        if self.domains.find(name).is_none() {
            let kind = if self.domains.primary().is_none() { DomainKind::Primary } else { DomainKind::Secondary };
            let domain = Domain { id: store.id(), name: name.to_owned(), kind };
            self.domains.all.push(domain.clone());
            self.new_domains.push(domain);
        }
    }

    /// The org unit at a clean path, made with its parents when it is missing.
    pub(super) fn ensure_unit(&mut self, store: &Store, path: &str) -> Option<OrgUnitId> {
        if let Some(unit) = self.units.get(&path_key(path)) {
            return Some(unit.id);
        }
        let (parent_path, name) = path.rsplit_once('/')?;
        let parent_path = if parent_path.is_empty() { "/" } else { parent_path };
        let parent = self.ensure_unit(store, parent_path)?;
        // The parent may be spelt otherwise than in this row: its spelling stays.
        let parent_path = self.units.get(&path_key(parent_path)).map_or(parent_path, |unit| unit.path.as_str());
        let path = if parent_path == "/" { format!("/{name}") } else { format!("{parent_path}/{name}") };
        let unit = OrgUnit { id: store.id(), parent: Some(parent), name: name.to_owned(), path };
        self.units.insert(path_key(&unit.path), unit.clone());
        self.new_units.push(unit.clone());
        Some(unit.id)
    }

    pub(super) fn write(&self, batch: &mut Batch, store: &Store, by: &Actor) {
        for domain in &self.new_domains {
            domains::insert(batch, store, by, domain);
        }
        for unit in &self.new_units {
            org_units::insert(batch, store, by, unit);
        }
    }
}

/// The living groups among `emails`, with those that a dry run would have made.
pub(super) async fn groups(store: &Store, import: &Import, emails: &[String]) -> Result<HashMap<String, GroupId>, StoreError> {
    let sql = format!("SELECT email, id FROM directory_group WHERE deleted_since IS NULL AND email IN {}", list(1, emails.len()));
    let rows = store.db.read(Query::new(sql, emails.iter().map(|email| Value::from(email.as_str())))).await?;
    let mut groups: HashMap<String, GroupId> = import.planned.groups.clone();
    for row in &rows {
        groups.insert(row.get(0)?, GroupId::new(row.get(1)?));
    }
    Ok(groups)
}
