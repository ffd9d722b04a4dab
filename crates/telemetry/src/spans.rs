//! Spans of our own, exported as the SDK's.

mod current;
mod finish;
mod processor;
mod sampler;

pub(crate) use current::{attach_own, current, enter, exit, span_context};
pub(crate) use processor::{LogQueue, SpanQueue};
pub(crate) use sampler::TraceSampler;

use crate::{clock::Wall, config::TelemetryConfig, pipeline::Queue};
use finish::Limits;
use glassbox_core::telemetry::{Attribute, Ended, Link, Record, SpanKind, Started, TraceContext};
use opentelemetry::{Context, InstrumentationScope};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SpanData};
use std::{borrow::Cow, cell::RefCell, sync::Arc};

/// The most records that a thread keeps for its next spans.
const MAX_SPARE: usize = 32;

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes are what is lent out, and what is spared")]
    static SPARE: RefCell<Vec<Box<Record>>> = const { RefCell::new(Vec::new()) };
}

/// Starts and ends spans.
#[derive(Debug)]
pub(crate) struct Tracer {
    sampler: TraceSampler,
    limits: Limits,
    ids: RandomIdGenerator,
    queue: Arc<Queue<SpanData>>,
    clock: Arc<Wall>,
}

/// A span that is about to start.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: SpanKind,
    /// Invalid: a new trace.
    pub(crate) parent: TraceContext,
    pub(crate) attributes: Vec<(Cow<'static, str>, Attribute)>,
    pub(crate) links: Vec<Link>,
}

impl Tracer {
    pub(crate) fn new(
        config: &TelemetryConfig,
        queue: Arc<Queue<SpanData>>,
        clock: Arc<Wall>,
    ) -> Self {
        Self {
            sampler: TraceSampler::new(config.sampler, config.sampling_ratio),
            limits: Limits::new(config),
            ids: RandomIdGenerator::default(),
            queue,
            clock,
        }
    }

    pub(crate) fn start(&self, spec: Spec) -> Started {
        let Spec { parent, .. } = spec;
        let (trace_id, random) = match parent.is_valid() {
            true => (parent.trace_id, parent.random),
            false => {
                let id = self.ids.new_trace_id().to_bytes();
                (u128::from_be_bytes(id), true)
            }
        };
        let span_id = u64::from_be_bytes(self.ids.new_span_id().to_bytes());
        // An exporter's own doings, by OpenTelemetry's word for it, are no telemetry.
        let suppressed = Context::is_current_telemetry_suppressed();
        let sampled = !suppressed && self.sampler.samples(&parent, trace_id);
        let mut context = TraceContext::new(trace_id, span_id, sampled);
        context.random = random;
        context.state.clone_from(&parent.state);
        let record = (sampled && !self.queue.is_discarding()).then(|| {
            let mut record = spare();
            record.name = spec.name;
            record.kind = spec.kind;
            record.parent = parent;
            record.start_unix_nano = self.clock.now();
            record.attributes.extend(spec.attributes);
            record.links.extend(spec.links);
            record
        });
        Started { context, record }
    }

    /// Ends a span of `scope`; without a record there is nothing to do.
    pub(crate) fn end(&self, ended: Ended, scope: &InstrumentationScope) {
        let Some(mut record) = ended.record else {
            return;
        };
        let span = self
            .limits
            .finish(&ended.context, &mut record, self.clock.now(), scope);
        keep(record);
        self.queue.push(span);
    }
}

/// A record with the memory of an earlier one, where the thread has any.
fn spare() -> Box<Record> {
    // While a thread ends it keeps nothing.
    SPARE
        .try_with(|spare| spare.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn keep(mut record: Box<Record>) {
    record.clear();
    // While a thread ends, the record is simply dropped.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MAX_SPARE {
            spare.push(record);
        }
    });
}
