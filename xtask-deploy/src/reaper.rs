//! Removes the containers of a run, even if the run is killed: a separate process waits for the end of
//! a pipe, which is closed however this program ends.

use std::{
    fs::File,
    io::{BufRead, Write},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use xtask::{
    console,
    outcome::CannotCheck,
    process::{self, Finished, Voice},
};

use crate::docker;

/// The subcommand, used only by this program itself.
pub(crate) const SUBCOMMAND: &str = "collector-reaper";

/// The label with the run to which a container belongs.
pub(crate) const RUN_LABEL: &str = "org.glassbox.run";

/// The prefix of run ids. Anything else was started by hand and is not removed.
const PREFIX: &str = "run-";

/// The prefix of the id if there is no engine, so that only the mark has to be removed.
const ALONE: &str = "-";

/// How long a test process has to end after it was asked to.
const GRACE: Duration = Duration::from_secs(3);

/// Time limit for the engine to remove everything of one kind: it stops containers one after the other, and is
/// slow on a busy machine.
const REMOVAL: Duration = Duration::from_secs(100);

/// How long removed objects may still be listed after the command returned.
const FADING: Duration = Duration::from_secs(10);

/// Time limit of the reaper as a whole.
const REAPING: Duration = Duration::from_secs(6 * 60);

/// Far longer than any run takes.
const OLDEST: Duration = Duration::from_secs(12 * 60 * 60);

/// One run of the suites. Everything labelled with its id is removed within seconds after it ends.
pub(crate) struct Run {
    id: String,
    reaper: Child,
    pipe: Option<ChildStdin>,
    /// Locked while the run exists, so that later runs can detect it.
    _mark: File,
}

impl Run {
    /// Begins a run: removes the remains of dead runs, and starts the process that cleans up after this one. That
    /// process removes containers only if there is an engine.
    pub(crate) fn begin(has_docker: bool) -> Result<Self, CannotCheck> {
        let id = format!("{PREFIX}{}-{:x}", std::process::id(), now().as_secs());
        let path = mark(&id);
        let failed = |error| xtask::cache::failed(&path, &error);
        let file = File::create(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        if has_docker {
            sweep_the_dead()?;
        }
        let scope = if has_docker { "" } else { ALONE };
        let mut reaper = Command::new(this_program()?)
            .args([SUBCOMMAND, &format!("{scope}{id}")])
            .stdin(Stdio::piped())
            // Outside of the group that a terminal interrupts.
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

    /// Sends the process group at work to the reaper.
    pub(crate) fn announce(&self, group: u32) {
        if let Some(mut pipe) = self.pipe.as_ref() {
            // If the reaper has died, the remaining containers reveal it at the end.
            let _ = writeln!(pipe, "{group}").and_then(|()| pipe.flush());
        }
    }

    /// Ends the run and waits until its containers are gone.
    pub(crate) fn end(mut self) -> Result<(), CannotCheck> {
        drop(self.pipe.take());
        let reaped = process::wait_within(&mut self.reaper, REAPING);
        match reaped {
            Ok(Some(status)) if status.success() => Ok(()),
            _ => Err(CannotCheck::new(format!(
                "containers of this run may be left: `docker ps -a --filter label={RUN_LABEL}={}` lists them",
                self.id
            ))),
        }
    }
}

/// The path of this program, even if its file was replaced meanwhile, as by a build.
fn this_program() -> Result<PathBuf, CannotCheck> {
    let itself = PathBuf::from("/proc/self/exe");
    if itself.exists() {
        return Ok(itself);
    }
    std::env::current_exe()
        .map_err(|error| CannotCheck::new(format!("this program cannot be found: {error}")))
}

/// Runs the reaper: remembers the last announced group, and cleans up when the pipe is closed.
pub(crate) fn reap(id: &str) -> Result<(), CannotCheck> {
    let mut group = None;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        group = line.parse::<u32>().ok();
    }
    finish(id, group)
}

fn finish(id: &str, group: Option<u32>) -> Result<(), CannotCheck> {
    if let Some(group) = group {
        end_group(group);
    }
    let (id, has_docker) = match id.strip_prefix(ALONE) {
        Some(id) => (id, false),
        None => (id, true),
    };
    if has_docker {
        // If something could not be removed, the mark stays, so that a later run detects the dead one.
        sweep(id)?;
    }
    let _ = std::fs::remove_file(mark(id));
    Ok(())
}

/// Asks a process group to end, and then kills it.
pub(crate) fn end_group(group: u32) {
    let signal = |name: &str| {
        let mut kill = Command::new("sh");
        // The only form that every shell supports.
        kill.args(["-c", &format!("kill -s {name} -- -{group}")]);
        process::run(&mut kill, Voice::Silent).is_ok_and(|killed| killed.success)
    };
    if !signal("TERM") {
        return;
    }
    let deadline = Instant::now() + GRACE;
    while signal("0") && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(50));
    }
    signal("KILL");
}

/// Removes the containers, networks and volumes of one run, and reports what there was.
fn sweep(id: &str) -> Result<(), CannotCheck> {
    let label = format!("label={RUN_LABEL}={id}");
    let name = format!("name={}", network_prefix(id));
    remove(
        "container",
        || list(&["ps", "-aq", "--filter", &label]),
        &["rm", "-f", "-v"],
    )?;
    let networks = || {
        let mut networks = list(&["network", "ls", "-q", "--filter", &label])?;
        networks.extend(list(&["network", "ls", "-q", "--filter", &name])?);
        networks.sort();
        networks.dedup();
        Ok(networks)
    };
    remove("network", networks, &["network", "rm"])?;
    let volumes = || list(&["volume", "ls", "-q", "--filter", &label]);
    remove("volume", volumes, &["volume", "rm"])
}

