//! The Docker engine, asked through its command line.

use std::{path::Path, process::Command, time::Duration};

use crate::{
    outcome::CannotCheck,
    process::{self, Finished, Voice},
    workspace::Workspace,
};

/// An engine that does not answer within this does not answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The version of the engine.
///
/// # Errors
///
/// No client, or no engine behind it: the sentence says which, and what to do.
pub(crate) fn engine() -> Result<String, CannotCheck> {
    let asked = ask(&["version", "--format", "{{.Server.Version}}"]).map_err(|_| {
        CannotCheck::new("Docker is not installed: `cargo xtask ci --setup` installs and starts it")
    })?;
    if asked.success && !asked.stdout.trim().is_empty() {
        Ok(asked.stdout.trim().to_owned())
    } else {
        Err(CannotCheck::new(format!(
            "the Docker engine does not answer ({}): `cargo xtask ci --setup` installs and starts it",
            asked.last_words()
        )))
    }
}

/// Whether an image is on this machine.
pub(crate) fn has_image(image: &str) -> bool {
    ask(&["image", "inspect", "--format", "{{.Id}}", image]).is_ok_and(|asked| asked.success)
}

/// What one label of a local image says; `None` without the image or the label.
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
/// The engine does not answer.
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
/// The reason in the engine's words: no registry reached, no such image, too slow.
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

/// Builds an image from a folder, with labels beside those of the Dockerfile.
///
/// # Errors
///
/// The engine refuses or a step of the Dockerfile fails, with its last words.
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

/// Makes an image of a tar archive that holds a root file system.
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

/// Asks the engine something in silence, within bounds.
pub(crate) fn ask(arguments: &[&str]) -> Result<Finished, CannotCheck> {
    process::run_within(
        Command::new("docker").args(arguments),
        Voice::Silent,
        PATIENCE,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_nobody_made_is_not_there() {
        assert!(!has_image("glassbox/no-such-image:0"));
        assert_eq!(label("glassbox/no-such-image:0", "a"), None);
    }
}
