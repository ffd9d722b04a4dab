//! The programs of this machine: whether they are installed, and how to run them.

use std::{path::PathBuf, process::Command};

use xtask::{
    outcome::CannotCheck,
    process::{self, Voice},
    workspace::Workspace,
};

/// Creates a command that runs as root: directly for root, with sudo for others.
///
/// # Errors
///
/// This user cannot become root.
pub(crate) fn as_root(program: &str) -> Result<Command, CannotCheck> {
    let mut words = sudo(program)?.iter().copied().chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    Ok(command)
}

/// The words before a command that only root may run: none for root itself.
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

/// The path of debootstrap. Its folder is often missing in a user's `PATH`.
pub(crate) fn debootstrap() -> Option<PathBuf> {
    ["/usr/sbin/debootstrap", "/usr/bin/debootstrap"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.is_file())
}

/// Whether a program is installed and succeeds with these arguments.
pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    process::run(Command::new(program).args(arguments), Voice::Silent)
        .is_ok_and(|finished| finished.success)
}

/// Runs a command that must succeed.
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
