//! Faults of the suites that `collector` must detect.

use xtask::check::{
    Answer::{CannotCheck, Violation},
    Mutant,
};

const QUICK: &str = "crates/app/tests/real/quick.rs";

/// The suites against real parts.
pub(crate) const SUITE_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a case fails",
        apply: |tree| tree.replace(QUICK, "assert!(true_here())", "assert!(!true_here())"),
        answer: Violation("suite quick: 1 of 2 cases failed"),
    },
    Mutant {
        fault: "a suite has no case left",
        apply: |tree| tree.write("crates/app/tests/real/slow.rs", "//! Nothing.\n"),
        answer: CannotCheck("suite slow has no case"),
    },
    Mutant {
        fault: "every case of a suite is switched off",
        apply: |tree| {
            let text = "#[test]\n#[ignore]\nfn it_waits() {}\n";
            tree.write("crates/app/tests/real/slow.rs", text)
        },
        answer: CannotCheck("suite slow ran no case"),
    },
    Mutant {
        fault: "one case of a suite is switched off",
        apply: |tree| {
            tree.replace(
                QUICK,
                "#[test]\nfn it_is_quick",
                "#[test]\n#[ignore]\nfn it_is_quick",
            )
        },
        answer: Violation("suite quick: only 1 of 2 cases ran"),
    },
    Mutant {
        fault: "a case stands outside of the suites that the manifest names",
        apply: |tree| {
            tree.replace(
                "crates/app/Cargo.toml",
                "suites = [\"quick\", \"slow\"]",
                "suites = [\"slow\"]",
            )
        },
        answer: Violation("`quick` is not among the suites"),
    },
    Mutant {
        fault: "a suite does not compile",
        apply: |tree| tree.append(QUICK, "\nfn odd() -> u8 {}\n"),
        answer: Violation("the suites do not compile"),
    },
    Mutant {
        fault: "a suite needs what nobody provides",
        apply: |tree| tree.replace("crates/app/Cargo.toml", "needs = []", "needs = [\"luck\"]"),
        answer: CannotCheck("unknown variant `luck`"),
    },
    Mutant {
        fault: "the suites became ordinary tests",
        apply: |tree| {
            let old =
                "[package.metadata.suites.real]\nneeds = []\nsuites = [\"quick\", \"slow\"]\n";
            tree.replace("crates/app/Cargo.toml", old, "")?;
            tree.replace("crates/app/Cargo.toml", "test = false\n", "")
        },
        answer: CannotCheck("there are no suites"),
    },
];
