//! The deprovisioning policy: three triggers, two actions each, and the grace period before each action.

use crate::time::{Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why an account is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The user is no longer entitled.
    AppOff,
    /// The user is suspended in the directory.
    Suspended,
    /// The user is deleted from the directory.
    Deleted,
}

impl Trigger {
    /// In the order of the console's headings.
    pub const ALL: [Self; 3] = [Self::AppOff, Self::Suspended, Self::Deleted];

    /// As configuration files and the store spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AppOff => "app_off",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }

    /// The console's heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::AppOff => "When an app is turned off for a user",
            Self::Suspended => "When a user is suspended",
            Self::Deleted => "When a user is deleted",
        }
    }
}

/// How long an action waits after its cause began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GracePeriod {
    /// A suspend at once; a hard delete after [`super::ConnectionConfig::within_24_hours_delete`].
    #[serde(rename = "within_24_hours")]
    Within24Hours,
    /// After 1 day.
    #[serde(rename = "1d")]
    Days1,
    /// After 7 days.
    #[serde(rename = "7d")]
    Days7,
    /// After 21 days.
    #[serde(rename = "21d")]
    Days21,
}

impl GracePeriod {
    /// Shortest first.
    pub const ALL: [Self; 4] = [Self::Within24Hours, Self::Days1, Self::Days7, Self::Days21];

    /// As configuration files and the store spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Within24Hours => "within_24_hours",
            Self::Days1 => "1d",
            Self::Days7 => "7d",
            Self::Days21 => "21d",
        }
    }

    /// As the console's list shows it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Within24Hours => "within 24 hours",
            Self::Days1 => "after 1 day",
            Self::Days7 => "after 7 days",
            Self::Days21 => "after 21 days",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.word() == text)
    }

    /// The length before a suspend.
    pub const fn before_suspend(self) -> Span {
        match self {
            Self::Within24Hours => Span(0),
            Self::Days1 => Span::days(1),
            Self::Days7 => Span::days(7),
            Self::Days21 => Span::days(21),
        }
    }

    /// The length before a hard delete; `within_24_hours` is a setting of the connection.
    pub const fn before_delete(self, within_24_hours: Span) -> Span {
        match self {
            Self::Within24Hours => within_24_hours,
            Self::Days1 | Self::Days7 | Self::Days21 => self.before_suspend(),
        }
    }
}

/// One action of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The grace period.
    pub after: GracePeriod,
    /// When the period was last edited. Causes older than the edit wait at least a day more, so that an edit surprises
    /// nobody; `None` when set up first, or when the administrator confirmed the earlier removals.
    pub edited_at: Option<Timestamp>,
}

/// What one trigger does. Nothing ticked is legal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rule {
    /// Suspend the account, for apps that can.
    pub suspend: Option<Action>,
    /// Hard delete the account.
    pub hard_delete: Option<Action>,
}

/// One rule a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeprovisioningPolicy {
    /// When an app is turned off for a user.
    pub app_off: Rule,
    /// When a user is suspended.
    pub suspended: Rule,
    /// When a user is deleted.
    pub deleted: Rule,
}

/// A policy that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// The hard delete does not come after the suspend.
    #[error("{}: hard delete ({}) must be later than suspend ({}): set more time before the hard delete", .trigger.heading(), .hard_delete.label(), .suspend.label())]
    DeleteNotAfterSuspend {
        /// Where.
        trigger: Trigger,
        /// The suspend's period.
        suspend: GracePeriod,
        /// The hard delete's period.
        hard_delete: GracePeriod,
    },
    /// The app cannot suspend accounts.
    #[error("{}: this app cannot suspend accounts: choose hard delete only", .0.heading())]
    SuspendUnavailable(Trigger),
}

impl DeprovisioningPolicy {
    /// The rule of one trigger.
    pub const fn rule(&self, trigger: Trigger) -> &Rule {
        match trigger {
            Trigger::AppOff => &self.app_off,
            Trigger::Suspended => &self.suspended,
            Trigger::Deleted => &self.deleted,
        }
    }

    /// The rule of one trigger, to be edited.
    pub const fn rule_mut(&mut self, trigger: Trigger) -> &mut Rule {
        match trigger {
            Trigger::AppOff => &mut self.app_off,
            Trigger::Suspended => &mut self.suspended,
            Trigger::Deleted => &mut self.deleted,
        }
    }

    /// Checks that a hard delete comes after the suspend beside it, and that the app can suspend where that is asked.
    pub fn check(&self, can_suspend: bool, within_24_hours_delete: Span) -> Result<(), InvalidPolicy> {
        for trigger in Trigger::ALL {
            let rule = self.rule(trigger);
            let Some(suspend) = rule.suspend else { continue };
            if !can_suspend {
                return Err(InvalidPolicy::SuspendUnavailable(trigger));
            }
            let Some(hard_delete) = rule.hard_delete else { continue };
            if hard_delete.after.before_delete(within_24_hours_delete) <= suspend.after.before_suspend() {
                return Err(InvalidPolicy::DeleteNotAfterSuspend {
                    trigger,
                    suspend: suspend.after,
                    hard_delete: hard_delete.after,
                });
            }
        }
        Ok(())
    }

    /// This policy as an edit of `old` made at `now`: changed periods get their edit time, unless the administrator
    /// confirmed the earlier removals; unchanged ones keep theirs.
    pub fn as_edit_of(mut self, old: &Self, confirmed: bool, now: Timestamp) -> Self {
        let edited = |new: Option<Action>, old: Option<Action>| match (new, old) {
            (Some(new), Some(old)) if new.after == old.after && !confirmed => Some(old),
            (Some(new), _) => Some(Action { after: new.after, edited_at: (!confirmed).then_some(now) }),
            (None, _) => None,
        };
        for trigger in Trigger::ALL {
            let before = *old.rule(trigger);
            let rule = self.rule_mut(trigger);
            rule.suspend = edited(rule.suspend, before.suspend);
            rule.hard_delete = edited(rule.hard_delete, before.hard_delete);
        }
        self
    }
}
