//! The folder outside the clone that keeps costly artefacts: `${XDG_CACHE_HOME:-~/.cache}/glassbox`.

use std::path::{Path, PathBuf};

use crate::outcome::CannotCheck;

/// Returns the folder for artefacts of one kind, which need not exist yet.
///
/// # Errors
///
/// The environment names neither a cache folder nor a home.
pub fn folder(kind: &str) -> Result<PathBuf, CannotCheck> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    let cache = cache
        .filter(|cache| Path::is_absolute(cache))
        .ok_or_else(|| {
            CannotCheck::new("neither XDG_CACHE_HOME nor HOME names a folder: set one of them")
        })?;
    Ok(cache.join("glassbox").join(kind))
}

/// Creates a folder and its parents.
pub fn make(folder: &Path) -> Result<(), CannotCheck> {
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))
}

/// The error for a file or folder of the cache that cannot be used.
pub fn failed(path: &Path, error: &std::io::Error) -> CannotCheck {
    CannotCheck::new(format!("{} cannot be written: {error}", path.display()))
}
