//! Builds the same images for users who have Docker but no Rust: cargo runs inside the build.

use xtask::{outcome::CannotCheck, workspace::Workspace};

use super::{Built, Image, debian};

/// Builds `images` one after the other with the whole [`DOCKERFILE`](super::DOCKERFILE).
///
/// # Errors
///
/// There is no base image, or the build fails.
pub(super) fn build(workspace: &Workspace, images: &[Image]) -> Result<Vec<Built>, CannotCheck> {
    let base = debian::base(workspace)?;
    let revision = super::revision(workspace);
    let mut built = Vec::new();
    for image in images {
        let reference = format!("{}-multi-stage", image.reference());
        let mut command = super::docker_build();
        command
            .current_dir(workspace.root())
            .args(["--file", super::DOCKERFILE])
            .args(["--target", &image.stage, "--tag", &reference])
            .args(["--build-arg", &format!("BASE={base}")])
            .args(super::arguments(image, &revision))
            .arg(".");
        built.push(super::make(workspace.voice(), reference, &mut command)?);
    }
    Ok(built)
}
