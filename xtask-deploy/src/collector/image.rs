//! The collector as an image: local, else pulled, else built around the binary.

use std::time::Duration;

use tempfile::TempDir;
use xtask::{cache, outcome::CannotCheck, workspace::Workspace};

use super::{Way, distribution::Distribution};

use crate::{docker, images};

/// Time limit for pulling the 90 MB from a registry. After that, the image is built.
const PULL_LIMIT: Duration = Duration::from_secs(300);

/// The label with the description of the collector in an image.
const STAMP_LABEL: &str = "org.glassbox.collector.stamp";

/// Ensures that an image of the collector exists and returns its name.
///
/// # Errors
///
/// Docker is unavailable, or the image can be neither pulled nor built; the message states both reasons.
pub(super) fn ensure(
    workspace: &Workspace,
    distribution: &Distribution,
) -> Result<(String, Way), CannotCheck> {
    docker::engine()?;
    let version = distribution.version();
    let ours = format!("glassbox/otelcol:{version}");
    let published = format!("otel/opentelemetry-collector-contrib:{version}");
    let stamp = stamp(distribution)?;
    if docker::label(&ours, STAMP_LABEL).as_deref() == Some(&stamp) {
        return Ok((ours, Way::Present));
    }
    if docker::has_image(&published) {
        return Ok((published, Way::Present));
    }
    let Err(reason) = docker::pull(workspace, &published, PULL_LIMIT) else {
        return Ok((published, Way::Pulled));
    };
    workspace.say(&format!("collector: {reason}; building an image instead"));
    distribution.ensure(workspace)?;
    build(workspace, distribution, &ours, &stamp)?;
    Ok((ours, Way::Built))
}

/// Identifies the description of the binary together with the Dockerfile.
fn stamp(distribution: &Distribution) -> Result<String, CannotCheck> {
    let dockerfile = xtask::metadata::read(&dockerfile(distribution))?;
    let sum = crc32fast::hash(dockerfile.as_bytes());
    Ok(format!("{}, image {sum:08x}", distribution.stamp()))
}

fn dockerfile(distribution: &Distribution) -> std::path::PathBuf {
    distribution.source().join("Dockerfile.prebuilt")
}

fn build(
    workspace: &Workspace,
    distribution: &Distribution,
    image: &str,
    stamp: &str,
) -> Result<(), CannotCheck> {
    let context = TempDir::with_prefix("glassbox-otelcol-")
        .map_err(|error| cache::failed(&std::env::temp_dir(), &error))?;
    let failed = |error| cache::failed(context.path(), &error);
    std::fs::copy(distribution.binary(), context.path().join("otelcol")).map_err(failed)?;
    let roots = images::certificates()?;
    std::fs::write(context.path().join("ca-certificates.crt"), roots).map_err(failed)?;
    cache::make(&context.path().join("data"))?;
    images::settle(context.path()).map_err(failed)?;
    docker::build(
        workspace,
        image,
        &dockerfile(distribution),
        context.path(),
        &[(STAMP_LABEL, stamp)],
    )
}
