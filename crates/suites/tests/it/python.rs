//! The Python environment of the suites.

use std::path::PathBuf;

/// The interpreter with the packages that the suites need, made by `cargo xtask setup`.
///
/// Without it there is nothing to test; the test says so, and fails if `CI` is set.
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
