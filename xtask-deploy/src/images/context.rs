//! The Docker build context of one image.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use xtask::outcome::CannotCheck;

use super::{Image, binaries::Binaries};

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
    // The standard library can set the time of a link's target, but not of the link.
    let touched = Command::new("touch")
        .args(["-h", "-d", "@0"])
        .arg(&link)
        .status()?;
    if !touched.success() {
        return Err(io::Error::other("touch cannot date a link"));
    }
    settle(folder)
}

/// Sets all times to 1970 and makes everything readable: image layers contain the times and modes of files, so the
/// same files produce the same layers, regardless of the builder's umask. The user of the image owns none
/// of them.
pub(crate) fn settle(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => settle(&entry.path())?,
            kind if kind.is_file() => {
                let is_program = entry.metadata()?.mode() & 0o100 != 0;
                settle_one(&entry.path(), if is_program { 0o755 } else { 0o644 })?;
            }
            _ => {}
        }
    }
    settle_one(folder, 0o755)
}

fn settle_one(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    fs::File::open(path)?.set_modified(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_may_read_what_goes_into_an_image_whatever_the_umask() {
        let home = tempfile::tempdir().unwrap();
        let binary = home.path().join("built");
        fs::write(&binary, "").unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o700)).unwrap();
        let folder = home.path().join("context");
        lay_out(&folder, &binary, "lab", "FROM scratch", "PEM").unwrap();
        let certificates = folder.join("out/etc/ssl/certs/ca-certificates.crt");
        // The modes that a umask of 077 leaves.
        for (path, mode) in [(&certificates, 0o600), (&folder.join("data"), 0o700)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        settle(&folder).unwrap();
        for (path, mode) in [
            ("data", 0o755),
            ("out/etc", 0o755),
            ("out/etc/ssl/certs/ca-certificates.crt", 0o644),
            ("out/lab", 0o755),
            ("Dockerfile", 0o644),
        ] {
            let found = fs::metadata(folder.join(path)).unwrap();
            assert_eq!(found.mode() & 0o777, mode, "{path}");
            assert_eq!(found.modified().unwrap(), SystemTime::UNIX_EPOCH, "{path}");
        }
    }
}
