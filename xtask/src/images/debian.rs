//! A Debian to build in: the published image where a registry is reached, one made by debootstrap elsewhere.

use std::{fs, path::Path, time::Duration};

use tempfile::TempDir;

use crate::{
    docker,
    outcome::CannotCheck,
    process::{self, Voice},
    rootfs::RootFs,
    workspace::Workspace,
};

/// The published image.
const PUBLISHED: &str = "debian:bookworm-slim";

/// The one that debootstrap makes, with the packages that every image of this release has.
const OURS: &str = "glassbox/debian:bookworm";

/// The one that also trusts the authorities that were added to this machine.
const TRUSTING: &str = "glassbox/debian:bookworm-trusting";

/// Where an administrator puts authorities, such as that of a company's proxy.
const ADDED: &str = "/usr/local/share/ca-certificates";

/// Makes a base image available: present, then pulled, then built; which one is said.
///
/// # Errors
///
/// None of the three ways works, with the reason of the last.
pub(super) fn base(workspace: &Workspace) -> Result<&'static str, CannotCheck> {
    let found = [PUBLISHED, OURS]
        .into_iter()
        .find(|image| docker::has_image(image));
    let base = match found {
        Some(image) => {
            workspace.say(&format!("images: {image} is present"));
            image
        }
        None => match docker::pull(workspace, PUBLISHED, Duration::from_secs(120)) {
            Ok(()) => {
                workspace.say(&format!("images: {PUBLISHED} was pulled"));
                PUBLISHED
            }
            Err(reason) => {
                workspace.say(&format!("images: {reason}; making {OURS} by debootstrap"));
                bootstrap(workspace)?;
                OURS
            }
        },
    };
    if trust(workspace, base)? {
        Ok(TRUSTING)
    } else {
        Ok(base)
    }
}

fn bootstrap(workspace: &Workspace) -> Result<(), CannotCheck> {
    let archive = RootFs::bookworm(&[]).ensure(workspace)?;
    docker::import(workspace, archive.path(), OURS, &["CMD [\"bash\"]"])
}

/// Puts this machine's own authorities on top of `base`, where it has any.
fn trust(workspace: &Workspace, base: &str) -> Result<bool, CannotCheck> {
    let certificates = super::certificates::in_folder(Path::new(ADDED));
    if certificates.is_empty() {
        return Ok(false);
    }
    let home = TempDir::with_prefix("glassbox-images-")
        .map_err(|error| CannotCheck::new(format!("there is no temporary folder: {error}")))?;
    let written = certificates
        .iter()
        .try_for_each(|certificate| {
            let name = certificate.file_name().unwrap_or_default();
            fs::copy(certificate, home.path().join(name)).map(|_| ())
        })
        .and_then(|()| {
            let recipe = format!("FROM {base}\nCOPY *.crt {ADDED}/\n");
            fs::write(home.path().join("Dockerfile"), recipe)
        });
    written.map_err(|error| {
        CannotCheck::new(format!(
            "the authorities of {ADDED} cannot be copied: {error}"
        ))
    })?;
    workspace.say(&format!("images: {base} gets the authorities of {ADDED}"));
    let mut command = super::docker_build();
    command
        .args(["--quiet", "--tag", TRUSTING])
        .arg(home.path());
    let built = process::run(&mut command, Voice::Silent)?;
    if built.success {
        Ok(true)
    } else {
        let reason = built.last_words();
        Err(CannotCheck::new(format!(
            "{TRUSTING} cannot be built: {reason}"
        )))
    }
}
