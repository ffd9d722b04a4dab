//! `setup`: what `ci` needs beside cargo, and how a Debian or Ubuntu machine gets it.

use std::{path::PathBuf, process::Command};

use crate::{
    cache,
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
    let apt_get = |words: &[&str]| {
        let mut command = as_root("env")?;
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
        command.args(words);
        Ok::<_, CannotCheck>(command)
    };
    must(workspace, &mut apt_get(&["update"])?)?;
    let mut install = apt_get(&["install", "-y", "--no-install-recommends"])?;
    must(workspace, install.args(missing))
}

/// A command that runs as root: by itself for root, by sudo for others.
///
/// # Errors
///
/// Nobody here may become root.
pub(crate) fn as_root(program: &str) -> Result<Command, CannotCheck> {
    let mut words = sudo(program)?.iter().copied().chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    Ok(command)
}

/// What has to stand before a command that only root may run: nothing for root itself.
pub(crate) fn sudo(program: &str) -> Result<&'static [&'static str], CannotCheck> {
    let user = process::run(Command::new("id").arg("-u"), Voice::Silent)?;
    if user.stdout.trim() == "0" {
        Ok(&[])
    } else if answers("sudo", &["--version"]) {
        Ok(&["sudo"])
    } else {
        Err(CannotCheck::new(format!(
            "there is no sudo, and `{program}` has to run as root: try again as root"
        )))
    }
}

/// Where debootstrap is; a path of a user often lacks the folder it is in.
pub(crate) fn debootstrap() -> Option<PathBuf> {
    ["/usr/sbin/debootstrap", "/usr/bin/debootstrap"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.is_file())
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
    cache::folder("python-otel")
}

pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    process::run(Command::new(program).args(arguments), Voice::Silent)
        .is_ok_and(|finished| finished.success)
}

/// Runs a command of which everything that follows depends.
pub(crate) fn must(workspace: &Workspace, command: &mut Command) -> Result<(), CannotCheck> {
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
