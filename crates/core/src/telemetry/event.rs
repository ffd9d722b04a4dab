//! What a span says beside its attributes: events, links and its status.

use super::{Attribute, TraceContext};
use std::borrow::Cow;

/// How the operation ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Nobody said.
    #[default]
    Unset,
    /// Said to be well.
    Ok,
    /// Failed, and why.
    Error(Cow<'static, str>),
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpanEvent {
    /// By the conventions: `exception`.
    pub name: Cow<'static, str>,
    /// Nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// In the order they were given.
    pub attributes: Vec<(Cow<'static, str>, Attribute)>,
}

impl SpanEvent {
    /// An event at a time.
    pub fn new(
        name: Cow<'static, str>,
        unix_nano: u64,
        attributes: Vec<(Cow<'static, str>, Attribute)>,
    ) -> Self {
        Self {
            name,
            unix_nano,
            attributes,
        }
    }
}

/// Another span that this one belongs with: a message of a batch, the run before a wait.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// The other span.
    pub context: TraceContext,
    /// What it is to this one.
    pub attributes: Vec<(Cow<'static, str>, Attribute)>,
}

impl Link {
    /// A link to another span.
    pub fn new(context: TraceContext) -> Self {
        Self {
            context,
            attributes: Vec::new(),
        }
    }
}
