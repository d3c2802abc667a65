//! What one seed's world is like. Each seed has its own few kinds of changes, and each of its apps its own few faults, so that
//! rare ones meet often somewhere instead of being drowned everywhere.

use super::change::Kind;
use super::dice::Dice;
use super::fault::{Death, Fault};
use provost_core::app::{GracePeriod, Trigger};
use provost_core::provisioning::RemovalKind;
use provost_core::time::Span;
use std::time::Duration;

/// How much happens in one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Up to 12 people and 40 steps before one app; in a quarter of the seeds up to 8 people and 24 steps before two or three
    /// apps. For many seeds.
    Small,
    /// Up to 60 people and 200 steps, before three apps.
    Big,
    /// 200 people and 3,000 steps, before three apps, for few seeds.
    Full,
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Faults anywhere and at any time; when they end, everything must come right.
    Safety,
    /// The requests for one user fail for ever, or an app is dead for ever; everything else must come right all the same.
    Liveness,
}

/// Whoever decides looks within this time, whatever the app does: a loss of access that is undone before may never be seen.
pub(super) const UNSEEN: Span = Span::seconds(2);

/// How many of 1,000 small seeds have a crowd, so that the app's rate and its pages count, and few steps.
const CROWD_PERMILLE: u64 = 10;

/// How many of 1,000 histories end with an old backup that is put back.
const BACKUP_PERMILLE: u64 = 50;

/// In how many of 1,000 histories an app dies and comes back.
const OUTAGE_PERMILLE: u64 = 100;

/// Longer than any history.
const FOR_EVER: Span = Span::days(36_500);

/// One world.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) people: i64,
    pub(super) steps: usize,
    /// How often the engine looks without being woken.
    pub(super) look_every: Duration,
    /// What may happen, each as often as it stands here.
    pub(super) kinds: Vec<Kind>,
    /// How many of 1,000 steps are followed by a look at everything, which costs the more the more there is.
    pub(super) look_permille: u64,
    /// How many of 1,000 steps kill the process.
    pub(super) kill_permille: u64,
    /// After how many steps a backup is taken, which is put back after everything.
    pub(super) backup_after: Option<usize>,
    /// The apps; there is at least one.
    pub(super) apps: Vec<AppPlan>,
}

/// One app of a world.
#[derive(Debug, Clone)]
pub(super) struct AppPlan {
    /// The app's catalogue entry.
    pub(super) profile: &'static str,
    /// What may go wrong.
    pub(super) faults: Vec<Fault>,
    /// How many of 1,000 requests meet a fault.
    pub(super) fault_permille: u64,
    /// The longest way to the app, and back.
    pub(super) latency_millis_max: u64,
    pub(super) archived_as_suspended: bool,
    pub(super) removal_quiet: Span,
    pub(super) rules: Vec<(Trigger, RemovalKind, GracePeriod)>,
    /// The index of the user whose requests fail for ever.
    pub(super) stuck: Option<usize>,
    pub(super) outage: Option<Outage>,
}

/// An app that dies, and comes back or does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outage {
    /// So many steps come before it.
    pub(super) after: usize,
    pub(super) death: Death,
    pub(super) lasts: Span,
}

