//! Converts `tracing` spans and events to OpenTelemetry's, and shows them on the console.

mod body;
mod console;
mod fields;
mod gate;
mod log_layer;
mod origin;
mod span_layer;

use crate::{
    InitError,
    config::{Console, TelemetryConfig, TracingLayer},
    otel::Backend,
};
use console::Format;
use gate::Gate;
use log_layer::LogLayer;
use span_layer::SpanLayer;
use std::{io::IsTerminal, sync::Arc};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{MakeWriter, format::FmtSpan},
    registry::LookupSpan,
};

/// The layers for a subscriber that the application builds itself: spans, logs and console as configured,
/// including their filters.
pub type Layers<S> = Vec<Box<dyn Layer<S> + Send + Sync>>;

/// Returns the configured layers. `backend` is `None` if only the console is on.
pub(crate) fn layers<S>(
    config: &TelemetryConfig,
    backend: Option<&Arc<Backend>>,
) -> Result<Layers<S>, InitError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    layers_to(config, backend, std::io::stderr)
}

pub(crate) fn layers_to<S, W>(
    config: &TelemetryConfig,
    backend: Option<&Arc<Backend>>,
    console: W,
) -> Result<Layers<S>, InitError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = || {
        EnvFilter::builder()
            .parse(&config.log_level)
            .map_err(|cause| InitError::Filter(config.log_level.clone(), cause))
    };
    let mut layers: Layers<S> = Vec::new();
    if let Some(backend) = backend {
        let spans: Box<dyn Layer<S> + Send + Sync> = match config.tracing_layer {
            TracingLayer::Glassbox => Box::new(SpanLayer::new(Arc::clone(backend))),
            TracingLayer::TracingOpentelemetry => stock(backend)?,
        };
        let logs = LogLayer::new(backend.logger());
        // One filter for both, so that a span and its logs are either both recorded or not.
        layers.push(Box::new(spans.and_then(logs).with_filter(Gate(filter()?))));
    }
    let format = match config.console {
        Console::Off => return Ok(layers),
        Console::Pretty => Format::Pretty,
        Console::Json => Format::Json,
    };
    layers.push(Box::new(
        tracing_subscriber::fmt::layer()
            .with_span_events(FmtSpan::NONE)
            .fmt_fields(console::Fields)
            .event_format(format)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(console)
            .with_filter(filter()?),
    ));
    Ok(layers)
}

#[cfg(feature = "tracing-opentelemetry")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "without the feature it is an error"
)]
fn stock<S>(backend: &Backend) -> Result<Box<dyn Layer<S> + Send + Sync>, InitError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    use opentelemetry::trace::TracerProvider as _;
    let tracer = backend.tracer_provider().tracer("tracing");
    Ok(Box::new(tracing_opentelemetry::layer().with_tracer(tracer)))
}

#[cfg(not(feature = "tracing-opentelemetry"))]
fn stock<S>(_: &Backend) -> Result<Box<dyn Layer<S> + Send + Sync>, InitError> {
    Err(InitError::Feature("tracing-opentelemetry"))
}

#[cfg(test)]
mod tests;
