//! The telemetry contract: one trait, one global slot, and handles that cost almost nothing without
//! telemetry.
//!
//! There are three levels, from the shortest to the most detailed:
//! 1. macros: [`counter!`](crate::counter), [`histogram!`](crate::histogram),
//!    [`gauge!`](crate::gauge), [`up_down_counter!`](crate::up_down_counter);
//! 2. one call per operation: [`in_span`], [`time`], [`record_latency`], [`record_error`];
//! 3. instruments and spans: [`Counter`], [`Histogram`], [`Observable`], [`Span::builder`].
//!
//! Without [`install`], everything here does nothing. A handle that was created before `install` works
//! after it. Logs are `tracing` events; there is no log type here.

mod attribute;
mod descriptor;
mod event;
mod forward;
mod handover;
mod health;
mod instrument;
mod macros;
mod name;
mod observable;
mod observation;
mod operation;
mod propagation;
mod record;
mod scope;
mod slot;
mod span;
mod spec;
mod state;
mod value;

pub use attribute::Attribute;
pub use descriptor::{Descriptor, InstrumentId, Kind};
pub use event::{Link, SpanEvent, Status};
pub use handover::{Ended, SpanRef, Started};
pub use health::{Drops, SignalHealth, TelemetryHealth};
pub use instrument::{
    Counter, FloatCounter, Gauge, Histogram, Instrument, Labelled, UpDownCounter, intern,
};
pub use name::SpanName;
pub use observable::Observable;
pub use observation::Observation;
pub use operation::{
    OPERATION_DURATION, OPERATION_ERRORS, Timer, in_span, record_error, record_latency, time,
};
pub use propagation::{ParseError, TraceContext};
pub use record::{Extension, Record};
pub use scope::Scope;
pub use slot::{AlreadyInstalled, install, installed};
pub use span::{Entered, Span, SpanBuilder};
pub use spec::{SpanKind, SpanSpec};
#[doc(hidden)]
pub use value::Literal;
pub use value::Value;

use std::sync::Weak;

/// An implementation of telemetry, which the application installs.
///
/// Every method except `resolve`, `observe` and `health` is called on the application's hot paths: none
/// of them may block, allocate for known label values, or panic.
///
/// Methods added later have a default, and arguments are `#[non_exhaustive]` types that can get more
/// fields, so an implementation keeps compiling. A reference, box or [`Arc`](std::sync::Arc) of an
/// implementation is an implementation too.
pub trait Telemetry: Send + Sync {
    /// Resolves an instrument, once per callsite. Equal descriptors have the same id at every callsite.
    /// Ids start at 1.
    fn resolve(&self, instrument: &Descriptor) -> InstrumentId;

    /// Adds to a counter. `values` are in the order of the instrument's keys; the label of an
    /// [absent](Value::Absent) one is omitted.
    fn add(&self, id: InstrumentId, n: u64, values: &[Value<'_>]);
    /// Adds to a counter of fractions.
    fn add_float(&self, id: InstrumentId, n: f64, values: &[Value<'_>]);
    /// Adds a positive or negative number to an up-down counter.
    fn add_signed(&self, id: InstrumentId, n: i64, values: &[Value<'_>]);
    /// Sets a gauge.
    fn set(&self, id: InstrumentId, value: f64, values: &[Value<'_>]);
    /// Records into a histogram.
    fn record(&self, id: InstrumentId, value: f64, values: &[Value<'_>]);
    /// Reads `observation` at every collection while it exists.
    fn observe(&self, observation: Weak<Observation>);

    /// Starts a span, with a record if it is sampled ([`Record::begin`] fills it). Does not enter it. Must
    /// not allocate for a span that is not recorded.
    fn start(&self, spec: SpanSpec<'_>) -> Started;
    /// Ends a span and returns its record to the implementation.
    fn end(&self, ended: Ended);
    /// Makes a span current on this thread; returns the token for [`exit`](Self::exit). Called at every
    /// poll of a future, so state should be kept in the record's [`Extension`] or behind the
    /// [slot](Started::slot).
    fn enter(&self, span: SpanRef<'_>) -> u64;
    /// Undoes the `enter` that returned `token`.
    fn exit(&self, token: u64);
    /// The context of the current span; invalid if there is none.
    fn current(&self) -> TraceContext;

    /// Nanoseconds since the Unix epoch. Never decreases within a process.
    fn now(&self) -> u64;
    /// The state of the pipeline.
    fn health(&self) -> TelemetryHealth;
}

/// The context of the current span; invalid without one or without telemetry.
pub fn current() -> TraceContext {
    installed().map_or_else(TraceContext::default, |telemetry| telemetry.current())
}

/// The state of the pipeline; `None` without telemetry.
pub fn health() -> Option<TelemetryHealth> {
    installed().map(|telemetry| telemetry.health())
}
