//! The metrics of model calls and agents, as the GenAI conventions define them.

use glassbox_core::{
    scope,
    telemetry::{Counter, Histogram, Scope},
};
use glassbox_semconv::{
    gen_ai_latest::{INVOKE_AGENT_DURATION, INVOKE_AGENT_INFERENCE_CALLS, INVOKE_AGENT_TOOL_CALLS},
    gen_ai_v1_41::{
        CLIENT_OPERATION_DURATION, CLIENT_TIME_PER_OUTPUT_CHUNK, CLIENT_TIME_TO_FIRST_CHUNK,
        CLIENT_TOKEN_USAGE, OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL,
        TOKEN_TYPE,
    },
    glassbox::{BREAKER_REJECTIONS, RETRIES, RETRIES_STOPPED},
    v1_41::{error, server},
};

const SCOPE: Scope = scope!();

/// Keys in the order in which a call gives their values: what is known at its start comes first.
pub(crate) static DURATION: Histogram = Histogram::of(&CLIENT_OPERATION_DURATION)
    .with_scope(SCOPE)
    .with_keys(&[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
        RESPONSE_MODEL,
        error::TYPE,
    ]);
pub(crate) static FIRST_CHUNK: Histogram = Histogram::of(&CLIENT_TIME_TO_FIRST_CHUNK)
    .with_scope(SCOPE)
    .with_keys(&[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
        RESPONSE_MODEL,
    ]);
/// Without the response model, which is known only at the end.
pub(crate) static PER_CHUNK: Histogram = Histogram::of(&CLIENT_TIME_PER_OUTPUT_CHUNK)
    .with_scope(SCOPE)
    .with_keys(&[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
    ]);
pub(crate) static TOKENS: Histogram = Histogram::of(&CLIENT_TOKEN_USAGE)
    .with_scope(SCOPE)
    .with_keys(&[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        server::ADDRESS,
        server::PORT,
        TOKEN_TYPE,
        RESPONSE_MODEL,
    ]);
pub(crate) static AGENT_DURATION: Histogram =
    Histogram::of(&INVOKE_AGENT_DURATION).with_scope(SCOPE);
pub(crate) static AGENT_INFERENCE_CALLS: Histogram =
    Histogram::of(&INVOKE_AGENT_INFERENCE_CALLS).with_scope(SCOPE);
pub(crate) static AGENT_TOOL_CALLS: Histogram =
    Histogram::of(&INVOKE_AGENT_TOOL_CALLS).with_scope(SCOPE);

pub(crate) static RETRIED: Counter = Counter::of(&RETRIES).with_scope(SCOPE);
pub(crate) static STOPPED: Counter = Counter::of(&RETRIES_STOPPED).with_scope(SCOPE);
pub(crate) static REJECTED: Counter = Counter::of(&BREAKER_REJECTIONS).with_scope(SCOPE);
