//! Runs the suites: builds once, starts one after the other, counts cases, and cleans up.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command},
    time::{Duration, Instant},
};

use serde::Deserialize;
use xtask::{
    console,
    outcome::{CannotCheck, Report},
    process::{self, Finished, Voice},
    test::Counted,
    workspace::Workspace,
};

use super::{
    parts::{Part, Parts},
    suites::{self, Suite, Target},
};
use crate::reaper::{self, Run};

/// Time limit of a suite, after which it is considered hung.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// One line of the table.
struct Row {
    suite: String,
    passed: usize,
    cases: usize,
    time: Duration,
}

/// Runs the suites with these names, or all suites.
///
/// # Errors
///
/// A part is missing, a suite has no case, a name belongs to no suite, or there are no suites at all.
pub(super) fn suites(workspace: &Workspace, names: &[String]) -> Result<Report, CannotCheck> {
    let (built, violations) = plan(workspace, names)?;
    if !violations.is_empty() {
        return Report::new(0, "suites", violations);
    }
    let needed: BTreeSet<Part> = built
        .iter()
        .flat_map(|(target, ..)| target.needs())
        .collect();
    let parts = Parts::provide(workspace, &needed);
    let has_docker = needed.contains(&Part::Docker) && parts.has(Part::Docker);
    let run = Run::begin(has_docker)?;
    let mut tally = Tally::default();
    for (target, executable, suites) in &built {
        for suite in suites {
            tally.suite(workspace, target, executable, suite, &parts, &run);
        }
    }
    if let Err(reason) = run.end() {
        tally.doubts.push(reason.to_string());
    }
    tally.conclude(workspace)
}

/// Lists every suite with its number of cases.
pub(super) fn list(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let (built, violations) = plan(workspace, &[])?;
    let mut count = 0;
    for (target, _, suites) in &built {
        for suite in suites {
            let cases = console::plural(suite.cases.len(), "case");
            console::line(format_args!(
                "{:16} {cases:>9}  {} of {}",
                suite.name, target.name, target.package
            ));
            count += 1;
        }
    }
    Report::new(count, "suites", violations)
}

type Planned = Vec<(Target, PathBuf, Vec<Suite>)>;

/// Builds the targets and returns the requested suites.
fn plan(workspace: &Workspace, names: &[String]) -> Result<(Planned, Vec<String>), CannotCheck> {
    let targets = suites::targets(workspace)?;
    if targets.is_empty() {
        return Err(CannotCheck::new(
            "there are no suites: no package has a test target with `test = false`",
        ));
    }
    let executables = match build(workspace, &targets)? {
        Ok(executables) => executables,
        Err(violation) => return Ok((Vec::new(), vec![violation])),
    };
    let mut planned = Vec::new();
    let mut known = Vec::new();
    for target in targets {
        let executable = executables.get(&target.name).ok_or_else(|| {
            CannotCheck::new(format!(
                "cargo did not build {} of {}",
                target.name, target.package
            ))
        })?;
        let mut suites = target.suites(executable)?;
        known.extend(suites.iter().map(|suite| suite.name.clone()));
        known.push(target.name.clone());
        suites.retain(|suite| {
            names.is_empty()
                || names
                    .iter()
                    .any(|name| *name == suite.name || *name == target.name)
        });
        planned.push((target, executable.clone(), suites));
    }
    planned.retain(|(.., suites)| !suites.is_empty());
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        known.dedup();
        return Err(CannotCheck::new(format!(
            "there is no suite `{name}`: the suites are {}",
            known.join(", ")
        )));
    }
    Ok((planned, Vec::new()))
}

/// Compiles all targets at once. Returns the executables by target name, or the compiler's errors.
fn build(
    workspace: &Workspace,
    targets: &[Target],
) -> Result<Result<BTreeMap<String, PathBuf>, String>, CannotCheck> {
    workspace.fetch()?;
    let mut command = workspace.cargo("test --locked --workspace --all-features --no-run");
    command.args(["--message-format", "json-render-diagnostics"]);
    for target in targets {
        command.args(["--test", &target.name]);
    }
    let built = workspace.hear_errors(&mut command)?.settled()?;
    if built.success {
        Ok(Ok(executables(&built.stdout)))
    } else {
        Ok(Err(built.violation("the suites do not compile")))
    }
}

/// Reads the test executables from cargo's messages.
fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        target: Made,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Made {
        name: String,
        kind: Vec<String>,
    }
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.target.kind == ["test"])
        .filter_map(|message| Some((message.target.name, message.executable?)))
        .collect()
}

/// The results of all suites.
#[derive(Default)]
struct Tally {
    rows: Vec<Row>,
    violations: Vec<String>,
    doubts: Vec<String>,
}

