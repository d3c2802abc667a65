//! What administrators do with one app and its connection, and what is done to its accounts behind our back.

use super::change::{BY, Kind, begin, observe};
use super::dice::Dice;
use super::history::sleep;
use super::ledger::Effect;
use super::model::{Access, ScopeSetting};
use super::wire::lock;
use super::world::{Site, World};
use provost_core::app::{Action, GracePeriod, Trigger};
use provost_core::provisioning::RemovalKind;
use provost_core::time::Span;
use provost_platform::Secret;
use provost_store::directory::groups;
use provost_store::{StoreError, accounts, apps};

/// Turns the app ON or OFF, for everybody or for an org unit, as `change` says.
pub(super) async fn access(
    world: &World,
    site: &Site,
    on: bool,
    change: impl FnOnce(&mut Access, bool),
) -> Result<(), StoreError> {
    let mut access = lock(&site.scene).model.access;
    change(&mut access, on);
    apps::set_access(&world.store, &BY, site.app, None, world.access(access)).await?;
    lock(&site.scene).model.access = access;
    Ok(())
}

/// Everybody's access is lost, given back and lost again, an hour apart. Half of the time the app wants to be left alone from when
/// it is given back until after all of it.
pub(super) async fn waver(world: &World, site: &Site, dice: &mut Dice) -> Result<(), StoreError> {
    let busy = dice.coin();
    for on in [false, true] {
        if busy && on {
            lock(&site.scene).busy_until = world.store.now() + Span::hours(2);
        }
        access(world, site, on, |model, on| model.app_on = on).await?;
        observe(world);
        sleep(Span::hours(1)).await;
        begin(world);
    }
    access(world, site, false, |model, on| model.app_on = on).await
}

pub(super) async fn scope(world: &World, site: &Site, setting: ScopeSetting) -> Result<(), StoreError> {
    if setting != ScopeSetting::Everyone && lock(&site.scene).model.group.is_none() {
        world.make_scope_group(site).await?;
    }
    world.edit_scope(site, setting).await?;
    lock(&site.scene).model.scope = setting;
    Ok(())
}

/// The scope keeps a tombstone of the group, and its members lose it.
pub(super) async fn delete_scope_group(world: &World, site: &Site) -> Result<(), StoreError> {
    let Some(group) = lock(&site.scene).model.group else { return Ok(()) };
    groups::delete(&world.store, &BY, group).await?;
    let model = &mut lock(&site.scene).model;
    model.group = None;
    model.people.iter_mut().for_each(|person| person.direct = false);
    Ok(())
}

pub(super) async fn policy(world: &World, site: &Site, dice: &mut Dice) -> Result<(), StoreError> {
    let trigger = dice.pick(&Trigger::ALL);
    let kind = dice.pick(&[RemovalKind::Suspend, RemovalKind::HardDelete, RemovalKind::HardDelete]);
    let period = dice.chance(850).then(|| dice.pick(&GracePeriod::ALL));
    let confirmed = dice.chance(300);
    let connection = apps::connections::get(&world.store, site.connection).await?;
    let mut config = connection.config.clone();
    let rule = config.deprovisioning.rule_mut(trigger);
    let action = period.map(|after| Action { after, edited_at: None });
    match kind {
        RemovalKind::Suspend => rule.suspend = action,
        RemovalKind::HardDelete => rule.hard_delete = action,
    }
    let edited = apps::connections::edit(&world.store, &BY, site.connection, None, config, confirmed).await?;
    // An edit that changes nothing confirms nothing.
    if edited.config == connection.config {
        return Ok(());
    }
    let now = world.store.now();
    let oracle = &mut lock(&site.scene).model.oracle;
    oracle.set_policy(trigger, kind, period, (!confirmed).then_some(now));
    if confirmed {
        oracle.confirm_policy();
    }
    Ok(())
}

/// Half of the time somebody has just joined, so that it comes between two requests of one operation.
pub(super) async fn turn_off(world: &World, site: &Site, dice: &mut Dice) -> Result<(), StoreError> {
    if dice.coin() {
        world.join(&format!("joined{}@example.com", world.people().len())).await?;
        observe(world);
        let way = lock(&site.scene).plan.latency_millis_max;
        sleep(Span(dice.between(0, 1_000 * i64::try_from(way).unwrap_or(0)))).await;
        begin(world);
    }
    let was_active = lock(&site.scene).model.active;
    apps::connections::turn_off(&world.store, &BY, site.connection).await?;
    let model = &mut lock(&site.scene).model;
    if was_active {
        (model.active, model.turned_off_at) = (false, world.store.now());
    }
    Ok(())
}

pub(super) async fn turn_on(world: &World, site: &Site) -> Result<(), StoreError> {
    apps::connections::turn_on(&world.store, &BY, site.connection, None).await?;
    lock(&site.scene).model.active = true;
    Ok(())
}

/// Gives the connection a new token, where the old one is not good any more.
pub(super) async fn reauthorize(world: &World, site: &Site) -> Result<(), StoreError> {
    let halted = apps::connections::get(&world.store, site.connection).await?.halt.is_some();
    if !halted && !lock(&site.scene).revoked {
        return Ok(());
    }
    let token = Secret::new(format!("token-{}", lock(&site.scene).requests()));
    apps::connections::reauthorize(&world.store, &BY, site.connection, &token, None).await?;
    let mut scene = lock(&site.scene);
    (scene.revoked, scene.refused) = (false, false);
    scene.token_since = scene.requests();
    Ok(())
}

/// Everything that is held now is approved.
pub(super) async fn approve(world: &World, site: &Site) -> Result<(), StoreError> {
    let rules = accounts::load_rules(&world.store, site.connection).await?;
    let held = accounts::removals::held(&world.store, &rules, world.store.now()).await?;
    {
        let oracle = &mut lock(&site.scene).model.oracle;
        for candidate in &held {
            oracle.approve(candidate.user_id.get(), candidate.removal.kind, candidate.removal.trigger);
        }
    }
    accounts::removals::decide_held(&world.store, &BY, site.connection, None, None, true).await.map(drop)
}

/// The app's own admin deletes one of our accounts, or activates one that we suspended.
pub(super) fn tamper(site: &Site, kind: Kind, index: usize) {
    let mut scene = lock(&site.scene);
    let user = scene.model.people[index].id.get();
    let Some(id) = scene.accounts_of(user).first().and_then(|account| account["id"].as_str()).map(str::to_owned) else { return };
    let Some(at) = scene.accounts.position(&id) else { return };
    scene.adrift.insert(user);
    if kind == Kind::Lose {
        scene.accounts.rows.remove(at);
        scene.lost.insert(user);
        scene.ledger.resembles(Effect::Deleted);
    } else {
        scene.accounts.rows[at].insert("active".to_owned(), true.into());
        scene.ledger.resembles(Effect::Changed);
    }
}
