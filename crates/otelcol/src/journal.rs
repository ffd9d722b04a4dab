//! The collector's log: each line becomes an event, and the last lines are kept.

mod entry;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

use crate::losses::Losses;
use entry::Entry;

/// Limit of a line in bytes; the rest of it is dropped. A line about lost data has an error and a
/// stack in it, and is not valid JSON once it is truncated.
const LONGEST_LINE: usize = 256 * 1024;

/// How many last lines are kept, and how many bytes of each.
const LAST_LINES: usize = 8;
const LAST_LINE: usize = 600;

/// Logged when every component has started.
const READY: &str = "Everything is ready";

/// The system's message about a port that another process uses.
const TAKEN: &str = "address already in use";

/// The start of a crash message in Go; a stack follows that is longer than what is kept.
const CRASHES: [&str; 2] = ["panic: ", "fatal error: "];

/// What a collector has logged so far.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    said: Arc<Mutex<Said>>,
    signs: Arc<watch::Sender<Signs>>,
    losses: Losses,
}

#[derive(Debug, Default)]
struct Said {
    crash: Option<String>,
    last: VecDeque<String>,
}

/// What is recognised in a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    /// How often everything was ready: once at the start and after each reload.
    pub(crate) readied: u64,
    /// Whether a port that it needs is in use.
    pub(crate) port_taken: bool,
}

impl Journal {
    /// Creates an empty journal, which adds data that exporters report as lost to `losses`.
    pub(crate) fn new(losses: Losses) -> Self {
        Self {
            said: Arc::default(),
            signs: Arc::new(watch::Sender::new(Signs::default())),
            losses,
        }
    }

    /// Returns the end of a finished program's output, as part of a sentence.
    pub(crate) fn words_of(said: &[u8]) -> String {
        let said = String::from_utf8_lossy(said);
        let lines: Vec<_> = said.lines().map(str::trim).collect();
        let last = lines.len().saturating_sub(LAST_LINES);
        let words = lines[last..].iter().filter(|line| !line.is_empty());
        let words = words.map(|line| cut(&Entry::read(line).words(), LAST_LINE).to_owned());
        words.collect::<Vec<_>>().join("; ")
    }

    /// Reads lines until the other end is closed.
    pub(crate) async fn follow(self, pipe: impl AsyncRead + Unpin) {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        // A broken pipe is the end.
        while let Ok(true) = read_line(&mut pipe, &mut line).await {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            if !text.is_empty() {
                self.take(text);
            }
        }
    }

    /// Subscribes to what is recognised.
    pub(crate) fn signs(&self) -> watch::Receiver<Signs> {
        self.signs.subscribe()
    }

    /// Returns the last lines of the log.
    pub(crate) fn last_words(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = said.crash.iter().chain(&said.last);
        lines.map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn take(&self, text: &str) {
        let mut entry = Entry::read(text);
        match entry.loss() {
            Some((component, _, error)) if self.losses.is_kept(component, error) => entry.calm(),
            Some((component, items, error)) => self.losses.count(component, items, error),
            None => {}
        }
        entry.tell();
        let words = entry.words();
        self.signs.send_if_modified(|signs| {
            let before = *signs;
            signs.readied += u64::from(words.contains(READY));
            signs.port_taken |= words.contains(TAKEN);
            *signs != before
        });
        let words = cut(&words, LAST_LINE).to_owned();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if CRASHES.iter().any(|crash| words.starts_with(crash)) && said.crash.is_none() {
            said.crash = Some(words);
            return;
        }
        if said.last.len() == LAST_LINES {
            said.last.pop_front();
        }
        said.last.push_back(words);
    }
}

/// Reads the next line into `line`, up to the limit; false at the end.
async fn read_line(pipe: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let read = pipe.fill_buf().await?;
        if read.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = memchr::memchr(b'\n', read);
        let taken = end.unwrap_or(read.len());
        let kept = taken.min(LONGEST_LINE - line.len());
        line.extend_from_slice(&read[..kept]);
        let used = end.map_or(taken, |end| end + 1);
        pipe.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Returns the beginning of `text`, at most `bytes` long.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
