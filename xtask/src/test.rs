//! `test`: runs every test, and ensures that there was one.

use crate::{
    check::Check,
    metadata, mutants,
    outcome::{CannotCheck, Report},
    process::Finished,
    python,
    workspace::Workspace,
};

/// The package whose tests use OpenTelemetry SDKs of other languages.
const SUITES: &str = "glassbox-suites";

/// Unit, integration and documentation tests of all packages, with all features.
pub const TESTS: Check = Check {
    name: "tests",
    run: check,
    mutants: mutants::TEST_MUTANTS,
};

fn check(workspace: &Workspace) -> Result<Report, CannotCheck> {
    workspace.fetch()?;
    // Suites start the programs, which `cargo test` alone does not build. With `--all-targets`, dependencies get the
    // features that tests need, so that `cargo test` uses the artefacts compiled here.
    let line = "build --locked --workspace --all-targets --all-features --keep-going";
    let built = workspace.show(&mut workspace.cargo(line))?.settled()?;
    if !built.success {
        let violation = built.violation("the workspace does not compile");
        return Report::new(0, "tests", vec![violation]);
    }
    let line = "test --locked --workspace --all-features --no-fail-fast";
    let mut command = workspace.cargo(line);
    let has_suites = metadata::load(workspace)?
        .iter()
        .any(|package| package.name == SUITES);
    let python = python::interpreter();
    match &python {
        Ok(python) => command.env("GLASSBOX_PYTHON", python),
        Err(_) if has_suites => command.args(["--exclude", SUITES]),
        Err(_) => &mut command,
    };
    let tested = workspace.show(&mut command)?.settled()?;
    let counted = Counted::of(&tested);
    let mut violations = Vec::new();
    if !tested.success {
        let what = match counted.failed {
            0 => "`cargo test` fails without a failing test".to_owned(),
            failed => format!("{failed} of {} tests failed", failed + counted.passed),
        };
        violations.push(tested.violation(&what));
    }
    if let (true, true, Err(reason)) = (violations.is_empty(), has_suites, python) {
        let passed = counted.passed;
        return Err(CannotCheck::new(format!(
            "{passed} tests passed without {SUITES}: {reason}"
        )));
    }
    let what = format!(
        "tests passed in {} runs, {} ignored",
        counted.runs, counted.ignored
    );
    Report::new(counted.passed, &what, violations)
}

/// The sums of the test runner's summary lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counted {
    runs: usize,
    /// The number of passed tests.
    pub passed: usize,
    /// The number of failed tests.
    pub failed: usize,
    ignored: usize,
}

impl Counted {
    /// Adds up the summary lines of the test runner.
    pub fn of(tested: &Finished) -> Self {
        let mut sums = Self::default();
        for line in tested.stdout.lines() {
            let Some(result) = line.trim_start().strip_prefix("test result: ") else {
                continue;
            };
            sums.runs += 1;
            for part in result.split([';', '.']) {
                let mut words = part.split_whitespace();
                let (Some(number), Some(word)) = (words.next(), words.next()) else {
                    continue;
                };
                let Ok(number) = number.parse::<usize>() else {
                    continue;
                };
                match word {
                    "passed" => sums.passed += number,
                    "failed" => sums.failed += number,
                    "ignored" => sums.ignored += number,
                    _ => {}
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_every_run_are_added_up() {
        let stdout = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n\
            test result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s\n";
        let tested = Finished {
            success: false,
            stdout: stdout.into(),
            stderr: String::new(),
        };
        let counted = Counted {
            runs: 2,
            passed: 5,
            failed: 4,
            ignored: 1,
        };
        assert_eq!(Counted::of(&tested), counted);
    }
}
