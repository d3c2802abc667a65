//! What people do: drawn from the seed, committed to the store, and followed in the model at the same instant.

use super::dice::Dice;
use super::history::sleep;
use super::model::{Access, Person, ScopeSetting};
use super::wire::lock;
use super::world::World;
use provost_core::app::{Action, GracePeriod, ScopeMembers, Trigger};
use provost_core::directory::{MemberRole, User};
use provost_core::ids::GroupId;
use provost_core::provisioning::RemovalKind;
use provost_core::time::Span;
use provost_platform::{Secret, simulation};
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
}

impl Kind {
    pub(super) const ALL: [Self; 30] = [
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
    ];

    /// Whether the app's state differs afterwards from what we were told, so that only a drift check can find it.
    pub(super) const fn leaves_drift(self) -> bool {
        matches!(self, Self::Lose | Self::Reactivate)
    }
}

/// Draws the details of a change and commits it. What is not possible as things stand is refused and changes nothing.
pub(super) async fn make(world: &World, kind: Kind) -> Result<(), StoreError> {
    begin(world);
    let mut dice = world.draw();
    let person = {
        let scene = lock(&world.scene);
        dice.pick(&(0..scene.model.people.len()).collect::<Vec<_>>())
    };
    let made = commit(world, kind, person, &mut dice).await;
    let refused = match made {
        Ok(()) => None,
        Err(error) if is_refusal(&error) => Some(error),
        Err(error) => return Err(error),
    };
    let now = world.store.now();
    let mut scene = lock(&world.scene);
    scene.trace.note(now, || format!("{kind:?} {person}{}", refused.map_or(String::new(), |why| format!(": refused, {why}"))));
    drop(scene);
    observe(world);
    Ok(())
}

/// No two changes are committed in the same microsecond.
fn begin(world: &World) {
    simulation::enter(world.store.now().0 + 1);
    lock(&world.scene).apply_late(world.store.now());
}

/// Everybody's clocks follow a change that was just committed.
fn observe(world: &World) {
    let (now, mut scene) = (world.store.now(), lock(&world.scene));
    scene.model.observe(now);
    scene.name_heirs(now);
}

/// Draws what is left to be drawn of a change, and commits it.
async fn commit(world: &World, kind: Kind, person: usize, dice: &mut Dice) -> Result<(), StoreError> {
    let (store, id) = (&world.store, lock(&world.scene).model.people[person].id);
    match kind {
        Kind::Suspend => done(world, person, users::suspend(store, &BY, id, ""), |person| person.suspended = true).await,
        Kind::Unsuspend => done(world, person, users::unsuspend(store, &BY, id), |person| person.suspended = false).await,
        Kind::Archive => done(world, person, users::archive(store, &BY, id), |person| person.archived = true).await,
        Kind::Unarchive => done(world, person, users::unarchive(store, &BY, id), |person| person.archived = false).await,
        Kind::Delete => done(world, person, users::delete(store, &BY, id), |person| person.deleted = true).await,
        Kind::Restore => done(world, person, users::restore(store, &BY, id, None), |person| person.deleted = false).await,
        Kind::Join => world.join(&address(dice)).await,
        Kind::Rename => {
            let email = address(dice);
            let edit = UserEdit { primary_email: Some(email.clone()), ..UserEdit::default() };
            done(world, person, users::edit(store, &BY, id, None, edit), |person| person.email = email).await
        }
        Kind::Retitle => {
            let name = format!("Name{}", dice.below(1_000_000));
            let edit = UserEdit { family_name: Some(name.clone()), ..UserEdit::default() };
            done(world, person, users::edit(store, &BY, id, None, edit), |person| person.family_name = name).await
        }
        Kind::Move => {
            let contractor = dice.coin();
            let path = if contractor { "/Contractors" } else { "/" };
            let edit = UserEdit { org_unit_path: Some(path.to_owned()), ..UserEdit::default() };
            done(world, person, users::edit(store, &BY, id, None, edit), |person| person.contractor = contractor).await
        }
        Kind::Direct => {
            let group = lock(&world.scene).model.group;
            member(world, person, group, dice.coin(), |person, member| person.direct = member).await
        }
        Kind::Nested => member(world, person, Some(world.nested), dice.coin(), |person, member| person.nested = member).await,
        Kind::Vip => member(world, person, Some(world.vip), dice.coin(), |person, member| person.vip = member).await,
        Kind::AppOn => access(world, dice.coin(), |model, on| model.app_on = on).await,
        Kind::ContractorsOn => access(world, dice.coin(), |model, on| model.contractors_on = on).await,
        Kind::Waver => waver(world).await,
        Kind::ScopeEveryone => scope(world, ScopeSetting::Everyone).await,
        Kind::ScopeGroup => {
            let members = dice.pick(&[ScopeMembers::Direct, ScopeMembers::All]);
            scope(world, ScopeSetting::Group(members)).await
        }
        Kind::DeleteScopeGroup => delete_scope_group(world).await,
        Kind::Policy => policy(world, dice).await,
        Kind::TurnOff => turn_off(world).await,
        Kind::TurnOn => turn_on(world).await,
        Kind::Reauthorize => reauthorize(world).await,
        Kind::Approve => approve(world).await,
        Kind::Retry => accounts::retry(store, &BY, world.connection, None).await.map(drop),
        Kind::SyncNow => apps::connections::sync_now(store, &BY, world.connection).await,
        Kind::DriftCheck => remote::request_check(store, &BY, world.connection, None).await.map(drop),
        Kind::Foreign => {
            let now = world.store.now();
            lock(&world.scene).make_by_hand(&address(dice), now);
            Ok(())
        }
        Kind::Lose | Kind::Reactivate => {
            tamper(world, kind, person);
            Ok(())
        }
    }
}

