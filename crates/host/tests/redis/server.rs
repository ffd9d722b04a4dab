//! A Redis server for one test.

use glassbox_host::{RedisClient, RedisUrl};
use redis::aio::MultiplexedConnection;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A `redis-server` on its own port, without persistence. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// As [`start`](Self::start), with more arguments, in which `{port}` stands for its port.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|&it| it.to_owned()).collect();
        // Another process may take the port before Redis does.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            if let Some(child) = run(port, &arguments, &folder) {
                return Self {
                    child,
                    port,
                    arguments,
                    folder,
                };
            }
        }
        panic!("redis-server did not start on any port");
    }

    /// Starts it again, empty, on the same port.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.child = run(self.port, &self.arguments, &self.folder).expect("its port is free again");
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Makes it hang: connections are accepted, but get no responses.
    pub(crate) fn freeze(&self) {
        kill_process(Pid::from_child(&self.child), Signal::STOP).unwrap();
    }

    pub(crate) fn thaw(&self) {
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }

    pub(crate) fn url(&self) -> RedisUrl {
        self.url_as("")
    }

    /// The URL with this login: `user:password@`.
    pub(crate) fn url_as(&self, login: &str) -> RedisUrl {
        RedisUrl::new(format!("redis://{login}{}", self.authority()))
    }

    pub(crate) fn client(&self) -> RedisClient {
        RedisClient::try_new(&self.url(), "test").unwrap()
    }

    /// Address and port.
    pub(crate) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Runs a command; fails if it is rejected.
    pub(crate) async fn tell(&self, words: &[&str]) {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let mut connection = self.connect().await;
        let () = command.query_async(&mut connection).await.unwrap();
    }

    /// A connection for inspection.
    pub(crate) async fn connect(&self) -> MultiplexedConnection {
        let client = redis::Client::open(("127.0.0.1", self.port)).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// How often each command was called, as `name` → calls.
    pub(crate) async fn calls(&self, command: &str) -> u64 {
        let mut connection = self.connect().await;
        let stats: String = redis::cmd("INFO")
            .arg("commandstats")
            .query_async(&mut connection)
            .await
            .unwrap();
        let begin = format!("cmdstat_{command}:calls=");
        let line = stats.lines().find_map(|line| line.strip_prefix(&begin));
        line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the server once it accepts connections, or `None` if the port is taken.
fn run(port: u16, arguments: &[String], folder: &TempDir) -> Option<Child> {
    let port = port.to_string();
    let mut child = Command::new("redis-server")
        .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
        .args(["--appendonly", "no", "--daemonize", "no"])
        .arg("--dir")
        .arg(folder.path())
        .args(arguments.iter().map(|it| it.replace("{port}", &port)))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server cannot be run: install it (apt-get install redis-server)");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.contains("Ready to accept connections") {
            // It continues to log, and must not block on a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return Some(child);
        }
    }
    let _ = child.wait();
    None
}
