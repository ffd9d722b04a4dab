//! Stored records: how they are referred to and decoded.

use glassbox_otlp::Signal;
use glassbox_otlp::proto::Message;

/// The path of the API below which whole values are served.
pub(crate) const VALUE_PATH: &str = "/api/otel/value";

/// A stored record: its signal and its number among all records of the signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValueRef {
    pub(crate) signal: Signal,
    pub(crate) sequence: u64,
}

impl ValueRef {
    /// Returns the URL of the value at `path`, or of the whole record if the path is empty.
    ///
    /// Paths consist of names and numbers, so nothing needs to be escaped.
    pub(super) fn url(&self, path: &str) -> String {
        let (signal, sequence) = (self.signal, self.sequence);
        let signal = signal.as_str();
        format!("{VALUE_PATH}?signal={signal}&record={sequence}&path={path}")
    }
}

/// Decodes a stored message. It was valid when it was stored.
pub(super) fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap_or_default()
}