impl Plan {
    pub(super) fn draw(dice: &mut Dice, size: Size, mode: Mode) -> Self {
        let dies = mode == Mode::Liveness && dice.coin();
        let apps = match size {
            Size::Small if dies => dice.pick(&[2, 2, 3]),
            Size::Small => dice.pick(&[1, 1, 1, 1, 1, 1, 2, 3]),
            Size::Big | Size::Full => 3,
        };
        let crowd = size == Size::Small && apps == 1 && dice.chance(CROWD_PERMILLE);
        let (people, steps) = match size {
            Size::Small if crowd => (dice.between(110, 130), dice.between(5, 10)),
            Size::Small if apps == 1 => (dice.between(3, 12), dice.between(15, 40)),
            // So that they cost what the others do.
            Size::Small => (dice.between(3, 8), dice.between(10, 24)),
            Size::Big => (dice.between(20, 60), dice.between(100, 200)),
            Size::Full => (200, 3_000),
        };
        let steps = usize::try_from(steps).unwrap_or(0);
        let profiles: &[&'static str] =
            if crowd { &["generic"] } else { &["netskope", "netskope-suspend", "netskope-suspend", "generic"] };
        let mut apps: Vec<AppPlan> = (0..apps).map(|_| AppPlan::draw(dice, profiles)).collect();
        if dies {
            apps[0].outage = Some(Outage::draw(dice, steps, &[FOR_EVER]));
        } else if mode == Mode::Liveness {
            apps[0].stuck = Some(0);
        } else if dice.chance(OUTAGE_PERMILLE) {
            apps[0].outage = Some(Outage::draw(dice, steps, &[Span::hours(1), Span::hours(12), Span::days(3)]));
        }
        let mut kinds = Self::kinds(dice);
        if apps.iter().any(|app| app.faults.contains(&Fault::UnknownId)) {
            // A renamed account is the hardest to find again.
            kinds.extend([Kind::Rename; 3]);
        }
        let backup = mode == Mode::Safety && dice.chance(BACKUP_PERMILLE);
        Self {
            people,
            steps,
            look_every: dice.pick(&[Duration::from_hours(12), Duration::from_hours(24)]),
            kinds,
            look_permille: if size == Size::Full { 25 } else { 250 },
            kill_permille: dice.pick(&[0, 0, 30, 120]),
            backup_after: backup.then(|| usize::try_from(dice.below(steps as u64)).unwrap_or(0) + 1),
            apps,
        }
    }

    /// A few kinds, some more often than others; joining and waiting are always there.
    fn kinds(dice: &mut Dice) -> Vec<Kind> {
        let mut kinds = vec![Kind::Join, Kind::Retitle];
        for kind in Kind::ALL {
            let times = dice.pick(&[0, 0, 1, 1, 3]);
            kinds.extend(std::iter::repeat_n(kind, times));
        }
        // Whoever turns off or revokes also turns on again.
        kinds.extend([Kind::TurnOn, Kind::Reauthorize, Kind::Approve]);
        kinds
    }
}

impl Outage {
    fn draw(dice: &mut Dice, steps: usize, lasts: &[Span]) -> Self {
        let after = usize::try_from(dice.below(steps as u64)).unwrap_or(0);
        Self { after, death: dice.pick(&Death::ALL), lasts: dice.pick(lasts) }
    }
}

impl AppPlan {
    fn draw(dice: &mut Dice, profiles: &[&'static str]) -> Self {
        let profile = dice.pick(profiles);
        let unique = profile != "generic";
        let mut faults: Vec<Fault> = Fault::ALL.into_iter().filter(|fault| unique || !fault.needs_unique_names()).collect();
        faults.retain(|_| dice.chance(350));
        if faults.contains(&Fault::UnknownId) {
            // An app that denies an account by its id and by its name has none, as far as anybody can tell.
            faults.retain(|fault| *fault != Fault::BlindSearch);
        }
        let calm = faults.is_empty() || dice.chance(200);
        Self {
            profile,
            faults,
            fault_permille: if calm { 0 } else { dice.pick(&[20, 100, 300]) },
            latency_millis_max: dice.pick(&[1, 50, 2_000, 12_000]),
            archived_as_suspended: dice.chance(200),
            removal_quiet: dice.pick(&[Span(0), Span(0), Span::seconds(60)]),
            rules: Self::rules(dice, profile != "netskope"),
            stuck: None,
            outage: None,
        }
    }

    /// Whether its state may differ from what we were told, by a fault, so that only a drift check can find it.
    pub(super) fn drifts(&self) -> bool {
        self.faults.iter().any(|fault| fault.leaves_drift())
    }

    fn rules(dice: &mut Dice, can_suspend: bool) -> Vec<(Trigger, RemovalKind, GracePeriod)> {
        let mut rules = Vec::new();
        for trigger in Trigger::ALL {
            if dice.chance(800) {
                rules.push((trigger, RemovalKind::HardDelete, dice.pick(&GracePeriod::ALL)));
            }
            if can_suspend && dice.chance(600) {
                rules.push((trigger, RemovalKind::Suspend, dice.pick(&GracePeriod::ALL)));
            }
        }
        rules
    }
}
