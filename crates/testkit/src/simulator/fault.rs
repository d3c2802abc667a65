//! What can go wrong with one request, and how it is drawn.

use super::dice::Dice;
use super::judge::is_suspend;
use super::plan::AppPlan;
use crate::accounts::Request;
use std::time::Duration;

/// One way in which a request goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection is refused.
    Refused,
    /// It never arrives, and no answer comes.
    LostBefore,
    /// It is carried out, and the answer is lost.
    LostAfter,
    /// No answer until the client gives up; it may have been carried out.
    Hangs,
    /// It is carried out hours after the client gave up.
    Late,
    /// A proxy sends it twice.
    Doubled,
    /// 500, and nothing was done.
    ErrorBefore,
    /// 500, and it was done.
    ErrorAfter,
    /// It is carried out, and half of the answer comes.
    Garbled,
    /// It is carried out, and the answer does not name the account.
    WithoutId,
    /// 429, with one of five forms of `Retry-After`.
    Throttled,
    /// 503 with a time to wait.
    Unavailable,
    /// 400.
    Rejected,
    /// 403 for this user.
    Forbidden,
    /// 401 from now on, until there is a new token.
    Unauthorized,
    /// A create is refused with 409, though nobody bears the name.
    Conflict,
    /// An account that is there is not found by its id.
    UnknownId,
    /// A search does not see the newest account.
    BlindSearch,
    /// A page of the list shows nobody, or half of those whom it should.
    PartialListing,
    /// Names come back in capitals.
    Capitals,
    /// Truth values come back as text.
    TextBooleans,
}

impl Fault {
    pub(super) const ALL: [Self; 21] = [
        Self::Refused,
        Self::LostBefore,
        Self::LostAfter,
        Self::Hangs,
        Self::Late,
        Self::Doubled,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::Garbled,
        Self::WithoutId,
        Self::Throttled,
        Self::Unavailable,
        Self::Rejected,
        Self::Forbidden,
        Self::Unauthorized,
        Self::Conflict,
        Self::UnknownId,
        Self::BlindSearch,
        Self::PartialListing,
        Self::Capitals,
        Self::TextBooleans,
    ];

    /// Where the app lets two accounts bear one name, these would make two without any fault of ours.
    pub(super) const fn needs_unique_names(self) -> bool {
        matches!(self, Self::Late | Self::Doubled | Self::BlindSearch | Self::Conflict)
    }

    /// Whether an account that is there may seem not to be, so that it is made again for nothing.
    pub(super) const fn hides_accounts(self) -> bool {
        matches!(self, Self::UnknownId | Self::BlindSearch | Self::Late)
    }

    /// Whether the app's state may differ afterwards from what we were told, so that only a drift check can find it.
    pub(super) const fn leaves_drift(self) -> bool {
        matches!(self, Self::Late)
    }

    /// Whether it can meet this request.
    fn meets(self, request: &Request) -> bool {
        let searches = request.path.contains("filter=");
        match self {
            Self::Conflict | Self::WithoutId => request.method == "POST",
            // A removal that is answered with 404 is done, whatever the app does then.
            Self::UnknownId => request.path.contains("/Users/") && request.method != "DELETE" && !is_suspend(&request.body),
            Self::BlindSearch => searches,
            Self::PartialListing => request.path.contains("startIndex=") && !searches,
            Self::Late | Self::Doubled | Self::Forbidden | Self::Rejected => request.method != "GET",
            Self::Refused
            | Self::LostBefore
            | Self::LostAfter
            | Self::Hangs
            | Self::ErrorBefore
            | Self::ErrorAfter
            | Self::Garbled
            | Self::Throttled
            | Self::Unavailable
            | Self::Unauthorized
            | Self::Capitals
            | Self::TextBooleans => true,
        }
    }
}

/// How an app is dead for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// Connections are refused.
    Refuses,
    /// No answer ever comes, and nothing is done.
    Hangs,
    /// 500, and nothing is done.
    Errors,
}

impl Death {
    pub(super) const ALL: [Self; 3] = [Self::Refuses, Self::Hangs, Self::Errors];

    /// What every request meets from then on.
    pub(super) const fn fault(self) -> Fault {
        match self {
            Self::Refuses => Fault::Refused,
            Self::Hangs => Fault::Hangs,
            Self::Errors => Fault::ErrorBefore,
        }
    }
}

/// How one request goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    pub(super) fault: Option<Fault>,
    /// The way there, and back.
    pub(super) there: Duration,
    pub(super) back: Duration,
}

impl Course {
    pub(super) fn draw(dice: &mut Dice, plan: &AppPlan, quiet: bool, request: &Request) -> Self {
        let way = |dice: &mut Dice| Duration::from_millis(dice.below(plan.latency_millis_max + 1));
        let (there, back) = (way(dice), way(dice));
        let met = !quiet && dice.chance(plan.fault_permille);
        let fault = met.then(|| dice.pick(&plan.faults)).filter(|fault| fault.meets(request));
        Self { fault, there, back }
    }
}
