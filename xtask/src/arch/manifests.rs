//! Misspelt keys in manifests, which cargo only warns about, and an outdated lock file.

use crate::{
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

/// Checks every manifest of the workspace.
pub(crate) fn check(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let fetched = workspace.show(&mut workspace.cargo("fetch --locked"))?;
    let mut violations: Vec<String> = fetched
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("warning: "))
        .filter(|line| line.contains("unused manifest key") || line.contains("unused config key"))
        .map(|line| shorten(line, workspace))
        .collect();
    if !fetched.success {
        if !fetched.stderr.contains("--locked") {
            let reason = fetched.last_words();
            return Err(CannotCheck::new(format!(
                "cargo fetch --locked fails: {reason}"
            )));
        }
        violations.push(
            "Cargo.lock disagrees with the manifests: run a cargo command and commit it".into(),
        );
    }
    Report::new(
        crate::metadata::load(workspace)?.len(),
        "manifests",
        violations,
    )
}

/// Removes the folder from the path in a warning.
fn shorten(line: &str, workspace: &Workspace) -> String {
    line.replace(&format!("{}/", workspace.root().display()), "")
}