/// Removes the remains of every run that ended without cleaning up, and whose reaper ended, too.
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
        .filter(|id| id.starts_with(PREFIX) && is_dead(id, now()))
    {
        console::line(format_args!(
            "collector: cleaning up after {id}, which was killed"
        ));
        sweep(id)?;
        let _ = std::fs::remove_file(mark(id));
    }
    Ok(())
}

/// A live run holds the lock of its mark. A run without a mark may have it in another folder for temporary files,
/// so only its age shows that it is over.
fn is_dead(id: &str, now: Duration) -> bool {
    match File::open(mark(id)) {
        Ok(file) => file.try_lock().is_ok(),
        Err(_) => began(id).is_some_and(|began| now.saturating_sub(began) > OLDEST),
    }
}

/// The start time of a run, which its id contains.
fn began(id: &str) -> Option<Duration> {
    let (_, seconds) = id.rsplit_once('-')?;
    u64::from_str_radix(seconds, 16)
        .ok()
        .map(Duration::from_secs)
}

fn now() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

fn mark(id: &str) -> PathBuf {
    std::env::temp_dir().join(format!("glassbox-suites-{id}.lock"))
}

/// The prefix of the names of a run's networks, because not every client can label a network.
fn network_prefix(id: &str) -> String {
    format!("glassbox-{id}")
}

/// The run of a network, from its name: `glassbox-run-12-ab-question` belongs to `run-12-ab`.
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

fn remove(
    noun: &str,
    list: impl FnMut() -> Result<Vec<String>, CannotCheck>,
    command: &[&str],
) -> Result<(), CannotCheck> {
    let count = clear(noun, list, FADING, |ids| {
        docker::ask_within(&[command, ids].concat(), REMOVAL)
    })?;
    if count > 0 {
        let count = console::plural(count, noun);
        console::line(format_args!(
            "collector: removed {count} that the suites left"
        ));
    }
    Ok(())
}

/// Removes what is listed, and returns how much that was. Objects that the suite removes at the same time count as
/// removed, whatever error the engine reports: only what is listed afterwards matters.
fn clear(
    noun: &str,
    mut list: impl FnMut() -> Result<Vec<String>, CannotCheck>,
    fading: Duration,
    remove: impl FnOnce(&[&str]) -> Result<Finished, CannotCheck>,
) -> Result<usize, CannotCheck> {
    let found = list()?;
    if found.is_empty() {
        return Ok(0);
    }
    let ids: Vec<&str> = found.iter().map(String::as_str).collect();
    let removed = remove(&ids)?;
    if removed.success {
        return Ok(found.len());
    }
    let deadline = Instant::now() + fading;
    loop {
        let mut left = list()?;
        left.retain(|id| found.contains(id));
        if left.is_empty() {
            return Ok(found.len());
        }
        if Instant::now() >= deadline {
            return Err(CannotCheck::new(format!(
                "{} cannot be removed: {}",
                console::plural(left.len(), noun),
                removed.last_words()
            )));
        }
        thread::sleep(Duration::from_millis(100));
    }
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
    fn a_run_is_alive_while_its_mark_is_locked_and_dead_when_it_is_not() {
        let id = format!("{PREFIX}{}-abc", std::process::id());
        let file = File::create(mark(&id)).unwrap();
        file.lock().unwrap();
        assert!(!is_dead(&id, now()));
        drop(file);
        assert!(is_dead(&id, Duration::ZERO));
        std::fs::remove_file(mark(&id)).unwrap();
    }

    #[test]
    fn a_run_without_a_mark_is_dead_only_when_it_is_older_than_any_run() {
        let began = Duration::from_secs(0x1000);
        assert!(!is_dead("run-0-1000", began + OLDEST));
        assert!(is_dead(
            "run-0-1000",
            began + OLDEST + Duration::from_secs(1)
        ));
        assert!(!is_dead("run-by-hand", now()));
    }

    #[test]
    fn the_reaper_of_a_run_without_an_engine_removes_the_mark() {
        let id = format!("{PREFIX}{}-def", std::process::id());
        File::create(mark(&id)).unwrap();
        finish(&format!("{ALONE}{id}"), None).unwrap();
        assert!(!mark(&id).exists());
    }

    /// Clears the listed objects one after the other, with a command that fails.
    fn clear_in_vain(listings: &[&[&str]]) -> Result<usize, CannotCheck> {
        let mut listings = listings.iter();
        let list = || {
            let ids = listings.next().copied().unwrap_or_default();
            Ok(ids.iter().map(|&id| id.to_owned()).collect())
        };
        clear("network", list, Duration::ZERO, |_| {
            Ok(Finished {
                success: false,
                stdout: String::new(),
                stderr: "Error: network a not found\nexit status 1\n".into(),
            })
        })
    }

    #[test]
    fn only_what_is_still_listed_was_not_removed() {
        assert_eq!(clear_in_vain(&[&["a", "b"], &[]]).unwrap(), 2);
        assert_eq!(clear_in_vain(&[&["a"], &["another"]]).unwrap(), 1);
        assert_eq!(clear_in_vain(&[&[]]).unwrap(), 0);
        let reason = clear_in_vain(&[&["a", "b"], &["b"]]).unwrap_err();
        assert!(
            reason.to_string().contains("1 network cannot be removed"),
            "{reason}"
        );
    }
}
