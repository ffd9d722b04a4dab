//! The program under test, in its own process.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Time limit of every wait; longer counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The program, in an environment without the machine's own settings.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassbox"));
    command.args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars() {
        let ours = ["OTEL_", "GLASSBOX_", "OPENAI_"];
        if ours.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    // A collector installed on the machine is tested by another target.
    command.env("GLASSBOX_OTEL_COLLECTOR", "off");
    command
}

/// Runs the program until it exits.
pub(crate) fn run(command: &mut Command) -> Output {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Running(child).output()
}

/// A process that is killed when the test ends.
pub(crate) struct Running(Child);

impl Running {
    /// Starts a process that keeps running.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        )
    }

    /// Reads standard output until a line contains `text`; returns that line.
    pub(crate) fn wait_for_line(&mut self, text: &str) -> String {
        let stdout = self.0.stdout.as_mut().unwrap();
        let mut seen = String::new();
        // Byte by byte, so that nothing is read past the line.
        let mut byte = [0];
        let mut line = Vec::new();
        while stdout.read(&mut byte).unwrap() == 1 {
            line.push(byte[0]);
            if byte[0] == b'\n' {
                let read = String::from_utf8_lossy(&line).into_owned();
                if read.contains(text) {
                    return read;
                }
                seen.push_str(&read);
                line.clear();
            }
        }
        panic!("the output ended before '{text}': {seen}");
    }

    /// Sends SIGKILL, which cannot be handled.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Sends SIGTERM; returns the exit status.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success());
        wait(&mut self.0)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until it exits.
    pub(crate) fn output(mut self) -> Output {
        let stderr = reader(self.0.stderr.take().unwrap());
        let stdout = reader(self.0.stdout.take().unwrap());
        let status = wait(&mut self.0);
        Output {
            status,
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has already exited.
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

fn reader(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}

fn wait(child: &mut Child) -> ExitStatus {
    until("the process to end", || child.try_wait().unwrap())
}

/// Waits for a condition, with a deadline.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The page's address, read from the output of `up`.
pub(crate) fn page_of(up: &mut Running) -> String {
    let line = up.wait_for_line("Page");
    line.split_whitespace().last().unwrap().to_owned()
}

/// `up` on free ports with its data in `data`.
pub(crate) fn up(data: &Path) -> Running {
    let mut up = command(&["up"]);
    up.args(free_ports()).arg("--data").arg(data);
    Running::start(&mut up)
}

/// Flags that select free ports.
pub(crate) fn free_ports() -> [&'static str; 6] {
    let any = "127.0.0.1:0";
    ["--grpc", any, "--http", any, "--page", any]
}

/// A free loopback address that the system does not assign to other processes: its port is below the
/// range of ephemeral ports.
pub(crate) fn free_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let next = std::process::id() * 37 + NEXT.fetch_add(1, Ordering::Relaxed);
        let address = format!("127.0.0.1:{}", 20_000 + next % 12_000);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

/// A JSON response over plain HTTP; `None` if there is no response.
pub(crate) fn get(url: &str) -> Option<Value> {
    request("GET", url, "").map(|(_, body)| serde_json::from_str(&body).unwrap())
}

/// Status and body of a request over plain HTTP; `None` if there is no response.
pub(crate) fn request(method: &str, url: &str, body: &str) -> Option<(u16, String)> {
    let (address, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut reader = BufReader::new(stream);
    let mut status = String::new();
    reader.read_line(&mut status).ok()?;
    let status = status.split_whitespace().nth(1)?.parse().ok()?;
    let mut answer = String::new();
    reader.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some((status, body.to_owned()))
}
