//! A user's status: which change is possible when, and what it leaves.

use crate::kit::{START, day};
use provost_core::directory::{InvalidTransition, RESTORE_WINDOW, UserState, UserStatus};
use provost_core::time::Span;

type Step = fn(UserStatus) -> Result<UserStatus, InvalidTransition>;

const SUSPEND: Step = |status| status.suspend("", day(5));
const UNSUSPEND: Step = UserStatus::unsuspend;
const ARCHIVE: Step = |status| status.archive(day(5));
const UNARCHIVE: Step = |status| status.unarchive(day(5));
const DELETE: Step = |status| status.delete(day(5));
const RESTORE: Step = |status| status.restore(day(5));

#[test]
fn every_step_from_every_status() {
    use InvalidTransition::{Already, Deleted, Not};
    use UserState::{Active, Archived, Suspended};
    let active = UserStatus::default();
    let suspended = active.clone().suspend("left", START).expect("an active user");
    let archived = active.clone().archive(START).expect("an active user");
    let both = suspended.clone().archive(START).expect("a suspended user");
    let deleted = suspended.clone().delete(START).expect("a suspended user");
    let gone = UserState::Deleted;
    let steps = [SUSPEND, UNSUSPEND, ARCHIVE, UNARCHIVE, DELETE, RESTORE];
    let table = [
        (&active, [Ok(Suspended), Err(Not(Suspended)), Ok(Archived), Err(Not(Archived)), Ok(gone), Err(Not(gone))]),
        (&suspended, [Err(Already(Suspended)), Ok(Active), Ok(Archived), Err(Not(Archived)), Ok(gone), Err(Not(gone))]),
        (&archived, [Ok(Archived), Err(Not(Suspended)), Err(Already(Archived)), Ok(Active), Ok(gone), Err(Not(gone))]),
        (&both, [Err(Already(Suspended)), Ok(Archived), Err(Already(Archived)), Ok(Suspended), Ok(gone), Err(Not(gone))]),
        (&deleted, [Err(Deleted), Err(Deleted), Err(Deleted), Err(Deleted), Err(Deleted), Ok(Suspended)]),
    ];
    for (status, row) in table {
        for (step, expected) in steps.iter().zip(row) {
            assert_eq!(step(status.clone()).map(|status| status.state()), expected, "{status:?}");
        }
    }
}

#[test]
fn flags_keep_their_beginnings() {
    let suspended = UserStatus::default().suspend("left", START).expect("an active user");
    assert_eq!(suspended.suspended.as_ref().map(|suspension| suspension.since), Some(START));
    let unarchived = ARCHIVE(suspended.clone()).and_then(|status| status.unarchive(day(7))).expect("archived and back");
    assert_eq!((unarchived.archived_since, unarchived.unarchived_at), (None, Some(day(7))));
    assert_eq!(unarchived.suspended, suspended.suspended);
    assert_eq!(DELETE(suspended).map(|status| status.deleted_since), Ok(Some(day(5))));
}

#[test]
fn a_deletion_can_be_taken_back_for_twenty_days() {
    let deleted = UserStatus::default().delete(START).expect("a living user");
    let last = START + RESTORE_WINDOW;
    assert_eq!(deleted.clone().restore(last), Ok(UserStatus::default()));
    assert_eq!(deleted.restore(last + Span(1)), Err(InvalidTransition::RestoreWindowOver));
}
