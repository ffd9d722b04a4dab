//! `setup`: what `ci` needs beside cargo, and how a Debian or Ubuntu machine gets it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    outcome::{CannotCheck, Report},
    process::{self, Voice},
    workspace::Workspace,
};

const CARGO_DENY: &str = "0.20.2";

/// What the Python side of the interoperability tests installs, pinned.
const PYTHON_PACKAGES: &[&str] = &[
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
    "opentelemetry-exporter-otlp-proto-grpc==1.45.2",
];

/// Says inside the environment what was installed, so that a change of the pins is noticed.
const PYTHON_STAMP: &str = "glassbox-packages.txt";

/// A Debian package and the question whether its content is there, asked without the package manager.
struct Part {
    package: &'static str,
    present: fn() -> bool,
}

const PARTS: &[Part] = &[
    Part {
        package: "build-essential",
        present: || answers("cc", &["--version"]),
    },
    Part {
        package: "pkg-config",
        present: || answers("pkg-config", &["--version"]),
    },
    Part {
        package: "git",
        present: || answers("git", &["--version"]),
    },
    Part {
        package: "python3-venv",
        present: || answers("python3", &["-c", "import ensurepip, venv"]),
    },
];

/// Installs what is missing and leaves alone what is there.
pub(crate) fn install(workspace: &Workspace) -> Result<Report, CannotCheck> {
    install_packages(workspace)?;
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if workspace.component(subcommand, component).is_err() {
            workspace.say(&format!("setup: adding {component}"));
            must(
                workspace,
                Command::new("rustup").args(["component", "add", component]),
            )?;
        }
    }
    if !has_cargo_deny(workspace)? {
        workspace.say(&format!(
            "setup: building cargo-deny {CARGO_DENY}, about two minutes"
        ));
        let line = format!("install --locked cargo-deny --version {CARGO_DENY}");
        must(workspace, &mut workspace.cargo(&line))?;
    }
    if python().is_err() {
        install_python(workspace)?;
    }
    Report::new(PARTS.len() + 4, "parts in place", Vec::new())
}

/// The interpreter that has OpenTelemetry's Python SDK.
///
/// # Errors
///
/// It is missing, or was made for other versions.
pub(crate) fn python() -> Result<PathBuf, CannotCheck> {
    let folder = python_folder()?;
    let stamp = std::fs::read_to_string(folder.join(PYTHON_STAMP)).unwrap_or_default();
    if stamp == PYTHON_PACKAGES.join("\n") {
        Ok(folder.join("bin/python3"))
    } else {
        Err(CannotCheck::new(
            "OpenTelemetry's Python SDK is not installed: `cargo xtask setup` installs it",
        ))
    }
}

/// Whether the version of cargo-deny that `deny.toml` is written for answers.
pub(crate) fn has_cargo_deny(workspace: &Workspace) -> Result<bool, CannotCheck> {
    let asked = workspace.ask("deny --version")?;
    Ok(asked.success && asked.stdout.trim_end().ends_with(CARGO_DENY))
}

fn install_packages(workspace: &Workspace) -> Result<(), CannotCheck> {
    let missing: Vec<&str> = PARTS
        .iter()
        .filter(|part| !(part.present)())
        .map(|part| part.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !answers("apt-get", &["--version"]) {
        return Err(CannotCheck::new(format!(
            "this is no Debian or Ubuntu: install what these packages hold by hand: {list}"
        )));
    }
    workspace.say(&format!("setup: installing {list}"));
    let sudo = sudo(&list)?;
    let as_root = |arguments: &[&str]| {
        let words = sudo
            .iter()
            .chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
        let mut words = words.chain(arguments);
        let mut command = Command::new(words.next().unwrap_or(&"env"));
        command.args(words);
        command
    };
    must(workspace, &mut as_root(&["update"]))?;
    let mut install = as_root(&["install", "-y", "--no-install-recommends"]);
    must(workspace, install.args(missing))
}

/// What has to stand before a command that only root may run: nothing for root itself.
fn sudo(list: &str) -> Result<&'static [&'static str], CannotCheck> {
    let user = process::run(Command::new("id").arg("-u"), Voice::Silent)?;
    if user.stdout.trim() == "0" {
        Ok(&[])
    } else if answers("sudo", &["--version"]) {
        Ok(&["sudo"])
    } else {
        let line = format!("apt-get install {list}");
        Err(CannotCheck::new(format!(
            "there is no sudo: run `{line}` as root, then try again"
        )))
    }
}

/// Makes the virtual environment; only one that is whole has its stamp.
fn install_python(workspace: &Workspace) -> Result<(), CannotCheck> {
    let folder = python_folder()?;
    workspace.say(&format!(
        "setup: installing OpenTelemetry's Python SDK in {}",
        folder.display()
    ));
    let failed = |error: std::io::Error| {
        CannotCheck::new(format!("{} cannot be made: {error}", folder.display()))
    };
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(failed)?;
    }
    std::fs::create_dir_all(&folder).map_err(failed)?;
    must(
        workspace,
        Command::new("python3").args(["-m", "venv"]).arg(&folder),
    )?;
    let mut pip = Command::new(folder.join("bin/python3"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    must(workspace, pip.args(PYTHON_PACKAGES))?;
    // Written last: an installation that was cut short is made anew.
    std::fs::write(folder.join(PYTHON_STAMP), PYTHON_PACKAGES.join("\n")).map_err(failed)
}

fn python_folder() -> Result<PathBuf, CannotCheck> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    let cache = cache
        .filter(|cache| Path::is_absolute(cache))
        .ok_or_else(|| {
            CannotCheck::new("neither XDG_CACHE_HOME nor HOME names a folder: set one of them")
        })?;
    Ok(cache.join("glassbox/python-otel"))
}

fn answers(program: &str, arguments: &[&str]) -> bool {
    process::run(Command::new(program).args(arguments), Voice::Silent)
        .is_ok_and(|finished| finished.success)
}

fn must(workspace: &Workspace, command: &mut Command) -> Result<(), CannotCheck> {
    let finished = workspace.show(command)?;
    if finished.success {
        return Ok(());
    }
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    let (line, reason) = (words.join(" "), finished.last_words());
    Err(CannotCheck::new(format!("`{line}` fails: {reason}")))
}
