//! `glassbox up` for these tests: its output, its API, and its child process.

use crate::{
    children,
    glassbox::{command, get, until},
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
};

/// The collector under test.
pub(crate) fn otelcol() -> PathBuf {
    let path = std::env::var_os("GLASSBOX_OTEL_COLLECTOR");
    let path = path.expect("GLASSBOX_OTEL_COLLECTOR names the collector: cargo xtask collector");
    PathBuf::from(path)
}

/// `glassbox up` on free ports with its data in `data`, through the collector.
pub(crate) fn up(data: &Path) -> Command {
    let any = "127.0.0.1:0".to_owned();
    up_at(data, &[any.clone(), any])
}

/// The same on two addresses, of gRPC and of HTTP.
pub(crate) fn up_at(data: &Path, [grpc, http]: &[String; 2]) -> Command {
    let bare = |endpoint: &str| endpoint.replace("http://", "");
    let mut up = command(&["up", "--page", "127.0.0.1:0"]);
    up.args(["--grpc", &bare(grpc), "--http", &bare(http), "--data"]);
    up.arg(data).env("GLASSBOX_OTEL_COLLECTOR", otelcol());
    up.env("RUST_LOG", "info");
    up
}

/// A running backend. It is killed when the test ends.
pub(crate) struct Backend {
    child: Child,
    /// Standard output up to the address of the page.
    pub(crate) greeting: String,
    pub(crate) page: String,
    said: Arc<Mutex<String>>,
}

impl Backend {
    /// Starts it and waits until it has printed its addresses.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        listen(child.stderr.take().unwrap(), Arc::clone(&said));
        let printed = Arc::new(Mutex::new(String::new()));
        listen(child.stdout.take().unwrap(), Arc::clone(&printed));
        let mut backend = Self {
            child,
            greeting: String::new(),
            page: String::new(),
            said,
        };
        backend.greeting = until("the greeting", || {
            let ended = backend.child.try_wait().unwrap();
            assert_eq!(ended, None, "it did not start: {}", backend.said());
            let printed = printed.lock().unwrap().clone();
            printed.contains("\nPage").then_some(printed)
        });
        let page = backend.greeting.split_whitespace().last();
        backend.page = page.unwrap().to_owned();
        backend
    }

    /// Starts it with the collector and its data in `data`.
    pub(crate) fn on(data: &Path) -> Self {
        Self::start(&mut up(data))
    }

    pub(crate) fn status(&self) -> Value {
        get(&format!("{}/api/status", self.page)).expect("the backend answers")
    }

    /// The status of the receiver.
    pub(crate) fn collector(&self) -> Value {
        self.status()["collector"].take()
    }

    /// Waits until the status of the receiver satisfies a condition.
    pub(crate) fn until_collector(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, || Some(self.collector()).filter(&wanted))
    }

    /// The process id of the collector.
    pub(crate) fn otelcol(&self) -> u32 {
        let collector = self.collector();
        assert_eq!(collector["mode"], "otelcol", "{collector}");
        collector["pid"].as_u64().unwrap().try_into().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The base address of a protocol: `grpc` or `http`.
    pub(crate) fn endpoint(&self, protocol: &str) -> String {
        let endpoints = &self.status()["endpoints"];
        endpoints[protocol].as_str().unwrap().to_owned()
    }

    /// Its log so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn until_said(&self, words: &str) {
        until(words, || self.said().contains(words).then_some(()));
    }

    pub(crate) fn signal(&self, name: &str) {
        children::signal(self.pid(), name);
    }

    /// Waits until it exits.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        until("the backend to end", || self.child.try_wait().unwrap())
    }

    /// Sends SIGTERM; returns the exit status.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // An error means that it has already exited.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn listen(from: impl Read + Send + 'static, said: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(from);
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
            said.lock().unwrap().push_str(&line);
            line.clear();
        }
    });
}
