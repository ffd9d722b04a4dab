//! Tests that an image works as intended: as a user without capabilities, on a read-only root file system, healthy
//! according to its own health check.

use std::{
    thread,
    time::{Duration, Instant},
};

use xtask::{outcome::CannotCheck, workspace::Workspace};

use super::{Built, Image};
use crate::{
    docker,
    reaper::{RUN_LABEL, Run},
};

/// Time limit for all of them to become healthy.
const LIMIT: Duration = Duration::from_secs(60);

/// Starts every image under the name that it was built by, and waits until each is healthy.
///
/// # Errors
///
/// An image does not start, or is not healthy in time; the message has its last log lines.
pub(super) fn run(
    workspace: &Workspace,
    images: &[Image],
    built: &[Built],
) -> Result<(), CannotCheck> {
    // The containers are removed when the run ends, even if this program is killed.
    let run = Run::begin(true)?;
    let mut containers = Vec::new();
    let tried = try_all(workspace, images, built, &run, &mut containers);
    remove(&containers);
    let ended = run.end();
    tried.and(ended)
}

fn try_all(
    workspace: &Workspace,
    images: &[Image],
    built: &[Built],
    run: &Run,
    containers: &mut Vec<String>,
) -> Result<(), CannotCheck> {
    let started = Instant::now();
    let mut waiting = Vec::new();
    for (image, built) in images.iter().zip(built) {
        let reference = built.reference.as_str();
        let container = start(reference, image, run)?;
        containers.push(container.clone());
        waiting.push((reference, container));
    }
    let deadline = started + LIMIT;
    while !waiting.is_empty() {
        let mut left = Vec::new();
        for (reference, container) in waiting {
            match health(&container)?.as_str() {
                "running healthy" => {}
                "running starting" => left.push((reference, container)),
                other => return Err(failed(reference, &container, &format!("is {other}"))),
            }
        }
        waiting = left;
        if let Some((reference, container)) = waiting.first()
            && Instant::now() >= deadline
        {
            return Err(failed(reference, container, "is not well in time"));
        }
        thread::sleep(Duration::from_millis(250));
    }
    workspace.say(&format!(
        "images: {} started read-only, and well by their own probes after {}",
        xtask::console::plural(images.len(), "container"),
        xtask::console::duration(started.elapsed())
    ));
    Ok(())
}

/// Removes containers. Whatever remains is removed and reported at the end of the run.
fn remove(containers: &[String]) {
    if !containers.is_empty() {
        let ids = containers.iter().map(String::as_str);
        let words: Vec<&str> = ["rm", "-f", "-v"].into_iter().chain(ids).collect();
        let _ = docker::ask_within(&words, Duration::from_secs(100));
    }
}

/// Starts a container and returns its id.
fn start(reference: &str, image: &Image, run: &Run) -> Result<String, CannotCheck> {
    let label = format!("{RUN_LABEL}={}", run.id());
    let mut words = vec!["run", "--detach", "--label", &label];
    words.extend(["--read-only", "--cap-drop", "ALL"]);
    words.extend(["--security-opt", "no-new-privileges", "--network", "none"]);
    // The image's own health check with a shorter interval.
    words.extend(["--health-interval", "1s"]);
    let variables: Vec<String> = image.trial().collect();
    for variable in &variables {
        words.extend(["--env", variable]);
    }
    words.push(reference);
    let started = docker::ask(&words)?;
    if started.success {
        Ok(started.stdout.trim().to_owned())
    } else {
        Err(CannotCheck::new(format!(
            "{reference} does not start: {}",
            started.last_words()
        )))
    }
}

fn health(container: &str) -> Result<String, CannotCheck> {
    let format =
        "{{.State.Status}} {{with .State.Health}}{{.Status}}{{else}}without a health check{{end}}";
    let asked = docker::ask(&["container", "inspect", "--format", format, container])?;
    Ok(asked.stdout.trim().to_owned())
}

fn failed(reference: &str, container: &str, what: &str) -> CannotCheck {
    let said = docker::ask(&["logs", "--tail", "5", container]).map_or_else(
        |reason| reason.to_string(),
        |said| format!("{} {}", said.stdout.trim(), said.stderr.trim()),
    );
    CannotCheck::new(format!("{reference} {what}: {}", said.trim()))
}
