//! `setup`: what `ci` needs beside cargo, and how a Debian or Ubuntu machine gets it.
//!
//! What is there already is left alone, in whatever way it came. Nothing but this installs anything: a step that
//! lacks a tool says so.

mod engine;
mod packages;
mod python;
mod tools;

use xtask::{
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

/// Installs what is missing and starts what does not run.
///
/// # Errors
///
/// Something cannot be installed, or this is no Debian and something is missing.
pub(crate) fn install(workspace: &Workspace) -> Result<Report, CannotCheck> {
    // The engine last: it is what most often does not come up, and nothing else waits for it.
    let parts = [
        packages::install,
        tools::install,
        python::install,
        engine::start,
    ];
    let count = every(parts.iter().map(|part| part(workspace)))?;
    Report::new(count, "parts in place", Vec::new())
}

/// The sum of all, or the reasons of all that failed: one that fails keeps no other from being tried.
fn every(
    parts: impl IntoIterator<Item = Result<usize, CannotCheck>>,
) -> Result<usize, CannotCheck> {
    let (mut count, mut reasons) = (0, Vec::new());
    for part in parts {
        match part {
            Ok(parts) => count += parts,
            Err(reason) => reasons.push(reason.to_string()),
        }
    }
    if reasons.is_empty() {
        Ok(count)
    } else {
        Err(CannotCheck::new(reasons.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_keeps_nothing_else_from_being_installed_and_every_reason_is_said() {
        let mut tried = 0;
        let parts = [Ok(1), Err("a"), Ok(2), Err("b")];
        let sum = every(parts.into_iter().map(|part| {
            tried += 1;
            part.map_err(CannotCheck::new)
        }));
        assert_eq!(sum.unwrap_err().to_string(), "a; b");
        assert_eq!(tried, 4);
        assert_eq!(every([Ok(1), Ok(2)]).unwrap(), 3);
    }
}
