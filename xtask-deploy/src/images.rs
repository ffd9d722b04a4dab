//! `images`: the examples and `glassbox` as container images.
//!
//! Cargo builds static binaries on this machine, and Docker puts each into its own image. Both skip unchanged
//! inputs. Only `deploy/images/Dockerfile` describes the contents of an image.

mod binaries;
mod certificates;
mod context;
mod debian;
mod dockerfile;
mod list;
mod multi_stage;
mod trial;

use std::process::Command;

use xtask::{
    console,
    outcome::{CannotCheck, Report},
    process::{self, Voice},
    workspace::Workspace,
};

use crate::{docker, machine};

pub(crate) use binaries::{installed as has_target, target};
pub(crate) use certificates::bundle as certificates;
pub(crate) use context::settle;
pub(crate) use list::{Image, read as list};

/// The Dockerfile of every image.
pub(crate) const DOCKERFILE: &str = "deploy/images/Dockerfile";

/// The options of `images`.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// The names of images; empty means all of them.
    pub(crate) names: Vec<String>,
    /// Whether the binaries are built inside Docker, as by users without Rust.
    pub(crate) multi_stage: bool,
}

/// Builds images, prints their sizes, and tests each.
///
/// # Errors
///
/// A tool is missing, the code does not compile, or the build of an image fails.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Report, CannotCheck> {
    let images = list::named(workspace, &options.names)?;
    docker::engine()?;
    let built = if options.multi_stage {
        multi_stage::build(workspace, &images)?
    } else {
        build(workspace, &images)?
    };
    workspace.say("");
    for line in table(&built) {
        workspace.say(&line);
    }
    trial::run(workspace, &images, &built)?;
    Report::new(built.len(), "images in place", Vec::new())
}

/// Makes every image available, tests each, and returns the version, which is the tag of all images.
///
/// # Errors
///
/// As for [`run`], and if the packages of two images have different versions.
pub(crate) fn ensure(workspace: &Workspace) -> Result<String, CannotCheck> {
    let images = list(workspace)?;
    let version = list::version(&images)?;
    docker::engine()?;
    let built = build(workspace, &images)?;
    for line in table(&built) {
        workspace.say(&format!("images: {line}"));
    }
    trial::run(workspace, &images, &built)?;
    Ok(version)
}

/// Compiles the quickest image inside Docker, tests it, and returns its name.
///
/// # Errors
///
/// As for [`run`].
pub(crate) fn ensure_multi_stage(workspace: &Workspace) -> Result<String, CannotCheck> {
    docker::engine()?;
    let images = list::named(workspace, &["offline-model".to_owned()])?;
    let built = multi_stage::build(workspace, &images)?;
    for line in table(&built) {
        workspace.say(&format!("images: {line}"));
    }
    trial::run(workspace, &images, &built)?;
    let names = built.into_iter().map(|built| built.reference);
    Ok(names.collect())
}

/// An available image.
#[derive(Debug)]
pub(crate) struct Built {
    reference: String,
    bytes: u64,
    is_new: bool,
}

fn build(workspace: &Workspace, images: &[Image]) -> Result<Vec<Built>, CannotCheck> {
    let recipe = dockerfile::from_scratch(&workspace.read(DOCKERFILE)?)?;
    let certificates = certificates::bundle()?;
    let binaries = binaries::build(workspace, images)?;
    let revision = revision(workspace);
    let mut built = Vec::new();
    for image in images {
        let folder = context::stage(&binaries, image, &recipe, &certificates)?;
        let reference = image.reference();
        let mut command = docker_build();
        command
            .arg("--quiet")
            .args(["--target", &image.stage, "--tag", &reference])
            .args(arguments(image, &revision))
            .arg(&folder);
        // The classic builder prints nothing except that it is deprecated.
        built.push(make(Voice::Silent, reference, &mut command)?);
    }
    Ok(built)
}

/// The build arguments for the labels of an image.
fn arguments(image: &Image, revision: &str) -> Vec<String> {
    let pairs = [
        ("PACKAGE", image.package.as_str()),
        ("BINARY", &image.name),
        ("DESCRIPTION", image.description()),
        ("VERSION", image.version()),
        ("REVISION", revision),
    ];
    pairs
        .into_iter()
        .flat_map(|(name, value)| ["--build-arg".to_owned(), format!("{name}={value}")])
        .collect()
}

/// Builds one image. Docker's own cache skips unchanged steps.
fn make(voice: Voice, reference: String, command: &mut Command) -> Result<Built, CannotCheck> {
    let before = inspect(&reference)?.map(|(id, _)| id);
    let finished = process::run(command, voice)?;
    if !finished.success {
        return Err(CannotCheck::new(format!(
            "docker does not build {reference}: {}",
            finished.last_words()
        )));
    }
    let (id, bytes) = inspect(&reference)?.ok_or_else(|| {
        CannotCheck::new(format!("docker built {reference}, and does not know it"))
    })?;
    Ok(Built {
        is_new: before.is_none_or(|before| before != id),
        reference,
        bytes,
    })
}

/// `docker build`, with the classic builder if there is no plug-in for the other one.
fn docker_build() -> Command {
    let mut command = Command::new("docker");
    if !machine::answers("docker", &["buildx", "version"]) {
        command.env("DOCKER_BUILDKIT", "0");
    }
    // An attestation with the time and place of the build would make every image different.
    command.env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1");
    command.arg("build");
    command
}

/// The id and the size of an image, if one with this name exists.
fn inspect(reference: &str) -> Result<Option<(String, u64)>, CannotCheck> {
    let format = "{{.Id}} {{.Size}}";
    let asked = docker::ask(&["image", "inspect", "--format", format, reference])?;
    let words = asked.stdout.trim().split_once(' ');
    Ok(words
        .filter(|_| asked.success)
        .and_then(|(id, bytes)| Some((id.to_owned(), bytes.parse().ok()?))))
}

/// The checked-out commit, with `-dirty` if there are uncommitted changes; `unknown` without git.
fn revision(workspace: &Workspace) -> String {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(workspace.root()).args(arguments);
        process::run(&mut command, Voice::Silent)
            .ok()
            .filter(|finished| finished.success)
            .map(|finished| finished.stdout.trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
    match changed.as_deref() {
        Some("") => commit,
        _ => format!("{commit}-dirty"),
    }
}

fn table(built: &[Built]) -> Vec<String> {
    let width = built.iter().map(|image| image.reference.len()).max();
    let width = width.unwrap_or_default();
    built
        .iter()
        .map(|image| {
            let state = if image.is_new { "built" } else { "unchanged" };
            let size = console::megabytes(image.bytes);
            format!("{:width$}  {size:>8}  {state}", image.reference)
        })
        .collect()
}
