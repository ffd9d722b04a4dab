//! Child processes: started without standard input, with live or captured output.

use std::{
    io::{self, ErrorKind, Read, Write},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::outcome::CannotCheck;

/// How long the rest of the output may take after a child's end. A grandchild may hold the pipe open for ever.
const LINGER: Duration = Duration::from_secs(30);

/// Whether the output of a child is passed on while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// All output.
    Live,
    /// Only standard error, because standard output is for a program to read.
    Errors,
    /// Nothing.
    Silent,
}

/// A child that exited by itself.
#[derive(Debug)]
pub struct Finished {
    /// Whether it ended with status 0.
    pub success: bool,
    /// Without colour codes.
    pub stdout: String,
    /// Without colour codes.
    pub stderr: String,
}

impl Finished {
    /// Rejects a cargo command that stopped before it checked any code.
    ///
    /// # Errors
    ///
    /// Cargo.lock changed since it was last known to agree with the manifests.
    pub fn settled(self) -> Result<Self, CannotCheck> {
        if !self.success && self.stderr.contains("because --locked was passed") {
            Err(CannotCheck::new(
                "Cargo.lock disagrees with the manifests: `cargo xtask arch` says more",
            ))
        } else {
            Ok(self)
        }
    }

    /// The lines in which compilers, cargo and the test runner state errors, at most five of them.
    pub fn complaints(&self) -> Vec<String> {
        let lines = self.stderr.lines().chain(self.stdout.lines());
        let mut complaints: Vec<String> = lines
            .filter(|line| is_complaint(line))
            .map(str::to_owned)
            .collect();
        complaints.dedup();
        complaints.truncate(5);
        complaints
    }

    /// Formats one violation from `what` and the child's first error lines.
    pub fn violation(&self, what: &str) -> String {
        let complaints = self.complaints();
        if complaints.is_empty() {
            format!("{what}: the lines above say why")
        } else {
            format!("{what}: {}", complaints.join(" | "))
        }
    }

    /// The last lines of standard error, for an error message about a failed tool.
    pub fn last_words(&self) -> String {
        let words: Vec<&str> = self
            .stderr
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        words[words.len().saturating_sub(3)..].join(" | ")
    }
}

fn is_complaint(line: &str) -> bool {
    line.starts_with("error") || line.starts_with("Diff in ") || line.ends_with("... FAILED")
}

/// Runs `command` to its end.
///
/// # Errors
///
/// The program could not be started, or a signal ended it. Neither is a result about the tree.
pub fn run(command: &mut Command, voice: Voice) -> Result<Finished, CannotCheck> {
    attend(command, voice, |_| {}, Child::wait)
}

/// Runs `command` to its end, and kills it after `limit`.
///
/// # Errors
///
/// As for [`run`], and if the limit is reached.
pub fn run_within(
    command: &mut Command,
    voice: Voice,
    limit: Duration,
) -> Result<Finished, CannotCheck> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut is_late = false;
    let finished = attend(
        command,
        voice,
        |_| {},
        |child| match wait_within(child, limit)? {
            Some(status) => Ok(status),
            None => {
                is_late = true;
                child.kill()?;
                child.wait()
            }
        },
    );
    if is_late {
        let seconds = limit.as_secs();
        return Err(CannotCheck::new(format!(
            "`{program}` did not come to an end within {seconds} s"
        )));
    }
    finished
}

/// Starts `command`, passes its id to `started`, collects its output and uses `wait` to wait for its end.
///
/// # Bounds
///
/// Output is collected until half a minute after the end; later output is ignored.
pub fn attend(
    command: &mut Command,
    voice: Voice,
    started: impl FnOnce(u32),
    wait: impl FnOnce(&mut Child) -> io::Result<ExitStatus>,
) -> Result<Finished, CannotCheck> {
    attend_for(command, voice, started, wait, LINGER)
}

fn attend_for(
    command: &mut Command,
    voice: Voice,
    started: impl FnOnce(u32),
    wait: impl FnOnce(&mut Child) -> io::Result<ExitStatus>,
    linger: Duration,
) -> Result<Finished, CannotCheck> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| CannotCheck::new(format!("`{program}` does not start: {error}")))?;
    started(child.id());
    let stdout = child
        .stdout
        .take()
        .expect("invariant: standard output is piped");
    let stderr = child
        .stderr
        .take()
        .expect("invariant: standard error is piped");
    let output = Ear::open(stdout, voice == Voice::Live, io::stdout());
    let errors = Ear::open(stderr, voice != Voice::Silent, io::stderr());
    let status = wait(&mut child)
        .map_err(|error| CannotCheck::new(format!("`{program}` was lost: {error}")))?;
    let deadline = Instant::now() + linger;
    let (stdout, stderr) = (output.close(deadline), errors.close(deadline));
    if status.code().is_none() {
        return Err(CannotCheck::new(format!(
            "`{program}` was ended from outside ({status})"
        )));
    }
    Ok(Finished {
        success: status.success(),
        stdout,
        stderr,
    })
}

