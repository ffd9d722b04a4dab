//! Events, links and the status of a span.

use super::{Attribute, TraceContext};
use std::borrow::Cow;

/// How the operation ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Not set.
    #[default]
    Unset,
    /// Explicitly successful.
    Ok,
    /// Failed, with a description.
    Error(Cow<'static, str>),
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpanEvent {
    /// The name, such as `exception`.
    pub name: Cow<'static, str>,
    /// Nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// In the order in which they were given.
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

/// A reference to a related span: a message of a batch, or the run before a wait.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// The other span.
    pub context: TraceContext,
    /// Attributes that describe the relation.
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
