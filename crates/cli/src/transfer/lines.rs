//! The lines of a file of OTLP JSON.

use crate::{failure::Failure, signal::Signal};
use serde::de::IgnoredAny;
use std::{
    collections::BTreeMap,
    io::{BufRead, Read},
};

/// Limit of one line, the largest request that a backend accepts by default.
const MAX_LINE: u64 = 64 << 20;

/// The signal of a request with this member.
fn signal_of(member: &str) -> Option<Signal> {
    match member {
        "resourceSpans" | "resource_spans" => Some(Signal::Traces),
        "resourceMetrics" | "resource_metrics" => Some(Signal::Metrics),
        "resourceLogs" | "resource_logs" => Some(Signal::Logs),
        _ => None,
    }
}

/// Reads requests, one at a time.
pub(super) struct Lines<'a, R> {
    name: &'a str,
    reader: R,
    number: u64,
}

impl<'a, R: BufRead> Lines<'a, R> {
    /// The lines of a file of this name.
    pub(super) fn new(name: &'a str, reader: R) -> Self {
        Self {
            name,
            reader,
            number: 0,
        }
    }

    /// The next line that is not empty, with its number, from one, and its signal.
    ///
    /// # Errors
    /// If it cannot be read, is too long, or is not an OTLP request.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Signal, Vec<u8>)>, Failure> {
        loop {
            let mut line = Vec::new();
            let read = (&mut self.reader)
                .take(MAX_LINE + 1)
                .read_until(b'\n', &mut line);
            let read = read.map_err(|error| {
                Failure::from_error(&format!("cannot read {}", self.name), &error)
            })?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if read as u64 > MAX_LINE {
                return Err(self.wrong(&format!("is longer than {} MiB", MAX_LINE >> 20)));
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let members: BTreeMap<String, IgnoredAny> = serde_json::from_slice(text)
                .map_err(|error| self.wrong(&format!("is not a JSON object: {error}")))?;
            let signal = members.keys().find_map(|member| signal_of(member));
            let signal = signal.ok_or_else(|| {
                self.wrong(
                    "is not an OTLP request: it has none of resourceSpans, resourceMetrics and resourceLogs",
                )
            })?;
            return Ok(Some((self.number, signal, text.to_vec())));
        }
    }

    fn wrong(&self, what: &str) -> Failure {
        Failure::new(format!("{}:{} {what}", self.name, self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_request_of_one_signal() {
        let text =
            "{\"resourceSpans\": []}\n\n {\"resource_logs\": []} \n{\"resourceMetrics\": []}";
        let mut lines = Lines::new("a.jsonl", text.as_bytes());
        let mut read = Vec::new();
        while let Some((number, signal, _)) = lines.next().unwrap() {
            read.push((number, signal));
        }
        assert_eq!(
            read,
            [(1, Signal::Traces), (3, Signal::Logs), (4, Signal::Metrics)]
        );
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, said) in [
            ("\n{\"resourceSpans\"", "a.jsonl:2 is not a JSON object"),
            ("[]", "a.jsonl:1 is not a JSON object"),
            ("{\"spans\": []}", "a.jsonl:1 is not an OTLP request"),
        ] {
            let error = Lines::new("a.jsonl", text.as_bytes()).next().unwrap_err();
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}
