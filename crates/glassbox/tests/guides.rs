//! Tests that the guides show the programs in `examples`, which compile.

use std::{fs, path::Path};

/// Joins the Rust blocks of a guide in the order that the guide gives: the program, then its tests.
fn program(guide: &str) -> String {
    let text = read(&format!("../../docs/guides/{guide}"));
    let blocks = text.split("```rust,no_run\n").skip(1);
    let blocks: Vec<_> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(blocks.len(), 2, "{guide} shows a program and its tests");
    blocks.join("\n")
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_guides_show_programs_that_compile() {
    for (guide, example) in [
        ("first-tool.md", "word_tool.rs"),
        ("first-agent.md", "word_agent.rs"),
    ] {
        let example = read(&format!("examples/{example}"));
        let (_headline, compiled) = example.split_once("\n\n").unwrap_or_default();
        assert_eq!(program(guide), compiled, "{guide}");
    }
}

#[test]
fn the_programs_of_the_guides_are_short() {
    for guide in ["first-tool.md", "first-agent.md"] {
        let text = program(guide);
        let (program, tests) = text.split_once("#[cfg(test)]").unwrap_or_default();
        let lines = program.trim_end().lines().count();
        assert!(lines <= 25, "{guide} needs {lines} lines");
        let lines = tests.trim_end().lines().count();
        assert!(lines <= 15, "the tests of {guide} need {lines} lines");
    }
}
