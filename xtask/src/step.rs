//! The steps of `ci`, each made of checks, each check with the mutants it must turn red.

use crate::{
    api, arch, check::Check, closure, deny, doc, features, handover, lint, outcome::Outcome,
    selftest, test, workspace::Workspace,
};

/// One line of the table that `ci` ends with, and a subcommand of the same name.
pub struct Step {
    /// The subcommand.
    pub name: &'static str,
    /// What it is for, in half a sentence.
    pub why: &'static str,
    work: Work,
}

enum Work {
    Checks(&'static [&'static Check]),
    Selftest,
    /// What `xtask-deploy` does.
    HandedOver,
}

/// In the order in which `ci` runs them: the quick ones first, then those that share what the one before compiled.
pub const STEPS: &[Step] = &[
    Step {
        name: "arch",
        why: "who imports whom, held against architecture.toml",
        work: Work::Checks(&[
            &arch::EDGES,
            &arch::UNUSED,
            &arch::CIRCLES,
            &arch::SOURCE,
            &arch::MANIFESTS,
        ]),
    },
    Step {
        name: "closure",
        why: "everything that core and the bare example pull in, held against docs/closure",
        work: Work::Checks(&[&closure::CLOSURE]),
    },
    Step {
        name: "deny",
        why: "bans, licences and sources, by cargo-deny",
        work: Work::Checks(&[&deny::BANS, &deny::LICENCES, &deny::SOURCES]),
    },
    Step {
        name: "selftest",
        why: "every check turns red on every tree that was broken for it",
        work: Work::Selftest,
    },
    Step {
        name: "lint",
        why: "tidy files, rustfmt, and clippy without a warning",
        work: Work::Checks(&[&lint::TIDY, &lint::FORMAT, &lint::CLIPPY]),
    },
    Step {
        name: "test",
        why: "unit, integration and documentation tests",
        work: Work::Checks(&[&test::TESTS]),
    },
    Step {
        name: "collector",
        why: "the suites against a real collector, Docker and Redis",
        work: Work::HandedOver,
    },
    Step {
        name: "deploy",
        why: "manifests and collector configs, held against the Kubernetes API, the code and a collector",
        work: Work::HandedOver,
    },
    Step {
        name: "features",
        why: "each crate alone, with none, default, each and all of its features",
        work: Work::Checks(&[&features::FEATURES]),
    },
    Step {
        name: "api",
        why: "the public API of the crates that others build on, held against docs/api",
        work: Work::Checks(&[&api::API]),
    },
    Step {
        name: "doc",
        why: "the documentation builds without a warning",
        work: Work::Checks(&[&doc::DOCUMENTATION]),
    },
];

impl Step {
    /// Does the step.
    pub fn run(&self, workspace: &Workspace) -> Outcome {
        match self.work {
            Work::Checks(checks) => {
                let mut outcome = Outcome::default();
                for check in checks {
                    outcome.add((check.run)(workspace));
                }
                outcome
            }
            Work::Selftest => {
                let checks = STEPS.iter().flat_map(|step| {
                    let checks = step.checks().iter();
                    checks.map(|&check| (step.name, check))
                });
                let mut outcome = Outcome::from(selftest::run(workspace, checks));
                outcome.extend(handover::ask(workspace, &[self.name]));
                outcome
            }
            Work::HandedOver => handover::ask(workspace, &[self.name]),
        }
    }

    /// The step of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        STEPS.iter().find(|step| step.name == name)
    }

    /// The checks of this step, each with the mutants it answers for.
    pub fn checks(&self) -> &'static [&'static Check] {
        match self.work {
            Work::Checks(checks) => checks,
            Work::Selftest | Work::HandedOver => &[],
        }
    }

    /// Whether `xtask-deploy` does it.
    pub fn is_handed_over(&self) -> bool {
        matches!(self.work, Work::HandedOver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command, process::Voice};

    fn repository() -> Workspace {
        Workspace::discover().unwrap().with_voice(Voice::Silent)
    }

    fn green(check: &Check) {
        let report = (check.run)(&repository()).unwrap();
        assert_eq!(report.violations(), [""; 0], "{}", check.name);
    }

    #[test]
    fn the_edges_of_this_repository_are_permitted() {
        green(&arch::EDGES);
    }

    #[test]
    fn the_files_of_this_repository_form_no_circles_but_those_that_are_known() {
        green(&arch::CIRCLES);
    }

    #[test]
    fn the_dependencies_of_this_repository_are_used() {
        green(&arch::UNUSED);
    }

    #[test]
    fn the_source_of_this_repository_is_permitted() {
        green(&arch::SOURCE);
    }

    #[test]
    fn the_files_of_this_repository_are_tidy() {
        green(&lint::TIDY);
    }

    #[test]
    fn the_manifests_of_this_repository_have_no_misspelt_keys() {
        green(&arch::MANIFESTS);
    }

    #[test]
    fn the_closures_of_this_repository_are_the_golden_ones() {
        green(&closure::CLOSURE);
    }

    /// A promise in ARCHITECTURE.md names a command of ours or a file of ours, and both exist.
    #[test]
    fn every_guard_that_the_architecture_names_exists() {
        let workspace = repository();
        let text = workspace.read("ARCHITECTURE.md").unwrap();
        let guards: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_once("**Guarded by:**"))
            .map(|it| it.1)
            .collect();
        assert!(!guards.is_empty());
        for guard in guards {
            let named = guard.split('`').skip(1).step_by(2);
            let named: Vec<&str> = named
                .filter(|name| name.contains(['/', '.', ' ']))
                .collect();
            assert!(
                !named.is_empty(),
                "{guard} names neither a command nor a file"
            );
            for name in named {
                let known = match name.strip_prefix("cargo xtask ") {
                    Some(line) => {
                        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
                        command::parse(&words).is_ok()
                    }
                    None => workspace.root().join(name).exists(),
                };
                assert!(
                    known,
                    "ARCHITECTURE.md is guarded by `{name}`, which does not exist"
                );
            }
        }
    }
}
