//! The product's side of one seed: a store in memory, an organization in it, and a connection to each app.

use super::change::BY;
use super::dice::Dice;
use super::model::{self, Person, ScopeSetting};
use super::plan::{AppPlan, Plan};
use super::scene::Scene;
use super::wire::{Shared, endpoint, lock};
use provost_core::app::{
    Access, Action, ArchivedRule, ConnectionConfig, DriftRule, DriftSettings, Scope, ScopeGroup, ScopeMode, ServiceStatus,
    SsoDetails, profile,
};
use provost_core::directory::{DomainKind, MemberRole};
use provost_core::ids::{AppId, ConnectionId, GroupId, OrgUnitId};
use provost_core::provisioning::RemovalKind;
use provost_core::time::Span;
use provost_db::{Db, Location};
use provost_platform::{Clock, Sealer, Secret};
use provost_store::accounts::standstill::{self, StandstillReason};
use provost_store::directory::users::{self, NewUser};
use provost_store::directory::{domains, groups, org_units};
use provost_store::{Store, StoreError, apps, remote};
use serde_json::Map;
use std::sync::Arc;

/// One app of a world, with its connection.
pub(super) struct Site {
    pub(super) scene: Shared,
    pub(super) app: AppId,
    pub(super) connection: ConnectionId,
}

/// The handles of one world. A process that starts anew has others, to the same store.
pub(super) struct World {
    pub(super) store: Store,
    /// There is at least one.
    pub(super) sites: Vec<Site>,
    /// The group that is nested in the scope groups.
    pub(super) nested: GroupId,
    /// The access group.
    pub(super) vip: GroupId,
    contractors: OrgUnitId,
}

impl World {
    /// A world with its people, its connections configured and not turned on.
    pub(super) async fn set_up(plan: &Plan, scenes: &[Shared]) -> Result<Self, StoreError> {
        let store = Store::open(&Location::Memory, Clock::system(), Sealer::from_key([7; 32])).await?;
        domains::add(&store, &BY, "example.com", DomainKind::Primary).await?;
        domains::add(&store, &BY, "second.example", DomainKind::Secondary).await?;
        let contractors = org_units::add(&store, &BY, "/", "Contractors").await?.id;
        let nested = groups::add(&store, &BY, "nested@example.com", "Nested", "").await?.id;
        let vip = groups::add(&store, &BY, "vip@example.com", "VIP", "").await?.id;
        let mut world = Self { store, sites: Vec::new(), nested, vip, contractors };
        for (number, scene) in scenes.iter().enumerate() {
            let site = world.set_up_site(number, Arc::clone(scene)).await?;
            world.sites.push(site);
        }
        for number in 0..plan.people {
            world.join(&format!("user{number}@example.com")).await?;
        }
        let now = world.store.now();
        world.each(|scene| scene.model.observe(now));
        Ok(world)
    }

    async fn set_up_site(&self, number: usize, scene: Shared) -> Result<Site, StoreError> {
        let store = &self.store;
        let (plan, access) = {
            let scene = lock(&scene);
            (scene.plan.clone(), scene.model.access)
        };
        let app = apps::create(store, &BY, &format!("App {number}"), plan.profile).await?.id;
        let sso = SsoDetails { acs_url: "https://app.example/acs".to_owned(), entity_id: "https://app.example".to_owned() };
        apps::set_sso(store, &BY, app, None, Some(sso)).await?;
        let config = configuration(&endpoint(number), plan, &mut lock(&scene));
        let connection = apps::connections::configure(store, &BY, app, config, &Secret::new("a-token")).await?.id;
        apps::set_access(store, &BY, app, None, self.access(access)).await?;
        Ok(Site { scene, app, connection })
    }

    /// Does the same to every scene: what happens in the directory, and to all of time.
    pub(super) fn each(&self, mut act: impl FnMut(&mut Scene)) {
        for site in &self.sites {
            act(&mut lock(&site.scene));
        }
    }

    /// The directory's users, as any one scene knows them.
    pub(super) fn people(&self) -> Vec<Person> {
        lock(&self.sites[0].scene).model.people.clone()
    }

    /// The same world as a process that starts anew sees it.
    pub(super) fn reopened(self) -> Self {
        Self { store: self.store.reopened(), ..self }
    }

    /// The same world with an older copy of its store, as a start that notices it leaves it: removals are held, and each app is
    /// read by a check that changes nothing.
    pub(super) async fn restored(self, copy: Db) -> Result<Self, StoreError> {
        let mut store = self.store.reopened();
        store.db = copy;
        for site in &self.sites {
            let why = "the simulator has put a backup back";
            standstill::note(&store, site.connection, StandstillReason::Restored, Span(1), why).await?;
            // Refused where one is under way.
            drop(remote::request_check(&store, &BY, site.connection, Some(DriftRule::Report)).await);
        }
        self.each(|scene| scene.restored = true);
        Ok(Self { store, ..self })
    }

