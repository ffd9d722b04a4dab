//! Makes the call of one attempt: the one place where a run has an effect.

use super::time::Time;
use crate::instruments::TOOL_DURATION;
use glassbox_core::{
    Category, Cx, Deadline, Outcome, Output, Problem, ServiceInfo, ToolError, World, span,
    telemetry::{self, Span},
};
use glassbox_semconv::{
    gen_ai_v1_41::{OPERATION_NAME, TOOL_NAME, TOOL_TYPE, operation},
    glassbox as own,
};
use serde_json::Value;
use std::time::Duration;

/// One attempt, ready to be made.
pub(super) struct Call {
    /// What is called.
    pub(super) capability: String,
    /// Who is called.
    pub(super) instance: ServiceInfo,
    /// What it is called with.
    pub(super) input: Value,
    /// The attempt's number, from one.
    pub(super) attempt: u32,
    /// How long it may take.
    pub(super) timeout: Duration,
}

/// Makes the call, under the step's span and idempotency key in `cx`.
///
/// # Cancel safety
/// Dropping the future drops the call.
pub(super) async fn make(
    world: &World<'_>,
    time: Time<'_>,
    cx: &Cx,
    call: Call,
) -> Result<Output, Problem> {
    let record = CallRecord::start(time, cx, &call);
    let cx = cx
        .with_trace(record.span.context().clone())
        .with_deadline(Deadline::after(time.clock(), call.timeout));
    let left = cx.deadline().and_then(|due| due.remaining(time.clock()));
    let result = match world.connector.connect(&call.instance) {
        Err(problem) => Err(problem),
        Ok(tool) => {
            let answer = record
                .span
                .around(tool.call(&cx, &call.capability, call.input));
            match tokio::time::timeout(left.unwrap_or_default(), answer).await {
                Ok(answer) => answer
                    .and_then(Outcome::into_output)
                    .map_err(|error: ToolError| error.problem().clone()),
                Err(_) => Err(Problem::new(
                    Category::Timeout,
                    "workflow.step_timeout",
                    format!(
                        "{} did not answer within {:?}",
                        call.instance.name, call.timeout
                    ),
                )),
            }
        }
    };
    record.end(result.as_ref().map(|_| ()));
    result
}

/// The span and the metric of one call. They are not derived from entries: a replay makes no calls.
struct CallRecord<'a> {
    time: Time<'a>,
    tool: String,
    start: u64,
    span: Span,
    open: bool,
}

impl<'a> CallRecord<'a> {
    fn start(time: Time<'a>, cx: &Cx, call: &Call) -> Self {
        let tool = &call.capability;
        let span = span!(
            format_args!("{} {tool}", operation::EXECUTE_TOOL),
            OPERATION_NAME => telemetry::Value::Static(operation::EXECUTE_TOOL),
            TOOL_NAME => tool,
            TOOL_TYPE => telemetry::Value::Static("function"),
            own::PEER_INSTANCE => &call.instance.instance,
            own::ATTEMPT => call.attempt;
            or_parent: cx.trace(),
        );
        Self {
            start: time.now_unix_nano(),
            time,
            tool: tool.clone(),
            span,
            open: true,
        }
    }

    fn end(mut self, result: Result<(), &Problem>) {
        self.close(result);
    }

    fn close(&mut self, result: Result<(), &Problem>) {
        self.open = false;
        let error = result.err().map(|problem| problem.category().as_str());
        let took = self.time.now_unix_nano().saturating_sub(self.start);
        let seconds = Duration::from_nanos(took).as_secs_f64();
        let (tool, kind) = ((&self.tool).into(), telemetry::Value::Static("function"));
        TOOL_DURATION.record_with(seconds, &[tool, kind, error.into()]);
        if let Err(problem) = result {
            let class = problem.category().as_str();
            self.span.fail(class, crate::record::shown(problem));
        }
    }
}

impl Drop for CallRecord<'_> {
    fn drop(&mut self) {
        if self.open {
            let message = "the call was cancelled before it ended";
            self.close(Err(&Problem::new(
                Category::Cancelled,
                "workflow.cancelled",
                message,
            )));
        }
    }
}