/// Waits for a child to exit; `None` if it has not exited within `limit`.
pub fn wait_within(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Collects one stream of a child.
struct Ear {
    heard: Arc<Mutex<Vec<u8>>>,
    /// Closed when the stream has ended.
    open: mpsc::Receiver<()>,
}

impl Ear {
    /// Collects the output of `source`, and passes it on to `sink` immediately if it is live.
    fn open(
        source: impl Read + Send + 'static,
        is_live: bool,
        sink: impl Write + Send + 'static,
    ) -> Self {
        let heard = Arc::default();
        let (closed, open) = mpsc::sync_channel::<()>(0);
        let shared = Arc::clone(&heard);
        thread::spawn(move || {
            listen(source, is_live, sink, &shared);
            drop(closed);
        });
        Self { heard, open }
    }

    /// The output until the end of the stream, or until `deadline`.
    fn close(self, deadline: Instant) -> String {
        let left = deadline.saturating_duration_since(Instant::now());
        // In either case, nothing more is read.
        let _ = self.open.recv_timeout(left);
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        plain(&String::from_utf8_lossy(&heard))
    }
}

fn listen(mut source: impl Read, is_live: bool, mut sink: impl Write, heard: &Mutex<Vec<u8>>) {
    let mut chunk = [0; 8192];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => {
                if is_live {
                    // A closed output must not stop the checks.
                    let _ = sink.write_all(&chunk[..length]).and_then(|()| sink.flush());
                }
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.extend_from_slice(&chunk[..length]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
}

/// The text as it remains on a terminal: without colours, and without overwritten progress bars.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut start_of_line = 0;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\x1b' => while chars.next().is_some_and(|char| !char.is_ascii_alphabetic()) {},
            '\r' if chars.peek() != Some(&'\n') => plain.truncate(start_of_line),
            '\r' => {}
            '\n' => {
                plain.push('\n');
                start_of_line = plain.len();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_progress_are_taken_off_before_anything_is_read() {
        assert_eq!(plain("\x1b[32mok\x1b[0m. 3 passed"), "ok. 3 passed");
        assert_eq!(
            plain("a\n  Building 3/9\r\x1b[Kerror: no\r\nb"),
            "a\nerror: no\nb"
        );
    }

    #[test]
    fn a_lock_file_that_moved_is_no_verdict_about_the_code() {
        let finished = |stderr: &str| Finished {
            success: false,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let moved =
            "error: cannot update the lock file because --locked was passed to prevent this";
        assert!(finished(moved).settled().is_err());
        assert!(finished("error[E0308]: mismatched types").settled().is_ok());
    }

    #[test]
    fn a_program_that_does_not_exist_is_no_verdict() {
        let error = run(&mut Command::new("no-such-program-here"), Voice::Silent).unwrap_err();
        assert!(error.to_string().contains("does not start"), "{error}");
    }

    #[test]
    fn a_program_ended_by_a_signal_is_no_verdict() {
        let mut command = Command::new("sh");
        command.args(["-c", "kill -9 $$"]);
        assert!(run(&mut command, Voice::Silent).is_err());
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_and_is_no_verdict() {
        let mut command = Command::new("sleep");
        let limit = Duration::from_millis(50);
        let error = run_within(command.arg("600"), Voice::Silent, limit).unwrap_err();
        assert!(
            error.to_string().contains("did not come to an end"),
            "{error}"
        );
    }

    #[test]
    fn somebody_who_holds_the_output_of_a_child_that_ended_is_not_waited_for() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!"]);
        let linger = Duration::from_millis(300);
        let finished =
            attend_for(&mut command, Voice::Silent, |_| {}, Child::wait, linger).unwrap();
        let left = finished.stdout.trim();
        let ended = Command::new("kill").arg(left).status().unwrap();
        assert!(finished.success && ended.success(), "{finished:?}");
    }

    #[test]
    fn what_a_child_says_on_both_streams_is_heard() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo 'error: two' >&2; exit 3"]);
        let finished = run(&mut command, Voice::Silent).unwrap();
        assert!(!finished.success);
        assert_eq!(finished.stdout, "one\n");
        assert_eq!(finished.violation("it fails"), "it fails: error: two");
    }
}
