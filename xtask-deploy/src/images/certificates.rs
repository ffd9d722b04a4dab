//! The authorities that TLS trusts inside an image.

use std::path::{Path, PathBuf};

use xtask::outcome::CannotCheck;

/// Mozilla's list from Debian's package `ca-certificates`, one file each, without this machine's own additions.
const MOZILLA: &str = "/usr/share/ca-certificates/mozilla";

/// The path of the whole bundle on other systems.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Returns the certificates, in PEM, in a stable order.
///
/// # Errors
///
/// This machine has none.
pub(crate) fn bundle() -> Result<String, CannotCheck> {
    let mut files = in_folder(Path::new(MOZILLA));
    if files.is_empty() {
        files.extend(
            BUNDLES
                .iter()
                .map(PathBuf::from)
                .find(|file| file.is_file()),
        );
    }
    let mut bundle = String::new();
    for file in &files {
        let pem = std::fs::read_to_string(file).map_err(|error| {
            CannotCheck::new(format!("{} cannot be read: {error}", file.display()))
        })?;
        bundle.push_str(pem.trim_end());
        bundle.push('\n');
    }
    if bundle.contains("BEGIN CERTIFICATE") {
        Ok(bundle)
    } else {
        Err(CannotCheck::new(
            "there are no certificates of authorities: install the package ca-certificates",
        ))
    }
}

/// The certificates of a folder, which need not exist, sorted by name.
pub(super) fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "crt"))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::DOCKERFILE;
    use xtask::workspace::Workspace;

    #[test]
    fn an_image_trusts_mozillas_authorities_alone_also_where_it_is_compiled_inside_of_docker() {
        let recipe = Workspace::discover().unwrap().read(DOCKERFILE).unwrap();
        let taken = format!("cat {MOZILLA}/*.crt > /out/etc/ssl/certs/ca-certificates.crt");
        assert!(recipe.contains(&taken));
        for bundle in BUNDLES {
            assert!(!recipe.contains(&format!(" {bundle} ")), "{bundle}");
        }
    }
}
