//! How files are named, how long they are and how they begin, which no compiler checks.

use std::path::Path;

use crate::{
    metadata::{self, read},
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

/// Maximum number of lines. A longer file contains two concepts.
const MOST_LINES: usize = 600;

/// File names that do not describe the contents.
const EMPTY_NAMES: &[&str] = &["helper", "helpers", "misc", "types", "util", "utils"];

/// Written in two parts, so that this file is not its own violation.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// Checks every Rust file of every package.
pub(super) fn check(workspace: &Workspace) -> Result<Report, CannotCheck> {
    let mut count = 0;
    let mut violations = Vec::new();
    for package in metadata::load(workspace)? {
        for file in package.rust_files()? {
            let shown = file
                .strip_prefix(workspace.root())
                .unwrap_or(&file)
                .display();
            let within = file.strip_prefix(package.folder()).unwrap_or(&file);
            let faults = faults(within, &read(&file)?);
            violations.extend(faults.into_iter().map(|fault| format!("{shown}{fault}")));
            count += 1;
        }
    }
    Report::new(count, "tidy files", violations)
}

/// The faults of one file, with the line number if there is one.
fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    if stem == "mod" {
        faults.push(
            ": name it after its folder and put it beside that, `foo.rs` beside `foo/`".into(),
        );
    }
    if EMPTY_NAMES.contains(&stem) {
        faults.push(format!(
            ": `{stem}` says nothing, name it after the noun it defines"
        ));
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        faults.push(format!(
            ": {lines} lines are more than {MOST_LINES}, so these are two concepts"
        ));
    }
    let is_module = path.starts_with("src") && stem != "tests" && !path.starts_with("src/bin");
    if is_module && !text.starts_with("//!") {
        faults.push(":1: begin with `//!` and what the module owns".into());
    }
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        if let Some(word) = UNFINISHED.iter().find(|word| line.contains(**word)) {
            faults.push(format!(
                ":{line_number}: `{word}` belongs in an issue, or done"
            ));
        }
        if line.trim_start().starts_with("#[ignore") {
            faults.push(format!(
                ":{line_number}: a test that does not run proves nothing"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_need_no_headline_and_modules_do() {
        assert!(faults(Path::new("src/store/tests.rs"), "use super::*;\n").is_empty());
        assert!(faults(Path::new("tests/it/main.rs"), "mod http;\n").is_empty());
        assert_eq!(faults(Path::new("src/store.rs"), "use std::fs;\n").len(), 1);
    }

    #[test]
    fn the_line_of_a_fault_is_told() {
        let text = format!("//! Fine.\n\n// {}: later\n", UNFINISHED[0]);
        let found = faults(Path::new("src/store.rs"), &text);
        assert!(found[0].starts_with(":3: "), "{found:?}");
    }
}
