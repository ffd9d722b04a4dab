//! Forwards commands to `xtask-deploy`, which compiles the Kubernetes API and is built only when needed.
//!
//! A subcommand replaces this process. A step of `ci` runs as a child, which writes its outcome to a file,
//! so that it appears in the table like every other step.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use tempfile::TempDir;

use crate::{
    outcome::{CannotCheck, Outcome},
    workspace::Workspace,
};

/// The subcommands that `xtask-deploy` implements.
pub const COMMANDS: &[&str] = &["collector", "deploy", "images", "setup"];

/// The flag before the path of the outcome file; both precede the subcommand.
pub const OUTCOME: &str = "--outcome";

const PACKAGE: &str = "xtask-deploy";

/// Replaces this process with `xtask-deploy`, so that signals and the exit code are its own. Returns only on failure.
pub(crate) fn replace(workspace: &Workspace, words: &[String]) -> CannotCheck {
    match built(workspace) {
        Ok(mut command) => does_not_start(&command.args(words).exec()),
        Err(reason) => reason,
    }
}

/// Runs a step in `xtask-deploy`, and returns its outcome.
pub(crate) fn ask(workspace: &Workspace, words: &[&str]) -> Outcome {
    run(workspace, words).unwrap_or_else(Outcome::cannot)
}

fn run(workspace: &Workspace, words: &[&str]) -> Result<Outcome, CannotCheck> {
    let failed = |error| CannotCheck::new(format!("no temporary folder can be made: {error}"));
    let home = TempDir::with_prefix("glassbox-xtask-").map_err(failed)?;
    let file = home.path().join("outcome.json");
    let mut command = built(workspace)?;
    command.arg(OUTCOME).arg(&file).args(words);
    // The child ends when this pipe is closed, even if this process is killed.
    let started = command.stdin(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| does_not_start(&error))?;
    let pipe = child.stdin.take();
    let waited = child.wait();
    drop(pipe);
    let status =
        waited.map_err(|error| CannotCheck::new(format!("`{PACKAGE}` was lost: {error}")))?;
    accept(std::fs::read(&file).ok().as_deref(), status)
}

/// The outcome in `text`, if it is valid and the child's exit status agrees with it.
fn accept(text: Option<&[u8]>, status: ExitStatus) -> Result<Outcome, CannotCheck> {
    let outcome: Option<Outcome> = text.and_then(|text| serde_json::from_slice(text).ok());
    let Some(outcome) = outcome else {
        return Err(CannotCheck::new(format!(
            "`{PACKAGE}` ended without an outcome ({status}): the lines above say why"
        )));
    };
    if outcome == Outcome::default() {
        return Err(CannotCheck::new(format!(
            "`{PACKAGE}` reports that it looked at nothing"
        )));
    }
    if status.code() != Some(outcome.exit_code().into()) {
        let verdict = outcome.verdict();
        return Err(CannotCheck::new(format!(
            "`{PACKAGE}` reports `{verdict}` and ended with another status ({status})"
        )));
    }
    Ok(outcome)
}

/// Builds `xtask-deploy`, and returns the command that runs it.
fn built(workspace: &Workspace) -> Result<Command, CannotCheck> {
    let line = format!("build --locked --package {PACKAGE}");
    let finished = workspace.show(&mut workspace.cargo(&line))?;
    if !finished.success {
        let what = format!("`{PACKAGE}` does not compile");
        return Err(CannotCheck::new(finished.violation(&what)));
    }
    Ok(workspace.cargo(&format!("run --locked --quiet --package {PACKAGE} --")))
}

fn does_not_start(error: &std::io::Error) -> CannotCheck {
    CannotCheck::new(format!("`{PACKAGE}` does not start: {error}"))
}

/// Writes the outcome of a step to the file that [`OUTCOME`] names.
///
/// # Errors
///
/// The file cannot be written.
pub fn deliver(file: &Path, outcome: &Outcome) -> Result<(), CannotCheck> {
    let text = serde_json::to_vec(outcome).expect("invariant: lists of strings are JSON");
    std::fs::write(file, text).map_err(|error| crate::cache::failed(file, &error))
}

/// Ends this process when its caller ends for any reason.
pub fn end_with_caller() {
    std::thread::spawn(|| {
        // Nothing is ever written to the pipe, so reading ends only when it is closed.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(2);
    });
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use crate::outcome::Report;

    fn ended(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    fn said(outcome: &Outcome, code: i32) -> Result<Outcome, CannotCheck> {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("outcome.json");
        deliver(&file, outcome).unwrap();
        accept(Some(&std::fs::read(&file).unwrap()), ended(code))
    }

    #[test]
    fn an_outcome_arrives_as_it_was_delivered() {
        let mut outcome = Outcome::from(Report::new(3, "objects", vec!["bad".into()]));
        outcome.add(Err(CannotCheck::new("no tool")));
        assert_eq!(said(&outcome, 1).unwrap(), outcome);
    }

    #[test]
    fn a_child_that_delivers_nothing_decides_nothing() {
        assert!(accept(None, ended(0)).is_err());
        assert!(accept(Some(b"{"), ended(0)).is_err());
        assert!(said(&Outcome::default(), 0).is_err());
    }

    #[test]
    fn an_outcome_that_the_exit_status_contradicts_decides_nothing() {
        let green = Outcome::from(Report::new(3, "objects", Vec::new()));
        assert_eq!(said(&green, 0).unwrap(), green);
        assert!(said(&green, 1).is_err());
        assert!(accept(Some(b"{}"), ExitStatus::from_raw(9)).is_err());
    }
}
