//! Checks of a tree, with the faults that each check must detect.

use crate::{
    fixture::Fixture,
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

/// A check of a tree.
pub struct Check {
    /// The name in tables and in the selftest.
    pub name: &'static str,
    /// Checks the tree.
    pub run: fn(&Workspace) -> Result<Report, CannotCheck>,
    /// The edits of the fixture that must make it fail.
    pub mutants: &'static [Mutant],
}

/// A way to break the fixture, and the expected result of the check.
pub struct Mutant {
    /// A description of the fault.
    pub fault: &'static str,
    /// Introduces the fault.
    pub apply: fn(&Fixture) -> Result<(), CannotCheck>,
    /// The expected result of the check.
    pub answer: Answer,
}

/// The expected result of a check. The fragment ensures that it is not right by accident.
#[derive(Debug)]
pub enum Answer {
    /// Exit 1, with this fragment in a violation.
    Violation(&'static str),
    /// Exit 2, with this fragment in the reason.
    CannotCheck(&'static str),
}

impl Answer {
    /// Whether the result of a check matches.
    pub(crate) fn is_given_by(&self, result: &Result<Report, CannotCheck>) -> bool {
        match (self, result) {
            (Self::Violation(fragment), Ok(report)) => report
                .violations()
                .iter()
                .any(|violation| violation.contains(fragment)),
            (Self::CannotCheck(fragment), Err(reason)) => reason.to_string().contains(fragment),
            _ => false,
        }
    }
}
