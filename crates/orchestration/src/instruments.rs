//! The metrics of workflows and steps, as the conventions define them.

use glassbox_core::telemetry::{Counter, Histogram, Value};
use glassbox_semconv::{
    Metric,
    gen_ai_latest::{EXECUTE_TOOL_DURATION, INVOKE_WORKFLOW_DURATION},
    gen_ai_v1_41::{TOOL_NAME, TOOL_TYPE, WORKFLOW_NAME},
    glassbox as own,
    v1_41::error,
};

pub(crate) static STARTED: Counter = counter(own::WORKFLOWS_STARTED, &[WORKFLOW_NAME]);
pub(crate) static COMPLETED: Counter = counter(own::WORKFLOWS_COMPLETED, &[WORKFLOW_NAME]);
pub(crate) static FAILED: Counter = counter(own::WORKFLOWS_FAILED, &[WORKFLOW_NAME, error::TYPE]);
pub(crate) static STEP_RETRIES: Counter = counter(
    own::WORKFLOW_STEP_RETRIES,
    &[WORKFLOW_NAME, own::WORKFLOW_STEP],
);

pub(crate) static DURATION: Outcomes<1, 2> = Outcomes {
    good: histogram(own::WORKFLOW_DURATION, &[WORKFLOW_NAME]),
    bad: histogram(own::WORKFLOW_DURATION, &[WORKFLOW_NAME, error::TYPE]),
};
pub(crate) static INVOKE_DURATION: Outcomes<1, 2> = Outcomes {
    good: histogram(INVOKE_WORKFLOW_DURATION, &[WORKFLOW_NAME]),
    bad: histogram(INVOKE_WORKFLOW_DURATION, &[WORKFLOW_NAME, error::TYPE]),
};
pub(crate) static STEP_DURATION: Outcomes<2, 3> = Outcomes {
    good: histogram(
        own::WORKFLOW_STEP_DURATION,
        &[WORKFLOW_NAME, own::WORKFLOW_STEP],
    ),
    bad: histogram(
        own::WORKFLOW_STEP_DURATION,
        &[WORKFLOW_NAME, own::WORKFLOW_STEP, error::TYPE],
    ),
};
pub(crate) static TOOL_DURATION: Outcomes<2, 3> = Outcomes {
    good: histogram(EXECUTE_TOOL_DURATION, &[TOOL_NAME, TOOL_TYPE]),
    bad: histogram(EXECUTE_TOOL_DURATION, &[TOOL_NAME, TOOL_TYPE, error::TYPE]),
};

/// A histogram with and without `error.type`. The label is absent unless something failed.
pub(crate) struct Outcomes<const GOOD: usize, const BAD: usize> {
    good: Histogram,
    bad: Histogram,
}

impl<const GOOD: usize, const BAD: usize> Outcomes<GOOD, BAD> {
    /// Records seconds under the labels. `error` is the class of the failure, if there was one.
    pub(crate) fn record(&self, seconds: f64, labels: [&str; GOOD], error: Option<&str>) {
        const { assert!(BAD == GOOD + 1, "error.type is the additional label") };
        let mut values = [Value::Str(""); BAD];
        for (value, label) in values.iter_mut().zip(labels) {
            *value = Value::Str(label);
        }
        match error {
            None => self.good.record_with(seconds, &values[..GOOD]),
            Some(error) => {
                values[GOOD] = Value::Str(error);
                self.bad.record_with(seconds, &values);
            }
        }
    }
}

const fn counter(metric: Metric, keys: &'static [&'static str]) -> Counter {
    Counter::new(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_keys(keys)
}

const fn histogram(metric: Metric, keys: &'static [&'static str]) -> Histogram {
    Histogram::new(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_keys(keys)
        .with_buckets(metric.buckets)
}
