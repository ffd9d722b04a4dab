//! Changes of a public API that `api` must detect.

use crate::check::{
    Answer::{CannotCheck, Violation},
    Mutant,
};

const CLOCK: &str = "crates/core/src/clock.rs";
const CORE: &str = "crates/core/src/lib.rs";
const GOLDEN: &str = "docs/api/core.txt";
const POLICY: &str = "architecture.toml";

/// Changes that users would notice.
pub(crate) const API_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a public function is gone",
        apply: |tree| {
            tree.replace(CLOCK, "pub fn now", "pub(crate) fn now")
                .and_then(|()| tree.replace(CORE, "pub use clock::now;\n", ""))
        },
        answer: Violation("docs/api/core.txt: - pub fn lab_core::now() -> u8 is gone"),
    },
    Mutant {
        fault: "the signature of a public function changed",
        apply: |tree| tree.replace(CLOCK, "now() -> u8", "now() -> u32"),
        answer: Violation("docs/api/core.txt: - pub fn lab_core::now() -> u8 is gone"),
    },
    Mutant {
        fault: "something became public that nobody decided on",
        apply: |tree| tree.append(CORE, "\n/// New.\npub struct New(u8);\n"),
        answer: Violation("docs/api/core.txt: + pub struct lab_core::New(_) is new"),
    },
    Mutant {
        fault: "a public type may not go to another thread any more",
        apply: |tree| {
            tree.replace(
                CORE,
                "pub struct Handle(pub u8)",
                "pub struct Handle(pub *const u8)",
            )
        },
        answer: Violation(
            "docs/api/core.txt: - impl core::marker::Send for lab_core::Handle is gone",
        ),
    },
    Mutant {
        fault: "a public function behind a feature is gone",
        apply: |tree| tree.replace(CORE, "pub fn can_write", "fn can_write"),
        answer: Violation("lab_core::can_write() -> bool is gone"),
    },
    Mutant {
        fault: "a golden file that no crate is held against",
        apply: |tree| tree.write("docs/api/gone.txt", "pub mod gone\n"),
        answer: Violation("docs/api/gone.txt: architecture.toml names no such `api`"),
    },
    Mutant {
        fault: "the code does not compile",
        apply: |tree| tree.append(CORE, "\nuse nothing::here;\n"),
        answer: Violation("rustdoc cannot read `lab-core`"),
    },
    Mutant {
        fault: "a golden file is gone",
        apply: |tree| tree.remove(GOLDEN),
        answer: CannotCheck("`cargo xtask api --bless` writes it"),
    },
    Mutant {
        fault: "no crate is held any more",
        apply: |tree| tree.replace(POLICY, "[api]\ncore = \"lab-core\"\n", ""),
        answer: CannotCheck("architecture.toml names no `api`"),
    },
    Mutant {
        fault: "a crate is held that does not exist",
        apply: |tree| tree.replace(POLICY, "core = \"lab-core\"\n", "core = \"lab-cor\"\n"),
        answer: CannotCheck("names `lab-cor` in `api`, which has no rule"),
    },
];
