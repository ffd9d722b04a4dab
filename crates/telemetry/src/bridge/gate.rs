//! The filter that keeps telemetry about telemetry out.

use crate::pipeline::is_own_thread;
use tracing::{Metadata, Subscriber, level_filters::LevelFilter, span, subscriber::Interest};
use tracing_subscriber::{
    EnvFilter,
    layer::{Context, Filter},
    registry::LookupSpan,
};

/// Crates that log while they send telemetry. On other threads they work for the application.
const CARRIERS: &[&str] = &[
    "h2",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "mio",
    "reqwest",
    "rustls",
    "tokio",
    "tokio_rustls",
    "tokio_util",
    "tonic",
    "tower",
    "want",
];

/// Crates that log about telemetry, on any thread.
const OURSELVES: &[&str] = &[
    "glassbox_telemetry",
    "opentelemetry",
    "opentelemetry_http",
    "opentelemetry_otlp",
    "opentelemetry_sdk",
];

/// The application's filter, without events about sending telemetry.
///
/// The SDK's own suppression is per thread too, but its exporters' connections run on other threads. All of
/// ours run on one thread.
pub(super) struct Gate(pub(super) EnvFilter);

fn of(crates: &[&str], metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let name = target.split_once("::").map_or(target, |(name, _)| name);
    crates.contains(&name)
}

impl<S> Filter<S> for Gate
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn enabled(&self, metadata: &Metadata<'_>, cx: &Context<'_, S>) -> bool {
        if of(OURSELVES, metadata) || of(CARRIERS, metadata) && is_own_thread() {
            return false;
        }
        Filter::enabled(&self.0, metadata, cx)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        let interest = Filter::<S>::callsite_enabled(&self.0, metadata);
        match interest {
            _ if of(OURSELVES, metadata) => Interest::never(),
            // Depends on the thread, so it is checked every time.
            interest if interest.is_always() && of(CARRIERS, metadata) => Interest::sometimes(),
            interest => interest,
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(&self.0)
    }

    fn on_new_span(&self, attrs: &span::Attributes<'_>, id: &span::Id, cx: Context<'_, S>) {
        Filter::on_new_span(&self.0, attrs, id, cx);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, cx: Context<'_, S>) {
        Filter::on_record(&self.0, id, values, cx);
    }

    fn on_enter(&self, id: &span::Id, cx: Context<'_, S>) {
        Filter::on_enter(&self.0, id, cx);
    }

    fn on_exit(&self, id: &span::Id, cx: Context<'_, S>) {
        Filter::on_exit(&self.0, id, cx);
    }

    fn on_close(&self, id: span::Id, cx: Context<'_, S>) {
        Filter::on_close(&self.0, id, cx);
    }
}
