//! The emitting application, as a process of its own.

use serde_json::Value;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// The program and its environment, which has nothing in it but what is put there.
pub(crate) struct Emitter {
    command: Command,
}

/// What it said at its end.
#[derive(Debug)]
pub(crate) struct Emitted {
    pub(crate) facts: Value,
    /// Why the flush failed; null where it did not.
    pub(crate) flush: Value,
    pub(crate) flush_seconds: f64,
    pub(crate) health: Value,
    pub(crate) report: Value,
    pub(crate) shutdown_seconds: f64,
    /// What it logged.
    pub(crate) log: String,
}

impl Emitter {
    /// To play a scenario of `emitter/scenario.rs`.
    pub(crate) fn new(scenario: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_suites-emitter"));
        command
            .arg(scenario)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self { command }
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.command.env(name, value.as_ref());
        self
    }

    /// Starts it, for a caller that talks to it.
    pub(crate) fn spawn(mut self) -> Child {
        self.command.spawn().unwrap()
    }

    /// Runs it to its end.
    pub(crate) async fn run(self) -> Emitted {
        let output = self.spawn().wait_with_output().await.unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {log}", output.status);
        Emitted::read(&output.stdout, log)
    }
}

impl Emitted {
    /// Reads what the program left on its standard output.
    pub(crate) fn read(stdout: &[u8], log: String) -> Self {
        let said: Value = serde_json::from_slice(stdout).unwrap();
        Self {
            facts: said["facts"].clone(),
            flush: said["flush"].clone(),
            flush_seconds: said["flush_seconds"].as_f64().unwrap(),
            health: said["health"].clone(),
            report: said["report"].clone(),
            shutdown_seconds: said["shutdown_seconds"].as_f64().unwrap(),
            log,
        }
    }

    /// Asserts that everything of a signal was delivered, and gives how much it was.
    pub(crate) fn assert_lossless(&self, signal: &str) -> u64 {
        let report = &self.report["signals"][signal];
        assert_eq!(self.flush, Value::Null, "{self:#?}");
        assert_eq!(report["dropped"], serde_json::json!({}), "{self:#?}");
        assert_eq!(report["emitted"], report["delivered"], "{self:#?}");
        let delivered = report["delivered"].as_u64().unwrap();
        assert!(delivered > 0, "{self:#?}");
        delivered
    }
}
