//! The organization's domains: one primary, any number of secondary ones and of aliases of the primary one.
//!
//! A change of domains can change who is in an app's scope, so it sweeps everyone.

use super::address;
use crate::log::{LogEvent, names};
use crate::schedule::{SweepTarget, mark_sweep};
use crate::{Actor, Store, StoreError};
use provost_core::directory::{Domain, DomainKind, email_domain, valid_email};
use provost_core::ids::DomainId;
use provost_db::{Batch, CommitError, Query, Row};
use serde_json::json;

/// All domains, loaded at once, to ask about addresses.
#[derive(Debug, Clone, Default)]
pub struct Domains {
    /// In alphabetical order, the primary one first.
    pub all: Vec<Domain>,
}

impl Domains {
    /// Loads all domains.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        Ok(Self { all: list(store).await? })
    }

    /// From the rows of [`query`].
    pub(crate) fn from_rows(rows: &[Row]) -> Result<Self, StoreError> {
        rows.iter().map(from_row).collect::<Result<_, _>>().map(|all| Self { all })
    }

    /// The domain of this name.
    pub fn find(&self, name: &str) -> Option<&Domain> {
        self.all.iter().find(|domain| domain.name == name)
    }

    /// What the domain of `email` is; `None` when it is not one of the organization's.
    pub fn kind_of(&self, email: &str) -> Option<DomainKind> {
        self.find(email_domain(email)).map(|domain| domain.kind)
    }

    /// The main domain; `None` as long as there is no domain at all.
    pub fn primary(&self) -> Option<&Domain> {
        self.all.iter().find(|domain| domain.kind == DomainKind::Primary)
    }

    /// The address itself, or the primary domain's one for an address in an alias domain.
    pub fn canonical(&self, email: &str) -> String {
        match (self.kind_of(email), self.primary(), email.rsplit_once('@')) {
            (Some(DomainKind::Alias), Some(primary), Some((local, _))) => format!("{local}@{}", primary.name),
            _ => email.to_owned(),
        }
    }

    /// The canonical form of `email`, which must be an address in one of the organization's domains.
    pub(crate) fn own_address(&self, email: &str) -> Result<String, StoreError> {
        let email = address::normalized(email)?;
        if self.all.is_empty() || self.kind_of(&email).is_some() {
            return Ok(self.canonical(&email));
        }
        let domain = email_domain(&email);
        Err(StoreError::Invalid(format!(
            "{domain} is not one of the organization's domains: add it as a domain first, or choose an address in another"
        )))
    }
}

pub(crate) fn query() -> Query {
    Query::new("SELECT id, name, kind FROM domain ORDER BY CASE WHEN kind = 'primary' THEN 0 ELSE 1 END, name", [])
}

fn from_row(row: &Row) -> Result<Domain, StoreError> {
    let kind: String = row.get(2)?;
    Ok(Domain {
        id: DomainId::new(row.get(0)?),
        name: row.get(1)?,
        kind: DomainKind::parse(&kind).ok_or_else(|| StoreError::Corrupt(format!("a domain of kind \"{kind}\"")))?,
    })
}

/// All domains, the primary one first.
pub async fn list(store: &Store) -> Result<Vec<Domain>, StoreError> {
    store.db.read(query()).await?.iter().map(from_row).collect()
}

/// Adds a domain. The first one is the primary one, whatever `kind` says; a later one cannot be.
pub async fn add(store: &Store, by: &Actor, name: &str, kind: DomainKind) -> Result<Domain, StoreError> {
    let name = name.trim().trim_end_matches('.').to_lowercase();
    if !valid_email(&format!("a@{name}")) {
        return Err(StoreError::Invalid(format!("\"{name}\" is not a domain name: it needs the form example.com")));
    }
    let domains = Domains::load(store).await?;
    if domains.find(&name).is_some() {
        return Err(StoreError::Taken { what: "the domain", key: name });
    }
    let kind = match (domains.primary(), kind) {
        (None, _) => DomainKind::Primary,
        (Some(primary), DomainKind::Primary) => {
            return Err(StoreError::Invalid(format!(
                "{} is the primary domain: add {name} as a secondary domain, then make it the primary one",
                primary.name
            )));
        }
        (Some(_), kind @ (DomainKind::Secondary | DomainKind::Alias)) => kind,
    };
    let domain = Domain { id: store.id(), name, kind };
    let mut batch = Batch::new();
    insert(&mut batch, store, by, &domain);
    mark_sweep(&mut batch, store.id::<()>().get(), None, SweepTarget::Everyone, store.now());
    match store.db.commit(batch).await {
        Err(CommitError::Unique { .. }) => return Err(StoreError::Taken { what: "the domain", key: domain.name }),
        answer => answer?,
    };
    store.wake();
    Ok(domain)
}

