//! The emitting application, as a process of its own.

use crate::collector::Signal;
use serde_json::{Value, json};
use std::{process::Stdio, time::Duration};
use tokio::process::Command;

/// Maximum run time of the program: 20 seconds each for flush and shutdown, and some margin.
const LIFE: Duration = Duration::from_secs(60);

/// The program and its environment, which contains only the variables set here.
pub(crate) struct Emitter {
    command: Command,
}

/// The final output of the program.
#[derive(Debug)]
pub(crate) struct Emitted {
    pub(crate) facts: Value,
    /// Why the flush failed; null if it succeeded.
    pub(crate) flush: Value,
    pub(crate) flush_seconds: f64,
    pub(crate) health: Value,
    pub(crate) report: Value,
    pub(crate) shutdown_seconds: f64,
    /// Its log.
    pub(crate) log: String,
}

impl Emitter {
    /// Plays a scenario of `emitter/scenario.rs`.
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

    /// Sends only this signal.
    pub(crate) fn only(mut self, signal: Signal) -> Self {
        for other in [Signal::Traces, Signal::Metrics, Signal::Logs] {
            let name = format!("OTEL_{}_EXPORTER", other.as_str().to_uppercase());
            self = self.env(&name, if other == signal { "otlp" } else { "none" });
        }
        self
    }

    /// Runs it to its end, within a time limit.
    pub(crate) async fn run(mut self) -> Emitted {
        let running = self.command.spawn().unwrap().wait_with_output();
        let output = tokio::time::timeout(LIFE, running).await;
        let output = output.expect("it hangs").unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {log}", output.status);
        Emitted::read(&output.stdout, log)
    }
}

impl Emitted {
    /// Parses the program's standard output.
    fn read(stdout: &[u8], log: String) -> Self {
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

    /// Asserts that everything of a signal was delivered. Returns the number of items.
    pub(crate) fn assert_lossless(&self, signal: &str) -> u64 {
        let report = &self.report["signals"][signal];
        assert_eq!(self.flush, Value::Null, "{self:#?}");
        assert_eq!(report["dropped"], json!({}), "{self:#?}");
        assert_eq!(report["emitted"], report["delivered"], "{self:#?}");
        let delivered = report["delivered"].as_u64().unwrap();
        assert!(delivered > 0, "{self:#?}");
        delivered
    }

    /// Asserts that nothing of a signal was delivered, that all of it is counted as lost for one
    /// reason, and that no wait was longer than `within`. Returns the error that the application got.
    pub(crate) fn assert_lost(&self, signal: Signal, reason: &str, within: Duration) -> String {
        let report = &self.report["signals"][signal.as_str()];
        let emitted = report["emitted"].as_u64().unwrap();
        assert!(emitted > 0, "{self:#?}");
        assert_eq!(report["delivered"], 0, "{self:#?}");
        assert_eq!(report["dropped"], json!({ reason: emitted }), "{self:#?}");
        let waited = self.flush_seconds + self.shutdown_seconds;
        assert!(waited < within.as_secs_f64(), "{waited} s: {self:#?}");
        let told = self.flush.as_str().unwrap().to_owned();
        let health = &self.health["signals"][signal.as_str()]["last_error"];
        let health = health.as_str().unwrap();
        assert!(told.contains(health), "{told:?} is not {health:?}");
        told
    }

    /// Asserts that a secret appears in neither the log, the health nor the report.
    pub(crate) fn assert_kept(&self, secret: &str) {
        let all = format!("{self:?}");
        assert!(!all.contains(secret), "{secret:?} is told: {all}");
    }
}