/// Whether the store has understood the change and does not allow it.
const fn is_refusal(error: &StoreError) -> bool {
    use StoreError::{Config, Invalid, NotFound, Stale, Taken, Transition};
    matches!(error, Invalid(_) | NotFound { .. } | Stale { .. } | Taken { .. } | Transition(_) | Config(_))
}

fn address(dice: &mut Dice) -> String {
    let domain = if dice.chance(150) { "second.example" } else { "example.com" };
    format!("user{}@{domain}", dice.below(16))
}

/// Waits for the store to commit a change of one user, and follows it in the model.
async fn done(
    world: &World,
    index: usize,
    committed: impl Future<Output = Result<User, StoreError>>,
    change: impl FnOnce(&mut Person),
) -> Result<(), StoreError> {
    committed.await?;
    change(&mut lock(&world.scene).model.people[index]);
    Ok(())
}

/// Puts a user into a group, or takes them out of it. Nobody can be named who is deleted.
async fn member(
    world: &World,
    index: usize,
    group: Option<GroupId>,
    member: bool,
    change: impl FnOnce(&mut Person, bool),
) -> Result<(), StoreError> {
    let person = lock(&world.scene).model.people[index].clone();
    let Some(group) = group.filter(|_| !person.deleted) else { return Ok(()) };
    if member {
        groups::add_member(&world.store, &BY, group, &person.email, MemberRole::Member).await?;
    } else {
        groups::remove_member(&world.store, &BY, group, &person.email).await?;
    }
    change(&mut lock(&world.scene).model.people[index], member);
    Ok(())
}

/// Turns the app ON or OFF, for everybody or for an org unit, as `change` says.
async fn access(world: &World, on: bool, change: impl FnOnce(&mut Access, bool)) -> Result<(), StoreError> {
    let mut access = lock(&world.scene).model.access;
    change(&mut access, on);
    apps::set_access(&world.store, &BY, world.app, None, world.access(access)).await?;
    lock(&world.scene).model.access = access;
    Ok(())
}

/// Everybody's access is lost, given back and lost again, an hour apart; an app may want to be left alone for longer.
async fn waver(world: &World) -> Result<(), StoreError> {
    for on in [false, true] {
        access(world, on, |model, on| model.app_on = on).await?;
        observe(world);
        sleep(Span::hours(1)).await;
        begin(world);
    }
    access(world, false, |model, on| model.app_on = on).await
}

