//! Redis as an image: local, else pulled, else a Debian with its package.

use std::time::Duration;

use xtask::{outcome::CannotCheck, workspace::Workspace};

use super::Way;

use crate::{
    docker,
    rootfs::{RootFs, STAMP_LABEL},
};

const PUBLISHED: &str = "redis:7.4-alpine";

/// The name of our own image, whose tag is Redis' version.
const OURS: &str = "glassbox/redis";

/// The metadata of the image.
const CHANGES: &[&str] = &[
    "EXPOSE 6379",
    "USER redis",
    "WORKDIR /var/lib/redis",
    r#"CMD ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""]"#,
];

const PULL_LIMIT: Duration = Duration::from_secs(180);

/// Ensures that an image of Redis exists and returns its name.
///
/// # Errors
///
/// Docker is unavailable, or the image can be neither pulled nor built.
pub(super) fn ensure(workspace: &Workspace) -> Result<(String, Way), CannotCheck> {
    docker::engine()?;
    if docker::has_image(PUBLISHED) {
        return Ok((PUBLISHED.to_owned(), Way::Present));
    }
    let system = RootFs::bookworm(&["redis-server"]);
    let stamp = system.stamp(CHANGES);
    let is_ours = |image: &String| docker::label(image, STAMP_LABEL).as_deref() == Some(&stamp);
    if let Some(image) = docker::tags(OURS)?.into_iter().find(is_ours) {
        return Ok((image, Way::Present));
    }
    let Err(reason) = docker::pull(workspace, PUBLISHED, PULL_LIMIT) else {
        return Ok((PUBLISHED.to_owned(), Way::Pulled));
    };
    workspace.say(&format!("collector: {reason}; building an image instead"));
    let archive = system.ensure(workspace)?;
    let version = archive
        .version("redis-server")
        .ok_or_else(|| CannotCheck::new("the Debian that was made holds no redis-server"))?;
    let image = format!("{OURS}:{}", upstream(&version));
    system.import(workspace, &image, CHANGES)?;
    Ok((image, Way::Built))
}

/// The upstream part of a Debian version: `5:7.0.15-1~deb12u4` is 7.0.15.
fn upstream(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.rsplit_once('-').map_or(version, |(rest, _)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suites_and_the_manifests_run_the_same_redis() {
        let workspace = Workspace::discover().unwrap();
        let manifest = "deploy/k8s/base/services/redis.yaml";
        let manifest = workspace.read(manifest).unwrap();
        assert!(manifest.contains(&format!("image: {PUBLISHED}\n")));
    }

    #[test]
    fn debian_adds_to_a_version_in_front_and_behind() {
        assert_eq!(upstream("5:7.0.15-1~deb12u4"), "7.0.15");
        assert_eq!(upstream("8.0.2-3"), "8.0.2");
        assert_eq!(upstream("7.2.4"), "7.2.4");
    }
}
