//! The metrics of model calls, tool calls and agents, as the GenAI conventions define them.

use glassbox_core::telemetry::{Counter, Histogram, Value};
use glassbox_semconv::{
    Metric,
    gen_ai_latest::{
        EXECUTE_TOOL_DURATION, INVOKE_AGENT_DURATION, INVOKE_AGENT_INFERENCE_CALLS,
        INVOKE_AGENT_TOOL_CALLS,
    },
    gen_ai_v1_41::{
        AGENT_NAME, CLIENT_OPERATION_DURATION, CLIENT_TIME_PER_OUTPUT_CHUNK,
        CLIENT_TIME_TO_FIRST_CHUNK, CLIENT_TOKEN_USAGE, OPERATION_NAME, PROVIDER_NAME,
        REQUEST_MODEL, RESPONSE_MODEL, TOKEN_TYPE, TOOL_NAME, TOOL_TYPE,
    },
    glassbox::{BREAKER_REJECTIONS, DEPENDENCY, REASON, RETRIES, RETRIES_STOPPED},
    v1_41::{error, server},
};

pub(crate) static DURATION: Sometimes = sometimes(
    CLIENT_OPERATION_DURATION,
    &[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
        RESPONSE_MODEL,
    ],
    &[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
        error::TYPE,
    ],
);
pub(crate) static FIRST_CHUNK: Sometimes = sometimes(
    CLIENT_TIME_TO_FIRST_CHUNK,
    &[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
        RESPONSE_MODEL,
    ],
    &[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
    ],
);
/// Without the response model, which is known only at the end.
pub(crate) static PER_CHUNK: Histogram = histogram(
    CLIENT_TIME_PER_OUTPUT_CHUNK,
    &[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
    ],
);
pub(crate) static TOKENS: Sometimes = sometimes(
    CLIENT_TOKEN_USAGE,
    &[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
        TOKEN_TYPE,
        RESPONSE_MODEL,
    ],
    &[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
        TOKEN_TYPE,
    ],
);
pub(crate) static TOOL_DURATION: Sometimes = sometimes(
    EXECUTE_TOOL_DURATION,
    &[TOOL_NAME, TOOL_TYPE],
    &[TOOL_NAME, TOOL_TYPE, error::TYPE],
);
pub(crate) static AGENT_DURATION: Sometimes = sometimes(
    INVOKE_AGENT_DURATION,
    &[AGENT_NAME],
    &[AGENT_NAME, error::TYPE],
);
pub(crate) static AGENT_INFERENCE_CALLS: Histogram =
    histogram(INVOKE_AGENT_INFERENCE_CALLS, &[AGENT_NAME]);
pub(crate) static AGENT_TOOL_CALLS: Histogram = histogram(INVOKE_AGENT_TOOL_CALLS, &[AGENT_NAME]);

pub(crate) static RETRIED: Counter = counter(RETRIES, &[DEPENDENCY, error::TYPE]);
pub(crate) static STOPPED: Counter = counter(RETRIES_STOPPED, &[DEPENDENCY, REASON]);
pub(crate) static REJECTED: Counter = counter(BREAKER_REJECTIONS, &[DEPENDENCY]);

/// One histogram with two sets of keys, so that a label that does not apply is absent instead of empty.
pub(crate) struct Sometimes {
    good: Histogram,
    bad: Histogram,
}

impl Sometimes {
    /// Records a successful call; `labels` are in the order of the first set of keys.
    pub(crate) fn good(&self, value: f64, labels: &[Value<'_>]) {
        debug_assert_eq!(self.good.descriptor().keys.len(), labels.len());
        self.good.record_with(value, labels);
    }

    /// Records a failed call; `labels` are in the order of the second set of keys.
    pub(crate) fn bad(&self, value: f64, labels: &[Value<'_>]) {
        debug_assert_eq!(self.bad.descriptor().keys.len(), labels.len());
        self.bad.record_with(value, labels);
    }
}

const fn sometimes(
    metric: Metric,
    good: &'static [&'static str],
    bad: &'static [&'static str],
) -> Sometimes {
    Sometimes {
        good: histogram(metric, good),
        bad: histogram(metric, bad),
    }
}

const fn histogram(metric: Metric, keys: &'static [&'static str]) -> Histogram {
    Histogram::new(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_keys(keys)
        .with_buckets(metric.buckets)
}

const fn counter(metric: Metric, keys: &'static [&'static str]) -> Counter {
    Counter::new(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_keys(keys)
}
