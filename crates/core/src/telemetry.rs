//! The telemetry contract: one trait, one late-bound global, handles that cost nothing without it.
//!
//! Three levels, from least to most said:
//! 1. macros at the callsite: [`counter!`](crate::counter), [`histogram!`](crate::histogram),
//!    [`gauge!`](crate::gauge), [`up_down_counter!`](crate::up_down_counter);
//! 2. one call for an operation: [`in_span`], [`time`], [`record_latency`], [`record_error`];
//! 3. instruments and spans in full: [`Counter`], [`Histogram`], [`Observable`], [`Span::builder`].
//!
//! Before [`install`], and without it, everything here does nothing. A handle made before `install`
//! delivers after it. Logs are `tracing` events; there is no log type here.

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

/// Implemented once, by the telemetry crate; installed once, by the application.
///
/// Every method but `resolve`, `observe` and `health` is called on the application's hot paths: none
/// may block, allocate on a hit, or panic.
///
/// A method that is added later has a default, so that an implementation goes on compiling; what its
/// arguments say grows by fields, which are borrowed from `#[non_exhaustive]` types. A reference, box
/// or [`Arc`](std::sync::Arc) of an implementation is one as well.
pub trait Telemetry: Send + Sync {
    /// Resolves an instrument, once per callsite; the same name, unit, kind, labels and keys give the
    /// same id from every callsite. Ids start at 1.
    fn resolve(&self, instrument: &Descriptor) -> InstrumentId;

    /// Adds to a counter. `values` stand in the order of the instrument's keys; the label of an
    /// [absent](Value::Absent) one is left out.
    fn add(&self, id: InstrumentId, n: u64, values: &[Value<'_>]);
    /// Adds to a counter of fractions.
    fn add_float(&self, id: InstrumentId, n: f64, values: &[Value<'_>]);
    /// Adds to, or takes from, an up-down counter.
    fn add_signed(&self, id: InstrumentId, n: i64, values: &[Value<'_>]);
    /// Sets a gauge.
    fn set(&self, id: InstrumentId, value: f64, values: &[Value<'_>]);
    /// Records into a histogram.
    fn record(&self, id: InstrumentId, value: f64, values: &[Value<'_>]);
    /// Asks `observation` at every collection, as long as it lives.
    fn observe(&self, observation: Weak<Observation>);

    /// Decides on a span and lends a record if it is to be kept ([`Record::begin`] fills it). Does not
    /// enter it. May not allocate for a span that is not kept.
    fn start(&self, spec: SpanSpec<'_>) -> Started;
    /// Takes the record back.
    fn end(&self, ended: Ended);
    /// Makes a span current on this thread; gives the token for [`exit`](Self::exit). Called at every
    /// poll of a future: what it needs it keeps in the record's [`Extension`] or behind the
    /// [slot](Started::slot).
    fn enter(&self, span: SpanRef<'_>) -> u64;
    /// Makes current again what was current before the `enter` that gave `token`.
    fn exit(&self, token: u64);
    /// The context of the current span; invalid where there is none.
    fn current(&self) -> TraceContext;

    /// Nanoseconds since the Unix epoch, never going back within a process.
    fn now(&self) -> u64;
    /// How the pipeline is.
    fn health(&self) -> TelemetryHealth;
}

/// The context of the current span; invalid where there is none or nothing is installed.
pub fn current() -> TraceContext {
    installed().map_or_else(TraceContext::default, |telemetry| telemetry.current())
}

/// How the installed pipeline is, or `None` where none is installed.
pub fn health() -> Option<TelemetryHealth> {
    installed().map(|telemetry| telemetry.health())
}
