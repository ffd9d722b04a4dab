//! The record of a tool call, including a dropped one: one `execute_tool` span and its metrics.

use crate::{instruments::DURATION, redact};
use glassbox_core::{
    Called, Capability, Clock, Cx, Outcome, Problem, ServiceInfo, span,
    telemetry::{Span, Value as Label},
};
use glassbox_semconv::{
    gen_ai_v1_41::{
        OPERATION_NAME, TOOL_CALL_ARGUMENTS, TOOL_CALL_ID, TOOL_CALL_RESULT, TOOL_DESCRIPTION,
        TOOL_NAME, TOOL_TYPE, operation,
    },
    glassbox::{ATTEMPT, PEER_INSTANCE},
    v1_41::error::OTHER,
};
use serde_json::Value;
use std::time::Duration;

/// The type of every tool here.
const FUNCTION: &str = "function";
/// The `error.type` of a dropped call.
const CANCELLED: &str = "cancelled";

/// A call of a tool, as its record describes it.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Execution<'a> {
    name: &'a str,
    input: &'a Value,
    capability: Option<&'a Capability>,
    id: Option<&'a str>,
    capture_content: bool,
}

impl<'a> Execution<'a> {
    /// A call of a tool of this name. Without a capability the tool is unknown: its name may be invented
    /// by a model, and is not used as a span name or label.
    pub const fn new(name: &'a str, input: &'a Value) -> Self {
        Self {
            name,
            input,
            capability: None,
            id: None,
            capture_content: false,
        }
    }

    /// The capability that is called.
    pub const fn of(mut self, capability: &'a Capability) -> Self {
        self.capability = Some(capability);
        self
    }

    /// The model's id of the call.
    pub const fn with_id(mut self, id: Option<&'a str>) -> Self {
        self.id = id;
        self
    }

    /// Whether the input and the output are put on the span.
    pub const fn with_content(mut self, capture: bool) -> Self {
        self.capture_content = capture;
        self
    }
}

/// The `execute_tool` span of one call, and its duration.
///
/// [`Invoker`](crate::Invoker) creates one for each of its calls. A caller creates one itself only for a
/// call that it refuses before making it. A record that is dropped before its end counts as a cancelled
/// call.
pub struct ToolRecord<'a> {
    execution: Execution<'a>,
    clock: &'a dyn Clock,
    span: Span,
    start: u64,
    open: bool,
}

impl<'a> ToolRecord<'a> {
    /// Starts the span, under the current span, or under that of the `Cx` if there is none.
    pub fn start(cx: &Cx, clock: &'a dyn Clock, execution: Execution<'a>) -> Self {
        // Names that models invent would make the cardinality of span names unbounded.
        let (gap, name) = execution
            .capability
            .map_or(("", ""), |_| (" ", execution.name));
        let mut span = span!(
            format_args!("{}{gap}{name}", operation::EXECUTE_TOOL),
            OPERATION_NAME => Label::Static(operation::EXECUTE_TOOL),
            TOOL_NAME => execution.name,
            TOOL_TYPE => Label::Static(FUNCTION);
            or_parent: cx.trace(),
        );
        if span.is_recording() {
            if let Some(id) = execution.id {
                span.set(TOOL_CALL_ID, id.to_owned());
            }
            if let Some(capability) = execution.capability {
                span.set(TOOL_DESCRIPTION, capability.description.clone());
            }
            if execution.capture_content {
                span.set(TOOL_CALL_ARGUMENTS, redact::cut(execution.input));
            }
        }
        Self {
            execution,
            clock,
            span,
            start: clock.now(),
            open: true,
        }
    }

    /// The span.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// Ends the record of a call that was made.
    pub fn end(mut self, called: &Called) {
        if self.span.is_recording() {
            if let Some(ServiceInfo { instance, .. }) = &called.instance {
                self.span.set(PEER_INSTANCE, instance.clone());
            }
            // A single attempt is not recorded.
            if called.attempts > 1 {
                self.span.set(ATTEMPT, called.attempts);
            }
            if let Ok(Outcome::Done(output)) = &called.result
                && self.execution.capture_content
            {
                self.span.set(TOOL_CALL_RESULT, redact::cut(&output.value));
            }
        }
        match &called.result {
            Ok(_) => self.close(None),
            Err(error) => {
                let problem = error.problem();
                self.fail(problem.category().as_str(), problem);
            }
        }
    }

    /// Ends the record of a call that was refused, with its own `error.type`.
    pub fn refuse(mut self, error_type: &'static str, problem: &Problem) {
        self.fail(error_type, problem);
    }

    /// Parts of the message that quote the input are content, so they are removed.
    fn fail(&mut self, error_type: &'static str, problem: &Problem) {
        let message = match self.execution.capture_content || !self.span.is_recording() {
            true => problem.message().to_owned(),
            false => redact::without(problem.message(), self.execution.input),
        };
        self.close(Some((error_type, message)));
    }

    fn close(&mut self, error: Option<(&'static str, String)>) {
        self.open = false;
        let took = Duration::from_nanos(self.clock.now().saturating_sub(self.start)).as_secs_f64();
        let name = match self.execution.capability {
            Some(_) => self.execution.name,
            None => OTHER,
        };
        let error_type = error.as_ref().map(|(error_type, _)| *error_type);
        let labels = [name.into(), Label::Static(FUNCTION), error_type.into()];
        DURATION.record_with(took, &labels);
        if let Some((error_type, message)) = error {
            self.span.fail(error_type, message);
        }
    }
}

impl Drop for ToolRecord<'_> {
    fn drop(&mut self) {
        if self.open {
            self.close(Some((
                CANCELLED,
                "the call was cancelled before it ended".to_owned(),
            )));
        }
    }
}
