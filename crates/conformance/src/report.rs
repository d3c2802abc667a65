//! Results and totals. How they are shown is the caller's affair.

use crate::requirement::Requirement;
use serde_json::{Value, json};

/// What became of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The server does what is required.
    Passed,
    /// It does not.
    Failed,
    /// It was not tried: the server does not announce the feature, or something else was missing.
    Skipped,
}

impl Verdict {
    /// As it stands in a report.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A requirement with its result.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What is required.
    pub requirement: &'static Requirement,
    /// What became of it.
    pub verdict: Verdict,
    /// The request that shows it, with its status; for a failure also what is wrong, for what was skipped why. One line.
    pub evidence: String,
}

/// What a run found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The base URL.
    pub server: String,
    /// One for each requirement, in the order of [`crate::requirements`].
    pub results: Vec<Outcome>,
    /// Paths of test resources that the server would not remove.
    pub left_behind: Vec<String>,
    /// Whether it was ended before everything was tried.
    pub was_stopped: bool,
}

impl Report {
    /// How many requirements had this result.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.results.iter().filter(|outcome| outcome.verdict == verdict).count()
    }

    /// Everything as JSON: `server`, `passed`, `failed`, `skipped`, `left_behind`, and `results` with `id`, `section`,
    /// `requirement`, `result` and `evidence` each.
    pub fn to_json(&self) -> Value {
        let results = self.results.iter().map(|outcome| {
            json!({
                "id": outcome.requirement.id,
                "section": outcome.requirement.section,
                "requirement": outcome.requirement.words,
                "result": outcome.verdict.word(),
                "evidence": outcome.evidence,
            })
        });
        json!({
            "server": self.server,
            "passed": self.count(Verdict::Passed),
            "failed": self.count(Verdict::Failed),
            "skipped": self.count(Verdict::Skipped),
            "left_behind": self.left_behind,
            "was_stopped": self.was_stopped,
            "results": results.collect::<Vec<_>>(),
        })
    }
}
