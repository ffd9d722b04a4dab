//! OTLP/JSON in both directions, between text and the protobuf messages.
//!
//! Reading follows the mapping of the OTLP specification and is tolerant where senders differ:
//! trace and span ids are hex in either case, other bytes base64 in either alphabet; 64-bit
//! integers are strings or numbers; doubles may be `"NaN"`, `"Infinity"`, `"-Infinity"`; `null`
//! and a missing field are the same; unknown fields are skipped. Enums are numbers only and keys
//! are lowerCamelCase only. An error names the place: `resourceSpans[0].scopeSpans[1].…`.
//!
//! Writing gives the canonical form: defaults left out, 64-bit integers as strings, ids in
//! lowercase hex.

mod bytes;
mod common;
mod logs;
mod message;
mod metrics;
mod path;
mod scalar;
mod traces;

use serde::{Serialize, Serializer};

use message::{Fields, Form, Known, Msg};
use path::Path;

/// A message of OTLP that has a JSON form: the requests, the responses, the `TracesData`,
/// `MetricsData` and `LogsData` of files, and everything inside them.
pub trait JsonMessage: Fields {}

impl<M: Fields> JsonMessage for M {}

/// Reads one message.
///
/// ```
/// use glassbox_otlp::{json, proto::ExportTraceServiceRequest};
///
/// let text = br#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": "SERVER"}]}]}]}"#;
/// let error = json::from_slice::<ExportTraceServiceRequest>(text).unwrap_err();
/// assert_eq!(error.path(), "resourceSpans[0].scopeSpans[0].spans[0].kind");
/// ```
///
/// # Errors
///
/// Fails on malformed JSON and on values of the wrong kind, naming the place.
///
/// # Bounds
///
/// Messages nested more than 100 levels deep are an error, as they are in protobuf.
pub fn from_slice<M: JsonMessage>(text: &[u8]) -> Result<M, JsonError> {
    let path = Path::default();
    let mut message = M::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    // Depth is counted by us, in messages; skipping an unknown field needs no stack.
    deserializer.disable_recursion_limit();
    let result =
        Msg::read(&mut deserializer, &mut message, &path).and_then(|()| deserializer.end());
    match result {
        Ok(()) => Ok(message),
        Err(source) => Err(JsonError {
            path: path.to_string(),
            source,
        }),
    }
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
}

impl JsonError {
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
