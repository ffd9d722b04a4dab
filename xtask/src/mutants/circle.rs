//! Circles among files that `arch` must detect. The fixture's `shell` has a module and its child that use each other.

use crate::check::{
    Answer::{CannotCheck, Violation},
    Mutant,
};

const SHELL: &str = "crates/shell/src/lib.rs";
const ORDER: &str = "crates/shell/src/start/order.rs";

/// Files that use each other.
pub(crate) const CIRCLE_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "two files use each other",
        apply: |tree| {
            tree.append(SHELL, "\nmod first;\nmod second;\n")?;
            tree.write(
                "crates/shell/src/first.rs",
                "//! One.\n\nuse crate::second::Second;\n\npub(crate) struct First(Second);\n",
            )?;
            tree.write(
                "crates/shell/src/second.rs",
                "//! Two.\n\npub(crate) struct Second(Option<Box<super::first::First>>);\n",
            )
        },
        answer: Violation(
            "a circle of 2 files: crates/shell/src/first.rs:3 uses `crate::second::Second`, crates/shell/src/second.rs:3 uses `super::first::First`",
        ),
    },
    Mutant {
        fault: "children of one module use each other",
        apply: |tree| {
            tree.replace(
                "crates/shell/src/start.rs",
                "mod order;",
                "mod order;\nmod plan;",
            )?;
            tree.append(
                ORDER,
                "\nuse super::plan::Plan;\n\npub(super) struct Order(Plan);\n",
            )?;
            tree.write(
                "crates/shell/src/start/plan.rs",
                "//! Plans.\n\npub(super) struct Plan(Option<Box<super::order::Order>>);\n",
            )
        },
        answer: Violation("a circle of 2 files: crates/shell/src/start/order.rs"),
    },
    Mutant {
        fault: "a file and a module close a circle by what the module re-exports",
        apply: |tree| {
            tree.append(SHELL, "\nmod other;\n")?;
            tree.append(
                "crates/shell/src/start.rs",
                "\npub(crate) use order::is_first;\nconst _: bool = crate::other::YES;\n",
            )?;
            tree.write(
                "crates/shell/src/other.rs",
                "//! Else.\n\npub(crate) const YES: bool = true;\n\nfn asks() -> bool {\n    crate::start::is_first()\n}\n",
            )
        },
        answer: Violation("a circle of 2 files: crates/shell/src/start.rs"),
    },
    Mutant {
        fault: "a module has no file",
        apply: |tree| tree.remove(ORDER),
        answer: CannotCheck("start/order.rs cannot be read"),
    },
    Mutant {
        fault: "no file uses another one",
        apply: |tree| {
            tree.write(SHELL, "//! Starts an application.\n\n/// Starts.\npub fn starts() -> bool {\n    true\n}\n")
        },
        answer: CannotCheck("there are no uses among files"),
    },
];
