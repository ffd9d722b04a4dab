//! Faults of third-party crates that `closure` and `deny` must detect.

use crate::check::{
    Answer::{CannotCheck, Violation},
    Mutant,
};

const CORE: &str = "crates/core/Cargo.toml";
const ITOA: &str = "vendor/itoa/Cargo.toml";

/// Transitive dependencies, by name.
pub(crate) const CLOSURE_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "core pulls in one more crate",
        apply: |tree| {
            tree.append(CORE, "memchr.workspace = true\n")?;
            tree.relock()
        },
        answer: Violation("docs/closure/core.txt: + memchr 2 is new"),
    },
    Mutant {
        fault: "core depends on a crate that its list does not have",
        apply: |tree| {
            tree.append(CORE, "memchr.workspace = true\n")?;
            tree.append("docs/closure/core.txt", "memchr 2\n")?;
            tree.relock()
        },
        answer: Violation("`lab-core` depends on `memchr`, which architecture.toml does not list"),
    },
    Mutant {
        fault: "core pulls in one more crate on one target only",
        apply: |tree| {
            tree.append(
                CORE,
                "\n[target.'cfg(windows)'.dependencies]\nmemchr.workspace = true\n",
            )?;
            tree.relock()
        },
        answer: Violation("docs/closure/core.txt: + memchr 2 is new"),
    },
    Mutant {
        fault: "a dependency of a dependency grows",
        apply: |tree| {
            tree.append(ITOA, "[dependencies]\nmemchr = \"2\"\n")?;
            tree.relock()
        },
        answer: Violation("docs/closure/ai.txt: + memchr 2 is new"),
    },
    Mutant {
        fault: "one crate takes the place of another",
        apply: |tree| tree.replace("docs/closure/ai.txt", "itoa 1", "ryu 1"),
        answer: Violation("docs/closure/ai.txt: + itoa 1 is new"),
    },
    Mutant {
        fault: "the golden file names a crate that is not reached",
        apply: |tree| tree.append("docs/closure/core.txt", "itoa 1\n"),
        answer: Violation("docs/closure/core.txt: - itoa 1 is not reached"),
    },
    Mutant {
        fault: "a crate that may never be reached was blessed",
        apply: |tree| {
            tree.append(ITOA, "[dependencies]\ncfg-if = \"1\"\n")?;
            tree.append("docs/closure/ai.txt", "cfg-if 1\n")?;
            tree.relock()
        },
        answer: Violation("`lab-ai` reaches `cfg-if`, which it never may"),
    },
    Mutant {
        fault: "a closure is dropped from the policy and its golden file stays",
        apply: |tree| {
            let old = "[closure.core]\npackage = \"lab-core\"\n";
            tree.replace("architecture.toml", old, "")
        },
        answer: Violation("docs/closure/core.txt: architecture.toml names no such closure"),
    },
    Mutant {
        fault: "the golden file is gone",
        apply: |tree| tree.remove("docs/closure/core.txt"),
        answer: CannotCheck("docs/closure/core.txt cannot be read"),
    },
    Mutant {
        fault: "the package of a closure is misspelt",
        apply: |tree| {
            let old = "[closure.core]\npackage = \"lab-core\"";
            tree.replace(
                "architecture.toml",
                old,
                "[closure.core]\npackage = \"lab-cor\"",
            )
        },
        answer: CannotCheck("names `lab-cor` in `closure`, which has no rule"),
    },
    Mutant {
        fault: "no closure is named",
        apply: |tree| {
            let policy = tree.workspace().read("architecture.toml")?;
            let (rules, _) = policy.split_once("[closure.core]").unwrap_or_default();
            tree.write("architecture.toml", rules)
        },
        answer: CannotCheck("names no closure"),
    },
];

/// Banned crates.
pub(crate) const BAN_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a dependency of a dependency is a second TLS stack",
        apply: |tree| {
            tree.append(ITOA, "[dependencies]\nopenssl-sys = \"0.9\"\n")?;
            tree.relock()
        },
        answer: Violation("openssl-sys"),
    },
    Mutant {
        fault: "a version is left open",
        apply: |tree| {
            tree.append("crates/app/Cargo.toml", "memchr = \"*\"\n")?;
            tree.relock()
        },
        answer: Violation("wildcard"),
    },
    Mutant {
        fault: "the configuration cannot be read",
        apply: |tree| tree.append("deny.toml", "[bans\n"),
        answer: CannotCheck("cargo deny check bans fails"),
    },
];

/// Licences that are not allowed.
pub(crate) const LICENCE_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a dependency has a licence that we did not accept",
        apply: |tree| {
            tree.append("crates/app/Cargo.toml", "copyleft = \"1\"\n")?;
            tree.relock()
        },
        answer: Violation("rejected"),
    },
    Mutant {
        fault: "a dependency has no licence",
        apply: |tree| tree.replace(ITOA, "license = \"MIT\"\n", ""),
        answer: Violation("unlicensed"),
    },
];

/// Sources that are not allowed.
pub(crate) const SOURCES_MUTANTS: &[Mutant] = &[Mutant {
    fault: "a dependency comes from a repository and not from the registry",
    apply: |tree| {
        tree.package("../outside", "side")?;
        tree.commit_outside()?;
        let url = tree.outside();
        let url = url.display();
        tree.append(
            "crates/app/Cargo.toml",
            &format!("side = {{ git = \"file://{url}\" }}\n"),
        )?;
        tree.relock()
    },
    answer: Violation("not explicitly allowed"),
}];
