//! A folder of files, opened once and used by its handle: links are not followed, and other users' files
//! are not changed.

use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, FlockOperation, Mode, OFlags, Stat},
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

/// An open folder. Its files are opened by name relative to its handle, so a folder that replaces it at the same path
/// is never used.
///
/// A file is opened only if it is a regular file of this user that has a single name and is not writable by
/// every user. Links, pipes, devices and folders are errors of the kind
/// [`InvalidInput`](io::ErrorKind::InvalidInput) and stay unchanged.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Opens a folder of this user, which must exist.
    ///
    /// # Errors
    /// Fails if it is a link or not a folder, belongs to another user, or cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let folder = Self::open_shared(path)?;
        match folder.is_ours()? {
            true => Ok(folder),
            false => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it belongs to another user",
            )),
        }
    }

    /// Opens a folder that may belong to another user, such as a volume that is mounted into a container.
    ///
    /// # Errors
    /// Fails if it is a link or not a folder, or cannot be opened.
    pub fn open_shared(path: &Path) -> io::Result<Self> {
        // A link followed by a slash would be followed.
        let path: PathBuf = path.components().collect();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = fs::open(&path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::LOOP | Errno::NOTDIR => io::Error::new(
                io::ErrorKind::NotADirectory,
                "it is a link or a file, not a folder",
            ),
            errno => errno.into(),
        })?;
        Ok(Self { fd, path })
    }

    /// Returns whether the folder belongs to this user.
    ///
    /// # Errors
    /// Fails if the system cannot determine the owner.
    pub fn is_ours(&self) -> io::Result<bool> {
        Ok(fs::fstat(&self.fd)?.st_uid == geteuid().as_raw())
    }

    /// Returns the permission bits of the folder.
    ///
    /// # Errors
    /// Fails if the system cannot determine the mode.
    pub fn mode(&self) -> io::Result<u32> {
        Ok(fs::fstat(&self.fd)?.st_mode & 0o7777)
    }

    /// Sets the permission bits of the folder.
    ///
    /// # Errors
    /// Fails if the system refuses.
    pub fn set_mode(&self, mode: u32) -> io::Result<()> {
        Ok(fs::fchmod(&self.fd, Mode::from_raw_mode(mode))?)
    }

    /// Locks the folder itself until the handle is dropped; the lock also applies to other paths to the
    /// folder. Returns false if another handle has locked it.
    ///
    /// # Errors
    /// Fails if the file system cannot lock folders.
    pub fn try_lock(&self) -> io::Result<bool> {
        match fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Fails if any user may replace the files in this folder.
    pub(crate) fn check_mode(&self) -> io::Result<()> {
        match is_open(&fs::fstat(&self.fd)?) {
            true => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "every user may write to it: it is left as it is",
            )),
            false => Ok(()),
        }
    }

    /// Releases the lock that [`try_lock`](Self::try_lock) took.
    ///
    /// # Errors
    /// Fails if the file system cannot lock folders.
    pub fn unlock(&self) -> io::Result<()> {
        Ok(fs::flock(&self.fd, FlockOperation::Unlock)?)
    }

    /// Opens the folder, and creates it for this user alone if it does not exist.
    ///
    /// # Errors
    /// Fails as [`open`](Self::open) does, and if it cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::opened_or_created(path, Self::open)
    }

    /// Opens a folder that may belong to another user, and creates it for this user alone if it does not exist.
    ///
    /// # Errors
    /// Fails as [`open_shared`](Self::open_shared) does, and if it cannot be created.
    pub fn create_shared(path: &Path) -> io::Result<Self> {
        Self::opened_or_created(path, Self::open_shared)
    }

    fn opened_or_created(
        path: &Path,
        open: impl Fn(&Path) -> io::Result<Self>,
    ) -> io::Result<Self> {
        match open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_missing = |path: &&Path| matches!(fs::lstat(*path), Err(Errno::NOENT));
                let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
                let mut builder = DirBuilder::new();
                builder.recursive(true).mode(PRIVATE_FOLDER).create(path)?;
                // Records are durable only if the names of the folders above them are.
                for created in missing {
                    sync_parent(created)?;
                }
                open(path)
            }
            opened => opened,
        }
    }

    /// Returns the path with which the folder was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the path still leads to this folder.
    pub fn is_there(&self) -> bool {
        let (Ok(held), Ok(named)) = (fs::fstat(&self.fd), fs::lstat(&self.path)) else {
            return false;
        };
        (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)
    }

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// Fails if it is missing, or not a file of this user.
    pub fn file(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlags::RDWR)
    }

    /// Opens a file, and creates it for this user alone if it does not exist.
    ///
    /// # Errors
    /// Fails if it is not a file of this user, or cannot be created.
    pub fn file_or_new(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Creates a file that does not exist.
    ///
    /// # Errors
    /// Fails if the name already exists.
    pub fn new_file(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
    }

    fn open_at(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let mode = Mode::RUSR | Mode::WUSR;
        // Without `NONBLOCK`, opening a named pipe would block.
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let refused =
            |why| io::Error::new(io::ErrorKind::InvalidInput, format!("'{name}' is {why}"));
        let fd = fs::openat(&self.fd, name, flags, mode).map_err(|errno| match errno {
            Errno::LOOP => refused("a link, which is not followed"),
            // A socket, a device without a driver, or a folder.
            Errno::NXIO | Errno::NODEV | Errno::ISDIR => refused("not a regular file"),
            errno => errno.into(),
        })?;
        let stat = fs::fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(refused("not a regular file"));
        }
        if stat.st_nlink > 1 {
            return Err(refused("a file with a second name, which may be another's"));
        }
        if stat.st_uid != geteuid().as_raw() {
            return Err(refused("a file of another user"));
        }
        if is_open(&stat) {
            return Err(refused("a file that every user may write to"));
        }
        Ok(File::from(fd))
    }

    /// Removes a name. If it is a link, its target stays.
    ///
    /// # Errors
    /// Fails if there is no such name, or it is a folder.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        Ok(fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Renames a file, replacing any file with the new name.
    ///
    /// # Errors
    /// Fails if the system cannot do it.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(fs::renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Makes the names in the folder durable.
    ///
    /// # Errors
    /// Fails if the system cannot write them.
    pub fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.fd)?)
    }

    /// Returns the names in the folder that are valid UTF-8, in no order, `.` and `..` included.
    ///
    /// # Errors
    /// Fails if the folder cannot be read.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::Dir::read_from(&self.fd)? {
            if let Ok(name) = entry?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Returns whether the name refers to this file.
    pub fn holds(&self, name: &str, file: &File) -> bool {
        let (Ok(held), Ok(named)) = (
            fs::fstat(file),
            fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW),
        ) else {
            return false;
        };
        (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)
    }

    /// Removes the folder itself, if it is empty.
    pub(crate) fn remove_self(&self) -> io::Result<()> {
        match self.is_there() {
            true => std::fs::remove_dir(&self.path),
            false => Ok(()),
        }
    }
}

/// Returns whether users may write to it who are neither its owner nor in its group. Groups may:
/// Kubernetes' `fsGroup` sets that on every file of a volume.
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

/// Returns whether the file still has a name.
pub fn is_linked(file: &File) -> bool {
    fs::fstat(file).is_ok_and(|stat| stat.st_nlink > 0)
}
