//! A Debian to build in: the published image if a registry is available, otherwise one made by debootstrap.

use std::{fs, path::Path, time::Duration};

use tempfile::TempDir;
use xtask::{
    outcome::CannotCheck,
    process::{self, Voice},
    workspace::Workspace,
};

use crate::{
    docker,
    rootfs::{RootFs, STAMP_LABEL},
};

/// The published image.
const PUBLISHED: &str = "debian:bookworm-slim";

/// Our own image from debootstrap, with the packages of every image of this release.
const OURS: &str = "glassbox/debian:bookworm";

/// The metadata of the image.
const CHANGES: &[&str] = &["CMD [\"bash\"]"];

/// The image that also trusts the authorities added to this machine.
const TRUSTING: &str = "glassbox/debian:bookworm-trusting";

/// The folder for authorities added by an administrator, such as that of a company's proxy.
const ADDED: &str = "/usr/local/share/ca-certificates";

/// Makes a base image available: local, else pulled, else built. Prints which one.
///
/// # Errors
///
/// All three fail; the message states the last reason.
pub(super) fn base(workspace: &Workspace) -> Result<&'static str, CannotCheck> {
    let ours = RootFs::bookworm(&[]);
    let is_ours = || docker::label(OURS, STAMP_LABEL).as_deref() == Some(&ours.stamp(CHANGES));
    let found = if docker::has_image(PUBLISHED) {
        Some(PUBLISHED)
    } else {
        is_ours().then_some(OURS)
    };
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
                ours.import(workspace, OURS, CHANGES)?;
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

/// Adds this machine's own authorities to `base`, if there are any.
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
        })
        .and_then(|()| super::settle(home.path()));
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
