//! The Docker engine, controlled through its command line.

use std::{fmt, path::Path, process::Command, time::Duration};

use xtask::{
    outcome::CannotCheck,
    process::{self, Finished, Voice},
    workspace::Workspace,
};

use crate::machine;

/// Timeout of a query to the engine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why no engine answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// The client is not installed.
    NoClient,
    /// The client is installed, but this user may not access the engine.
    Denied,
    /// The engine is not running or does not answer; the client's message.
    Silent(String),
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HELP: &str = "`cargo xtask ci --setup` installs and starts it";
        match self {
            Self::NoClient => write!(f, "Docker is not installed: {HELP}"),
            Self::Denied => f.write_str(
                "this user may not speak to the Docker engine: `sudo usermod -aG docker $USER`, then log in again",
            ),
            Self::Silent(words) => {
                write!(f, "the Docker engine does not answer ({words}): {HELP}")
            }
        }
    }
}

/// Returns the version of the engine.
///
/// # Errors
///
/// No client, or no engine behind it: the message states which, and what to do.
pub(crate) fn engine() -> Result<String, CannotCheck> {
    find().map_err(|absence| CannotCheck::new(absence.to_string()))
}

/// Returns the version of the engine, or why it is unavailable.
pub(crate) fn find() -> Result<String, Absence> {
    find_by("docker")
}

fn find_by(client: &str) -> Result<String, Absence> {
    let mut ask = Command::new(client);
    ask.args(["version", "--format", "{{.Server.Version}}"]);
    let asked = match process::run_within(&mut ask, Voice::Silent, PATIENCE) {
        Ok(asked) => asked,
        // A client that is slow or was killed is still installed.
        Err(reason) if machine::answers(client, &["--version"]) => {
            return Err(Absence::Silent(reason.to_string()));
        }
        Err(_) => return Err(Absence::NoClient),
    };
    let version = asked.stdout.trim();
    if asked.success && !version.is_empty() {
        Ok(version.to_owned())
    } else if asked.stderr.contains("permission denied") {
        Err(Absence::Denied)
    } else {
        Err(Absence::Silent(asked.last_words()))
    }
}

/// Whether an image is on this machine.
pub(crate) fn has_image(image: &str) -> bool {
    ask(&["image", "inspect", "--format", "{{.Id}}", image]).is_ok_and(|asked| asked.success)
}

/// The value of one label of a local image; `None` without the image or the label.
pub(crate) fn label(image: &str, key: &str) -> Option<String> {
    let format = format!("{{{{index .Config.Labels {key:?}}}}}");
    let asked = ask(&["image", "inspect", "--format", &format, image]).ok()?;
    let value = asked.stdout.trim();
    (asked.success && !value.is_empty()).then(|| value.to_owned())
}

/// Every tagged image of this name on this machine, as `name:tag`, the newest first.
///
/// # Errors
///
/// The engine is unavailable.
pub(crate) fn tags(name: &str) -> Result<Vec<String>, CannotCheck> {
    let listed = ask(&["images", "--format", "{{.Repository}}:{{.Tag}}", name])?;
    if !listed.success {
        return Err(CannotCheck::new(listed.last_words()));
    }
    let images = listed
        .stdout
        .lines()
        .filter(|line| !line.contains("<none>"));
    Ok(images.map(str::to_owned).collect())
}

/// Pulls an image within `limit`.
///
/// # Errors
///
/// The engine's message: registry unavailable, no such image, too slow.
pub(crate) fn pull(workspace: &Workspace, image: &str, limit: Duration) -> Result<(), CannotCheck> {
    workspace.say(&format!("docker: pulling {image}"));
    let mut command = Command::new("docker");
    let pulled = process::run_within(
        command.args(["pull", "--quiet", image]),
        Voice::Silent,
        limit,
    )?;
    if pulled.success {
        Ok(())
    } else {
        Err(CannotCheck::new(format!(
            "{image} cannot be pulled: {}",
            pulled.last_words()
        )))
    }
}

/// Builds an image from a folder, with labels in addition to those of the Dockerfile.
///
/// # Errors
///
/// The engine rejects it, or a step of the Dockerfile fails; the message has its last lines.
pub(crate) fn build(
    workspace: &Workspace,
    image: &str,
    dockerfile: &Path,
    context: &Path,
    labels: &[(&str, &str)],
) -> Result<(), CannotCheck> {
    let mut command = Command::new("docker");
    command.args(["build", "--quiet", "--tag", image, "--file"]);
    command.arg(dockerfile);
    for (key, value) in labels {
        command.args(["--label", &format!("{key}={value}")]);
    }
    let built = workspace.show(command.arg(context))?;
    if built.success {
        Ok(())
    } else {
        Err(CannotCheck::new(format!(
            "{image} cannot be built from {}: {}",
            dockerfile.display(),
            built.last_words()
        )))
    }
}

/// Creates an image from a tar archive of a root file system.
pub(crate) fn import(
    workspace: &Workspace,
    archive: &Path,
    image: &str,
    changes: &[&str],
) -> Result<(), CannotCheck> {
    let mut command = Command::new("docker");
    command.arg("import");
    for change in changes {
        command.args(["--change", change]);
    }
    let imported = workspace.show(command.arg(archive).arg(image))?;
    if imported.success {
        Ok(())
    } else {
        Err(CannotCheck::new(format!(
            "{} cannot be imported: {}",
            archive.display(),
            imported.last_words()
        )))
    }
}

/// Runs a silent query with a timeout.
pub(crate) fn ask(arguments: &[&str]) -> Result<Finished, CannotCheck> {
    ask_within(arguments, PATIENCE)
}

/// Runs a silent command that may take longer than a query.
pub(crate) fn ask_within(arguments: &[&str], limit: Duration) -> Result<Finished, CannotCheck> {
    process::run_within(Command::new("docker").args(arguments), Voice::Silent, limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_image_that_nobody_made_is_not_there() {
        assert!(!has_image("glassbox/no-such-image:0"));
        assert_eq!(label("glassbox/no-such-image:0", "a"), None);
    }

    /// The reported absence of an engine whose client is this script.
    fn absence(script: &str) -> Absence {
        let home = tempfile::tempdir().unwrap();
        let client = home.path().join("docker");
        std::fs::write(&client, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&client, std::fs::Permissions::from_mode(0o755)).unwrap();
        find_by(client.to_str().unwrap()).unwrap_err()
    }

    #[test]
    fn an_engine_that_is_not_there_is_told_from_one_that_is_slow_and_one_that_refuses() {
        assert_eq!(find_by("no-such-client-here"), Err(Absence::NoClient));
        let words = "Cannot connect. Is the docker daemon running?";
        let silent = absence(&format!("echo '{words}' >&2; exit 1"));
        assert_eq!(silent, Absence::Silent(words.into()));
        let refused = absence("echo 'Got permission denied while trying' >&2; exit 1");
        assert_eq!(refused, Absence::Denied);
        assert!(refused.to_string().contains("usermod -aG docker"));
        // A client that is killed before it answers.
        let ended = absence(r#"[ "$1" = --version ] || kill -9 $$"#);
        assert!(matches!(ended, Absence::Silent(_)), "{ended:?}");
    }
}
