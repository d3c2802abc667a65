//! What people do: drawn from the seed, committed to the store, and followed in the models at the same instant.

use super::dice::Dice;
use super::machine;
use super::model::{Person, ScopeSetting};
use super::setting;
use super::wire::lock;
use super::world::{Site, World};
use provost_core::app::ScopeMembers;
use provost_core::directory::{MemberRole, User};
use provost_core::ids::GroupId;
use provost_platform::simulation;
use provost_store::directory::groups;
use provost_store::directory::users::{self, UserEdit};
use provost_store::{Actor, StoreError, accounts, apps, remote};

pub(super) const BY: Actor = Actor::CommandLine;

/// A kind of change, as plans list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Suspend,
    Unsuspend,
    Archive,
    Unarchive,
    Delete,
    Restore,
    Join,
    Rename,
    Retitle,
    Move,
    Direct,
    Nested,
    Vip,
    AppOn,
    ContractorsOn,
    Waver,
    ScopeEveryone,
    ScopeGroup,
    DeleteScopeGroup,
    Policy,
    TurnOff,
    TurnOn,
    Reauthorize,
    Approve,
    Retry,
    SyncNow,
    DriftCheck,
    Foreign,
    Lose,
    Reactivate,
    SetClock,
}

impl Kind {
    pub(super) const ALL: [Self; 31] = [
        Self::Suspend,
        Self::Unsuspend,
        Self::Archive,
        Self::Unarchive,
        Self::Delete,
        Self::Restore,
        Self::Join,
        Self::Rename,
        Self::Retitle,
        Self::Move,
        Self::Direct,
        Self::Nested,
        Self::Vip,
        Self::AppOn,
        Self::ContractorsOn,
        Self::Waver,
        Self::ScopeEveryone,
        Self::ScopeGroup,
        Self::DeleteScopeGroup,
        Self::Policy,
        Self::TurnOff,
        Self::TurnOn,
        Self::Reauthorize,
        Self::Approve,
        Self::Retry,
        Self::SyncNow,
        Self::DriftCheck,
        Self::Foreign,
        Self::Lose,
        Self::Reactivate,
        Self::SetClock,
    ];

    /// Whether the app's state differs afterwards from what we were told, so that only a drift check can find it.
    pub(super) const fn leaves_drift(self) -> bool {
        matches!(self, Self::Lose | Self::Reactivate)
    }
}

/// Draws the details of a change and commits it; `site` is the app that it concerns, if it is not one of the directory. What is
/// not possible as things stand is refused and changes nothing.
pub(super) async fn make(world: &World, kind: Kind, site: &Site) -> Result<(), StoreError> {
    begin(world);
    let mut dice = world.draw();
    let person = dice.pick(&(0..world.people().len()).collect::<Vec<_>>());
    let refused = match commit(world, site, kind, person, &mut dice).await {
        Ok(()) => None,
        Err(error) if is_refusal(&error) => Some(error),
        Err(error) => return Err(error),
    };
    let now = world.store.now();
    lock(&site.scene)
        .trace
        .note(now, || format!("{kind:?} {person}{}", refused.map_or(String::new(), |why| format!(": refused, {why}"))));
    observe(world);
    Ok(())
}

/// The same for every app.
pub(super) async fn make_everywhere(world: &World, kind: Kind) -> Result<(), StoreError> {
    for site in &world.sites {
        make(world, kind, site).await?;
    }
    Ok(())
}

/// No two changes are committed in the same microsecond.
pub(super) fn begin(world: &World) {
    simulation::pass(1);
    let now = world.store.now();
    world.each(|scene| scene.apply_late(now));
}

/// Everybody's clocks follow a change that was just committed.
pub(super) fn observe(world: &World) {
    let now = world.store.now();
    world.each(|scene| {
        scene.model.observe(now);
        scene.name_heirs(now);
    });
}

