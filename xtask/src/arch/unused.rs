//! Dependencies that a manifest declares and no file names.

use std::collections::BTreeSet;

use crate::{
    metadata::{Package, read},
    outcome::{CannotCheck, Report},
};

/// Looks for the name of every dependency in the Rust files of its package. Comments count, because a documentation
/// test may use it.
pub(crate) fn check(packages: &[Package]) -> Result<Report, CannotCheck> {
    let mut count = 0;
    let mut violations = Vec::new();
    for package in packages {
        let mut unused: BTreeSet<String> =
            package.dependencies.iter().map(|it| it.ident()).collect();
        count += unused.len();
        for file in package.rust_files()? {
            if unused.is_empty() {
                break;
            }
            let text = read(&file)?;
            for word in text.split(|char: char| char != '_' && !char.is_alphanumeric()) {
                unused.remove(word);
            }
        }
        violations.extend(unused.into_iter().map(|name| {
            let package = &package.name;
            format!("`{package}` depends on `{name}`, which none of its files names: remove it")
        }));
    }
    Report::new(count, "dependencies that are used", violations)
}
