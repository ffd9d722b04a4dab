//! The steps in this program. Each consists of checks, and each check has mutants that must make it fail.

use xtask::{
    check::Check,
    outcome::{CannotCheck, Outcome, Report},
    selftest,
    workspace::Workspace,
};

use crate::{collector, deploy};

/// One step of `ci`.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    checks: &'static [&'static Check],
}

/// All steps. The table in `xtask` states their purposes and order.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "collector",
        checks: &[&collector::SUITES],
    },
    Step {
        name: "deploy",
        checks: &[&deploy::OBJECTS, &deploy::REFERENCES, &deploy::COLLECTORS],
    },
];

impl Step {
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let mut outcome = Outcome::default();
        for check in self.checks {
            outcome.add((check.run)(workspace));
        }
        outcome
    }

    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        STEPS.iter().find(|step| step.name == name)
    }
}

/// Runs the mutants of every check in this program.
pub(crate) fn selftest(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let checks = STEPS.iter().flat_map(|step| {
        let checks = step.checks.iter();
        checks.map(|&check| (step.name, check))
    });
    selftest::run(workspace, checks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_that_is_handed_over_is_done_here_and_has_checks() {
        let steps = xtask::step::STEPS.iter();
        let handed = steps.filter(|step| step.is_handed_over());
        let handed: Vec<&str> = handed.map(|step| step.name).collect();
        let here: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(handed, here);
        for step in STEPS {
            assert!(!step.checks.is_empty(), "{}", step.name);
        }
    }
}