/// Draws what is left to be drawn of a change, and commits it.
async fn commit(world: &World, site: &Site, kind: Kind, person: usize, dice: &mut Dice) -> Result<(), StoreError> {
    let (store, id, connection) = (&world.store, world.people()[person].id, site.connection);
    match kind {
        Kind::Suspend => done(world, person, users::suspend(store, &BY, id, ""), |person| person.suspended = true).await,
        Kind::Unsuspend => done(world, person, users::unsuspend(store, &BY, id), |person| person.suspended = false).await,
        Kind::Archive => done(world, person, users::archive(store, &BY, id), |person| person.archived = true).await,
        Kind::Unarchive => done(world, person, users::unarchive(store, &BY, id), |person| person.archived = false).await,
        Kind::Delete => done(world, person, users::delete(store, &BY, id), |person| person.deleted = true).await,
        Kind::Restore => done(world, person, users::restore(store, &BY, id, None), |person| person.deleted = false).await,
        Kind::Join => world.join(&address(world, dice)).await,
        Kind::Rename => {
            let email = address(world, dice);
            let edit = UserEdit { primary_email: Some(email.clone()), ..UserEdit::default() };
            done(world, person, users::edit(store, &BY, id, None, edit), |person| person.email.clone_from(&email)).await
        }
        Kind::Retitle => {
            let name = format!("Name{}", dice.below(1_000_000));
            let edit = UserEdit { family_name: Some(name.clone()), ..UserEdit::default() };
            done(world, person, users::edit(store, &BY, id, None, edit), |person| person.family_name.clone_from(&name)).await
        }
        Kind::Move => {
            let contractor = dice.coin();
            let path = if contractor { "/Contractors" } else { "/" };
            let edit = UserEdit { org_unit_path: Some(path.to_owned()), ..UserEdit::default() };
            done(world, person, users::edit(store, &BY, id, None, edit), |person| person.contractor = contractor).await
        }
        Kind::Direct => {
            let group = lock(&site.scene).model.group;
            member(world, std::slice::from_ref(site), person, group, dice.coin(), |person, member| person.direct = member).await
        }
        Kind::Nested => {
            member(world, &world.sites, person, Some(world.nested), dice.coin(), |person, member| person.nested = member).await
        }
        Kind::Vip => {
            member(world, &world.sites, person, Some(world.vip), dice.coin(), |person, member| person.vip = member).await
        }
        Kind::AppOn => setting::access(world, site, dice.coin(), |model, on| model.app_on = on).await,
        Kind::ContractorsOn => setting::access(world, site, dice.coin(), |model, on| model.contractors_on = on).await,
        Kind::Waver => setting::waver(world, site, dice).await,
        Kind::ScopeEveryone => setting::scope(world, site, ScopeSetting::Everyone).await,
        Kind::ScopeGroup => {
            let members = dice.pick(&[ScopeMembers::Direct, ScopeMembers::All]);
            setting::scope(world, site, ScopeSetting::Group(members)).await
        }
        Kind::DeleteScopeGroup => setting::delete_scope_group(world, site).await,
        Kind::Policy => setting::policy(world, site, dice).await,
        Kind::TurnOff => setting::turn_off(world, site, dice).await,
        Kind::TurnOn => setting::turn_on(world, site).await,
        Kind::Reauthorize => setting::reauthorize(world, site).await,
        Kind::Approve => setting::approve(world, site).await,
        Kind::Retry => accounts::retry(store, &BY, connection, None).await.map(drop),
        Kind::SyncNow => apps::connections::sync_now(store, &BY, connection).await,
        Kind::DriftCheck => remote::request_check(store, &BY, connection, None).await.map(drop),
        Kind::Foreign => {
            let (email, now) = (address(world, dice), world.store.now());
            lock(&site.scene).make_by_hand(&email, now);
            Ok(())
        }
        Kind::Lose | Kind::Reactivate => {
            setting::tamper(site, kind, person);
            Ok(())
        }
        Kind::SetClock => machine::set_clock(world, dice).await,
    }
}

/// Whether the store has understood the change and does not allow it.
const fn is_refusal(error: &StoreError) -> bool {
    use StoreError::{Config, Invalid, NotFound, Stale, Taken, Transition};
    matches!(error, Invalid(_) | NotFound { .. } | Stale { .. } | Taken { .. } | Transition(_) | Config(_))
}

/// One of so many addresses that some are free and some are taken.
fn address(world: &World, dice: &mut Dice) -> String {
    let domain = if dice.chance(150) { "second.example" } else { "example.com" };
    let people = world.people().len() as u64;
    format!("user{}@{domain}", dice.below(16.max(people + people / 4)))
}

/// Waits for the store to commit a change of one user, and follows it in the model.
async fn done(
    world: &World,
    index: usize,
    committed: impl Future<Output = Result<User, StoreError>>,
    change: impl Fn(&mut Person),
) -> Result<(), StoreError> {
    committed.await?;
    world.each(|scene| change(&mut scene.model.people[index]));
    Ok(())
}

/// Puts a user into a group, or takes them out of it; `sites` are the apps to which that matters. Nobody can be named who is
/// deleted.
async fn member(
    world: &World,
    sites: &[Site],
    index: usize,
    group: Option<GroupId>,
    member: bool,
    change: impl Fn(&mut Person, bool),
) -> Result<(), StoreError> {
    let person = world.people()[index].clone();
    let Some(group) = group.filter(|_| !person.deleted) else { return Ok(()) };
    if member {
        groups::add_member(&world.store, &BY, group, &person.email, MemberRole::Member).await?;
    } else {
        groups::remove_member(&world.store, &BY, group, &person.email).await?;
    }
    for site in sites {
        change(&mut lock(&site.scene).model.people[index], member);
    }
    Ok(())
}
