//! What Docker is given to make one image of.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use super::{Image, binaries::Binaries};
use crate::outcome::CannotCheck;

/// Lays out the folder that [`DOCKERFILE`](super::DOCKERFILE) copies from, as its stage `build` would.
///
/// # Errors
///
/// A file cannot be written.
pub(super) fn stage(
    binaries: &Binaries,
    image: &Image,
    recipe: &str,
    certificates: &str,
) -> Result<PathBuf, CannotCheck> {
    let folder = binaries.staging().join(&image.name);
    lay_out(
        &folder,
        &binaries.path(image),
        &image.name,
        recipe,
        certificates,
    )
    .map_err(|error| {
        CannotCheck::new(format!("{} cannot be laid out: {error}", folder.display()))
    })?;
    Ok(folder)
}

fn lay_out(
    folder: &Path,
    binary: &Path,
    name: &str,
    recipe: &str,
    certificates: &str,
) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let out = folder.join("out");
    let trusted = out.join("etc/ssl/certs");
    fs::create_dir_all(&trusted)?;
    fs::create_dir_all(folder.join("data"))?;
    fs::write(folder.join("Dockerfile"), recipe)?;
    fs::write(trusted.join("ca-certificates.crt"), certificates)?;
    fs::copy(binary, out.join(name))?;
    let link = out.join("service");
    std::os::unix::fs::symlink(name, &link)?;
    // The standard library sets the time of what a link leads to, never its own.
    let touched = Command::new("touch")
        .args(["-h", "-d", "@0"])
        .arg(&link)
        .status()?;
    if !touched.success() {
        return Err(io::Error::other("touch cannot date a link"));
    }
    forget_the_time(folder)
}

/// Dates everything 1970: the layers of an image hold the times of its files, and the same files make the same layers.
fn forget_the_time(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => forget_the_time(&entry.path())?,
            kind if kind.is_file() => {
                fs::File::open(entry.path())?.set_modified(SystemTime::UNIX_EPOCH)?;
            }
            _ => {}
        }
    }
    fs::File::open(folder)?.set_modified(SystemTime::UNIX_EPOCH)
}
