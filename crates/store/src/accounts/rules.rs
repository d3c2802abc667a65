//! The rules of a connection with the parts of the directory that they speak of, loaded once for many users.

use super::Subject;
use crate::directory::domains::{self, Domains};
use crate::directory::org_units;
use crate::{Store, StoreError};
use provost_core::app::{Access, App, Connection, ScopeMembers, ScopeMode, SecondaryDomains, ServiceStatus};
use provost_core::directory::{DomainKind, OrgUnit, User, email_domain};
use provost_core::ids::{ConnectionId, GroupId, OrgUnitId};
use provost_core::provisioning::{ScopeVerdict, ServiceVerdict, UserView};
use provost_db::{Query, list as placeholders};
use std::collections::{BTreeMap, BTreeSet};

const ROOT_PATH: &str = "/";

/// One living group of the scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeReach {
    /// The group.
    pub group: GroupId,
    /// Its address.
    pub email: String,
    /// Which of its members count.
    pub members: ScopeMembers,
}

/// Everything that says for whom a connection provisions.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The connection, as stored or as proposed.
    pub connection: Connection,
    /// Its app, as stored or as proposed.
    pub app: App,
    /// A proposal that is not stored: causes it would begin count from now.
    pub proposed: bool,
    /// The organization's domains.
    pub domains: Domains,
    /// The scope's groups that are alive, in the scope's order.
    pub scope_groups: Vec<ScopeReach>,
    org_units: BTreeMap<OrgUnitId, OrgUnit>,
    /// For every org unit, what holds there and the path of the unit that says so.
    service: BTreeMap<OrgUnitId, (ServiceStatus, String)>,
    /// The access groups that are alive, with their addresses.
    access_groups: Vec<(GroupId, String)>,
    /// For every group within an access or scope group (itself included): the access and scope groups it is within.
    within: BTreeMap<GroupId, BTreeSet<GroupId>>,
}

/// The rules of a connection as stored.
pub async fn load_rules(store: &Store, connection: ConnectionId) -> Result<Rules, StoreError> {
    let connection = crate::apps::connections::get(store, connection).await?;
    let app = crate::apps::get(store, connection.app_id).await?;
    Ok(Rules { proposed: false, ..load_rules_for(store, app, connection).await? })
}

/// The rules that a proposed app or connection would have, for a plan before the change.
pub async fn load_rules_for(store: &Store, app: App, connection: Connection) -> Result<Rules, StoreError> {
    let mut roots: BTreeSet<GroupId> = app.access.groups.clone();
    let living = connection.config.scope.groups.iter().filter(|entry| entry.deleted_since.is_none());
    roots.extend(living.map(|entry| entry.group));
    let listed = placeholders(1, roots.len());
    let params = || roots.iter().map(|id| id.get().into());
    let closure = format!(
        "WITH RECURSIVE reached(root, id) AS (\
         SELECT g.id, g.id FROM directory_group g WHERE g.deleted_since IS NULL AND g.id IN {listed} \
         UNION SELECT r.root, m.nested_id FROM reached r JOIN group_member m ON m.group_id = r.id AND m.nested_id IS NOT NULL \
         JOIN directory_group n ON n.id = m.nested_id WHERE n.deleted_since IS NULL) SELECT root, id FROM reached"
    );
    let emails = format!("SELECT id, email FROM directory_group WHERE deleted_since IS NULL AND id IN {listed}");
    let queries = vec![org_units::query(), domains::query(), Query::new(closure, params()), Query::new(emails, params())];
    let answers = store.db.read_all(queries).await?;
    let [unit_rows, domain_rows, closure_rows, email_rows] = answers.as_slice() else {
        return Err(StoreError::Corrupt("a read of four queries did not answer four".to_owned()));
    };
    let mut units = BTreeMap::new();
    for row in unit_rows {
        let unit = org_units::from_row(row)?;
        units.insert(unit.id, unit);
    }
    let mut within: BTreeMap<GroupId, BTreeSet<GroupId>> = BTreeMap::new();
    for row in closure_rows {
        within.entry(GroupId::new(row.get(1)?)).or_default().insert(GroupId::new(row.get(0)?));
    }
    let mut emails = BTreeMap::new();
    for row in email_rows {
        emails.insert(GroupId::new(row.get(0)?), row.get::<String>(1)?);
    }
    let scope_groups = connection.config.scope.groups.iter().filter(|entry| entry.deleted_since.is_none()).filter_map(|entry| {
        let email = emails.get(&entry.group)?.clone();
        Some(ScopeReach { group: entry.group, email, members: entry.members })
    });
    Ok(Rules {
        proposed: true,
        domains: Domains::from_rows(domain_rows)?,
        scope_groups: scope_groups.collect(),
        service: service_by_unit(&units, &app.access),
        access_groups: app.access.groups.iter().filter_map(|id| Some((*id, emails.get(id)?.clone()))).collect(),
        org_units: units,
        within,
        connection,
        app,
    })
}

