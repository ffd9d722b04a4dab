//! `setup`: installs what `ci` needs besides cargo on a Debian or Ubuntu machine.
//!
//! Anything already installed is left alone, however it was installed. Nothing else installs anything: a step
//! without its tool reports that.

mod engine;
mod packages;
mod python;
mod tools;

use xtask::{
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

/// Installs what is missing and starts what is not running.
///
/// # Errors
///
/// Something cannot be installed, or this is not Debian and something is missing.
pub(crate) fn install(workspace: &Workspace) -> Result<Report, CannotCheck> {
    // The engine is last, because it fails most often and nothing else depends on it.
    let parts = [
        packages::install,
        tools::install,
        python::install,
        engine::start,
    ];
    let count = every(parts.iter().map(|part| part(workspace)))?;
    Report::new(count, "parts in place", Vec::new())
}

/// The sum of all parts, or the reasons of all failures: one failure does not prevent the other installations.
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
