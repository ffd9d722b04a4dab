//! The service `suites-hop` as a process.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
};

/// Whether the service has telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Telemetry that exports to this OTLP endpoint, over HTTP.
    Exporting,
    /// No telemetry.
    Bare,
}

/// A running service. Dropping it closes its standard input, and waits for its end.
pub(super) struct Service {
    process: Child,
    stdin: Option<ChildStdin>,
    url: String,
}

impl Service {
    /// Starts it, and waits until it listens.
    pub(super) fn start(mode: Mode, otlp: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_suites-hop"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")) {
            command.env_remove(name);
        }
        command.arg(match mode {
            Mode::Exporting => "with-telemetry",
            Mode::Bare => "without-telemetry",
        });
        match otlp {
            Some(endpoint) => command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            None => command.envs(
                ["TRACES", "METRICS", "LOGS"]
                    .map(|signal| (format!("OTEL_{signal}_EXPORTER"), "none")),
            ),
        };
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://"), "the service did not start");
        Self {
            stdin: process.stdin.take(),
            process,
            url: url.trim().to_owned(),
        }
    }

    /// The URL of the service.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let ended = self.process.wait();
        if !std::thread::panicking() {
            assert!(ended.unwrap().success());
        }
    }
}
