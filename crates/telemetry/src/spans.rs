//! Spans that are started through `glassbox_core` and `tracing`.

mod current;
mod finish;
mod processor;
mod sampler;

pub(crate) use current::{Attached, attach, current, exit, in_context, span_context, with_span};
pub(crate) use processor::{LogQueue, SpanQueue};
pub(crate) use sampler::TraceSampler;

use crate::{clock::Wall, config::TelemetryConfig, pipeline::Intake, scope};
use finish::Limits;
use glassbox_core::telemetry::{Ended, Record, SpanSpec, Started, TraceContext};
use opentelemetry::{Context, InstrumentationScope};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use std::{cell::RefCell, sync::Arc};

/// The maximum number of unused records that a thread keeps.
const MAX_SPARE: usize = 32;

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes are what spans own, and reusing them avoids allocations")]
    static SPARE: RefCell<Vec<Box<Record>>> = const { RefCell::new(Vec::new()) };
}

/// Starts and ends spans.
#[derive(Debug)]
pub(crate) struct Tracer {
    sampler: TraceSampler,
    limits: Limits,
    ids: RandomIdGenerator,
    intake: Intake,
    clock: Arc<Wall>,
    /// The scope of spans without one.
    scope: InstrumentationScope,
}

impl Tracer {
    pub(crate) fn new(config: &TelemetryConfig, intake: Intake, clock: Arc<Wall>) -> Self {
        Self {
            sampler: TraceSampler::new(config.sampler, config.sampling_ratio),
            limits: Limits::new(config),
            ids: RandomIdGenerator::default(),
            intake,
            clock,
            scope: scope::own(),
        }
    }

    /// Starts a span with a parent. An invalid parent starts a new trace.
    pub(crate) fn start(&self, spec: SpanSpec<'_>, parent: TraceContext) -> Started {
        let (trace_id, random) = match (parent.is_valid(), spec.trace_id) {
            (true, _) => (parent.trace_id, parent.random),
            (false, 0) => {
                let id = self.ids.new_trace_id().to_bytes();
                (u128::from_be_bytes(id), true)
            }
            // It is unknown whether the caller's id is random.
            (false, given) => (given, false),
        };
        let span_id = match spec.span_id {
            0 => u64::from_be_bytes(self.ids.new_span_id().to_bytes()),
            given => given,
        };
        // Suppressed: this is the work of an exporter.
        let suppressed = Context::is_current_telemetry_suppressed();
        let sampled = !suppressed && self.sampler.samples(&parent, trace_id);
        let mut context = TraceContext::new(trace_id, span_id, sampled);
        context.random = random;
        context.state.clone_from(&parent.state);
        let record = (sampled && self.intake.takes_spans()).then(|| {
            let mut record = spare();
            let start = match spec.start_unix_nano {
                0 => self.clock.now(),
                given => given,
            };
            record.begin(spec, parent, start);
            record.extension.get_or_default::<Attached>();
            record
        });
        Started::new(context, record)
    }

    /// Ends a span. Ignores one without a record.
    pub(crate) fn end(&self, ended: Ended) {
        let Some(mut record) = ended.record else {
            return;
        };
        let end = match ended.end_unix_nano {
            0 => self.clock.now(),
            given => given,
        };
        let scope = match &record.scope {
            None => self.scope.clone(),
            Some(scope) => scope::of(scope),
        };
        let span = self.limits.finish(&ended.context, &mut record, end, scope);
        keep(record);
        self.intake.span(span);
    }
}

/// An empty record, reused if the thread has one.
fn spare() -> Box<Record> {
    // A thread that is ending keeps no records.
    SPARE
        .try_with(|spare| spare.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn keep(mut record: Box<Record>) {
    record.clear();
    record.extension.get_or_default::<Attached>().clear();
    // A thread that is ending drops the record.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MAX_SPARE {
            spare.push(record);
        }
    });
}
