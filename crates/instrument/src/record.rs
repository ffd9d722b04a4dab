//! Calls that an application makes itself, each recorded by one function call.

use glassbox_core::{
    scope,
    telemetry::{Histogram, Value},
};
use glassbox_semconv::{
    gen_ai_latest::{CLIENT_INFERENCE_DURATION, EXECUTE_TOOL_DURATION},
    gen_ai_v1_41::{
        CLIENT_OPERATION_DURATION, OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, TOOL_NAME,
        TOOL_TYPE,
    },
    glassbox::MODULE,
    v1_41::error,
};
use std::time::Duration;

static AI_REQUEST: Histogram = Histogram::of(&CLIENT_OPERATION_DURATION)
    .with_scope(scope!())
    .with_keys(&[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        MODULE,
        error::TYPE,
    ]);
/// The same under the name of the latest conventions. The installed telemetry drops the one that the application did
/// not choose (`glassbox_semconv::OptIn`).
static AI_INFERENCE: Histogram = Histogram::of(&CLIENT_INFERENCE_DURATION)
    .with_scope(scope!())
    .with_keys(&[
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        MODULE,
        error::TYPE,
    ]);
static TOOL_CALL: Histogram = Histogram::of(&EXECUTE_TOOL_DURATION)
    .with_scope(scope!())
    .with_keys(&[TOOL_NAME, TOOL_TYPE, MODULE, error::TYPE]);

/// A request to a model that an application makes without `glassbox-ai`.
///
/// ```
/// use glassbox_instrument::{AiRequest, record_ai_request};
/// use std::time::Duration;
///
/// let request = AiRequest::new("support", "chat", "openai", "gpt-5-mini");
/// record_ai_request(request, Duration::from_millis(740), Ok(()));
/// record_ai_request(request, Duration::from_secs(30), Err("timeout"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "nothing is recorded until `record_ai_request`"]
pub struct AiRequest<'a> {
    module: &'a str,
    operation: &'a str,
    provider: &'a str,
    model: &'a str,
}

impl<'a> AiRequest<'a> {
    /// Who asked, and what was asked of whom: the `module` of the application, the `operation` and
    /// `provider` as the GenAI conventions call them (`chat`, `openai`), and the model.
    pub const fn new(
        module: &'a str,
        operation: &'a str,
        provider: &'a str,
        model: &'a str,
    ) -> Self {
        Self {
            module,
            operation,
            provider,
            model,
        }
    }
}

/// Records a request to a model in `gen_ai.client.operation.duration`. A failure is given as its
/// `error.type`, of low cardinality: a code or a category, never a message.
pub fn record_ai_request(request: AiRequest<'_>, took: Duration, status: Result<(), &str>) {
    let values = [
        request.operation.into(),
        request.provider.into(),
        request.model.into(),
        request.module.into(),
        status.err().into(),
    ];
    AI_REQUEST.record_with(took.as_secs_f64(), &values);
    AI_INFERENCE.record_with(took.as_secs_f64(), &values);
}

/// Records a call of a tool that `module` made without an agent or a workflow, in
/// `gen_ai.execute_tool.duration`. A failure is given as its `error.type`, of low cardinality.
///
/// ```
/// use std::time::Duration;
///
/// let took = Duration::from_millis(12);
/// glassbox_instrument::record_tool_call("support", "find_order", took, Ok(()));
/// ```
pub fn record_tool_call(module: &str, tool: &str, took: Duration, status: Result<(), &str>) {
    TOOL_CALL.record_with(
        took.as_secs_f64(),
        &[
            tool.into(),
            Value::Static("function"),
            module.into(),
            status.err().into(),
        ],
    );
}
