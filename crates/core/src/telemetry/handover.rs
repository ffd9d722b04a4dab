//! What passes between a span and the implementation: the answer to its start, its entry and its end.

use super::{Record, TraceContext};

/// The implementation's answer to a start.
#[derive(Debug)]
#[non_exhaustive]
pub struct Started {
    /// This span's context.
    pub context: TraceContext,
    /// `None`: not kept. The context still travels.
    pub record: Option<Box<Record>>,
    /// A number of the implementation's own, given back whenever the span is entered and at its end,
    /// also for a span that is not kept.
    pub slot: u64,
}

impl Started {
    /// A span that is kept if there is a record.
    pub const fn new(context: TraceContext, record: Option<Box<Record>>) -> Self {
        Self {
            context,
            record,
            slot: 0,
        }
    }

    /// The implementation's own number.
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
    /// As it was given.
    pub context: &'a TraceContext,
    /// As it is filled so far; `None`: not kept.
    pub record: Option<&'a Record>,
    /// As it was given.
    pub slot: u64,
}

impl<'a> SpanRef<'a> {
    /// A span under way.
    pub const fn new(context: &'a TraceContext, record: Option<&'a Record>, slot: u64) -> Self {
        Self {
            context,
            record,
            slot,
        }
    }
}

/// What goes back at the end.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ended {
    /// As it was given.
    pub context: TraceContext,
    /// Filled.
    pub record: Option<Box<Record>>,
    /// As it was given.
    pub slot: u64,
    /// Nanoseconds since the Unix epoch; 0: now.
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

    /// The implementation's own number.
    #[must_use]
    pub const fn with_slot(mut self, slot: u64) -> Self {
        self.slot = slot;
        self
    }

    /// The time of the end; 0: now.
    #[must_use]
    pub const fn at(mut self, end_unix_nano: u64) -> Self {
        self.end_unix_nano = end_unix_nano;
        self
    }
}
