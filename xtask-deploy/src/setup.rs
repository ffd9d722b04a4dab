//! `setup`: what `ci` needs beside cargo, and how a Debian or Ubuntu machine gets it.
//!
//! What is there already is left alone, in whatever way it came. Nothing but this installs anything: a step that
//! lacks a tool says so.

mod engine;
mod packages;
mod python;
mod tools;

use std::{path::PathBuf, process::Command};

use xtask::{
    outcome::{CannotCheck, Report},
    process::{self, Voice},
    workspace::Workspace,
};

/// Installs what is missing and starts what does not run.
///
/// # Errors
///
/// Something cannot be installed, or this is no Debian and something is missing.
pub(crate) fn install(workspace: &Workspace) -> Result<Report, CannotCheck> {
    // The engine last: it is what most often does not come up, and nothing else waits for it.
    let parts = [
        packages::install,
        tools::install,
        python::install,
        engine::start,
    ];
    let count = every(parts.iter().map(|part| part(workspace)))?;
    Report::new(count, "parts in place", Vec::new())
}

/// The sum of all, or the reasons of all that failed: one that fails keeps no other from being tried.
fn every(
    parts: impl IntoIterator<Item = Result<usize, CannotCheck>>,
) -> Result<usize, CannotCheck> {
    let (mut count, mut reasons) = (0, Vec::new());
    for part in parts {
        match part {
            Ok(parts) => count += parts,
            Err(reason) => reasons.push(reason.to_string()),
        }
    }
    if reasons.is_empty() {
        Ok(count)
    } else {
        Err(CannotCheck::new(reasons.join("; ")))
    }
}

/// A command that runs as root: by itself for root, by sudo for others.
///
/// # Errors
///
/// Nobody here may become root.
pub(crate) fn as_root(program: &str) -> Result<Command, CannotCheck> {
    let mut words = sudo(program)?.iter().copied().chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    Ok(command)
}

/// What has to stand before a command that only root may run: nothing for root itself.
fn sudo(program: &str) -> Result<&'static [&'static str], CannotCheck> {
    let user = process::run(Command::new("id").arg("-u"), Voice::Silent)?;
    if user.stdout.trim() == "0" {
        Ok(&[])
    } else if answers("sudo", &["--version"]) {
        Ok(&["sudo"])
    } else {
        Err(CannotCheck::new(format!(
            "there is no sudo, and `{program}` has to run as root: try again as root"
        )))
    }
}

/// Where debootstrap is; a path of a user often lacks the folder it is in.
pub(crate) fn debootstrap() -> Option<PathBuf> {
    ["/usr/sbin/debootstrap", "/usr/bin/debootstrap"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.is_file())
}

pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    process::run(Command::new(program).args(arguments), Voice::Silent)
        .is_ok_and(|finished| finished.success)
}

/// Runs a command of which everything that follows depends.
pub(crate) fn must(workspace: &Workspace, command: &mut Command) -> Result<(), CannotCheck> {
    let finished = workspace.show(command)?;
    if finished.success {
        return Ok(());
    }
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    let (line, reason) = (words.join(" "), finished.last_words());
    Err(CannotCheck::new(format!("`{line}` fails: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_keeps_nothing_else_from_being_installed_and_every_reason_is_said() {
        let mut tried = 0;
        let parts = [Ok(1), Err("a"), Ok(2), Err("b")];
        let sum = every(parts.into_iter().map(|part| {
            tried += 1;
            part.map_err(CannotCheck::new)
        }));
        assert_eq!(sum.unwrap_err().to_string(), "a; b");
        assert_eq!(tried, 4);
        assert_eq!(every([Ok(1), Ok(2)]).unwrap(), 3);
    }
}
