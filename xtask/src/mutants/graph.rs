//! Faults of the crate graph that `arch` must detect.

use crate::check::{
    Answer::{CannotCheck, Violation},
    Mutant,
};

const CORE: &str = "crates/core/Cargo.toml";
const TELEMETRY: &str = "crates/telemetry/Cargo.toml";
const POLICY: &str = "architecture.toml";

/// Edges and features that the manifests declare.
pub(crate) const EDGE_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a crate imports its sibling",
        apply: |tree| tree.append(TELEMETRY, "lab-ai.workspace = true\n"),
        answer: Violation("`lab-telemetry` imports `lab-ai`, which its `uses` does not permit"),
    },
    Mutant {
        fault: "a crate imports upward and the list permits it",
        apply: |tree| {
            tree.append(TELEMETRY, "lab-ai.workspace = true\n")?;
            let old = "uses = [\"lab-breaker\", \"lab-core\"]";
            tree.replace(
                POLICY,
                old,
                "uses = [\"lab-ai\", \"lab-breaker\", \"lab-core\"]",
            )
        },
        answer: Violation("from its own layer or a higher one"),
    },
    Mutant {
        fault: "core declares a crate from outside",
        apply: |tree| tree.append(CORE, "cfg-if.workspace = true\n"),
        answer: Violation("`lab-core` imports `cfg-if`, which its `external` does not permit"),
    },
    Mutant {
        fault: "core declares a crate from outside and uses it",
        apply: |tree| {
            tree.append(CORE, "cfg-if.workspace = true\n")?;
            tree.append("crates/core/src/lib.rs", "\npub use cfg_if;\n")
        },
        answer: Violation("`lab-core` imports `cfg-if`"),
    },
    Mutant {
        fault: "core imports on one target only",
        apply: |tree| {
            tree.append(
                CORE,
                "\n[target.'cfg(windows)'.dependencies]\ncfg-if.workspace = true\n",
            )
        },
        answer: Violation("`lab-core` imports `cfg-if` on `cfg(windows)`"),
    },
    Mutant {
        fault: "core imports at build time",
        apply: |tree| tree.append(CORE, "\n[build-dependencies]\ncfg-if.workspace = true\n"),
        answer: Violation("at build time, which its `external_build` does not permit"),
    },
    Mutant {
        fault: "a permitted crate is imported at build time instead",
        apply: |tree| {
            tree.append(
                "crates/breaker/Cargo.toml",
                "\n[build-dependencies]\nlab-core.workspace = true\n",
            )
        },
        answer: Violation("`lab-breaker` imports `lab-core` at build time"),
    },
    Mutant {
        fault: "core imports under another name",
        apply: |tree| tree.append(CORE, "rt = { package = \"cfg-if\", version = \"1\" }\n"),
        answer: Violation("`cfg-if` under the name `rt`"),
    },
    Mutant {
        fault: "core's tests close a circle",
        apply: |tree| {
            tree.append(
                CORE,
                "\n[dev-dependencies]\nlab-testkit = { path = \"../testkit\" }\n",
            )
        },
        answer: Violation("`lab-core` imports `lab-testkit` in its tests, which its `dev`"),
    },
    Mutant {
        fault: "an optional dependency of core becomes a mandatory one",
        apply: |tree| {
            tree.replace(CORE, "fmt = [\"dep:itoa\"]", "fmt = []")?;
            tree.replace(
                CORE,
                "itoa = { workspace = true, optional = true }",
                "itoa.workspace = true",
            )
        },
        answer: Violation("`lab-core` imports `itoa`, which its `external` does not permit"),
    },
    Mutant {
        fault: "an optional feature of core becomes a default",
        apply: |tree| tree.replace(CORE, "default = []", "default = [\"fmt\"]"),
        answer: Violation("`lab-core` has the default features {\"fmt\"}"),
    },
    Mutant {
        fault: "the application's default turns one more thing on",
        apply: |tree| {
            let old = "default = [\"telemetry\"]";
            tree.replace(
                "crates/app/Cargo.toml",
                old,
                "default = [\"telemetry\", \"extra\"]\nextra = []",
            )
        },
        answer: Violation("`lab-app` has the default features"),
    },
    Mutant {
        fault: "a new crate that nobody classified",
        apply: |tree| tree.package("crates/extra", "lab-extra"),
        answer: Violation("`lab-extra` is a member that architecture.toml does not know"),
    },
    Mutant {
        fault: "a path outside of the workspace",
        apply: |tree| {
            tree.package("../outside", "side")?;
            tree.append(CORE, "side = { path = \"../../../outside\" }\n")
        },
        answer: Violation("`lab-core` imports `side`, which is a path outside the workspace"),
    },
    Mutant {
        fault: "a path inside of the workspace that is not among its members",
        apply: |tree| {
            tree.package("hidden/side", "side")?;
            tree.append(CORE, "side = { path = \"../../hidden/side\" }\n")
        },
        answer: Violation("`side` is a member that architecture.toml does not know"),
    },
    Mutant {
        fault: "a foreign copy of a member",
        apply: |tree| {
            tree.replace(
                TELEMETRY,
                "lab-breaker.workspace = true",
                "lab-breaker = \"0.1\"",
            )
        },
        answer: Violation("a foreign copy of a member"),
    },
    Mutant {
        fault: "a permission that nobody uses any more",
        apply: |tree| {
            tree.replace(
                "crates/testkit/Cargo.toml",
                "lab-core.workspace = true\n",
                "",
            )
        },
        answer: Violation("`lab-testkit` may import `lab-core` and does not"),
    },
    Mutant {
        fault: "a permission for a crate from outside that nobody uses any more",
        apply: |tree| tree.replace("crates/breaker/Cargo.toml", "memchr.workspace = true\n", ""),
        answer: Violation("`lab-breaker` may import `memchr` and does not"),
    },
    Mutant {
        fault: "a rule for a crate that is gone",
        apply: |tree| {
            tree.append(
                POLICY,
                "\n[crates.lab-gone]\nlayer = 1\nrole = \"library\"\n",
            )
        },
        answer: Violation("`lab-gone` has a rule and is no member"),
    },
    Mutant {
        fault: "an optional dependency leaks its name as a feature",
        apply: |tree| tree.replace(CORE, "fmt = [\"dep:itoa\"]", "fmt = [\"itoa\"]"),
        answer: Violation("`lab-core` leaks the optional dependency `itoa`"),
    },
    Mutant {
        fault: "a listed crate quietly grows",
        apply: |tree| tree.append("crates/breaker/Cargo.toml", "itoa.workspace = true\n"),
        answer: Violation("`lab-breaker` imports `itoa`, which its `external` does not permit"),
    },
    Mutant {
        fault: "a library imports telemetry, and the list permits it",
        apply: |tree| {
            tree.append(
                "crates/ai/Cargo.toml",
                "[dependencies.lab-telemetry]\nworkspace = true\n",
            )?;
            let old = "uses = [\"lab-core\"]\ndev = ";
            tree.replace(
                POLICY,
                old,
                "uses = [\"lab-core\", \"lab-telemetry\"]\ndev = ",
            )
        },
        answer: Violation("`lab-ai` is no application and imports `lab-telemetry`"),
    },
    Mutant {
        fault: "a library's tests import telemetry",
        apply: |tree| tree.append("crates/ai/Cargo.toml", "lab-telemetry.workspace = true\n"),
        answer: Violation("imports `lab-telemetry` in its tests, which only applications may"),
    },
    Mutant {
        fault: "a library imports an application",
        apply: |tree| tree.append("crates/ai/Cargo.toml", "lab-app = { path = \"../app\" }\n"),
        answer: Violation("`lab-ai` is a library and imports `lab-app`"),
    },
    Mutant {
        fault: "a library imports the shell, and the list permits it",
        apply: |tree| {
            tree.append("crates/breaker/Cargo.toml", "lab-shell.workspace = true\n")?;
            let old = "uses = [\"lab-core\"]\n\n[crates.lab-breaker.external]";
            tree.replace(POLICY, old, &old.replace("]\n\n", ", \"lab-shell\"]\n\n"))
        },
        answer: Violation(
            "`lab-breaker` is a library and imports `lab-shell`, which only applications may",
        ),
    },
    Mutant {
        fault: "a library's tests import the shell",
        apply: |tree| tree.append("crates/ai/Cargo.toml", "lab-shell.workspace = true\n"),
        answer: Violation("`lab-ai` is a library and imports `lab-shell` in its tests"),
    },
    Mutant {
        fault: "the shell imports an application",
        apply: |tree| {
            tree.append(
                "crates/shell/Cargo.toml",
                "lab-app = { path = \"../app\" }\n",
            )
        },
        answer: Violation("`lab-shell` is a library and imports `lab-app`, an application"),
    },
    Mutant {
        fault: "the shell stands below what it imports",
        apply: |tree| tree.replace(POLICY, "layer = 5", "layer = 2"),
        answer: Violation("`lab-shell` imports `lab-ai` from its own layer or a higher one"),
    },
    Mutant {
        fault: "a layer is neither a number nor the one of the tests",
        apply: |tree| tree.replace(POLICY, "layer = \"T\"", "layer = \"U\""),
        answer: CannotCheck("a layer is a number or \"T\""),
    },
    Mutant {
        fault: "a test crate ships",
        apply: |tree| tree.replace("crates/ai/Cargo.toml", "[dev-dependencies]\n", ""),
        answer: Violation("`lab-ai` imports `lab-testkit`, a test crate"),
    },
    Mutant {
        fault: "a feature is asked of a crate whose features are pinned",
        apply: |tree| {
            let old = "lab-breaker.workspace = true";
            tree.replace(
                TELEMETRY,
                old,
                "lab-breaker = { workspace = true, features = [\"emit\"] }",
            )
        },
        answer: Violation("`lab-telemetry` asks `lab-breaker` for the features {\"emit\"}"),
    },
    Mutant {
        fault: "the features of a crate are pinned that is not imported",
        apply: |tree| tree.replace(POLICY, "{ lab-breaker = [] }", "{ lab-ai = [] }"),
        answer: Violation("`lab-telemetry` pins the features of `lab-ai` and does not import it"),
    },
    Mutant {
        fault: "the policy is gone",
        apply: |tree| tree.remove(POLICY),
        answer: CannotCheck("architecture.toml cannot be read"),
    },
    Mutant {
        fault: "the policy is empty",
        apply: |tree| tree.write(POLICY, "[application_only]\n[crates]\n"),
        answer: CannotCheck("has no crates"),
    },
    Mutant {
        fault: "a key of the policy is misspelt",
        apply: |tree| tree.replace(POLICY, "dev = [", "devv = ["),
        answer: CannotCheck("unknown field `devv`"),
    },
    Mutant {
        fault: "the rule about telemetry is dropped from the policy",
        apply: |tree| {
            let old =
                "lab-telemetry = \"telemetry is absent from what does not ask for it\"\n\n[library";
            tree.replace(POLICY, old, "\n[library")
        },
        answer: CannotCheck("lost `application_only`"),
    },
    Mutant {
        fault: "a crate from outside is permitted without a reason",
        apply: |tree| tree.replace(POLICY, "\"finds bytes\"", "\"\""),
        answer: CannotCheck("gives no reason for `memchr`"),
    },
    Mutant {
        fault: "a manifest cannot be read",
        apply: |tree| tree.append(CORE, "itoa = {\n"),
        answer: CannotCheck("cargo cannot read the manifests"),
    },
];

