//! What removes the containers of a run, also when the run is killed: a process of its own that waits for the end of
//! a pipe. However this program ends, the pipe ends with it.

use std::{
    fs::File,
    io::{BufRead, Write},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    console, docker,
    outcome::CannotCheck,
    process::{self, Voice},
};

/// The subcommand that only this program calls.
pub(crate) const SUBCOMMAND: &str = "collector-reaper";

/// The label that says to which run a container belongs.
pub(crate) const RUN_LABEL: &str = "org.glassbox.run";

/// Runs made here begin so; anything else was started by hand, and belongs to whoever did.
const PREFIX: &str = "run-";

/// Stands for the id where there is no engine, and so nothing to remove.
const NOTHING: &str = "-";

/// How long a test process has after it was asked to end.
const GRACE: Duration = Duration::from_secs(3);

/// One run of the suites. Everything labelled with its id is gone some seconds after this is.
pub(crate) struct Run {
    id: String,
    reaper: Child,
    pipe: Option<ChildStdin>,
    /// Locked while the run lives, for runs that come later.
    _mark: File,
}

impl Run {
    /// Begins a run: removes what dead ones left, and starts the process that will clean up after this one, among
    /// containers only where there is an engine.
    pub(crate) fn begin(has_docker: bool) -> Result<Self, CannotCheck> {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let id = format!("{PREFIX}{}-{seconds:x}", std::process::id());
        let path = mark(&id);
        let failed = |error| crate::cache::failed(&path, &error);
        let file = File::create(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        if has_docker {
            sweep_the_dead()?;
        }
        let program = std::env::current_exe()
            .map_err(|error| CannotCheck::new(format!("this program cannot be found: {error}")))?;
        let mut reaper = Command::new(program)
            .args([SUBCOMMAND, if has_docker { &id } else { NOTHING }])
            .stdin(Stdio::piped())
            // Not in the group that a terminal interrupts.
            .process_group(0)
            .spawn()
            .map_err(|error| CannotCheck::new(format!("the reaper does not start: {error}")))?;
        let pipe = reaper.stdin.take();
        Ok(Self {
            id,
            reaper,
            pipe,
            _mark: file,
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Tells the reaper which group of processes is at work.
    pub(super) fn announce(&self, group: u32) {
        if let Some(mut pipe) = self.pipe.as_ref() {
            // A reaper that is gone is noticed at the end, by what is left.
            let _ = writeln!(pipe, "{group}").and_then(|()| pipe.flush());
        }
    }

    /// Ends the run and waits until its containers are gone.
    pub(crate) fn end(mut self) -> Result<(), CannotCheck> {
        drop(self.pipe.take());
        let reaped = process::wait_within(&mut self.reaper, Duration::from_secs(120));
        let _ = std::fs::remove_file(mark(&self.id));
        match reaped {
            Ok(Some(status)) if status.success() => Ok(()),
            _ => Err(CannotCheck::new(format!(
                "containers of this run may be left: `docker ps -a --filter label={RUN_LABEL}={}` lists them",
                self.id
            ))),
        }
    }
}

/// The reaper itself: remembers the group that was announced last, and cleans up when the pipe ends.
pub(crate) fn reap(id: &str) -> Result<(), CannotCheck> {
    let mut group = None;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        group = line.parse::<u32>().ok();
    }
    if let Some(group) = group {
        end_group(group);
    }
    if id == NOTHING { Ok(()) } else { sweep(id) }
}

/// Asks a group of processes to end, and ends it.
pub(super) fn end_group(group: u32) {
    let signal = |name: &str| {
        let mut kill = Command::new("sh");
        kill.args(["-c", &format!("kill -{name} -- -{group}")]);
        process::run(&mut kill, Voice::Silent).is_ok_and(|killed| killed.success)
    };
    if !signal("TERM") {
        return;
    }
    let deadline = std::time::Instant::now() + GRACE;
    while signal("0") && std::time::Instant::now() < deadline {
        thread::sleep(Duration::from_millis(50));
    }
    signal("KILL");
}

/// Removes the containers, networks and volumes of one run, and says what there was.
fn sweep(id: &str) -> Result<(), CannotCheck> {
    let label = format!("label={RUN_LABEL}={id}");
    let name = format!("name={}", network_prefix(id));
    let containers = list(&["ps", "-aq", "--filter", &label])?;
    remove(&["rm", "-f", "-v"], "container", &containers)?;
    let mut networks = list(&["network", "ls", "-q", "--filter", &label])?;
    networks.extend(list(&["network", "ls", "-q", "--filter", &name])?);
    remove(&["network", "rm"], "network", &networks)?;
    let volumes = list(&["volume", "ls", "-q", "--filter", &label])?;
    remove(&["volume", "rm"], "volume", &volumes)
}

/// Sweeps after every run that ended without doing so itself, its reaper included.
fn sweep_the_dead() -> Result<(), CannotCheck> {
    let label = format!("{{{{.Label {RUN_LABEL:?}}}}}");
    let filter = format!("label={RUN_LABEL}");
    let mut ids = list(&["ps", "-a", "--filter", &filter, "--format", &label])?;
    let name = format!("name={}", network_prefix(PREFIX));
    let networks = list(&["network", "ls", "--filter", &name, "--format", "{{.Name}}"])?;
    ids.extend(networks.iter().filter_map(|name| run_of_network(name)));
    ids.sort();
    ids.dedup();
    for id in ids
        .iter()
        .filter(|id| id.starts_with(PREFIX) && is_dead(id))
    {
        console::line(format_args!(
            "collector: cleaning up after {id}, which was killed"
        ));
        sweep(id)?;
        let _ = std::fs::remove_file(mark(id));
    }
    Ok(())
}

/// A run that lives holds the lock of its mark.
fn is_dead(id: &str) -> bool {
    match File::open(mark(id)) {
        Ok(file) => file.try_lock().is_ok(),
        Err(_) => true,
    }
}

fn mark(id: &str) -> PathBuf {
    std::env::temp_dir().join(format!("glassbox-suites-{id}.lock"))
}

/// The name of every network of a run begins so, since not every client can label one.
fn network_prefix(id: &str) -> String {
    format!("glassbox-{id}")
}

/// The run a network belongs to, by its name: `glassbox-run-12-ab-question` belongs to `run-12-ab`.
fn run_of_network(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.strip_prefix("glassbox-")?.splitn(4, '-').collect();
    match parts.as_slice() {
        ["run", pid, seconds, ..] => Some(format!("run-{pid}-{seconds}")),
        _ => None,
    }
}

fn list(arguments: &[&str]) -> Result<Vec<String>, CannotCheck> {
    let asked = docker::ask(arguments)?;
    if asked.success {
        Ok(asked.stdout.lines().map(str::to_owned).collect())
    } else {
        Err(CannotCheck::new(format!(
            "docker {} fails: {}",
            arguments.join(" "),
            asked.last_words()
        )))
    }
}

fn remove(command: &[&str], noun: &str, ids: &[String]) -> Result<(), CannotCheck> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let removed = docker::ask(&[command, &ids].concat())?;
    // What the suite removed in the meantime, or removes right now, is as gone as we want it.
    let gone = ["No such", "is already in progress"];
    let left = removed
        .stderr
        .lines()
        .find(|line| !gone.iter().any(|words| line.contains(words)));
    if let (false, Some(line)) = (removed.success, left) {
        return Err(CannotCheck::new(format!(
            "a {noun} cannot be removed: {line}"
        )));
    }
    let count = console::plural(ids.len(), noun);
    console::line(format_args!(
        "collector: removed {count} that the suites left"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_says_which_run_it_belongs_to() {
        assert_eq!(
            run_of_network("glassbox-run-12-ab-question").as_deref(),
            Some("run-12-ab")
        );
        assert_eq!(run_of_network("glassbox-by-hand-question"), None);
        assert_eq!(run_of_network("bridge"), None);
    }

    #[test]
    fn a_run_is_alive_while_its_mark_is_locked_and_dead_without_one() {
        let id = format!("{PREFIX}{}-test", std::process::id());
        assert!(is_dead(&id));
        let file = File::create(mark(&id)).unwrap();
        file.lock().unwrap();
        assert!(!is_dead(&id));
        drop(file);
        assert!(is_dead(&id));
        std::fs::remove_file(mark(&id)).unwrap();
    }
}
