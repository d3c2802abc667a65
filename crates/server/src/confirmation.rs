//! Confirming a plan: one that removes somebody, creates for many, or lets users fail who do not fail now is carried out only when
//! whoever asks names the plan's hash, or says yes to whatever it is.

use schemars::JsonSchema;
use serde::Deserialize;

/// What came with the request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Confirmation {
    /// The hash of the plan that was read.
    pub confirm: Option<String>,
    /// Yes, whatever the plan is: for scripts that mean it.
    pub yes: bool,
}

impl Confirmation {
    /// Whether a plan may be carried out: it need not be confirmed, or is. A hash that is named and is not the plan's is refused
    /// whatever the plan is: somebody has read another one.
    pub fn allows(&self, needed: bool, hash: &str) -> bool {
        !(needed || self.confirm.is_some()) || self.covers(hash)
    }

    /// Whether the plan with this hash is confirmed.
    pub fn covers(&self, hash: &str) -> bool {
        self.yes || self.confirm.as_deref().is_some_and(|named| named.trim().eq_ignore_ascii_case(hash))
    }

    /// What to tell when it is not.
    pub fn refusal(&self, what: &str, summary: &str) -> String {
        let why = match &self.confirm {
            Some(_) => "the plan has changed since its hash was read",
            None => "it removes somebody, creates for more than 100 users, or lets users fail who do not fail now",
        };
        format!(
            "{what} needs to be confirmed, because {why}: {summary}. Nothing was changed. Read the plan, then confirm its hash, or say yes to whatever it is."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_needs_no_confirmation_passes_unless_another_one_was_read() {
        let another = Confirmation { confirm: Some("ac".to_owned()), yes: false };
        assert!(Confirmation::default().allows(false, "ab"));
        assert!(!Confirmation::default().allows(true, "ab"));
        assert!(!another.allows(false, "ab"));
        assert!(another.allows(true, "ac"));
    }

    #[test]
    fn only_the_hash_that_was_read_or_a_yes_confirms() {
        let named = |hash: &str| Confirmation { confirm: Some(hash.to_owned()), yes: false };
        assert!(!Confirmation::default().covers("ab"));
        assert!(named(" AB ").covers("ab"));
        assert!(!named("ac").covers("ab"));
        assert!(!named("").covers("ab"));
        assert!(Confirmation { confirm: None, yes: true }.covers("ab"));
        assert!(named("ac").refusal("Turning on", "1 to create").contains("has changed since"));
    }
}