impl Tally {
    fn suite(
        &mut self,
        workspace: &Workspace,
        target: &Target,
        executable: &PathBuf,
        suite: &Suite,
        parts: &Parts,
        run: &Run,
    ) {
        let name = &suite.name;
        if !target.is_promised(name) {
            self.violations.push(format!(
                "{}: `{name}` is not among the suites that package.metadata.suites.{} names",
                target.package, target.name
            ));
        }
        if suite.cases.is_empty() {
            self.doubts.push(format!("suite {name} has no case"));
            return;
        }
        let environment = match parts.environment(&target.needs()) {
            Ok(environment) => environment,
            Err(reason) => {
                self.doubts.push(format!("suite {name}: {reason}"));
                return;
            }
        };
        let cases = console::plural(suite.cases.len(), "case");
        workspace.say(&format!("\n-- suite {name}: {cases}"));
        let mut command = Command::new(executable);
        command
            .current_dir(&target.folder)
            .env("CARGO_MANIFEST_DIR", &target.folder)
            .env("GLASSBOX_SUITE_RUN", run.id())
            .envs(environment)
            .arg("--exact")
            .args(&suite.cases);
        if let Some(threads) = target.threads() {
            command.arg(format!("--test-threads={threads}"));
        }
        let started = Instant::now();
        let finished = finish(workspace.voice(), &mut command, |group| run.announce(group));
        let time = started.elapsed();
        match finished {
            Ok(finished) => self.count(suite, &finished, time),
            Err(reason) => self.violations.push(format!("suite {name}: {reason}")),
        }
    }

    fn count(&mut self, suite: &Suite, finished: &Finished, time: Duration) {
        let Suite { name, cases } = suite;
        let counted = Counted::of(finished);
        self.rows.push(Row {
            suite: name.clone(),
            passed: counted.passed,
            cases: cases.len(),
            time,
        });
        if !finished.success {
            let what = format!(
                "suite {name}: {} of {} cases failed",
                counted.failed,
                cases.len()
            );
            self.violations.push(finished.violation(&what));
        } else if counted.passed == 0 {
            self.doubts.push(format!("suite {name} ran no case"));
        } else if counted.passed != cases.len() {
            self.violations.push(format!(
                "suite {name}: only {} of {} cases ran",
                counted.passed,
                cases.len()
            ));
        }
    }

    /// Prints the table and returns the verdict: violations take precedence over unchecked items.
    fn conclude(self, workspace: &Workspace) -> Result<Report, CannotCheck> {
        workspace.say(&format!("\n{:24}  {:>9}  {:>12}", "suite", "cases", "time"));
        for row in &self.rows {
            let cases = format!("{}/{}", row.passed, row.cases);
            workspace.say(&format!(
                "{:24}  {cases:>9}  {:>12}",
                row.suite,
                console::duration(row.time)
            ));
        }
        let passed = self.rows.iter().map(|row| row.passed).sum();
        if self.violations.is_empty() && !self.doubts.is_empty() {
            return Err(CannotCheck::new(self.doubts.join("; ")));
        }
        let mut violations = self.violations;
        violations.extend(self.doubts);
        let what = format!(
            "cases passed in {}",
            console::plural(self.rows.len(), "suite")
        );
        Report::new(passed, &what, violations)
    }
}

/// Runs a test executable in its own process group, so that ending the group ends everything it started.
fn finish(
    voice: Voice,
    command: &mut Command,
    started: impl FnOnce(u32),
) -> Result<Finished, CannotCheck> {
    let mut is_late = false;
    let finished = process::attend(
        command.process_group(0),
        voice,
        started,
        |child: &mut Child| {
            let ended = process::wait_within(child, LIMIT)?;
            is_late = ended.is_none();
            // A process left running by a case would go on, and would hold the captured output open.
            reaper::end_group(child.id());
            ended.map_or_else(|| child.wait(), Ok)
        },
    );
    if is_late {
        let minutes = LIMIT.as_secs() / 60;
        return Err(CannotCheck::new(format!(
            "it was not through after {minutes} minutes"
        )));
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_executables_count_among_what_cargo_made() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"docker","kind":["test"]},"executable":"/t/docker-1"}
{"reason":"compiler-artifact","target":{"name":"docker","kind":["bin"]},"executable":"/t/docker"}
{"reason":"compiler-artifact","target":{"name":"lib","kind":["test"]},"executable":null}
{"reason":"build-finished","success":true}"#;
        let found = executables(messages);
        assert_eq!(found.len(), 1);
        assert_eq!(found["docker"], PathBuf::from("/t/docker-1"));
    }

    fn counted(passed: usize, failed: usize, cases: usize) -> Tally {
        let suite = Suite {
            name: "tls".into(),
            cases: vec!["a".into(); cases],
        };
        let finished = Finished {
            success: failed == 0,
            stdout: format!("test result: ok. {passed} passed; {failed} failed; 0 ignored\n"),
            stderr: String::new(),
        };
        let mut tally = Tally::default();
        tally.count(&suite, &finished, Duration::ZERO);
        tally
    }

    #[test]
    fn a_suite_that_ran_no_case_is_a_doubt_and_one_that_ran_a_part_is_red() {
        assert_eq!(counted(0, 0, 3).doubts, ["suite tls ran no case"]);
        assert_eq!(
            counted(2, 0, 3).violations,
            ["suite tls: only 2 of 3 cases ran"]
        );
        assert_eq!(counted(2, 1, 3).violations.len(), 1);
        let whole = counted(3, 0, 3);
        assert!(whole.doubts.is_empty() && whole.violations.is_empty());
    }

    #[test]
    fn what_a_case_left_running_ends_with_its_suite() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!"]);
        let finished = finish(Voice::Silent, &mut command, |_| {}).unwrap();
        assert!(finished.success);
        let state = std::fs::read_to_string(format!("/proc/{}/stat", finished.stdout.trim()));
        // Ended, or a zombie that its new parent has not reaped yet.
        assert!(state.is_err() || state.is_ok_and(|state| state.contains(") Z ")));
    }
}
