//! `tracing` spans as OpenTelemetry's.

use super::fields::{Failure, SpanFields};
use crate::{
    otel::Backend,
    spans::{self, Spec},
};
use glassbox_core::telemetry::{Ended, Link, Record, SpanKind, Status, TraceContext};
use glassbox_semconv::v1_41::code;
use opentelemetry::{Context as OtelContext, InstrumentationScope, trace::TraceContextExt};
use std::{cell::RefCell, sync::Arc};
use tracing::{Event, Level, Subscriber, span};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

thread_local! {
    /// The tokens of the spans that this thread is in, innermost last.
    static ENTERED: RefCell<Vec<(u64, u64)>> = const { RefCell::new(Vec::new()) };
}

/// Makes a span for each `tracing` span that passes the filter.
///
/// The parent is OpenTelemetry's current context, which Glassbox spans, `tracing` spans and native
/// spans all enter and leave: so whatever was entered last is the parent, in every order of nesting.
pub(super) struct SpanLayer {
    backend: Arc<Backend>,
}

/// What a `tracing` span carries along.
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

fn context_of<'a, S: LookupSpan<'a>>(
    span: tracing_subscriber::registry::SpanRef<'a, S>,
) -> Option<TraceContext> {
    let extensions = span.extensions();
    extensions
        .get::<Bridged>()
        .map(|bridged| bridged.context.clone())
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, cx: Context<'_, S>) {
        let Some(span) = cx.span(id) else { return };
        let metadata = attributes.metadata();
        let started = self.backend.spans().start(Spec {
            name: metadata.name().into(),
            kind: SpanKind::Internal,
            parent: Self::parent(attributes, &cx),
            attributes: Vec::new(),
            links: Vec::new(),
        });
        let mut record = started.record;
        // Fields are read only where somebody will see them.
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
            attributes.record(&mut SpanFields(record));
        }
        span.extensions_mut().insert(Bridged {
            context: started.context,
            record,
        });
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, cx: Context<'_, S>) {
        let Some(span) = cx.span(id) else { return };
        if let Some(record) = span
            .extensions_mut()
            .get_mut::<Bridged>()
            .and_then(|bridged| bridged.record.as_mut())
        {
            values.record(&mut SpanFields(record));
        }
    }

    fn on_follows_from(&self, id: &span::Id, follows: &span::Id, cx: Context<'_, S>) {
        let (Some(span), Some(followed)) = (cx.span(id), cx.span(follows)) else {
            return;
        };
        let Some(followed) = context_of(followed) else {
            return;
        };
        if let Some(record) = span
            .extensions_mut()
            .get_mut::<Bridged>()
            .and_then(|bridged| bridged.record.as_mut())
        {
            record.links.push(Link::new(followed));
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        // Events are logs. One that is an error also says how its span ended, as `#[instrument(err)]`
        // means it.
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let Some(span) = cx.event_span(event) else {
            return;
        };
        let mut extensions = span.extensions_mut();
        if let Some(record) = extensions
            .get_mut::<Bridged>()
            .and_then(|bridged| bridged.record.as_mut())
            && record.status == Status::Unset
        {
            let mut failure = Failure::default();
            event.record(&mut failure);
            record.status = Status::Error(failure.into_text().into());
        }
    }

    fn on_enter(&self, id: &span::Id, cx: Context<'_, S>) {
        let Some(context) = cx.span(id).and_then(context_of) else {
            return;
        };
        let entered =
            OtelContext::current().with_remote_span_context(spans::span_context(&context));
        let token = spans::attach_own(entered);
        // While a thread ends there is nothing to come back to.
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
            // As for logs: what the span belongs to is its target.
            let scope = InstrumentationScope::builder(span.metadata().target()).build();
            self.backend.spans().end(Ended { context, record }, &scope);
        }
    }
}
