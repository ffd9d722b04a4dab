//! The suites: test targets that plain `cargo test` excludes, and the modules within them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
};

use serde::Deserialize;
use xtask::{
    metadata::{self, Package},
    outcome::CannotCheck,
    process::{self, Voice},
    workspace::Workspace,
};

use super::parts::Part;

/// A test target of this name has one suite for each module; any other target is one suite.
const BY_MODULE: &str = "docker";

/// One test target.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) package: String,
    pub(super) name: String,
    /// The folder of the package, which is the working directory of its tests.
    pub(super) folder: PathBuf,
    pub(super) terms: Terms,
}

/// The settings of a target, below `package.metadata.suites`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    /// The parts it needs; the usual ones by default.
    needs: Option<BTreeSet<Part>>,
    /// The suites it promises; by default, those that are found.
    suites: Option<BTreeSet<String>>,
    /// The number of cases that run concurrently.
    threads: Option<usize>,
}

/// Cases that run together and are counted together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) cases: Vec<String>,
}

impl Target {
    pub(super) fn needs(&self) -> BTreeSet<Part> {
        self.terms
            .needs
            .clone()
            .unwrap_or_else(|| Part::USUAL.into())
    }

    /// Suites with containers run one case at a time: they share one engine, and some use all of a small machine.
    pub(super) fn threads(&self) -> Option<usize> {
        let needs_docker = self.needs().contains(&Part::Docker);
        self.terms.threads.or(needs_docker.then_some(1))
    }

    /// The suites of this target, from its own list of cases.
    ///
    /// # Errors
    ///
    /// The executable does not list its cases.
    pub(super) fn suites(&self, executable: &PathBuf) -> Result<Vec<Suite>, CannotCheck> {
        let mut ask = Command::new(executable);
        ask.args(["--list", "--format", "terse"]);
        let listed = process::run(ask.current_dir(&self.folder), Voice::Silent)?;
        if !listed.success {
            return Err(CannotCheck::new(format!(
                "{} of {} does not list its cases: {}",
                self.name,
                self.package,
                listed.last_words()
            )));
        }
        Ok(self.arrange(&listed.stdout))
    }

    /// Assigns every case to its suite. A promised suite is present even without a case.
    fn arrange(&self, listed: &str) -> Vec<Suite> {
        let mut suites: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let promised = self.terms.suites.iter().flatten();
        for name in promised {
            suites.insert(name, Vec::new());
        }
        for case in listed
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
        {
            let name = match case.split_once("::") {
                Some((module, _)) if self.has_modules() => module,
                _ => &self.name,
            };
            suites.entry(name).or_default().push(case.to_owned());
        }
        if suites.is_empty() {
            suites.insert(&self.name, Vec::new());
        }
        suites
            .into_iter()
            .map(|(name, cases)| Suite {
                name: name.to_owned(),
                cases,
            })
            .collect()
    }

    fn has_modules(&self) -> bool {
        self.name == BY_MODULE || self.terms.suites.is_some()
    }

    /// Whether the manifest promises this suite, or promises none at all.
    pub(super) fn is_promised(&self, suite: &str) -> bool {
        let promised = self.terms.suites.as_ref();
        promised.is_none_or(|promised| promised.contains(suite))
    }
}

/// The targets of a workspace that `cargo test` excludes.
///
/// # Errors
///
/// A manifest's `package.metadata.suites` is invalid, or names a target that does not exist.
pub(super) fn targets(workspace: &Workspace) -> Result<Vec<Target>, CannotCheck> {
    let mut targets = Vec::new();
    for package in metadata::load(workspace)? {
        let mut terms = terms(&package)?;
        for name in package.suite_targets() {
            targets.push(Target {
                package: package.name.clone(),
                name: name.to_owned(),
                folder: package.folder().to_owned(),
                terms: terms.remove(name).unwrap_or_default(),
            });
        }
        if let Some(name) = terms.keys().next() {
            return Err(CannotCheck::new(format!(
                "{}: package.metadata.suites speaks of `{name}`, which is no test target with `test = false`",
                package.name
            )));
        }
    }
    Ok(targets)
}

fn terms(package: &Package) -> Result<BTreeMap<String, Terms>, CannotCheck> {
    let Some(suites) = package.metadata("suites") else {
        return Ok(BTreeMap::new());
    };
    serde_json::from_value(suites.clone()).map_err(|error| {
        CannotCheck::new(format!(
            "{}: package.metadata.suites is not understood: {error}",
            package.name
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, suites: Option<&[&str]>) -> Target {
        let suites = suites.map(|suites| suites.iter().map(|&suite| suite.to_owned()).collect());
        Target {
            package: "lab".into(),
            name: name.into(),
            folder: PathBuf::new(),
            terms: Terms {
                suites,
                ..Terms::default()
            },
        }
    }

    fn suite(name: &str, cases: &[&str]) -> Suite {
        Suite {
            name: name.into(),
            cases: cases.iter().map(|&case| case.to_owned()).collect(),
        }
    }

    const LISTED: &str = "tls::ca: test\nsignals::logs: test\ntls::wrong::name: test\n";

    #[test]
    fn each_module_of_the_docker_target_is_a_suite() {
        let found = target("docker", None).arrange(LISTED);
        let signals = suite("signals", &["signals::logs"]);
        assert_eq!(
            found,
            [signals, suite("tls", &["tls::ca", "tls::wrong::name"])]
        );
    }

    #[test]
    fn any_other_target_is_one_suite() {
        let found = target("redis", None).arrange(LISTED);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].cases.len()), ("redis", 3));
    }

    #[test]
    fn a_suite_without_a_case_is_still_a_suite() {
        assert_eq!(target("redis", None).arrange(""), [suite("redis", &[])]);
        let found = target("docker", Some(&["load"])).arrange(LISTED);
        assert!(found.contains(&suite("load", &[])));
    }

    #[test]
    fn only_what_the_manifest_names_is_promised_where_it_names_some() {
        assert!(target("docker", None).is_promised("tls"));
        assert!(target("docker", Some(&["tls"])).is_promised("tls"));
        assert!(!target("docker", Some(&["tls"])).is_promised("signals"));
    }

    #[test]
    fn cases_with_containers_run_one_after_the_other() {
        assert_eq!(target("docker", None).threads(), Some(1));
        let mut plain = target("redis", None);
        plain.terms.needs = Some(BTreeSet::new());
        assert_eq!(plain.threads(), None);
    }
}
