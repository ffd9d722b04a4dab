//! The current span: OpenTelemetry's context, so that everybody sees the same one.

use glassbox_core::telemetry::TraceContext;
use opentelemetry::{
    Context, ContextGuard,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use std::cell::RefCell;

/// The flag of a trace whose id is known to be random, by level 2 of the W3C recommendation.
const RANDOM: TraceFlags = TraceFlags::new(2);

/// What this thread has entered and not left.
#[derive(Default)]
struct Entries {
    next: u64,
    guards: Vec<(u64, ContextGuard)>,
}

impl Drop for Entries {
    fn drop(&mut self) {
        // The thread ends: the context's own thread-local may be gone already, and a guard would
        // look for it.
        self.guards.drain(..).for_each(std::mem::forget);
    }
}

thread_local! {
    static ENTRIES: RefCell<Entries> = RefCell::default();
}

/// Attaches a context to this thread; gives the token for [`exit`].
pub(crate) fn attach_own(context: Context) -> u64 {
    let guard = context.attach();
    let entered = ENTRIES.try_with(|entries| {
        let mut entries = entries.borrow_mut();
        entries.next += 1;
        let token = entries.next;
        entries.guards.push((token, guard));
        token
    });
    // While a thread ends, nothing is entered: 0 is nobody's token.
    entered.unwrap_or(0)
}

/// Makes a span current on this thread.
pub(crate) fn enter(span: &TraceContext) -> u64 {
    attach_own(Context::current().with_remote_span_context(span_context(span)))
}

/// Leaves what gave the token. Guards that are dropped in another order than that of their
/// beginning do no harm: OpenTelemetry takes the one out and keeps what is above it.
pub(crate) fn exit(token: u64) {
    let left = ENTRIES.try_with(|entries| {
        let mut entries = entries.borrow_mut();
        let at = entries
            .guards
            .iter()
            .rposition(|(kept, _)| *kept == token)?;
        Some(entries.guards.remove(at))
    });
    // Dropped after the borrow: the end of a context may end a span, and that may come back here.
    drop(left);
}

/// The context of the current span, whoever made it.
pub(crate) fn current() -> TraceContext {
    Context::map_current(|cx| trace_context(cx.span().span_context()))
}

fn trace_context(span: &SpanContext) -> TraceContext {
    if !span.is_valid() {
        return TraceContext::default();
    }
    let trace_id = u128::from_be_bytes(span.trace_id().to_bytes());
    let span_id = u64::from_be_bytes(span.span_id().to_bytes());
    let mut context = TraceContext::new(trace_id, span_id, span.is_sampled());
    context.random = span.trace_flags() & RANDOM == RANDOM;
    context.remote = span.is_remote();
    if *span.trace_state() != TraceState::NONE {
        let state = span.trace_state().header();
        context.state = (!state.is_empty()).then(|| state.into());
    }
    context
}

pub(crate) fn span_context(context: &TraceContext) -> SpanContext {
    let mut flags = TraceFlags::default().with_sampled(context.sampled);
    if context.random {
        flags = flags | RANDOM;
    }
    // What is no list of entries cannot be handed on in this form.
    let state = context
        .state
        .as_deref()
        .map(|state| state.parse().unwrap_or_default());
    SpanContext::new(
        TraceId::from(context.trace_id),
        SpanId::from(context.span_id),
        flags,
        context.remote,
        state.unwrap_or_default(),
    )
}
