//! The programs of this machine: whether they are there, and how they run.

use std::{path::PathBuf, process::Command};

use xtask::{
    outcome::CannotCheck,
    process::{self, Voice},
    workspace::Workspace,
};

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

/// Whether a program is there and ends well with these arguments.
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
