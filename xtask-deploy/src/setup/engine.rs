//! The Docker engine: started if it is installed but not running.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use xtask::{cache, outcome::CannotCheck, workspace::Workspace};

use crate::machine::{as_root, must};

use crate::docker::{self, Absence};

/// Timeout for the engine to answer.
const LIMIT: Duration = Duration::from_secs(60);

/// Folders to search in addition to the `PATH`, which often lacks the `sbin` folders.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Ensures that an engine answers, and returns the number of parts.
///
/// # Errors
///
/// It does not answer; the message states where to find the reason.
pub(super) fn start(workspace: &Workspace) -> Result<usize, CannotCheck> {
    match docker::find() {
        Ok(_) => return Ok(1),
        // Restarting the engine would not change its permissions.
        Err(denied @ Absence::Denied) => return Err(CannotCheck::new(denied.to_string())),
        Err(_) => {}
    }
    workspace.say("setup: starting the Docker engine");
    let log = cache::folder("docker")?.join("dockerd.log");
    let log = if Path::new("/run/systemd/system").is_dir() {
        must(workspace, as_root("systemctl")?.args(["start", "docker"]))?;
        "`journalctl -u docker`".to_owned()
    } else {
        cache::make(&cache::folder("docker")?)?;
        must(workspace, &mut detached(&log)?)?;
        log.display().to_string()
    };
    let deadline = Instant::now() + LIMIT;
    loop {
        match docker::find() {
            Ok(version) => {
                workspace.say(&format!("setup: the Docker engine {version} answers"));
                return Ok(1);
            }
            Err(denied @ Absence::Denied) => return Err(CannotCheck::new(denied.to_string())),
            Err(reason) if Instant::now() >= deadline => {
                let seconds = LIMIT.as_secs();
                return Err(CannotCheck::new(format!(
                    "the Docker engine was started, and {seconds} s later: {reason}. {log} says more{}",
                    last_line(Path::new(&log))
                )));
            }
            Err(_) => thread::sleep(Duration::from_millis(250)),
        }
    }
}

/// The last line of a log, if it is a readable file.
fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    last.map(|line| format!(" ({})", line.trim()))
        .unwrap_or_default()
}

/// Starts an engine without a supervisor, in its own session, so that it outlives this program and its terminal.
fn detached(log: &Path) -> Result<Command, CannotCheck> {
    let mut command = as_root("env")?;
    command
        .arg(format!("PATH={PATH}"))
        .args(["sh", "-c", "setsid dockerd >> \"$0\" 2>&1 < /dev/null &"])
        .arg(log);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_its_last_line_that_says_something() {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("dockerd.log");
        assert_eq!(last_line(&log), "");
        std::fs::write(&log, "one\n two \n\n").unwrap();
        assert_eq!(last_line(&log), " (two)");
    }
}
