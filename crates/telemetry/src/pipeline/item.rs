//! The items in the queues.

use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::{logs::SdkLogRecord, trace::SpanData};

/// A log record with its scope.
pub(crate) type LogItem = Box<(SdkLogRecord, InstrumentationScope)>;

/// An ended span.
#[derive(Clone, Debug)]
pub(crate) struct SpanItem {
    pub(crate) data: SpanData,
    /// The values of attributes that are bytes, for which `data` has no type: it contains an empty
    /// text in the place of each.
    pub(crate) bytes: Vec<ByteValue>,
}

/// The value of one attribute that is bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ByteValue {
    pub(crate) owner: Owner,
    /// The index of the attribute.
    pub(crate) at: usize,
    pub(crate) value: Vec<u8>,
}

/// What an attribute belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Span,
    /// The event of this index.
    Event(usize),
    /// The link of this index.
    Link(usize),
}

impl From<SpanData> for SpanItem {
    fn from(data: SpanData) -> Self {
        Self {
            data,
            bytes: Vec::new(),
        }
    }
}
