//! The current span. It is kept in OpenTelemetry's context, which all libraries share.

use glassbox_core::telemetry::TraceContext;
use opentelemetry::{
    Context, ContextGuard,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use std::{
    cell::RefCell,
    sync::{Arc, OnceLock},
};

/// The flag of a trace whose id is known to be random, by level 2 of the W3C recommendation.
const RANDOM: TraceFlags = TraceFlags::new(2);

/// The contexts that this thread has entered and not left.
#[derive(Default)]
struct Entries {
    next: u64,
    guards: Vec<(u64, ContextGuard)>,
}

impl Drop for Entries {
    fn drop(&mut self) {
        // The thread is ending. A guard would access the context's thread-local, which may already be destroyed.
        self.guards.drain(..).for_each(std::mem::forget);
    }
}

thread_local! {
    static ENTRIES: RefCell<Entries> = RefCell::default();
    /// Contexts of spans without a record that were entered recently, by their ids. Such spans cannot
    /// store a context themselves.
    static LATEST: RefCell<[Option<(SpanKey, Context)>; LATEST_SPANS]> =
        const { RefCell::new([const { None }; LATEST_SPANS]) };
}

/// How many contexts of spans without a record a thread keeps.
const LATEST_SPANS: usize = 8;

/// Trace id and span id.
type SpanKey = (u128, u64);

/// Attaches a context to this thread; returns the token for [`exit`].
pub(crate) fn attach_own(context: Context) -> u64 {
    let guard = context.attach();
    let entered = ENTRIES.try_with(|entries| {
        let mut entries = entries.borrow_mut();
        entries.next += 1;
        let token = entries.next;
        entries.guards.push((token, guard));
        token
    });
    // A thread that is ending enters nothing. No entry has the token 0.
    entered.unwrap_or(0)
}

/// The context in which a span is current. It is built when the span is first entered, and reused.
#[derive(Debug, Default)]
pub(crate) struct Attached(OnceLock<Context>);

impl Attached {
    pub(super) fn clear(&mut self) {
        self.0.take();
    }
}

/// Makes a span current on this thread; returns the token for [`exit`].
///
/// Other contents of OpenTelemetry's context, such as its baggage, are those of the first entry.
pub(crate) fn attach(span: &TraceContext, attached: Option<&Attached>) -> u64 {
    let make = || Context::map_current(|base| with_span(base, span));
    // Suppression applies to everything that is entered within it.
    let context = match attached {
        Some(Attached(context)) if !Context::is_current_telemetry_suppressed() => {
            context.get_or_init(make).clone()
        }
        None if !Context::is_current_telemetry_suppressed() => {
            latest((span.trace_id, span.span_id), make)
        }
        _ => make(),
    };
    attach_own(context)
}

fn latest(key: SpanKey, make: impl Fn() -> Context) -> Context {
    let found = LATEST.try_with(|latest| {
        let mut latest = latest.borrow_mut();
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are meant")]
        let place = &mut latest[key.1 as usize % LATEST_SPANS];
        match place {
            Some((known, context)) if *known == key => context.clone(),
            _ => place.insert((key, make())).1.clone(),
        }
    });
    // A thread that is ending keeps no contexts.
    found.unwrap_or_else(|_| make())
}

/// Leaves the context of the token. Guards may be dropped in any order: OpenTelemetry removes one from
/// the middle of its stack.
pub(crate) fn exit(token: u64) {
    let left = ENTRIES.try_with(|entries| {
        let mut entries = entries.borrow_mut();
        let at = entries
            .guards
            .iter()
            .rposition(|(kept, _)| *kept == token)?;
        Some(entries.guards.remove(at))
    });
    // Dropped after the borrow, because the end of a context may end a span, which may call this again.
    drop(left);
}

/// The context of the current span, of any library.
pub(crate) fn current() -> TraceContext {
    Context::map_current(in_context)
}

/// A span with its unchanged `tracestate`. OpenTelemetry's type rejects entries that are valid at level 2 of
/// the W3C recommendation.
struct Stated {
    context: TraceContext,
    /// Whether OpenTelemetry's type lacks some of the entries.
    is_lossy: bool,
}

/// A context with another current span.
pub(crate) fn with_span(base: &Context, span: &TraceContext) -> Context {
    let Some(state) = &span.state else {
        return base.with_remote_span_context(to_otel(span, TraceState::NONE));
    };
    let (otel_state, is_lossy) = parse_state(state);
    base.with_remote_span_context(to_otel(span, otel_state))
        .with_value(Stated {
            context: span.clone(),
            is_lossy,
        })
}

/// The current span of a context.
pub(crate) fn in_context(cx: &Context) -> TraceContext {
    let span = cx.span();
    let otel = span.span_context();
    if !otel.is_valid() {
        return TraceContext::default();
    }
    let trace_id = u128::from_be_bytes(otel.trace_id().to_bytes());
    let span_id = u64::from_be_bytes(otel.span_id().to_bytes());
    let stated = cx
        .get::<Stated>()
        .filter(|stated| stated.context.trace_id == trace_id);
    if let Some(stated) = stated.filter(|stated| stated.context.span_id == span_id) {
        return stated.context.clone();
    }
    let mut context = TraceContext::new(trace_id, span_id, otel.is_sampled());
    context.random = otel.trace_flags() & RANDOM == RANDOM;
    context.remote = otel.is_remote();
    context.state = match stated {
        // The SDK started a span within one of ours, and its state lacks some of our entries.
        Some(stated) if stated.is_lossy => stated.context.state.clone(),
        _ if *otel.trace_state() == TraceState::NONE => None,
        _ => Some(otel.trace_state().header())
            .filter(|state| !state.is_empty())
            .map(Arc::from),
    };
    context
}

/// A context as OpenTelemetry's type, with the entries of its `tracestate` that are valid there.
pub(crate) fn span_context(context: &TraceContext) -> SpanContext {
    let state = context.state.as_deref().map(parse_state);
    to_otel(context, state.unwrap_or_default().0)
}

fn to_otel(context: &TraceContext, state: TraceState) -> SpanContext {
    let mut flags = TraceFlags::default().with_sampled(context.sampled);
    if context.random {
        flags = flags | RANDOM;
    }
    SpanContext::new(
        TraceId::from(context.trace_id),
        SpanId::from(context.span_id),
        flags,
        context.remote,
        state,
    )
}

/// The entries that are valid for OpenTelemetry, and whether some are missing.
fn parse_state(state: &str) -> (TraceState, bool) {
    if let Ok(state) = state.parse() {
        return (state, false);
    }
    let entries = state.split(',').filter_map(|entry| entry.split_once('='));
    let allowed = entries.filter(|entry| TraceState::from_key_value([*entry]).is_ok());
    (
        TraceState::from_key_value(allowed).unwrap_or_default(),
        true,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(state: &str) -> TraceContext {
        let mut context = TraceContext::new(7, 9, true);
        context.state = Some(state.into());
        context
    }

    #[test]
    fn entries_of_level_2_survive_being_current() {
        let span = stated("foo@@bar=1,vendor=2");
        let token = attach(&span, None);
        assert_eq!(current(), span);
        let otel = Context::map_current(|cx| cx.span().span_context().clone());
        assert_eq!(otel.trace_state().header(), "vendor=2", "what it can say");
        // A span that the SDK starts here.
        let native = SpanContext::new(
            otel.trace_id(),
            SpanId::from(11),
            otel.trace_flags(),
            false,
            otel.trace_state().clone(),
        );
        let within = Context::current().with_remote_span_context(native);
        assert_eq!(in_context(&within).state, span.state);
        assert_eq!(in_context(&within).span_id, 11);
        exit(token);
        assert!(!current().is_valid());
    }

    #[test]
    fn the_state_of_another_trace_is_not_handed_on() {
        let token = attach(&stated("foo@@bar=1"), None);
        let other = TraceContext::new(8, 9, true);
        let within = attach(&other, None);
        assert_eq!(current(), other);
        exit(within);
        exit(token);
    }

    #[test]
    fn a_span_that_is_entered_again_builds_no_context() {
        let attached = Attached::default();
        let span = stated("vendor=1");
        for _ in 0..2 {
            let token = attach(&span, Some(&attached));
            assert_eq!(current(), span);
            exit(token);
        }
        // The context of the first entry is reused, regardless of the span.
        let token = attach(&TraceContext::new(1, 1, true), Some(&attached));
        assert_eq!(current(), span);
        exit(token);
    }

    #[test]
    fn a_span_entered_in_silence_stays_silent() {
        let attached = Attached::default();
        let span = stated("vendor=1");
        exit(attach(&span, Some(&attached)));
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        let token = attach(&span, Some(&attached));
        assert!(Context::is_current_telemetry_suppressed());
        exit(token);
    }
}
