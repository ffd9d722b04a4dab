//! The Python environment of the suites.

use std::path::PathBuf;

/// Returns the interpreter with the packages that the suites need, created by `cargo xtask setup`.
///
/// Without it the test cannot run: this is reported, and is a failure if `CI` is set.
pub(crate) fn interpreter() -> Option<PathBuf> {
    if let Some(python) = std::env::var_os("GLASSBOX_PYTHON") {
        return Some(python.into());
    }
    skip(
        "GLASSBOX_PYTHON names no Python with the packages of the suites; \
         `cargo xtask setup` makes one and `cargo xtask test` uses it",
    );
    None
}

/// Reports that a test cannot run here: on standard error, or as a failure if `CI` is set.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    eprintln!("SKIPPED: {reason}");
}
