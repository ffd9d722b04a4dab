//! `glassbox doctor`: its findings for every fault on the path of telemetry.

mod answer;
mod applications;
mod backends;
mod between;
mod collectors;
mod export;
mod port;
mod settings;
mod tls;
mod well;

use crate::glassbox::{command, run};
use answer::Answer;
use std::time::{Duration, Instant};

/// A run of the doctor, in a folder without a settings file and a data folder.
struct Doctor {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Seconds for each step.
    timeout: u64,
}

/// A doctor run for an application that sends to `endpoint`.
fn doctor(endpoint: &str) -> Doctor {
    Doctor::new().with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
}

/// As [`doctor`], for a port on this machine.
fn doctor_at(port: u16) -> Doctor {
    doctor(&format!("http://127.0.0.1:{port}"))
}

impl Doctor {
    fn new() -> Self {
        Self {
            arguments: Vec::new(),
            environment: Vec::new(),
            timeout: 20,
        }
    }

    /// Sets an environment variable.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn grpc(self) -> Self {
        self.with("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    }

    fn arg(mut self, flag: &str, value: &str) -> Self {
        self.arguments.extend([flag.to_owned(), value.to_owned()]);
        self
    }

    fn backend(self, page: &str) -> Self {
        self.arg("--backend", page)
    }

    fn service(self, name: &str) -> Self {
        self.arg("--service", name)
    }

    fn timeout(mut self, seconds: u64) -> Self {
        self.timeout = seconds;
        self
    }

    fn command(&self) -> std::process::Command {
        let mut command = command(&["doctor"]);
        command
            .args(&self.arguments)
            .arg(format!("--timeout={}", self.timeout));
        for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(proxy).env_remove(proxy.to_lowercase());
        }
        command.envs(self.environment.iter().cloned());
        command
    }

    /// Runs it; returns the object that scripts read.
    #[track_caller]
    fn ask(self) -> Answer {
        let folder = tempfile::tempdir().unwrap();
        // Excludes a backend that already runs on this machine.
        let file = "[collector]\npage = \"127.0.0.1:9\"\n";
        std::fs::write(folder.path().join("glassbox.toml"), file).unwrap();
        self.ask_in(folder.path())
    }

    /// As [`ask`](Self::ask), in a folder that may contain a settings file.
    #[track_caller]
    fn ask_in(self, folder: &std::path::Path) -> Answer {
        let start = Instant::now();
        let output = run(self.command().arg("--json").current_dir(folder));
        // Port, export, arrival and applications are one step each.
        let most = Duration::from_secs(self.timeout * 4 + 5);
        assert!(start.elapsed() < most, "it took {:?}", start.elapsed());
        Answer::read(&output)
    }
}
