//! The metrics of calls.

use glassbox_core::telemetry::{Counter, Histogram};
use glassbox_semconv::{
    Metric,
    gen_ai_latest::EXECUTE_TOOL_DURATION,
    gen_ai_v1_41::{TOOL_NAME, TOOL_TYPE},
    glassbox::{
        BREAKER_FROM, BREAKER_REJECTIONS, BREAKER_TO, BREAKER_TRANSITIONS, DEPENDENCY, REASON,
        RETRIES as RETRIES_METRIC, RETRIES_STOPPED, TIMEOUTS as TIMEOUTS_METRIC,
    },
    v1_41::error,
};

pub(crate) static DURATION: Histogram = histogram(EXECUTE_TOOL_DURATION, &[TOOL_NAME, TOOL_TYPE]);
/// The same of calls that failed: a label that does not apply is absent, not empty.
pub(crate) static FAILED_DURATION: Histogram =
    histogram(EXECUTE_TOOL_DURATION, &[TOOL_NAME, TOOL_TYPE, error::TYPE]);

pub(crate) static RETRIES: Counter = counter(RETRIES_METRIC, &[DEPENDENCY, error::TYPE]);
pub(crate) static STOPPED: Counter = counter(RETRIES_STOPPED, &[DEPENDENCY, REASON]);
pub(crate) static TIMEOUTS: Counter = counter(TIMEOUTS_METRIC, &[DEPENDENCY]);
pub(crate) static REJECTIONS: Counter = counter(BREAKER_REJECTIONS, &[DEPENDENCY]);
pub(crate) static TRANSITIONS: Counter =
    counter(BREAKER_TRANSITIONS, &[DEPENDENCY, BREAKER_FROM, BREAKER_TO]);

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
