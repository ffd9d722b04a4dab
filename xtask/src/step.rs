//! The steps of `ci`. Each consists of checks, and each check has mutants that must make it fail.

use crate::{
    api, arch, check::Check, closure, deny, doc, features, handover, lint, outcome::Outcome,
    selftest, test, workspace::Workspace,
};

/// One line of the final table of `ci`, and a subcommand of the same name.
pub struct Step {
    /// The subcommand.
    pub name: &'static str,
    /// Its purpose, in half a sentence.
    pub why: &'static str,
    work: Work,
}

enum Work {
    Checks(&'static [&'static Check]),
    Selftest,
    /// A step that `xtask-deploy` runs.
    HandedOver,
}

/// In the order in which `ci` runs them: quick steps first, then those that share artefacts with the one before.
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
    /// Runs the step.
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

    /// The step with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        STEPS.iter().find(|step| step.name == name)
    }

    /// The checks of this step, with their mutants.
    pub fn checks(&self) -> &'static [&'static Check] {
        match self.work {
            Work::Checks(checks) => checks,
            Work::Selftest | Work::HandedOver => &[],
        }
    }

    /// Whether `xtask-deploy` runs it.
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

    /// Every guard in ARCHITECTURE.md names a command or a file of ours that exists.
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
