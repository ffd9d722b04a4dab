//! The metrics of calls.

use glassbox_core::{
    scope,
    telemetry::{Counter, Histogram, Scope},
};
use glassbox_semconv::{
    gen_ai_latest::EXECUTE_TOOL_DURATION,
    gen_ai_v1_41::{TOOL_NAME, TOOL_TYPE},
    glassbox as own,
    v1_41::error,
};

const SCOPE: Scope = scope!();

pub(crate) static DURATION: Histogram = Histogram::of(&EXECUTE_TOOL_DURATION)
    .with_scope(SCOPE)
    .with_keys(&[TOOL_NAME, TOOL_TYPE, error::TYPE]);

pub(crate) static RETRIES: Counter = Counter::of(&own::RETRIES).with_scope(SCOPE);
pub(crate) static STOPPED: Counter = Counter::of(&own::RETRIES_STOPPED).with_scope(SCOPE);
pub(crate) static TIMEOUTS: Counter = Counter::of(&own::TIMEOUTS).with_scope(SCOPE);
pub(crate) static REJECTIONS: Counter = Counter::of(&own::BREAKER_REJECTIONS).with_scope(SCOPE);
pub(crate) static TRANSITIONS: Counter = Counter::of(&own::BREAKER_TRANSITIONS).with_scope(SCOPE);
