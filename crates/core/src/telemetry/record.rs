//! What a kept span collects.

use super::TraceContext;
use std::borrow::Cow;

/// The role of a span, by the OpenTelemetry specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanKind {
    /// Inside a process.
    #[default]
    Internal,
    /// Answers a request.
    Server,
    /// Makes a request.
    Client,
    /// Puts into a queue.
    Producer,
    /// Takes from a queue.
    Consumer,
}

/// How the operation ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Nobody said.
    #[default]
    Unset,
    /// Said to be well.
    Ok,
    /// Failed, and why.
    Error(Cow<'static, str>),
}

/// An attribute's value, owned by the record.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// Text.
    Str(Cow<'static, str>),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// Several texts.
    Strs(Vec<Cow<'static, str>>),
}

impl From<&'static str> for Attribute {
    fn from(text: &'static str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<&String> for Attribute {
    fn from(text: &String) -> Self {
        Self::Str(text.clone().into())
    }
}

impl From<Cow<'static, str>> for Attribute {
    fn from(text: Cow<'static, str>) -> Self {
        Self::Str(text)
    }
}

impl From<Vec<String>> for Attribute {
    fn from(texts: Vec<String>) -> Self {
        Self::Strs(texts.into_iter().map(Cow::Owned).collect())
    }
}

impl From<bool> for Attribute {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<f64> for Attribute {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

/// Numbers past `i64::MAX` stay there.
impl From<u64> for Attribute {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// Numbers past `i64::MAX` stay there.
impl From<usize> for Attribute {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Attribute {
            fn from(number: $integer) -> Self {
                Self::Int(number.into())
            }
        }
    )*};
}
from_integer!(i8, i16, i32, i64, u8, u16, u32);

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// By the conventions: `exception`.
    pub name: Cow<'static, str>,
    /// Nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// In the order they were given.
    pub attributes: Vec<(Cow<'static, str>, Attribute)>,
}

impl Event {
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

/// What a kept span collects. Lent by the implementation, filled without another call, given back
/// at the end; the implementation may reuse it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// Low cardinality.
    pub name: Cow<'static, str>,
    /// Its role.
    pub kind: SpanKind,
    /// The parent's context; invalid for a root.
    pub parent: TraceContext,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// In the order they were set; a key that was set again stands again, and the last one counts.
    pub attributes: Vec<(Cow<'static, str>, Attribute)>,
    /// In the order they happened.
    pub events: Vec<Event>,
    /// Known at the start, or added later.
    pub links: Vec<Link>,
    /// How it ended.
    pub status: Status,
}

impl Record {
    /// Empties the record and keeps its memory.
    pub fn clear(&mut self) {
        self.name = Cow::Borrowed("");
        self.kind = SpanKind::Internal;
        self.parent = TraceContext::default();
        self.start_unix_nano = 0;
        self.attributes.clear();
        self.events.clear();
        self.links.clear();
        self.status = Status::Unset;
    }
}