/// The nearest explicit setting up the tree, or the default as the root's, for every org unit.
fn service_by_unit(units: &BTreeMap<OrgUnitId, OrgUnit>, access: &Access) -> BTreeMap<OrgUnitId, (ServiceStatus, String)> {
    let nearest = |unit: &OrgUnit| {
        let mut at = Some(unit);
        // A tree has no cycle; the bound makes a damaged one end too.
        for _ in 0..=units.len() {
            let Some(here) = at else { break };
            if let Some(status) = access.org_units.get(&here.id) {
                return (*status, here.path.clone());
            }
            at = here.parent.and_then(|parent| units.get(&parent));
        }
        (access.default, ROOT_PATH.to_owned())
    };
    units.values().map(|unit| (unit.id, nearest(unit))).collect()
}

impl Rules {
    /// What is known of one user for this connection, with its evidence.
    pub fn view<'a>(&'a self, subject: &'a Subject) -> UserView<'a> {
        UserView {
            user_id: subject.account.user_id,
            user: subject.user.as_ref(),
            service: self.service_verdict(subject),
            scope: self.scope_verdict(subject),
            swap: subject.swap,
            twin: subject.twin.as_ref(),
            verdicts: &subject.verdicts,
            as_confirmed: subject.as_confirmed,
        }
    }

    /// The path of the org unit that the user stands in.
    pub fn org_unit_path(&self, user: &User) -> &str {
        self.org_units.get(&user.org_unit).map_or(ROOT_PATH, |unit| unit.path.as_str())
    }

    /// In groups mode without a group left alive.
    pub fn scope_is_lost(&self) -> bool {
        self.connection.config.scope.mode == ScopeMode::Groups && self.scope_groups.is_empty()
    }

    /// The scope group that the user is a member of, in mode "groups".
    pub fn scope_group_of(&self, subject: &Subject) -> Option<&ScopeReach> {
        self.scope_groups.iter().find(|reach| match reach.members {
            ScopeMembers::Direct => subject.direct_groups.contains(&reach.group),
            ScopeMembers::All => subject.groups.contains(&reach.group),
        })
    }

    /// Whether the scope would take the user, were it not for the domain of their address.
    pub fn in_scope_but_for_domain(&self, subject: &Subject) -> bool {
        match self.connection.config.scope.mode {
            ScopeMode::Everyone => true,
            ScopeMode::Groups => self.scope_group_of(subject).is_some(),
        }
    }

    fn service_verdict(&self, subject: &Subject) -> ServiceVerdict<'_> {
        let unit = subject.user.as_ref().and_then(|user| self.service.get(&user.org_unit));
        let (status, path) = unit.map_or((self.app.access.default, ROOT_PATH), |(status, path)| (*status, path.as_str()));
        match status {
            ServiceStatus::On => ServiceVerdict::OnByOrgUnit(path),
            ServiceStatus::Off => {
                let on = self.access_groups.iter().find(|(group, _)| subject.groups.contains(group));
                on.map_or(ServiceVerdict::OffByOrgUnit(path), |(_, email)| ServiceVerdict::OnByGroup(email))
            }
        }
    }

    fn scope_verdict<'a>(&'a self, subject: &'a Subject) -> ScopeVerdict<'a> {
        let groups_mode = match self.connection.config.scope.mode {
            ScopeMode::Everyone => false,
            ScopeMode::Groups => true,
        };
        // First of all: a scope that has lost its groups says nothing about anybody, so that nobody is removed by it.
        if self.scope_is_lost() {
            return ScopeVerdict::NoLivingGroup;
        }
        if let Some(user) = &subject.user {
            let skip_secondary = match self.connection.config.secondary_domains {
                SecondaryDomains::SkipInGroups => groups_mode,
                SecondaryDomains::Include => false,
                SecondaryDomains::Skip => true,
            };
            match self.domains.kind_of(&user.primary_email) {
                None => return ScopeVerdict::Outside(email_domain(&user.primary_email)),
                Some(DomainKind::Secondary) if skip_secondary => {
                    return ScopeVerdict::SecondaryDomain(email_domain(&user.primary_email));
                }
                Some(DomainKind::Secondary | DomainKind::Primary | DomainKind::Alias) => {}
            }
        }
        if !groups_mode {
            return ScopeVerdict::Everyone;
        }
        self.scope_group_of(subject).map_or(ScopeVerdict::NotMember, |reach| ScopeVerdict::MemberOf(&reach.email))
    }

    /// The access and scope groups that `group` is within, itself included.
    pub(super) fn roots_of(&self, group: GroupId) -> impl Iterator<Item = GroupId> + '_ {
        self.within.get(&group).into_iter().flatten().copied()
    }

    /// Every group within an access or scope group.
    pub(super) fn relevant_groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.within.keys().copied()
    }

    /// The groups whose members count for the scope.
    pub(super) fn groups_of_scope(&self) -> BTreeSet<GroupId> {
        let counts = |group: GroupId, reach: &ScopeReach| match reach.members {
            ScopeMembers::Direct => group == reach.group,
            ScopeMembers::All => self.within.get(&group).is_some_and(|roots| roots.contains(&reach.group)),
        };
        self.relevant_groups().filter(|group| self.scope_groups.iter().any(|reach| counts(*group, reach))).collect()
    }
}
