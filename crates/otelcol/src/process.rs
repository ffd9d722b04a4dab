//! One process of a collector, from its start to its end.

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

/// How often a collector that starts is asked whether it is ready.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// How long the rest of a log may take after the end of who wrote it: a child of it may hold the
/// other end open.
const LAST_LINES: Duration = Duration::from_secs(1);

/// A collector that was started.
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
    /// It ended before.
    Ended(String),
    /// It took too long.
    Late(Duration),
}

impl Process {
    /// Starts a collector in a process group of its own, so that what a terminal signals to this
    /// program does not reach it: it is stopped in its turn.
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

    /// Waits for its end and for the rest of its log, and says how it ended.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost but the waiting.
    pub(crate) async fn ended(&mut self) -> String {
        let ended = self.child.wait().await;
        let _ = timeout(LAST_LINES, async {
            while self.readers.join_next().await.is_some() {}
        })
        .await;
        describe(ended)
    }

    /// Waits until it is ready, by its `health_check` or by its log, whichever tells first.
    pub(crate) async fn ready(
        &mut self,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<Option<Health>, NotReady> {
        self.renewed(address, 0, None, patience).await
    }

    /// Waits until it is ready once more than `readied` times, or otherwise well than `before`.
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
            // It cannot fail: this process holds the other end.
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

    /// Asks it to read its configuration again.
    pub(crate) fn hang_up(&self) -> io::Result<()> {
        let Some(pid) = self.pid_of_child() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        Ok(rustix::process::kill_process(pid, Signal::HUP)?)
    }

    /// Asks it to end, and ends it after `grace`. Returns whether it ended by itself.
    pub(crate) async fn stop(mut self, grace: Duration) -> bool {
        self.signal(Signal::TERM);
        let ended = timeout(grace, self.ended()).await;
        if ended.is_err() {
            self.kill().await;
            tracing::warn!(
                pid = self.pid,
                ?grace,
                "the collector did not end in time and was killed: what it still held is lost",
            );
        }
        ended.is_ok()
    }

    /// Ends it at once, and says how it ended.
    pub(crate) async fn kill(&mut self) -> String {
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// Signals whatever is in its group. Before its end is known its id is nobody else's.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.pid_of_child() {
            // A group that has just ended needs no signal.
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

/// Completes a command by the configurations, later ones layered over earlier ones.
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
