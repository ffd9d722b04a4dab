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

mod health;
mod instrument;
mod label;
mod macros;
mod observable;
mod operation;
mod propagation;
mod record;
mod slot;
mod span;
mod state;

pub use health::{Drops, Health, SignalHealth};
pub use instrument::{
    Counter, Descriptor, FloatCounter, Gauge, Histogram, Instrument, InstrumentId, Kind, Labelled,
    UpDownCounter, intern,
};
#[doc(hidden)]
pub use label::Literal;
pub use label::Value;
pub use observable::{Observable, Observation};
pub use operation::{Timer, in_span, record_error, record_latency, time};
pub use propagation::{ParseError, TraceContext};
pub use record::{Attribute, Event, Link, Record, SpanKind, Status};
pub use slot::{AlreadyInstalled, install, installed};
pub use span::{Ended, Entered, Span, SpanBuilder, SpanSpec, Started};

use std::sync::Weak;

/// Implemented once, by the telemetry crate; installed once, by the application.
///
/// Every method but `resolve`, `observe` and `health` is called on the application's hot paths: none
/// may block, allocate on a hit, or panic.
pub trait Telemetry: Send + Sync {
    /// Resolves an instrument, once per callsite; the same name, unit, kind, labels and keys give the
    /// same id from every callsite. Ids start at 1.
    fn resolve(&self, instrument: &Descriptor) -> InstrumentId;

    /// Adds to a counter. `values` stand in the order of the instrument's keys.
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

    /// Decides on a span and lends a record if it is to be kept. Does not enter it.
    fn start(&self, spec: SpanSpec<'_>) -> Started;
    /// Takes the record back.
    fn end(&self, ended: Ended);
    /// Makes a span current on this thread; gives the token for [`exit`](Self::exit).
    fn enter(&self, context: &TraceContext) -> u64;
    /// Makes current again what was current before the `enter` that gave `token`.
    fn exit(&self, token: u64);
    /// The context of the current span; invalid where there is none.
    fn current(&self) -> TraceContext;

    /// Nanoseconds since the Unix epoch, never going back within a process.
    fn now(&self) -> u64;
    /// How the pipeline is.
    fn health(&self) -> Health;
}

/// The context of the current span; invalid where there is none or nothing is installed.
pub fn current() -> TraceContext {
    installed().map_or_else(TraceContext::default, |telemetry| telemetry.current())
}

/// How the installed pipeline is, or `None` where none is installed.
pub fn health() -> Option<Health> {
    installed().map(|telemetry| telemetry.health())
}
