//! Services in child processes.

use crate::{failure::Failure, terminal::tell};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::VecDeque,
    ffi::OsStr,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child as Process, ChildStdin, Command},
    task::JoinHandle,
    time::timeout,
};

/// Number of log lines kept for error reports.
const TAIL: usize = 40;

/// A running service. It exits when its standard input closes, so it does not outlive its parent.
#[derive(Debug)]
pub(crate) struct Child {
    name: String,
    process: Process,
    /// Kept open while the service runs.
    _lifeline: Option<ChildStdin>,
    tail: Arc<Mutex<VecDeque<String>>>,
    reader: JoinHandle<()>,
}

/// How to treat a service's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// The last lines are kept, for the report of an unexpected exit.
    Kept,
    /// It is also printed, with the name of the service.
    Shown,
}

impl Child {
    /// Starts this program with other arguments.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub(crate) fn start<I, K, V>(
        name: &str,
        args: &[&str],
        environment: I,
        log: Log,
    ) -> Result<Self, Failure>
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        let program = std::env::current_exe().map_err(|error| {
            Failure::from_error("cannot find this program's executable", &error)
        })?;
        let mut command = Command::new(program);
        command
            .args(args)
            .envs(environment)
            // The services belong to the demo only: on free loopback ports, without keys.
            .env_remove("GLASSBOX_HOST_BIND")
            .env_remove("GLASSBOX_HOST_ENDPOINT")
            .env_remove("GLASSBOX_HOST_KEY")
            .env_remove("GLASSBOX_HOST_KEY_FILE")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            // Only the parent receives Ctrl-C; it stops the services in order.
            .process_group(0);
        let mut process = command
            .spawn()
            .map_err(|error| Failure::from_error(&format!("cannot start {name}"), &error))?;
        let tail = Arc::new(Mutex::new(VecDeque::with_capacity(TAIL)));
        let reader = match process.stderr.take() {
            Some(stderr) => {
                let shown_as = (log == Log::Shown).then(|| name.to_owned());
                tokio::spawn(keep_tail(stderr, tail.clone(), shown_as))
            }
            None => tokio::spawn(async {}),
        };
        Ok(Self {
            name: name.to_owned(),
            _lifeline: process.stdin.take(),
            process,
            tail,
            reader,
        })
    }

    /// The name of the service.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Describes the exit, with the last log line, if the service has exited.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.process.try_wait().ok().flatten()?;
        Some(self.describe_exit(status))
    }

    fn describe_exit(&self, status: ExitStatus) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let last = tail.iter().rev().find(|line| !line.trim().is_empty());
        match last {
            Some(line) => format!("{} exited ({status}): {}", self.name, line.trim()),
            None => format!("{} exited ({status}) without log output", self.name),
        }
    }

    /// Sends SIGTERM and waits; kills the service after `patience`.
    pub(crate) async fn stop(mut self, patience: Duration) {
        let pid = self.process.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // An error means that it has exited already.
            let _gone = kill_process(pid, Signal::TERM);
        }
        if timeout(patience, self.process.wait()).await.is_err() {
            tracing::warn!(
                glassbox.service = self.name,
                "the service did not stop in time and was killed"
            );
            let _gone = self.process.kill().await;
        }
        self.reader.abort();
    }
}

async fn keep_tail(
    stderr: impl AsyncRead + Unpin,
    tail: Arc<Mutex<VecDeque<String>>>,
    shown_as: Option<String>,
) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(name) = &shown_as {
            tell(&format!("{name}: {line}"));
        }
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line);
    }
}
