//! A Debian root file system from debootstrap, as a base image for machines that reach no image registry.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xtask::{cache, outcome::CannotCheck, workspace::Workspace};

use crate::{docker, machine};

/// The label with the description from which an image was made.
pub(crate) const STAMP_LABEL: &str = "org.glassbox.rootfs.stamp";

/// The contents of a root file system.
#[derive(Debug)]
pub(crate) struct RootFs {
    release: &'static str,
    packages: &'static [&'static str],
}

/// A root file system as a tar archive in the cache, with the list of its packages beside it.
#[derive(Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    /// The package database of dpkg inside the archive.
    packages: String,
}

impl RootFs {
    /// The smallest Debian 12 with these packages.
    pub(crate) const fn bookworm(packages: &'static [&'static str]) -> Self {
        Self {
            release: "bookworm",
            packages,
        }
    }

    /// Creates the archive unless it is in the cache.
    ///
    /// # Errors
    ///
    /// debootstrap is missing or fails, or this user cannot become root.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<Archive, CannotCheck> {
        let folder = cache::folder("rootfs")?;
        cache::make(&folder)?;
        let name = self.name();
        let (path, list) = (
            folder.join(format!("{name}.tar")),
            folder.join(format!("{name}.packages")),
        );
        if !path.is_file() || !list.is_file() {
            self.make(workspace, &folder, &path, &list)?;
        }
        let packages = xtask::metadata::read(&list)?;
        Ok(Archive { path, packages })
    }

    /// Creates an image of it with its stamp, so that an image of another description is not mistaken for it.
    ///
    /// # Errors
    ///
    /// As for [`ensure`](Self::ensure), and if the engine does not import it.
    pub(crate) fn import(
        &self,
        workspace: &Workspace,
        image: &str,
        changes: &[&str],
    ) -> Result<(), CannotCheck> {
        let archive = self.ensure(workspace)?;
        let label = format!("LABEL {STAMP_LABEL}={}", self.stamp(changes));
        let changes = [changes, &[label.as_str()]].concat();
        docker::import(workspace, archive.path(), image, &changes)
    }

    /// Identifies the description of an image, in one line.
    pub(crate) fn stamp(&self, changes: &[&str]) -> String {
        let sum = crc32fast::hash(changes.join("\n").as_bytes());
        format!("{}-{sum:08x}", self.name())
    }

    fn name(&self) -> String {
        let words: Vec<&str> = std::iter::once(&self.release)
            .chain(self.packages)
            .copied()
            .collect();
        words.join("-")
    }

    fn make(
        &self,
        workspace: &Workspace,
        folder: &Path,
        archive: &Path,
        list: &Path,
    ) -> Result<(), CannotCheck> {
        let debootstrap = machine::debootstrap().ok_or_else(|| {
            CannotCheck::new("debootstrap is not installed: `cargo xtask setup` installs it")
        })?;
        let name = self.name();
        workspace.say(&format!(
            "rootfs: making a Debian of {name}, about half a minute"
        ));
        let work = TempDir::with_prefix_in("work-", folder)
            .map_err(|error| cache::failed(folder, &error))?;
        let tree = work.path().join("tree");
        let mut make = machine::as_root(&debootstrap.to_string_lossy())?;
        make.arg("--variant=minbase");
        if !self.packages.is_empty() {
            make.arg(format!("--include={}", self.packages.join(",")));
        }
        machine::must(workspace, make.arg(self.release).arg(&tree))?;
        let partial = work.path().join("tar");
        let packed = machine::must(
            workspace,
            machine::as_root("tar")?
                .args([
                    "--numeric-owner",
                    "--exclude=./var/cache/apt/archives/*.deb",
                    "-cf",
                ])
                .arg(&partial)
                .arg("-C")
                .arg(&tree)
                .arg("."),
        );
        let status = tree.join("var/lib/dpkg/status");
        let listed = packed.and_then(|()| {
            std::fs::copy(&status, list).map_err(|error| cache::failed(list, &error))
        });
        // `TempDir` cannot remove the tree, because it belongs to root.
        machine::must(
            workspace,
            machine::as_root("rm")?
                .args(["-rf", "--one-file-system"])
                .arg(&tree),
        )?;
        listed?;
        std::fs::rename(&partial, archive).map_err(|error| cache::failed(archive, &error))
    }
}

impl Archive {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The version of a package in the archive.
    pub(crate) fn version(&self, package: &str) -> Option<String> {
        version(&self.packages, package)
    }
}

/// Finds a package in dpkg's database.
fn version(status: &str, package: &str) -> Option<String> {
    let entry = status.split("\n\n").find(|entry| {
        entry
            .lines()
            .any(|line| line == format!("Package: {package}"))
    })?;
    entry
        .lines()
        .find_map(|line| line.strip_prefix("Version: "))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_package_and_not_of_its_neighbour() {
        let status = "Package: redis-server\nStatus: ok\nVersion: 5:7.0.15-1\n\nPackage: redis\nVersion: 9\n";
        assert_eq!(
            version(status, "redis-server").as_deref(),
            Some("5:7.0.15-1")
        );
        assert_eq!(version(status, "redis").as_deref(), Some("9"));
        assert_eq!(version(status, "redi"), None);
    }

    #[test]
    fn an_image_of_other_packages_or_other_settings_has_another_stamp() {
        let one = RootFs::bookworm(&[]).stamp(&["USER 1"]);
        assert_ne!(one, RootFs::bookworm(&[]).stamp(&["USER 2"]));
        assert_ne!(one, RootFs::bookworm(&["git"]).stamp(&["USER 1"]));
        assert_eq!(one, RootFs::bookworm(&[]).stamp(&["USER 1"]));
    }

    #[test]
    fn what_holds_something_else_has_another_name() {
        assert_eq!(RootFs::bookworm(&[]).name(), "bookworm");
        assert_eq!(
            RootFs::bookworm(&["redis-server"]).name(),
            "bookworm-redis-server"
        );
    }
}