async fn scope(world: &World, setting: ScopeSetting) -> Result<(), StoreError> {
    if setting != ScopeSetting::Everyone && lock(&world.scene).model.group.is_none() {
        world.make_scope_group().await?;
    }
    world.edit_scope(setting).await?;
    lock(&world.scene).model.scope = setting;
    Ok(())
}

/// The scope keeps a tombstone of the group, and its members lose it.
async fn delete_scope_group(world: &World) -> Result<(), StoreError> {
    let Some(group) = lock(&world.scene).model.group else { return Ok(()) };
    groups::delete(&world.store, &BY, group).await?;
    let model = &mut lock(&world.scene).model;
    model.group = None;
    model.people.iter_mut().for_each(|person| person.direct = false);
    Ok(())
}

async fn policy(world: &World, dice: &mut Dice) -> Result<(), StoreError> {
    let trigger = dice.pick(&Trigger::ALL);
    let kind = dice.pick(&[RemovalKind::Suspend, RemovalKind::HardDelete, RemovalKind::HardDelete]);
    let period = dice.chance(850).then(|| dice.pick(&GracePeriod::ALL));
    let confirmed = dice.chance(300);
    let connection = apps::connections::get(&world.store, world.connection).await?;
    let mut config = connection.config.clone();
    let rule = config.deprovisioning.rule_mut(trigger);
    let action = period.map(|after| Action { after, edited_at: None });
    match kind {
        RemovalKind::Suspend => rule.suspend = action,
        RemovalKind::HardDelete => rule.hard_delete = action,
    }
    let edited = apps::connections::edit(&world.store, &BY, world.connection, None, config, confirmed).await?;
    // An edit that changes nothing confirms nothing.
    if edited.config == connection.config {
        return Ok(());
    }
    let now = world.store.now();
    let oracle = &mut lock(&world.scene).model.oracle;
    oracle.set_policy(trigger, kind, period, (!confirmed).then_some(now));
    if confirmed {
        oracle.confirm_policy();
    }
    Ok(())
}

async fn turn_off(world: &World) -> Result<(), StoreError> {
    let was_active = lock(&world.scene).model.active;
    apps::connections::turn_off(&world.store, &BY, world.connection).await?;
    let model = &mut lock(&world.scene).model;
    if was_active {
        (model.active, model.turned_off_at) = (false, world.store.now());
    }
    Ok(())
}

async fn turn_on(world: &World) -> Result<(), StoreError> {
    apps::connections::turn_on(&world.store, &BY, world.connection, None).await?;
    lock(&world.scene).model.active = true;
    Ok(())
}

/// Gives the connection a new token, where the old one is not good any more.
async fn reauthorize(world: &World) -> Result<(), StoreError> {
    let halted = apps::connections::get(&world.store, world.connection).await?.halt.is_some();
    if !halted && !lock(&world.scene).revoked {
        return Ok(());
    }
    apps::connections::reauthorize(&world.store, &BY, world.connection, &Secret::new("a-new-token"), None).await?;
    let mut scene = lock(&world.scene);
    (scene.revoked, scene.refused) = (false, false);
    Ok(())
}

/// Everything that is held now is approved.
async fn approve(world: &World) -> Result<(), StoreError> {
    let rules = accounts::load_rules(&world.store, world.connection).await?;
    let held = accounts::removals::held(&world.store, &rules, world.store.now()).await?;
    {
        let oracle = &mut lock(&world.scene).model.oracle;
        for candidate in &held {
            oracle.approve(candidate.user_id.get(), candidate.removal.kind, candidate.removal.trigger);
        }
    }
    accounts::removals::decide_held(&world.store, &BY, world.connection, None, None, true).await.map(drop)
}

/// The app's own admin deletes one of our accounts, or activates one that we suspended.
fn tamper(world: &World, kind: Kind, index: usize) {
    let mut scene = lock(&world.scene);
    let user = scene.model.people[index].id.get();
    let Some(id) = scene.accounts_of(user).first().and_then(|account| account["id"].as_str()).map(str::to_owned) else { return };
    let Some(at) = scene.accounts.position(&id) else { return };
    scene.adrift.insert(user);
    if kind == Kind::Lose {
        scene.accounts.rows.remove(at);
    } else {
        scene.accounts.rows[at].insert("active".to_owned(), true.into());
    }
}
