//! The entrance of the pipeline.

use super::{
    item::{LogItem, SpanItem},
    queue::Queue,
};
use crate::{Signal, config::TelemetryConfig};
use std::sync::Arc;

/// The single entrance for spans and log records, whatever API produced them: `glassbox_core`, `tracing` or
/// the SDK. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    pub(super) spans: Arc<Queue<SpanItem>>,
    pub(super) logs: Arc<Queue<LogItem>>,
}

impl Intake {
    pub(super) fn new(config: &TelemetryConfig) -> Self {
        let spans = Queue::new(config.queue_size, config.batch_size);
        let logs = Queue::new(
            config.log_queue_size.unwrap_or(config.queue_size),
            config.log_batch_size.unwrap_or(config.batch_size),
        );
        Self {
            spans: Arc::new(exported(spans, config, Signal::Traces)),
            logs: Arc::new(exported(logs, config, Signal::Logs)),
        }
    }

    /// Whether spans are exported. If not, there is no need to record any.
    pub(crate) fn takes_spans(&self) -> bool {
        !self.spans.is_discarding()
    }

    /// Whether log records are exported. If not, there is no need to make any.
    pub(crate) fn takes_logs(&self) -> bool {
        !self.logs.is_discarding()
    }

    /// Takes an ended span; ignores one that is not sampled.
    pub(crate) fn span(&self, span: SpanItem) {
        if span.data.span_context.is_sampled() {
            self.spans.push(span);
        }
    }

    /// Takes a log record with its scope.
    pub(crate) fn log(&self, log: impl FnOnce() -> LogItem) {
        if self.takes_logs() {
            self.logs.push(log());
        }
    }
}

fn exported<T>(queue: Queue<T>, config: &TelemetryConfig, signal: Signal) -> Queue<T> {
    match config.exports(signal) {
        true => queue,
        false => queue.discarding(),
    }
}
