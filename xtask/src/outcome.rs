//! What a check can say: it looked and found nothing, it looked and found something, it could not look.

use std::fmt;

/// The reason why nothing was decided, one sentence that ends with what to do.
#[derive(Debug)]
pub(crate) struct CannotCheck(String);

impl CannotCheck {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
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
pub(crate) struct Report {
    summary: String,
    violations: Vec<String>,
}

impl Report {
    /// Reports on `count` things.
    ///
    /// # Errors
    ///
    /// A check that looked at nothing proves nothing, so a count of zero is [`CannotCheck`].
    pub(crate) fn new(
        count: usize,
        what: &str,
        violations: Vec<String>,
    ) -> Result<Self, CannotCheck> {
        if count == 0 && violations.is_empty() {
            return Err(CannotCheck::new(format!("there are no {what} to look at")));
        }
        Ok(Self {
            summary: format!("{count} {what}"),
            violations,
        })
    }

    pub(crate) fn violations(&self) -> &[String] {
        &self.violations
    }
}

/// What a whole step found: the reports of its checks, put together.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) summaries: Vec<String>,
    pub(crate) violations: Vec<String>,
    pub(crate) unchecked: Vec<String>,
}

impl Outcome {
    pub(crate) fn cannot(reason: CannotCheck) -> Self {
        Self::from(Err(reason))
    }

    pub(crate) fn add(&mut self, result: Result<Report, CannotCheck>) {
        match result {
            Ok(report) => {
                self.summaries.push(report.summary);
                self.violations.extend(report.violations);
            }
            Err(CannotCheck(reason)) => self.unchecked.push(reason),
        }
    }

    /// 0 green, 1 violation, 2 could not check. A violation is certain, so it wins over a doubt.
    pub(crate) fn exit_code(&self) -> u8 {
        match (self.violations.is_empty(), self.unchecked.is_empty()) {
            (false, _) => 1,
            (true, false) => 2,
            (true, true) => 0,
        }
    }

    /// The verdict in two words, for the line and the table.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.exit_code() {
            0 => "ok",
            1 => "violation",
            _ => "not checked",
        }
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
