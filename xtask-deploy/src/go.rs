//! Go, in a version that can build the collector.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use xtask::{
    cache,
    outcome::CannotCheck,
    process::{self, Voice},
};

/// The oldest version that can build the collector and its builder.
pub(crate) const OLDEST: (u32, u32) = (1, 26);

/// The folder in the cache where `setup` installs Go if the system has none or an old one.
pub(crate) const FOLDER: &str = "go";

/// Finds a `go` that is new enough: on the `PATH`, at the usual place, or installed by `setup`.
///
/// # Errors
///
/// There is none; the message lists those that were too old.
pub(crate) fn find() -> Result<PathBuf, CannotCheck> {
    let installed = cache::folder(FOLDER)?.join("bin/go");
    let candidates = [
        PathBuf::from("go"),
        PathBuf::from("/usr/local/go/bin/go"),
        installed,
    ];
    let mut old = Vec::new();
    for candidate in candidates {
        match version(&candidate) {
            Some(found) if found >= OLDEST => return Ok(candidate),
            Some((major, minor)) => old.push(format!("{} is {major}.{minor}", candidate.display())),
            None => {}
        }
    }
    let (major, minor) = OLDEST;
    let seen = if old.is_empty() {
        String::new()
    } else {
        format!(" ({})", old.join(", "))
    };
    Err(CannotCheck::new(format!(
        "Go {major}.{minor} or newer is not installed{seen}: `cargo xtask setup` installs it"
    )))
}

/// Creates a build command whose result does not depend on the user's settings.
pub(crate) fn command(go: &Path) -> Command {
    let mut command = Command::new(go);
    settle(&mut command);
    command
}

/// Applies the settings of every build: no C, no workspace, no other toolchain.
pub(crate) fn settle(command: &mut Command) {
    command
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-buildvcs=false")
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off");
}

fn version(go: &Path) -> Option<(u32, u32)> {
    let asked = process::run(command(go).args(["env", "GOVERSION"]), Voice::Silent).ok()?;
    asked.success.then(|| parse(&asked.stdout)).flatten()
}

/// Reads `go1.26.8`, and `go1.27rc1` as 1.27.
fn parse(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix("go")?.splitn(3, '.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?;
    let digits = minor
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(minor.len());
    Some((major, minor[..digits].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_and_not_by_letter() {
        assert_eq!(parse("go1.26.8\n"), Some((1, 26)));
        assert_eq!(parse("go1.27rc1"), Some((1, 27)));
        assert!(parse("go1.9.2") < Some(OLDEST));
        assert!(parse("go1.100") > Some(OLDEST));
        assert!(parse("go2.0") > Some(OLDEST));
    }

    #[test]
    fn what_is_no_version_of_go_is_none() {
        for text in [
            "",
            "gccgo 1.26",
            "devel go1.27-abcdef",
            "go",
            "go1",
            "go1.x",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
