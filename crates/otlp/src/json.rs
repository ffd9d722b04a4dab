//! OTLP/JSON in both directions, between text and the protobuf messages.
//!
//! Reading follows the mapping of the OTLP specification and is tolerant where senders differ:
//!
//! * Keys are lowerCamelCase or the names of the protobuf files, such as `trace_id`. The names that
//!   scopes had before OTLP 0.15, such as `instrumentationLibrarySpans`, are read too.
//! * Trace and span ids are hex in either case, or base64; other bytes are base64 in either alphabet.
//! * Integers are numbers or strings; doubles may be `NaN`, `Infinity` and `-Infinity`, quoted or
//!   not; enums are numbers or names.
//! * `null` and a missing field are the same. A list that occurs twice is read as one; of any other
//!   field that occurs twice, the last one counts. Unknown fields are skipped.
//! * Text that is not valid Unicode, such as a lone surrogate, gets U+FFFD in its place. A byte order
//!   mark is skipped.
//!
//! An error contains the path: `resourceSpans[0].scopeSpans[1].…`.
//!
//! Writing gives the canonical form: defaults left out, 64-bit integers as strings, ids in
//! lowercase hex.

mod binary;
mod common;
mod context;
mod enums;
mod logs;
mod message;
mod metrics;
mod points;
mod scalar;
mod tidy;
mod traces;

use std::borrow::Cow;
use std::cell::RefCell;

use bytes::Bytes;
use serde::de::Error as _;
use serde::{Serialize, Serializer};
use serde_json::de::SliceRead;

use crate::Rejections;
use crate::cost::{Meter, Overrun};
use context::Context;
use message::{Fields, Form, Known, Msg};

/// A message of OTLP that has a JSON form: the requests, the responses, the `TracesData`,
/// `MetricsData` and `LogsData` of files, and everything inside them.
pub trait JsonMessage: Fields {}

impl<M: Fields> JsonMessage for M {}

/// Reads one message.
///
/// ```
/// use glassbox_otlp::{json, proto::ExportTraceServiceRequest};
///
/// let text = br#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": "REMOTE"}]}]}]}"#;
/// let error = json::from_slice::<ExportTraceServiceRequest>(text).unwrap_err();
/// assert_eq!(error.path(), "resourceSpans[0].scopeSpans[0].spans[0].kind");
/// ```
///
/// # Errors
///
/// Fails on malformed JSON and on values of the wrong kind; the error contains their path.
///
/// # Bounds
///
/// Messages nested more than 100 levels deep are an error, as they are in protobuf.
pub fn from_slice<M: JsonMessage>(text: &[u8]) -> Result<M, JsonError> {
    let free = |_| Ok(());
    let text = tidy::tidy(text, free).map_err(JsonError::overrun)?;
    let cx = Context::new(&free, false);
    read_message(&text, &cx)
}

/// Reads one message, leaves out the records that cannot be read, and charges what is built.
pub(crate) fn read<M: JsonMessage>(
    text: Bytes,
    meter: &mut Meter<'_>,
) -> Result<(M, Rejections), JsonError> {
    let meter = RefCell::new(meter);
    let charge = |bytes| meter.borrow_mut().charge(bytes);
    charge((text.len() + size_of::<M>()) as u64).map_err(JsonError::overrun)?;
    let tidied = match tidy::tidy(&text, charge).map_err(JsonError::overrun)? {
        Cow::Borrowed(tidied) => text.slice_ref(tidied),
        Cow::Owned(tidied) => Bytes::from(tidied),
    };
    // If the text was copied, the original is no longer needed.
    drop(text);
    let cx = Context::new(&charge, true);
    let message = read_message(&tidied, &cx)?;
    Ok((message, cx.into_found()))
}

fn read_message<M: JsonMessage>(text: &[u8], cx: &Context<'_>) -> Result<M, JsonError> {
    let mut message = M::default();
    let mut deserializer = deserializer(text);
    let result = Msg::read(&mut deserializer, &mut message, cx).and_then(|()| deserializer.end());
    match result {
        Ok(()) => Ok(message),
        Err(source) => Err(JsonError {
            path: cx.place(),
            source,
            overrun: cx.overrun(),
        }),
    }
}

fn deserializer(text: &[u8]) -> serde_json::Deserializer<SliceRead<'_>> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    // We count depth ourselves, in messages; skipping an unknown field needs no stack.
    deserializer.disable_recursion_limit();
    deserializer
}

/// Returns an error without the line and column, which count from the start of a record.
fn without_position(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    if text.ends_with(&position) {
        text.truncate(text.len() - position.len());
    }
    text
}

/// Writes one message.
#[must_use]
pub fn to_vec<M: JsonMessage>(message: &M) -> Vec<u8> {
    serde_json::to_vec(&Json(message)).expect("invariant: maps with string keys always serialize")
}

/// Writes one message as text.
#[must_use]
pub fn to_string<M: JsonMessage>(message: &M) -> String {
    serde_json::to_string(&Json(message))
        .expect("invariant: maps with string keys always serialize")
}

/// Serializes a message in its JSON form, for use inside a larger document.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a, M>(pub &'a M);

impl<M: JsonMessage> Serialize for Json<'_, M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Known::<Msg, M>::new(self.0).serialize(serializer)
    }
}

/// A text that is not the OTLP/JSON message it should be.
#[derive(Debug, thiserror::Error)]
#[error("{}{source}", At(path))]
pub struct JsonError {
    path: String,
    source: serde_json::Error,
    overrun: Option<Overrun>,
}

impl JsonError {
    fn overrun(overrun: Overrun) -> Self {
        Self {
            path: String::new(),
            source: serde_json::Error::custom(overrun),
            overrun: Some(overrun),
        }
    }

    /// Returns the exceeded memory limit, if that is why the message was not read.
    #[cfg(feature = "receiver")]
    pub(crate) const fn as_overrun(&self) -> Option<Overrun> {
        self.overrun
    }

    /// Returns where the fault is, such as `resourceLogs[0].scopeLogs[0].logRecords[2].spanId`;
    /// empty when it is in the outermost message.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what is wrong there, with line and column.
    #[must_use]
    pub fn problem(&self) -> String {
        self.source.to_string()
    }
}

/// The path as the start of a sentence.
struct At<'a>(&'a str);

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, "{}: ", self.0)
        }
    }
}

#[cfg(test)]
mod tests;
