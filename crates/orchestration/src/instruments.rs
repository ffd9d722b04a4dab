//! The metrics of workflows and steps, as the conventions define them.

use glassbox_core::{
    scope,
    telemetry::{Counter, Histogram, Scope},
};
use glassbox_semconv::{gen_ai_latest::INVOKE_WORKFLOW_DURATION, glassbox as own};

const SCOPE: Scope = scope!();

pub(crate) static STARTED: Counter = Counter::of(&own::WORKFLOWS_STARTED).with_scope(SCOPE);
pub(crate) static COMPLETED: Counter = Counter::of(&own::WORKFLOWS_COMPLETED).with_scope(SCOPE);
pub(crate) static FAILED: Counter = Counter::of(&own::WORKFLOWS_FAILED).with_scope(SCOPE);
pub(crate) static STEP_RETRIES: Counter =
    Counter::of(&own::WORKFLOW_STEP_RETRIES).with_scope(SCOPE);

pub(crate) static DURATION: Histogram = Histogram::of(&own::WORKFLOW_DURATION).with_scope(SCOPE);
pub(crate) static INVOKE_DURATION: Histogram =
    Histogram::of(&INVOKE_WORKFLOW_DURATION).with_scope(SCOPE);
pub(crate) static STEP_DURATION: Histogram =
    Histogram::of(&own::WORKFLOW_STEP_DURATION).with_scope(SCOPE);
