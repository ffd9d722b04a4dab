//! One run of a collector's process.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::health::{self, Health};
use crate::journal::Journal;
use crate::launcher::Launcher;
use crate::losses::Losses;

/// Interval of queries to a collector that is starting.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// How long to wait for the rest of the log after the process has exited; a child of it may keep the
/// pipe open.
const LAST_LINES: Duration = Duration::from_secs(1);

/// A collector's process.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Option<u32>,
    journal: Journal,
    readers: JoinSet<()>,
    /// Its thread must outlive the child.
    _launcher: Launcher,
}

/// Why a collector did not become ready.
#[derive(Debug)]
pub(crate) enum NotReady {
    /// It exited.
    Ended(String),
    /// It took too long.
    Late(Duration),
}

impl Process {
    /// Starts a collector in its own process group, so that it does not get the terminal's signals:
    /// it is stopped after the application's own work.
    pub(crate) async fn start(
        launcher: &Launcher,
        command: std::process::Command,
        losses: &Losses,
    ) -> io::Result<Self> {
        let mut command = Command::from(command);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = launcher.spawn(command).await?;
        let journal = Journal::new(losses.clone());
        let mut readers = JoinSet::new();
        if let Some(pipe) = child.stderr.take() {
            readers.spawn(journal.clone().follow(pipe));
        }
        if let Some(pipe) = child.stdout.take() {
            readers.spawn(journal.clone().follow(pipe));
        }
        Ok(Self {
            pid: child.id(),
            child,
            journal,
            readers,
            _launcher: launcher.clone(),
        })
    }

    /// Returns its process id.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Returns its log.
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Waits until it has exited and its log is complete. Returns how it exited.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn ended(&mut self) -> String {
        let ended = self.child.wait().await;
        let _ = timeout(LAST_LINES, async {
            while self.readers.join_next().await.is_some() {}
        })
        .await;
        describe(ended)
    }

    /// Waits until it is ready, according to its `health_check` or its log, whichever is first.
    pub(crate) async fn ready(
        &mut self,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<Option<Health>, NotReady> {
        self.renewed(address, 0, None, patience).await
    }

    /// Waits until it has been ready more than `readied` times, or its health differs from `before`.
    pub(crate) async fn renewed(
        &mut self,
        address: SocketAddr,
        readied: u64,
        before: Option<&Health>,
        patience: Duration,
    ) -> Result<Option<Health>, NotReady> {
        let mut signs = self.journal.signs();
        let well = async {
            loop {
                match health::ask(address).await {
                    Some(health) if Some(&health) != before => return Some(health),
                    _ => sleep(ASK_AGAIN).await,
                }
            }
        };
        let said = async {
            // It cannot fail: this process holds the sender.
            let _ = signs
                .wait_for(|signs| signs.readied > readied)
                .await
                .is_ok();
            health::ask(address).await
        };
        tokio::select! {
            ended = self.ended() => Err(NotReady::Ended(ended)),
            health = well => Ok(health),
            health = said => Ok(health),
            () = sleep(patience) => Err(NotReady::Late(patience)),
        }
    }

    /// Makes it reload its configuration.
    pub(crate) fn hang_up(&self) -> io::Result<()> {
        let Some(pid) = self.pid_of_child() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        Ok(rustix::process::kill_process(pid, Signal::HUP)?)
    }

    /// Asks it to stop, and kills it after `grace`. Returns whether it stopped in time.
    pub(crate) async fn stop(mut self, grace: Duration) -> bool {
        self.signal(Signal::TERM);
        let ended = timeout(grace, self.ended()).await;
        if ended.is_err() {
            self.kill().await;
            tracing::warn!(
                process.pid = self.pid,
                glassbox.otelcol.grace = ?grace,
                "the collector did not stop in time and was killed; what it still held is lost",
            );
        }
        ended.is_ok()
    }

    /// Kills it, and returns how it exited.
    pub(crate) async fn kill(&mut self) -> String {
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// Signals its process group. Until its exit status is read, its id is not reused.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.pid_of_child() {
            // The group may have ended.
            let _ = kill_process_group(group, signal);
        }
    }

    fn pid_of_child(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()?).ok()?)
    }
}

fn describe(ended: io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => status.to_string(),
        Err(error) => format!("unknown: {error}"),
    }
}

/// Adds the configurations to a command; later ones are layered over earlier ones.
pub(crate) fn with_configurations<'a>(
    mut command: std::process::Command,
    files: impl IntoIterator<Item = &'a Path>,
) -> std::process::Command {
    for file in files {
        let mut location = std::ffi::OsString::from("file:");
        location.push(file);
        command.arg("--config").arg(location);
    }
    command
}