/// Adds the row and its log event; the caller adds the sweep.
pub(crate) fn insert(batch: &mut Batch, store: &Store, by: &Actor, domain: &Domain) {
    batch.run(
        "INSERT INTO domain (id, name, kind) VALUES ($1, $2, $3)",
        [domain.id.get().into(), domain.name.as_str().into(), domain.kind.word().into()],
    );
    let name = match domain.kind {
        DomainKind::Primary | DomainKind::Secondary => names::ADD_SECONDARY_DOMAIN,
        DomainKind::Alias => names::ADD_DOMAIN_ALIAS,
    };
    let detail = json!({ "domain": domain.name, "kind": domain.kind });
    crate::log::append(batch, store, by, store.now(), LogEvent { detail, ..LogEvent::of(name) });
}

async fn get(store: &Store, id: DomainId) -> Result<(Domains, Domain), StoreError> {
    let domains = Domains::load(store).await?;
    let found = domains.all.iter().find(|domain| domain.id == id).cloned();
    let domain = found.ok_or_else(|| StoreError::NotFound { what: "domain", key: id.to_string() })?;
    Ok((domains, domain))
}

/// How many living users and groups have an address in the domain.
async fn addresses_in(store: &Store, domain: &str) -> Result<i64, StoreError> {
    let pattern = format!("%@{}", domain.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let sql = "SELECT (SELECT count(*) FROM directory_user WHERE deleted_since IS NULL AND primary_email LIKE $1 ESCAPE '\\') \
               + (SELECT count(*) FROM directory_group WHERE deleted_since IS NULL AND email LIKE $1 ESCAPE '\\')";
    let rows = store.db.read(Query::new(sql, [pattern.into()])).await?;
    Ok(rows.first().map(|row| row.get(0)).transpose()?.unwrap_or(0))
}

async fn refuse_in_use(store: &Store, domain: &Domain, what: &str) -> Result<(), StoreError> {
    match addresses_in(store, &domain.name).await? {
        0 => Ok(()),
        count => Err(StoreError::Invalid(format!(
            "{count} users and groups have addresses in {}: rename or delete them before it can {what}",
            domain.name
        ))),
    }
}

/// Makes the domain secondary, an alias, or the primary one; the primary one until then becomes secondary.
pub async fn set_kind(store: &Store, by: &Actor, id: DomainId, kind: DomainKind) -> Result<Domain, StoreError> {
    let (domains, domain) = get(store, id).await?;
    if domain.kind == kind {
        return Ok(domain);
    }
    let mut batch = Batch::new();
    match (domain.kind, kind) {
        (DomainKind::Primary, _) => {
            return Err(StoreError::Invalid(format!(
                "{} is the primary domain: make another domain the primary one, and it becomes secondary",
                domain.name
            )));
        }
        (DomainKind::Secondary, DomainKind::Alias) => refuse_in_use(store, &domain, "become an alias").await?,
        (DomainKind::Secondary | DomainKind::Alias, DomainKind::Primary) => {
            let former = domains.primary().map(|primary| primary.id.get());
            batch.expect(1, "UPDATE domain SET kind = 'secondary' WHERE id = $1 AND kind = 'primary'", [former.into()]);
        }
        (DomainKind::Secondary | DomainKind::Alias, DomainKind::Secondary) | (DomainKind::Alias, DomainKind::Alias) => {}
    }
    let params = [kind.word().into(), id.get().into(), domain.kind.word().into()];
    batch.expect(1, "UPDATE domain SET kind = $1 WHERE id = $2 AND kind = $3", params);
    let now = store.now();
    let detail = json!({ "domain": domain.name, "from": domain.kind, "to": kind });
    crate::log::append(&mut batch, store, by, now, LogEvent { detail, ..LogEvent::of(names::CHANGE_DOMAIN_KIND) });
    mark_sweep(&mut batch, store.id::<()>().get(), None, SweepTarget::Everyone, now);
    commit(store, batch).await?;
    Ok(Domain { kind, ..domain })
}

/// Removes a domain. Refused while users or groups have addresses in it, and for the primary one.
pub async fn remove(store: &Store, by: &Actor, id: DomainId) -> Result<(), StoreError> {
    let (_, domain) = get(store, id).await?;
    let name = match domain.kind {
        DomainKind::Primary => {
            return Err(StoreError::Invalid(format!(
                "{} is the primary domain and cannot be removed: make another domain the primary one first",
                domain.name
            )));
        }
        DomainKind::Secondary => names::REMOVE_SECONDARY_DOMAIN,
        DomainKind::Alias => names::REMOVE_DOMAIN_ALIAS,
    };
    if domain.kind == DomainKind::Secondary {
        refuse_in_use(store, &domain, "be removed").await?;
    }
    let mut batch = Batch::new();
    batch.expect(1, "DELETE FROM domain WHERE id = $1", [id.get().into()]);
    let now = store.now();
    let detail = json!({ "domain": domain.name });
    crate::log::append(&mut batch, store, by, now, LogEvent { detail, ..LogEvent::of(name) });
    mark_sweep(&mut batch, store.id::<()>().get(), None, SweepTarget::Everyone, now);
    commit(store, batch).await
}

async fn commit(store: &Store, batch: Batch) -> Result<(), StoreError> {
    match store.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => Err(StoreError::Stale { what: "the domain", by: String::new() }),
        answer => {
            answer?;
            store.wake();
            Ok(())
        }
    }
}
