//! The metrics of model calls and agents, as the GenAI conventions define them.

use glassbox_core::{
    scope,
    telemetry::{Counter, Descriptor, Histogram, Scope, Value},
};
use glassbox_semconv::{
    gen_ai_latest::{
        CLIENT_INFERENCE_DURATION, CLIENT_INFERENCE_OPERATION_INPUT_TOKENS,
        CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS, CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK,
        CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, INVOKE_AGENT_DURATION, INVOKE_AGENT_INFERENCE_CALLS,
        INVOKE_AGENT_TOOL_CALLS,
    },
    gen_ai_v1_41::{
        CLIENT_OPERATION_DURATION, CLIENT_TIME_PER_OUTPUT_CHUNK, CLIENT_TIME_TO_FIRST_CHUNK,
        CLIENT_TOKEN_USAGE, OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL,
        TOKEN_TYPE,
    },
    glassbox::{BREAKER_REJECTIONS, RETRIES, RETRIES_STOPPED},
    v1_41::{error, server},
};

const SCOPE: Scope = scope!();

/// One measurement under the names of two versions of the conventions. The installed telemetry drops the
/// one that the application did not choose (`glassbox_semconv::OptIn`).
pub(crate) struct Both(Histogram, Histogram);

impl Both {
    pub(crate) fn record_with(&self, value: f64, values: &[Value<'_>]) {
        self.0.record_with(value, values);
        self.1.record_with(value, values);
    }
}

const fn histogram(descriptor: &Descriptor, keys: &'static [&'static str]) -> Histogram {
    Histogram::of(descriptor).with_scope(SCOPE).with_keys(keys)
}

/// Keys in the order in which a call sets their values: those known at its start come first.
const DURATION_KEYS: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    server::ADDRESS,
    server::PORT,
    RESPONSE_MODEL,
    error::TYPE,
];
const FIRST_CHUNK_KEYS: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    server::ADDRESS,
    server::PORT,
    RESPONSE_MODEL,
];
/// Without the response model, which is known only at the end.
const PER_CHUNK_KEYS: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    server::ADDRESS,
    server::PORT,
];
/// The latest conventions have one metric for each direction, and no address.
const TOKENS_KEYS: &[&str] = &[OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL];

pub(crate) static DURATION: Both = Both(
    histogram(&CLIENT_OPERATION_DURATION, DURATION_KEYS),
    histogram(&CLIENT_INFERENCE_DURATION, DURATION_KEYS),
);
pub(crate) static FIRST_CHUNK: Both = Both(
    histogram(&CLIENT_TIME_TO_FIRST_CHUNK, FIRST_CHUNK_KEYS),
    histogram(&CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, FIRST_CHUNK_KEYS),
);
pub(crate) static PER_CHUNK: Both = Both(
    histogram(&CLIENT_TIME_PER_OUTPUT_CHUNK, PER_CHUNK_KEYS),
    histogram(&CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK, PER_CHUNK_KEYS),
);
pub(crate) static INPUT_TOKENS: Histogram =
    histogram(&CLIENT_INFERENCE_OPERATION_INPUT_TOKENS, TOKENS_KEYS);
pub(crate) static OUTPUT_TOKENS: Histogram =
    histogram(&CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS, TOKENS_KEYS);
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
