//! The files of a collector on this machine: its input and its output.

use super::Signal;
use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Removed together with the collector.
pub(super) struct Folder {
    root: TempDir,
    /// The user and the group that own it.
    owner: (u32, u32),
}

impl Folder {
    /// Writes the files that the collector reads.
    pub(super) fn new(files: &[(String, Vec<u8>)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let owner = fs::metadata(root.path()).unwrap();
        let folder = Self {
            root,
            owner: (owner.uid(), owner.gid()),
        };
        let (config, data) = (folder.path("config"), folder.path("data"));
        for folder in [&config, &data] {
            fs::create_dir(folder).unwrap();
        }
        for (name, content) in files {
            folder.write(name, content);
        }
        allow(&config, 0o755);
        allow(&data, 0o777);
        folder
    }

    /// Writes a file that the collector reads or reloads.
    pub(super) fn write(&self, name: &str, content: &[u8]) {
        let file = self.path("config").join(name);
        fs::write(&file, content).unwrap();
        allow(&file, 0o644);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The folder to mount read-only.
    pub(super) fn config(&self) -> String {
        self.path("config").to_str().unwrap().to_owned()
    }

    /// The folder to mount writable.
    pub(super) fn data(&self) -> String {
        self.path("data").to_str().unwrap().to_owned()
    }

    /// The output file of the file exporter.
    pub(super) fn archive(&self, signal: Signal) -> PathBuf {
        self.path("data").join(signal.file())
    }

    /// The user for the container, so that we can read what it writes. `None` if we are root, which can
    /// read everything: the image's own user is kept.
    pub(super) fn user(&self) -> Option<String> {
        let (user, group) = self.owner;
        (user != 0).then(|| format!("{user}:{group}"))
    }
}

/// Sets the mode regardless of the umask.
fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}
