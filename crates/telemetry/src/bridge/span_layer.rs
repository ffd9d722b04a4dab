//! `tracing` spans as OpenTelemetry's.

use super::fields::{Failure, Fields, apply};
use crate::{
    otel::Backend,
    spans::{self, Attached},
};
use glassbox_core::telemetry::{Ended, Link, Record, Scope, SpanSpec, Status, TraceContext};
use glassbox_semconv::v1_41::code;
use std::{cell::RefCell, sync::Arc};
use tracing::{Event, Level, Subscriber, span};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

thread_local! {
    /// The tokens of the spans that this thread is in, innermost last.
    static ENTERED: RefCell<Vec<(u64, u64)>> = const { RefCell::new(Vec::new()) };
}

/// Creates a span for each `tracing` span that passes the filter.
///
/// The parent is the span in OpenTelemetry's current context. Spans of Glassbox, `tracing` and the SDK all
/// enter that context, so they nest in any order.
pub(super) struct SpanLayer {
    backend: Arc<Backend>,
}

/// The state of a `tracing` span.
struct Bridged {
    context: TraceContext,
    record: Option<Box<Record>>,
}

impl SpanLayer {
    pub(super) const fn new(backend: Arc<Backend>) -> Self {
        Self { backend }
    }

    fn parent<S>(attributes: &span::Attributes<'_>, cx: &Context<'_, S>) -> TraceContext
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if attributes.is_root() {
            return TraceContext::default();
        }
        let explicit = attributes.parent().and_then(|id| context_of(cx.span(id)?));
        explicit.unwrap_or_else(spans::current)
    }
}

/// The context of a span of this layer.
pub(super) fn context_of<'a, S: LookupSpan<'a>>(span: SpanRef<'a, S>) -> Option<TraceContext> {
    let extensions = span.extensions();
    extensions
        .get::<Bridged>()
        .map(|bridged| bridged.context.clone())
}

/// Whether the span is recorded, and its record meets the condition.
fn is_open<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>, asked: impl Fn(&Record) -> bool) -> bool {
    let extensions = span.extensions();
    let bridged = extensions.get::<Bridged>();
    bridged.is_some_and(|bridged| bridged.record.as_deref().is_some_and(asked))
}

/// Changes the record, if there is one. The span is locked in the meantime, so `change` must not run code
/// of the application.
fn with_record<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>, change: impl FnOnce(&mut Record)) {
    let mut extensions = span.extensions_mut();
    let bridged = extensions.get_mut::<Bridged>();
    if let Some(record) = bridged.and_then(|bridged| bridged.record.as_deref_mut()) {
        change(record);
    }
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, cx: Context<'_, S>) {
        let Some(span) = cx.span(id) else { return };
        let metadata = attributes.metadata();
        // The scope is the target, as for logs.
        let scope = Scope::new(metadata.target());
        let mut spec = SpanSpec::new(metadata.name().into());
        spec.scope = Some(&scope);
        let parent = Self::parent(attributes, &cx);
        let started = self.backend.spans().start(spec, parent);
        let mut record = started.record;
        // Fields are evaluated only if the span is recorded.
        if let Some(record) = &mut record {
            if let Some(file) = metadata.file() {
                record
                    .attributes
                    .push((code::FILE_PATH.into(), file.into()));
            }
            if let Some(line) = metadata.line() {
                record
                    .attributes
                    .push((code::LINE_NUMBER.into(), line.into()));
            }
            attributes.record(&mut Fields(|name, value| apply(record, name, value)));
        }
        span.extensions_mut().insert(Bridged {
            context: started.context,
            record,
        });
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, cx: Context<'_, S>) {
        let Some(span) = cx.span(id) else { return };
        if !is_open(&span, |_| true) {
            return;
        }
        let mut read = Vec::with_capacity(values.len());
        values.record(&mut Fields(|name, value| read.push((name, value))));
        with_record(&span, |record| {
            for (name, value) in read {
                apply(record, name, value);
            }
        });
    }

    fn on_follows_from(&self, id: &span::Id, follows: &span::Id, cx: Context<'_, S>) {
        let (Some(span), Some(followed)) = (cx.span(id), cx.span(follows)) else {
            return;
        };
        let Some(followed) = context_of(followed) else {
            return;
        };
        with_record(&span, |record| record.links.push(Link::new(followed)));
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        // Events are logs. An error also sets the status of its span, as `#[instrument(err)]` expects.
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let Some(span) = cx.event_span(event) else {
            return;
        };
        let unset = |record: &Record| record.status == Status::Unset;
        if !is_open(&span, unset) {
            return;
        }
        let mut failure = Failure::default();
        event.record(&mut failure);
        let failed = Status::Error(failure.into_text().into());
        with_record(&span, |record| {
            if unset(record) {
                record.status = failed;
            }
        });
    }

    fn on_enter(&self, id: &span::Id, cx: Context<'_, S>) {
        let token = cx.span(id).and_then(|span| {
            let extensions = span.extensions();
            let bridged = extensions.get::<Bridged>()?;
            let record = bridged.record.as_deref();
            let attached = record.and_then(|record| record.extension.get::<Attached>());
            Some(spans::attach(&bridged.context, attached))
        });
        let Some(token) = token else { return };
        // A thread that is ending has no span to return to.
        let _ = ENTERED.try_with(|stack| stack.borrow_mut().push((id.into_u64(), token)));
    }

    fn on_exit(&self, id: &span::Id, _: Context<'_, S>) {
        let token = ENTERED.try_with(|stack| {
            let mut stack = stack.borrow_mut();
            let at = stack.iter().rposition(|(of, _)| *of == id.into_u64())?;
            Some(stack.remove(at).1)
        });
        if let Ok(Some(token)) = token {
            spans::exit(token);
        }
    }

    fn on_close(&self, id: span::Id, cx: Context<'_, S>) {
        let Some(span) = cx.span(&id) else { return };
        let bridged = span.extensions_mut().remove::<Bridged>();
        if let Some(Bridged { context, record }) = bridged {
            self.backend.spans().end(Ended::new(context, record));
        }
    }
}
