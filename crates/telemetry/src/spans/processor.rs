//! Processors of the SDK, for libraries that use OpenTelemetry directly.

use crate::pipeline::Pipeline;
use opentelemetry::{Context, InstrumentationScope, logs::Severity};
use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    logs::{LogProcessor, SdkLogRecord},
    trace::{Span, SpanData, SpanProcessor},
};
use std::{sync::mpsc::sync_channel, time::Duration};

/// The timeout of flushes that are requested from the SDK.
const FLUSH: Duration = Duration::from_secs(5);

/// Passes the SDK's spans to the pipeline.
#[derive(Debug)]
pub(crate) struct SpanQueue(pub(crate) Pipeline);

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.intake().span(span.into());
    }

    fn force_flush(&self) -> OTelSdkResult {
        flush(&self.0)
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        // The guard shuts down the pipeline. Shutting down a provider only flushes.
        flush(&self.0)
    }
}

/// Passes the SDK's log records to the pipeline.
#[derive(Debug)]
pub(crate) struct LogQueue(pub(crate) Pipeline);

impl LogProcessor for LogQueue {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        let copy = || Box::new((record.clone(), scope.clone()));
        self.0.intake().log(copy);
    }

    fn event_enabled(&self, _: Severity, _: &str, _: Option<&str>) -> bool {
        self.0.intake().takes_logs()
    }

    fn force_flush(&self) -> OTelSdkResult {
        flush(&self.0)
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        flush(&self.0)
    }
}

fn flush(pipeline: &Pipeline) -> OTelSdkResult {
    let (done, outcome) = sync_channel(1);
    pipeline.flush(FLUSH, move |flushed| {
        // The caller may have stopped waiting.
        let _ = done.send(flushed);
    });
    match outcome.recv_timeout(FLUSH) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(OTelSdkError::InternalFailure(format!("failed to {error}"))),
        Err(_) => Err(OTelSdkError::Timeout(FLUSH)),
    }
}
