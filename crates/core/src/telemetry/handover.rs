//! Data that spans and the implementation exchange.

use super::{Record, TraceContext};

/// The implementation's response to a start.
#[derive(Debug)]
#[non_exhaustive]
pub struct Started {
    /// This span's context.
    pub context: TraceContext,
    /// `None` if the span is not recorded. Its context is still propagated.
    pub record: Option<Box<Record>>,
    /// A number that the implementation chooses. It is passed back when the span is entered and when it
    /// ends, even if the span is not recorded.
    pub slot: u64,
}

impl Started {
    /// A span that is recorded if there is a record.
    pub const fn new(context: TraceContext, record: Option<Box<Record>>) -> Self {
        Self {
            context,
            record,
            slot: 0,
        }
    }

    /// The implementation's number.
    #[must_use]
    pub const fn with_slot(mut self, slot: u64) -> Self {
        self.slot = slot;
        self
    }
}

/// A span that is being entered.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SpanRef<'a> {
    /// The context from the start.
    pub context: &'a TraceContext,
    /// The record so far; `None` if the span is not recorded.
    pub record: Option<&'a Record>,
    /// The slot from the start.
    pub slot: u64,
}

impl<'a> SpanRef<'a> {
    /// A span in progress.
    pub const fn new(context: &'a TraceContext, record: Option<&'a Record>, slot: u64) -> Self {
        Self {
            context,
            record,
            slot,
        }
    }
}

/// An ended span.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ended {
    /// The context from the start.
    pub context: TraceContext,
    /// The complete record.
    pub record: Option<Box<Record>>,
    /// The slot from the start.
    pub slot: u64,
    /// Nanoseconds since the Unix epoch; 0 is now.
    pub end_unix_nano: u64,
}

impl Ended {
    /// A span that ends now.
    pub const fn new(context: TraceContext, record: Option<Box<Record>>) -> Self {
        Self {
            context,
            record,
            slot: 0,
            end_unix_nano: 0,
        }
    }

    /// The implementation's number.
    #[must_use]
    pub const fn with_slot(mut self, slot: u64) -> Self {
        self.slot = slot;
        self
    }

    /// The time of the end; 0 is now.
    #[must_use]
    pub const fn at(mut self, end_unix_nano: u64) -> Self {
        self.end_unix_nano = end_unix_nano;
        self
    }
}