    /// Dice for the details of one change.
    pub(super) fn draw(&self) -> Dice {
        Dice::new(lock(&self.sites[0].scene).draw(u64::MAX))
    }

    /// The service status as the store has it.
    pub(super) fn access(&self, access: model::Access) -> Access {
        let default = if access.app_on { ServiceStatus::On } else { ServiceStatus::Off };
        let org_units = if access.contractors_on { [].into() } else { [(self.contractors, ServiceStatus::Off)].into() };
        Access { default, org_units, groups: [self.vip].into() }
    }

    /// A new user joins.
    pub(super) async fn join(&self, email: &str) -> Result<(), StoreError> {
        let number = self.people().len();
        let (given_name, family_name) = (format!("Given{number}"), format!("Family{number}"));
        let new = NewUser {
            primary_email: email.to_owned(),
            given_name: given_name.clone(),
            family_name: family_name.clone(),
            org_unit_path: "/".to_owned(),
            attributes: Map::new(),
        };
        let id = users::add(&self.store, &BY, new).await?.id;
        let person = Person {
            id,
            email: email.to_owned(),
            given_name,
            family_name,
            suspended: false,
            archived: false,
            deleted: false,
            direct: false,
            nested: false,
            vip: false,
            contractor: false,
        };
        self.each(|scene| scene.model.people.push(person.clone()));
        Ok(())
    }

    /// A new scope group, with half of the living people and the nested group as members; not in the scope yet.
    pub(super) async fn make_scope_group(&self, site: &Site) -> Result<(), StoreError> {
        let (name, people) = {
            let mut scene = lock(&site.scene);
            (format!("scope{}", scene.draw(u64::MAX)), scene.model.people.clone())
        };
        let group = groups::add(&self.store, &BY, &format!("{name}@example.com"), &name, "").await?.id;
        groups::add_member(&self.store, &BY, group, &self.nested.get().to_string(), MemberRole::Member).await?;
        let mut direct = Vec::new();
        for (index, person) in people.iter().enumerate().filter(|(index, person)| index % 2 == 0 && !person.deleted) {
            groups::add_member(&self.store, &BY, group, &person.email, MemberRole::Member).await?;
            direct.push(index);
        }
        let model = &mut lock(&site.scene).model;
        model.group = Some(group);
        for (index, person) in model.people.iter_mut().enumerate() {
            person.direct = direct.contains(&index);
        }
        Ok(())
    }

    pub(super) async fn edit_scope(&self, site: &Site, setting: ScopeSetting) -> Result<(), StoreError> {
        let connection = apps::connections::get(&self.store, site.connection).await?;
        let group = lock(&site.scene).model.group;
        let scope = match setting {
            ScopeSetting::Everyone => Scope::everyone(),
            ScopeSetting::Group(members) => {
                let groups = group.map(|group| ScopeGroup { group, members, deleted_since: None });
                Scope { mode: ScopeMode::Groups, groups: groups.into_iter().collect() }
            }
        };
        let config = ConnectionConfig { scope, ..connection.config };
        apps::connections::edit(&self.store, &BY, site.connection, None, config, false).await.map(drop)
    }
}

/// The connection's configuration as its plan has it. Rules that do not go together are left out.
fn configuration(endpoint: &str, plan: AppPlan, scene: &mut Scene) -> ConnectionConfig {
    let profile = profile(plan.profile).expect("plans name profiles of the catalogue");
    // Checks for drift only on demand: the others would mend what nothing else found.
    let drift = DriftSettings { every: None, ..DriftSettings::default() };
    let mut config = ConnectionConfig { removal_quiet: plan.removal_quiet, drift, ..ConnectionConfig::new(endpoint, profile) };
    if plan.archived_as_suspended {
        config.archived = ArchivedRule::AsSuspended;
    }
    for (trigger, kind, after) in plan.rules {
        let mut with = config.clone();
        let action = Some(Action { after, edited_at: None });
        match kind {
            RemovalKind::Suspend => with.deprovisioning.rule_mut(trigger).suspend = action,
            RemovalKind::HardDelete => with.deprovisioning.rule_mut(trigger).hard_delete = action,
        }
        if with.check(profile).is_ok() {
            config = with;
            scene.model.oracle.set_policy(trigger, kind, Some(after), None);
        }
    }
    config
}
