//! The Docker engine: started where it is installed and does not run.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use xtask::{cache, outcome::CannotCheck, workspace::Workspace};

use crate::machine::{as_root, must};

use crate::docker::{self, Absence};

/// How long an engine may take to answer.
const LIMIT: Duration = Duration::from_secs(60);

/// Where it is looked for beside the path: users often lack the second.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Sees to it that an engine answers, and returns how many parts that is.
///
/// # Errors
///
/// It does not answer, and where it says why.
pub(super) fn start(workspace: &Workspace) -> Result<usize, CannotCheck> {
    match docker::find() {
        Ok(_) => return Ok(1),
        // One that was started anew would refuse as well.
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

/// The end of a log, where it is a file that can be read.
fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    last.map(|line| format!(" ({})", line.trim()))
        .unwrap_or_default()
}

/// An engine where nothing supervises it: in a session of its own, so that it outlives this program and its terminal.
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