/// Unused dependencies.
pub(crate) const UNUSED_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a dependency that no file names",
        apply: |tree| tree.append("crates/shell/Cargo.toml", "memchr.workspace = true\n"),
        answer: Violation("`lab-shell` depends on `memchr`, which none of its files names"),
    },
    Mutant {
        fault: "a dependency of the tests that no file names",
        apply: |tree| tree.replace("crates/ai/src/lib.rs", "lab_testkit", "lab_core"),
        answer: Violation("`lab-ai` depends on `lab_testkit`"),
    },
    Mutant {
        fault: "a dependency under another name that no file names",
        apply: |tree| tree.append(CORE, "rt = { package = \"cfg-if\", version = \"1\" }\n"),
        answer: Violation("`lab-core` depends on `rt`"),
    },
];

/// Forbidden words and files in the source.
pub(crate) const SOURCE_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "core reads the environment",
        apply: |tree| {
            let text = "\n/// Where we live.\npub fn home() -> bool {\n    std::env::var(\"HOME\").is_ok()\n}\n";
            tree.append("crates/core/src/clock.rs", text)
        },
        answer: Violation("crates/core/src/clock.rs:18: `env` may not occur here"),
    },
    Mutant {
        fault: "core reads the environment through a group of imports",
        apply: |tree| tree.append("crates/core/src/lib.rs", "\nuse std::{env as e, fmt};\n"),
        answer: Violation("`env` may not occur here"),
    },
    Mutant {
        fault: "a library sets the environment",
        apply: |tree| {
            let text =
                "\n/// Sets.\npub fn set() {\n    unsafe { std::env::set_var(\"A\", \"b\") }\n}\n";
            tree.append("crates/ai/src/lib.rs", text)
        },
        answer: Violation("`env::set_var` may not occur here"),
    },
    Mutant {
        fault: "an exception that nobody uses any more",
        apply: |tree| tree.replace("crates/breaker/src/lib.rs", "std::env::vars().count()", "0"),
        answer: Violation("`lab-breaker` is excepted for `env::vars` and has none"),
    },
    Mutant {
        fault: "core may hold unsafe code again",
        apply: |tree| tree.replace("crates/core/src/lib.rs", "#![forbid(unsafe_code)]\n", ""),
        answer: Violation("`lab-core` lost #![forbid(unsafe_code)]"),
    },
    Mutant {
        fault: "core takes another crate's source by `#[path]`",
        apply: |tree| {
            tree.write("crates/ai/src/secret.rs", "//! Smuggled.\n")?;
            let text = "\n#[path = \"../../ai/src/secret.rs\"]\nmod secret;\n";
            tree.append("crates/core/src/lib.rs", text)
        },
        answer: Violation("\"../../ai/src/secret.rs\" lies outside of the package"),
    },
    Mutant {
        fault: "a crate includes a file of another one",
        apply: |tree| {
            tree.append(
                "crates/ai/src/lib.rs",
                "\ninclude!(\"../../core/src/clock.rs\");\n",
            )
        },
        answer: Violation("\"../../core/src/clock.rs\" lies outside of the package"),
    },
    Mutant {
        fault: "a crate holds a page of the documentation as data",
        apply: |tree| {
            tree.append(
                "crates/ai/src/lib.rs",
                "\n/// A guide.\npub const GUIDE: &str = include_str!(\"../../../docs/guides/kubernetes.md\");\n",
            )
        },
        answer: Violation("\"../../../docs/guides/kubernetes.md\" lies outside of the package"),
    },
];

/// Faults that cargo only warns about.
pub(crate) const MANIFEST_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a key of a shared dependency is misspelt",
        apply: |tree| {
            let old = "itoa = \"1\"";
            tree.replace(
                "Cargo.toml",
                old,
                "itoa = { version = \"1\", defualt-features = false }",
            )
        },
        answer: Violation("unused manifest key: workspace.dependencies.itoa.defualt-features"),
    },
    Mutant {
        fault: "a section of a member is misspelt",
        apply: |tree| {
            tree.replace(
                "crates/ai/Cargo.toml",
                "[dev-dependencies]",
                "[dev-dependancies]",
            )
        },
        answer: Violation("unused manifest key: dev-dependancies"),
    },
    Mutant {
        fault: "the lock file was not brought up to the manifests",
        apply: |tree| tree.append(CORE, "cfg-if.workspace = true\n"),
        answer: Violation("Cargo.lock disagrees"),
    },
];
