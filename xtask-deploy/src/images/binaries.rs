//! Static binaries, identical from every checkout.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;
use xtask::{
    outcome::CannotCheck,
    process::{self, Voice},
    workspace::Workspace,
};

use super::Image;

use crate::machine;

/// The target for this machine, with a C library that can be linked statically and still resolves names.
pub(crate) fn target() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

/// The cargo profile.
const PROFILE: &str = "image";

/// The binaries of a build.
pub(super) struct Binaries {
    folder: PathBuf,
    target: PathBuf,
}

impl Binaries {
    pub(super) fn path(&self, image: &Image) -> PathBuf {
        self.folder.join(&image.name)
    }

    /// The folder for the images' build contexts.
    pub(super) fn staging(&self) -> PathBuf {
        self.target.join("images")
    }
}

/// Builds the binaries of `images` in one run of cargo.
///
/// # Errors
///
/// The target is not installed, or the code does not compile.
pub(super) fn build(workspace: &Workspace, images: &[Image]) -> Result<Binaries, CannotCheck> {
    let triple = target();
    let linker = format!("{}-linux-musl-gcc", std::env::consts::ARCH);
    if !installed(workspace, &triple)? || !machine::answers(&linker, &["--version"]) {
        return Err(CannotCheck::new(format!(
            "static binaries need the target {triple} and the package musl-tools: `cargo xtask setup` installs them"
        )));
    }
    workspace.fetch()?;
    let target = target_folder(workspace)?;
    let mut command = workspace.cargo("build --locked --bins");
    command.args(["--profile", PROFILE, "--target", &triple]);
    for image in images {
        command.args(["--package", &image.package]);
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", flags(workspace.root()));
    let built = workspace.show(&mut command)?.settled()?;
    if !built.success {
        return Err(CannotCheck::new(
            built.violation("the binaries do not compile"),
        ));
    }
    Ok(Binaries {
        folder: target.join(&triple).join(PROFILE),
        target,
    })
}

/// Whether the target is installed for the toolchain of this checkout.
pub(crate) fn installed(workspace: &Workspace, triple: &str) -> Result<bool, CannotCheck> {
    let mut rustc = Command::new("rustc");
    rustc
        .current_dir(workspace.root())
        .args(["--print", "target-libdir", "--target", triple]);
    let asked = process::run(&mut rustc, Voice::Silent)?;
    Ok(asked.success && Path::new(asked.stdout.trim()).is_dir())
}

/// The target folder of this workspace, as reported by cargo.
fn target_folder(workspace: &Workspace) -> Result<PathBuf, CannotCheck> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let asked = workspace.ask("metadata --no-deps --format-version 1")?;
    let metadata: Metadata = serde_json::from_str(&asked.stdout)
        .map_err(|error| CannotCheck::new(format!("cargo metadata is not understood: {error}")))?;
    Ok(metadata.target_directory)
}

/// Removes this machine's folders from the binaries: they are private, and differ between machines.
fn flags(root: &Path) -> OsString {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let mut flags = OsString::new();
    let mut remap = |from: &OsStr, to: &str| {
        if !flags.is_empty() {
            flags.push("\x1f");
        }
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    };
    if let Some(home) = home {
        remap(home.join("registry/src").as_os_str(), "/registry");
    }
    remap(root.as_os_str(), "/glassbox");
    flags
}
