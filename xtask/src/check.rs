//! What a check is: a question asked of a tree, and the ways to break a tree that it has to notice.

use crate::{
    fixture::Fixture,
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

/// One question asked of a tree.
pub struct Check {
    /// How the tables and the selftest call it.
    pub name: &'static str,
    /// Looks at the tree.
    pub run: fn(&Workspace) -> Result<Report, CannotCheck>,
    /// The edits of the fixture that it must turn red.
    pub mutants: &'static [Mutant],
}

/// One way to break the fixture, and what the check has to say to it.
pub struct Mutant {
    /// The fault in words.
    pub fault: &'static str,
    /// Makes the fault.
    pub apply: fn(&Fixture) -> Result<(), CannotCheck>,
    /// What the check has to say.
    pub answer: Answer,
}

/// What a check has to answer. The fragment keeps it from being right by accident.
#[derive(Debug)]
pub enum Answer {
    /// Exit 1, with this fragment in a violation.
    Violation(&'static str),
    /// Exit 2, with this fragment in the reason.
    CannotCheck(&'static str),
}

impl Answer {
    /// Whether a check answered so.
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
