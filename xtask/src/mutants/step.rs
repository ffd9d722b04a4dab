//! Faults of the code itself that `lint`, `test`, `features` and `doc` must detect.

use crate::check::{
    Answer::{CannotCheck, Violation},
    Mutant,
};

const AI: &str = "crates/ai/src/lib.rs";
const CORE: &str = "crates/core/src/lib.rs";
const QUICK: &str = "crates/app/tests/real/quick.rs";

/// File names, lengths and beginnings.
pub(crate) const TIDY_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a module is called mod.rs",
        apply: |tree| tree.write("crates/ai/src/chain/mod.rs", "//! A chain.\n"),
        answer: Violation("crates/ai/src/chain/mod.rs: name it after its folder"),
    },
    Mutant {
        fault: "a file's name says nothing",
        apply: |tree| tree.write("crates/ai/src/utils.rs", "//! This and that.\n"),
        answer: Violation("crates/ai/src/utils.rs: `utils` says nothing"),
    },
    Mutant {
        fault: "a file grows beyond measure",
        apply: |tree| tree.append(AI, &"\n".repeat(600)),
        answer: Violation("lines are more than 600"),
    },
    Mutant {
        fault: "a module does not say what it owns",
        apply: |tree| tree.replace("crates/core/src/clock.rs", "//! Time.", "// Time."),
        answer: Violation("crates/core/src/clock.rs:1: begin with `//!`"),
    },
    Mutant {
        fault: "something is left for later",
        apply: |tree| tree.append(AI, concat!("\n// TO", "DO: think\n")),
        answer: Violation("belongs in an issue, or done"),
    },
    Mutant {
        fault: "a test is switched off",
        apply: |tree| {
            tree.replace(
                AI,
                "    #[test]\n",
                "    #[test]\n    #[ignore = \"slow\"]\n",
            )
        },
        answer: Violation("a test that does not run proves nothing"),
    },
];

/// Formatting.
pub(crate) const FORMAT_MUTANTS: &[Mutant] = &[Mutant {
    fault: "a file is not written as rustfmt writes it",
    apply: |tree| tree.append(AI, "\n/// Odd.\npub fn odd( ) {}\n"),
    answer: Violation("Diff in "),
}];

/// Lints.
pub(crate) const CLIPPY_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a library unwraps",
        apply: |tree| {
            tree.append(
                AI,
                "\n/// Odd.\npub fn odd(x: Option<u8>) -> u8 {\n    x.unwrap()\n}\n",
            )
        },
        answer: Violation("used `unwrap()`"),
    },
    Mutant {
        fault: "a library makes a queue without a bound",
        apply: |tree| {
            let text = "\n/// Odd.\npub fn odd() -> bool {\n    std::sync::mpsc::channel::<u8>().1.recv().is_ok()\n}\n";
            tree.append(AI, text)
        },
        answer: Violation("use of a disallowed method `std::sync::mpsc::channel`"),
    },
    Mutant {
        fault: "a test has a warning",
        apply: |tree| {
            tree.append(
                "crates/core/src/clock.rs",
                "\n#[cfg(test)]\nfn nobody_calls_this() {}\n",
            )
        },
        answer: Violation("never used"),
    },
    Mutant {
        fault: "a test that plain `cargo test` leaves out has a warning",
        apply: |tree| tree.append(QUICK, "\nfn nobody_calls_this() {}\n"),
        answer: Violation("never used"),
    },
    Mutant {
        fault: "a public item has no documentation",
        apply: |tree| tree.append(AI, "\npub fn odd() {}\n"),
        answer: Violation("missing documentation"),
    },
    Mutant {
        fault: "the code does not compile",
        apply: |tree| tree.append(AI, "\nfn odd() -> u8 {}\n"),
        answer: Violation("mismatched types"),
    },
    Mutant {
        fault: "the lock file was not brought up to the manifests",
        apply: |tree| tree.append("crates/core/Cargo.toml", "cfg-if.workspace = true\n"),
        answer: CannotCheck("cargo fetch --locked fails"),
    },
];

/// Tests.
pub(crate) const TEST_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a unit test fails",
        apply: |tree| {
            tree.replace(
                "crates/core/src/clock.rs",
                "assert_eq!(super::now(), 1)",
                "assert_eq!(super::now(), 2)",
            )
        },
        answer: Violation("1 of 3 tests failed"),
    },
    Mutant {
        fault: "a documentation test fails",
        apply: |tree| {
            tree.replace(
                CORE,
                "/// assert!(lab_core::can_write())",
                "/// assert!(!lab_core::can_write())",
            )
        },
        answer: Violation("1 of 3 tests failed"),
    },
    Mutant {
        fault: "a test does not compile",
        apply: |tree| tree.replace(AI, "super::thinks(), ", "super::think(), "),
        answer: Violation("the workspace does not compile"),
    },
    Mutant {
        fault: "a program does not compile",
        apply: |tree| {
            tree.replace(
                "crates/app/src/main.rs",
                "fn main() {",
                "fn main() {\n    odd();",
            )
        },
        answer: Violation("the workspace does not compile"),
    },
    Mutant {
        fault: "a documentation test does not compile",
        apply: |tree| {
            let old = "/// assert!(lab_core::can_write())";
            tree.replace(CORE, old, "/// assert!(lab_core::can_fly())")
        },
        answer: Violation("1 of 3 tests failed"),
    },
    Mutant {
        fault: "all tests are gone",
        apply: |tree| {
            for file in [AI, "crates/core/src/clock.rs"] {
                tree.replace(file, "    #[test]\n", "    #[test]\n    #[ignore]\n")?;
            }
            tree.replace(CORE, "/// ```\n/// # #[cfg", "/// ```ignore\n/// # #[cfg")
        },
        answer: CannotCheck("there are no tests"),
    },
];

/// Each crate alone.
pub(crate) const FEATURE_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a crate compiles only because another one asks for a feature",
        apply: |tree| {
            let old = "lab-core = { workspace = true, features = [\"fmt\"] }";
            tree.replace("crates/ai/Cargo.toml", old, "lab-core.workspace = true")
        },
        answer: Violation("lab-ai without features does not compile"),
    },
    Mutant {
        fault: "a crate compiles only with its feature",
        apply: |tree| {
            let old = "#[cfg(feature = \"fmt\")]\npub fn";
            tree.replace(CORE, old, "pub fn")
        },
        answer: Violation("lab-core without features does not compile"),
    },
    Mutant {
        fault: "a crate compiles only without its feature",
        apply: |tree| tree.append(AI, "\n#[cfg(feature = \"loud\")]\nfn odd() -> u8 {}\n"),
        answer: Violation("lab-ai with loud does not compile"),
    },
    Mutant {
        fault: "a crate warns without its feature",
        apply: |tree| {
            tree.replace(
                AI,
                "pub fn shouts() -> bool {\n    thinks()",
                "pub fn shouts() -> bool {\n    whispers()",
            )
            .and_then(|()| tree.append(AI, "\nfn whispers() -> bool {\n    true\n}\n"))
        },
        answer: Violation("lab-ai without features: warning: "),
    },
];

/// Documentation.
pub(crate) const DOCUMENTATION_MUTANTS: &[Mutant] = &[Mutant {
    fault: "a link leads nowhere",
    apply: |tree| {
        tree.replace(
            "crates/breaker/src/lib.rs",
            "[`lab_core::now`]",
            "[`lab_core::later`]",
        )
    },
    answer: Violation("unresolved link"),
}];
