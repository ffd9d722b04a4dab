//! The outcome of a check: no violations, violations, or unable to check.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why nothing was decided, in one sentence that ends with what to do.
#[derive(Debug)]
pub struct CannotCheck(String);

impl CannotCheck {
    /// Creates it from a sentence.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for CannotCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The report of a check that was able to check: what it checked, and the violations.
#[derive(Debug)]
pub struct Report {
    summary: String,
    violations: Vec<String>,
}

impl Report {
    /// Creates a report on `count` things.
    ///
    /// # Errors
    ///
    /// A count of zero is [`CannotCheck`], because a check that checked nothing proves nothing.
    pub fn new(count: usize, what: &str, violations: Vec<String>) -> Result<Self, CannotCheck> {
        if count == 0 && violations.is_empty() {
            return Err(CannotCheck::new(format!("there are no {what} to look at")));
        }
        Ok(Self {
            summary: format!("{count} {what}"),
            violations,
        })
    }

    /// The violations, one sentence each.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }
}

/// The outcome of a whole step: the combined reports of its checks.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was checked, one phrase for each check.
    pub summaries: Vec<String>,
    /// The violations.
    pub violations: Vec<String>,
    /// Why something could not be checked.
    pub unchecked: Vec<String>,
}

impl Outcome {
    /// An outcome in which nothing was decided.
    pub fn cannot(reason: CannotCheck) -> Self {
        Self::from(Err(reason))
    }

    /// Adds the result of one check.
    pub fn add(&mut self, result: Result<Report, CannotCheck>) {
        match result {
            Ok(report) => {
                self.summaries.push(report.summary);
                self.violations.extend(report.violations);
            }
            Err(CannotCheck(reason)) => self.unchecked.push(reason),
        }
    }

    /// Adds the outcome of another part of the same step.
    pub fn extend(&mut self, other: Self) {
        self.summaries.extend(other.summaries);
        self.violations.extend(other.violations);
        self.unchecked.extend(other.unchecked);
    }

    /// 0 green, 1 violation, 2 could not check. Violations take precedence, because they are certain.
    pub fn exit_code(&self) -> u8 {
        match (self.violations.is_empty(), self.unchecked.is_empty()) {
            (false, _) => 1,
            (true, false) => 2,
            (true, true) => 0,
        }
    }

    /// The verdict in two words, for the console and the table.
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
