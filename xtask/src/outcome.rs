//! What a check can say: it looked and found nothing, it looked and found something, it could not look.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The reason why nothing was decided, one sentence that ends with what to do.
#[derive(Debug)]
pub struct CannotCheck(String);

impl CannotCheck {
    /// The reason, in a sentence.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for CannotCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A check that did look: what it looked at, and what is wrong with it.
#[derive(Debug)]
pub struct Report {
    summary: String,
    violations: Vec<String>,
}

impl Report {
    /// Reports on `count` things.
    ///
    /// # Errors
    ///
    /// A check that looked at nothing proves nothing, so a count of zero is [`CannotCheck`].
    pub fn new(count: usize, what: &str, violations: Vec<String>) -> Result<Self, CannotCheck> {
        if count == 0 && violations.is_empty() {
            return Err(CannotCheck::new(format!("there are no {what} to look at")));
        }
        Ok(Self {
            summary: format!("{count} {what}"),
            violations,
        })
    }

    /// What is wrong, a sentence each.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }
}

/// What a whole step found: the reports of its checks, put together.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was looked at, a phrase for each check.
    pub summaries: Vec<String>,
    /// What is wrong.
    pub violations: Vec<String>,
    /// Why something could not be checked.
    pub unchecked: Vec<String>,
}

impl Outcome {
    /// Nothing was decided.
    pub fn cannot(reason: CannotCheck) -> Self {
        Self::from(Err(reason))
    }

    /// Adds what one check found.
    pub fn add(&mut self, result: Result<Report, CannotCheck>) {
        match result {
            Ok(report) => {
                self.summaries.push(report.summary);
                self.violations.extend(report.violations);
            }
            Err(CannotCheck(reason)) => self.unchecked.push(reason),
        }
    }

    /// Adds what another part of the same step found.
    pub fn extend(&mut self, other: Self) {
        self.summaries.extend(other.summaries);
        self.violations.extend(other.violations);
        self.unchecked.extend(other.unchecked);
    }

    /// 0 green, 1 violation, 2 could not check. A violation is certain, so it wins over a doubt.
    pub fn exit_code(&self) -> u8 {
        match (self.violations.is_empty(), self.unchecked.is_empty()) {
            (false, _) => 1,
            (true, false) => 2,
            (true, true) => 0,
        }
    }

    /// The verdict in two words, for the line and the table.
    pub fn verdict(&self) -> &'static str {
        match self.exit_code() {
            0 => "ok",
            1 => "violation",
            _ => "not checked",
        }
    }
}

impl From<Result<Report, CannotCheck>> for Outcome {
    fn from(result: Result<Report, CannotCheck>) -> Self {
        let mut outcome = Self::default();
        outcome.add(result);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_looked_at_nothing_is_not_green() {
        let outcome = Outcome::from(Report::new(0, "edges", Vec::new()));
        assert_eq!(outcome.exit_code(), 2);
        assert_eq!(outcome.unchecked, ["there are no edges to look at"]);
    }

    #[test]
    fn a_violation_wins_over_a_doubt_and_a_doubt_over_green() {
        let mut outcome = Outcome::from(Report::new(1, "edges", Vec::new()));
        assert_eq!(outcome.exit_code(), 0);
        outcome.add(Err(CannotCheck::new("no tool")));
        assert_eq!(outcome.exit_code(), 2);
        outcome.add(Report::new(1, "edges", vec!["bad".into()]));
        assert_eq!(outcome.exit_code(), 1);
    }
}
