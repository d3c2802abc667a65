//! What is done to the machine that the process runs on: its clock is set, and some hours later it is right again.
//!
//! Time runs evenly through all of it, so that the oracles know of none of it: what they say must go goes later. A clock that was
//! set forward is never confirmed here. The dates of everything would be over then, and nothing could be too early.

use super::change::{BY, begin};
use super::dice::Dice;
use super::history::sleep;
use super::world::World;
use provost_core::time::Span;
use provost_platform::simulation;
use provost_store::StoreError;
use provost_store::accounts::standstill::{self, StandstillReason};

/// By how much the clock is set; the first is hardly more than what is followed.
const JUMPS: [Span; 5] = [Span::seconds(360), Span::hours(5), Span::days(7), Span::days(40), Span::days(400)];

/// Somebody sets the clock. After a while it is set right, or an administrator says that a clock that was set back is right.
pub(super) async fn set_clock(world: &World, dice: &mut Dice) -> Result<(), StoreError> {
    let jump = dice.pick(&JUMPS).0;
    let by = if dice.coin() { jump } else { -jump };
    simulation::set_machine_clock(by);
    let now = world.store.now();
    world.each(|scene| scene.clock_wrong_since = Some(now));
    sleep(dice.pick(&[Span::seconds(120), Span::hours(1), Span::hours(6)])).await;
    begin(world);
    if by < 0 && dice.coin() {
        confirm_clock(world).await?;
    } else {
        simulation::set_machine_clock(-by);
        world.each(|scene| scene.clock_wrong_since = None);
    }
    sleep(Span::hours(1)).await;
    begin(world);
    // Where nothing was due there was nothing to confirm.
    simulation::set_machine_clock(-world.store.clock.disagreement_micros());
    world.each(|scene| scene.clock_wrong_since = None);
    Ok(())
}

async fn confirm_clock(world: &World) -> Result<(), StoreError> {
    for site in &world.sites {
        match standstill::confirm(&world.store, &BY, site.connection, StandstillReason::MachineClock).await {
            Ok(()) => world.each(|scene| scene.clock_wrong_since = None),
            // No removal has been due there since.
            Err(StoreError::Invalid(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
