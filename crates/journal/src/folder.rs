//! The folder of a journal, opened once and used by its handle: no link is followed, nothing foreign is touched.

use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
    process::geteuid,
};
use std::{
    fs::{DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

const PRIVATE_FOLDER: u32 = 0o700;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Opens the folder, which must exist.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        // A link with a slash behind it would be followed.
        let path: PathBuf = path.components().collect();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = fs::open(&path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::LOOP | Errno::NOTDIR => io::Error::new(
                io::ErrorKind::NotADirectory,
                "it is a link or a file, not a folder",
            ),
            errno => errno.into(),
        })?;
        if fs::fstat(&fd)?.st_uid != geteuid().as_raw() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it belongs to another user",
            ));
        }
        Ok(Self { fd, path })
    }

    /// Fails if everybody may replace the files in this folder.
    pub(crate) fn check_mode(&self) -> io::Result<()> {
        match is_open(&fs::fstat(&self.fd)?) {
            true => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "every user may write to it: it is left as it is",
            )),
            false => Ok(()),
        }
    }

    /// Opens the folder, and creates it for this user alone where it does not exist.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        match Self::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_missing = |path: &&Path| matches!(fs::lstat(*path), Err(Errno::NOENT));
                let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
                let mut builder = DirBuilder::new();
                builder.recursive(true).mode(PRIVATE_FOLDER).create(path)?;
                // Records are durable only if the names of the folders above them are.
                for created in missing {
                    sync_parent(created)?;
                }
                Self::open(path)
            }
            opened => opened,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still leads to this folder.
    pub(crate) fn is_there(&self) -> bool {
        let (Ok(held), Ok(named)) = (fs::fstat(&self.fd), fs::lstat(&self.path)) else {
            return false;
        };
        (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)
    }

    /// Opens a file of ours for reading and writing.
    pub(crate) fn file(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlags::RDWR)
    }

    /// Opens a file of ours, and creates it for this user alone where it does not exist.
    pub(crate) fn file_or_new(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Creates a file that does not exist.
    pub(crate) fn new_file(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
    }

    fn open_at(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let mode = Mode::RUSR | Mode::WUSR;
        // Without `NONBLOCK` a named pipe would hold the opener.
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let fd = fs::openat(&self.fd, name, flags, mode).map_err(|errno| match errno {
            Errno::LOOP => io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("'{name}' is a link, which is not followed"),
            ),
            errno => errno.into(),
        })?;
        let stat = fs::fstat(&fd)?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        let is_ours = stat.st_nlink <= 1 && stat.st_uid == geteuid().as_raw();
        if !is_file || !is_ours || is_open(&stat) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("'{name}' is no file of this journal: it is left as it is"),
            ));
        }
        Ok(File::from(fd))
    }

    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(fs::renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Makes the names in the folder durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.fd)?)
    }

    /// The names in the folder that are text, in no order.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::Dir::read_from(&self.fd)? {
            if let Ok(name) = entry?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Removes the folder itself, if it is empty.
    pub(crate) fn remove_self(&self) -> io::Result<()> {
        match self.is_there() {
            true => std::fs::remove_dir(&self.path),
            false => Ok(()),
        }
    }
}

/// Whether users may write to it who are neither its owner nor of its group. Groups may: Kubernetes' `fsGroup` sets
/// that on every file of a volume.
fn is_open(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).contains(Mode::WOTH)
}

/// Makes the name of a folder durable.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    File::open(parent)?.sync_all()
}

/// Whether the file still has a name.
pub(crate) fn is_linked(file: &File) -> bool {
    fs::fstat(file).is_ok_and(|stat| stat.st_nlink > 0)
}
