//! The data of a recorded span.

use super::{Attribute, Link, Scope, SpanEvent, SpanKind, SpanSpec, Status, TraceContext};
use std::{any::Any, borrow::Cow, fmt};

/// The data of a recorded span. The implementation provides it at the start and receives it back at the
/// end; in between, filling it makes no calls. The implementation may reuse it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// The name, of low cardinality.
    pub name: Cow<'static, str>,
    /// The role.
    pub kind: SpanKind,
    /// The instrumentation scope; `None` is the implementation's own.
    pub scope: Option<Scope>,
    /// The parent's context; invalid for a root.
    pub parent: TraceContext,
    /// The start, in nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// In the order in which they were set. A key that was set again is repeated, and the last value
    /// counts.
    pub attributes: Vec<(Cow<'static, str>, Attribute)>,
    /// In the order in which they happened.
    pub events: Vec<SpanEvent>,
    /// From the start, or added later.
    pub links: Vec<Link>,
    /// How it ended.
    pub status: Status,
    /// The implementation's own state.
    pub extension: Extension,
}

impl Record {
    /// Copies what is known at the start. The implementation calls this if it records the span.
    pub fn begin(&mut self, spec: SpanSpec<'_>, parent: TraceContext, start_unix_nano: u64) {
        self.name = spec.name.into_text();
        self.kind = spec.kind;
        self.scope = spec.scope.copied();
        self.parent = parent;
        self.start_unix_nano = start_unix_nano;
        let given = spec.attributes.iter();
        self.attributes.extend(
            given.filter_map(|(key, value)| Some((Cow::Borrowed(*key), value.to_attribute()?))),
        );
        self.links.extend_from_slice(spec.links);
    }

    /// Empties the record and keeps its memory, the extension included.
    pub fn clear(&mut self) {
        self.name = Cow::Borrowed("");
        self.kind = SpanKind::Internal;
        self.scope = None;
        self.parent = TraceContext::default();
        self.start_unix_nano = 0;
        self.attributes.clear();
        self.events.clear();
        self.links.clear();
        self.status = Status::Unset;
    }
}

/// Storage in a record for the implementation's own state. It is kept when the record is
/// [cleared](Record::clear), so that it is allocated once for many spans.
///
/// A clone of a record has an empty one, and comparisons ignore it.
#[derive(Default)]
pub struct Extension(Option<Box<dyn Any + Send + Sync>>);

impl Extension {
    /// The state, if it is a `T`.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }

    /// The state; a default `T` replaces anything else.
    pub fn get_or_default<T: Any + Send + Sync + Default>(&mut self) -> &mut T {
        let state = match self.0.take() {
            Some(state) if state.is::<T>() => state,
            _ => Box::new(T::default()),
        };
        let state = self.0.insert(state).downcast_mut();
        state.expect("invariant: is a T")
    }
}

impl Clone for Extension {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl PartialEq for Extension {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some(_)" } else { "None" })
    }
}
