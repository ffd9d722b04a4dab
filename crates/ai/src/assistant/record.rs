//! Telemetry of an assistant and its tool calls, recorded once at every end, a drop included.

use super::answer::Progress;
use crate::{
    content,
    instruments::{AGENT_DURATION, AGENT_INFERENCE_CALLS, AGENT_TOOL_CALLS, TOOL_DURATION},
};
use glassbox_core::{
    Cx, Output, Problem, ToolCall, span,
    telemetry::{Span, Value},
};
use glassbox_semconv::{
    gen_ai_v1_41::{
        AGENT_NAME, OPERATION_NAME, PROVIDER_NAME, TOOL_CALL_ARGUMENTS, TOOL_CALL_ID,
        TOOL_CALL_RESULT, TOOL_DESCRIPTION, TOOL_NAME, TOOL_TYPE, USAGE_INPUT_TOKENS,
        USAGE_OUTPUT_TOKENS, operation,
    },
    glassbox::{PEER_INSTANCE, QUESTION},
    v1_41::error::OTHER,
};
use std::time::Instant;

/// `gen_ai.tool.type` of all tools.
const FUNCTION: &str = "function";
/// `error.type` of what was dropped before its end.
const CANCELLED: &str = "cancelled";

/// The telemetry of one invocation of an assistant.
pub(super) struct AgentRecord<'a> {
    name: &'a str,
    span: Span,
    start: Instant,
    open: bool,
}

impl<'a> AgentRecord<'a> {
    /// Starts the span. The question is content: pass it only if content is captured.
    pub(super) fn start(name: &'a str, provider: &str, cx: &Cx, question: Option<&str>) -> Self {
        let mut span = span!(
            format_args!("{} {name}", operation::INVOKE_AGENT),
            OPERATION_NAME => Value::Static(operation::INVOKE_AGENT),
            PROVIDER_NAME => provider,
            AGENT_NAME => name;
            or_parent: cx.trace(),
        );
        if let Some(question) = question {
            span.set(QUESTION, content::cut(question).to_owned());
        }
        Self {
            name,
            span,
            start: Instant::now(),
            open: true,
        }
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    pub(super) fn end(&mut self, result: Result<(), &Problem>, progress: &Progress) {
        let usage = progress.usage();
        self.span.set(USAGE_INPUT_TOKENS, usage.input);
        self.span.set(USAGE_OUTPUT_TOKENS, usage.output);
        let labels = [Value::Str(self.name)];
        AGENT_INFERENCE_CALLS.record_with(f64::from(progress.steps), &labels);
        AGENT_TOOL_CALLS.record_with(progress.tools.len() as f64, &labels);
        let error = result.err();
        self.close(error.map(|problem| (problem.category().as_str(), problem.message())));
    }

    fn close(&mut self, error: Option<(&'static str, &str)>) {
        self.open = false;
        let seconds = self.start.elapsed().as_secs_f64();
        let class = error.map(|(class, _)| class);
        AGENT_DURATION.record_with(seconds, &[Value::Str(self.name), class.into()]);
        if let Some((class, message)) = error {
            self.span.fail(class, message.to_owned());
        }
    }
}

impl Drop for AgentRecord<'_> {
    fn drop(&mut self) {
        if self.open {
            self.close(Some((
                CANCELLED,
                "the caller dropped the answer before its end",
            )));
        }
    }
}

/// The telemetry of one tool call.
pub(super) struct ToolRecord {
    /// The name of a known tool, otherwise `_OTHER`, to bound the cardinality.
    label: String,
    span: Span,
    start: Instant,
    capture: bool,
    open: bool,
}

/// What spans say about a known tool.
pub(super) struct Known<'a> {
    pub(super) description: &'a str,
    pub(super) instance: &'a str,
}

impl ToolRecord {
    pub(super) fn start(
        cx: &Cx,
        call: &ToolCall,
        known: Option<&Known<'_>>,
        capture: bool,
    ) -> Self {
        // Names that models invent would make the cardinality of span names unbounded.
        let (gap, name) = known.map_or(("", ""), |_| (" ", &*call.name));
        let mut span = span!(
            format_args!("{}{gap}{name}", operation::EXECUTE_TOOL),
            OPERATION_NAME => Value::Static(operation::EXECUTE_TOOL),
            TOOL_NAME => &call.name,
            TOOL_TYPE => Value::Static(FUNCTION);
            or_parent: cx.trace(),
        );
        if span.is_recording() {
            span.set(TOOL_CALL_ID, &call.id);
            if let Some(known) = known {
                span.set(TOOL_DESCRIPTION, known.description.to_owned());
                span.set(PEER_INSTANCE, known.instance.to_owned());
            }
            if capture {
                span.set(TOOL_CALL_ARGUMENTS, content::value(&call.arguments));
            }
        }
        Self {
            label: known.map_or(OTHER, |_| &call.name).to_owned(),
            span,
            start: Instant::now(),
            capture,
            open: true,
        }
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Another instance is tried.
    pub(super) fn moved_to(&mut self, instance: &str) {
        self.span.set(PEER_INSTANCE, instance.to_owned());
    }

    /// Ends the call. `class` is a more precise `error.type` than the category of the problem. What the problem
    /// quotes from the `arguments` is content, and is removed unless content is captured.
    pub(super) fn end(
        mut self,
        arguments: &serde_json::Value,
        result: &Result<Output, Problem>,
        class: Option<&'static str>,
    ) {
        match result {
            Ok(output) => {
                if self.capture && self.span.is_recording() {
                    self.span
                        .set(TOOL_CALL_RESULT, content::value(&output.value));
                }
                self.close(None);
            }
            Err(problem) => {
                let class = class.unwrap_or(problem.category().as_str());
                let message = match self.capture {
                    true => problem.message().to_owned(),
                    false => content::without(problem.message(), arguments),
                };
                self.close(Some((class, &message)));
            }
        }
    }

    fn close(&mut self, error: Option<(&'static str, &str)>) {
        self.open = false;
        let seconds = self.start.elapsed().as_secs_f64();
        let class = error.map(|(class, _)| class);
        let (tool, kind) = (Value::Str(&self.label), Value::Static(FUNCTION));
        TOOL_DURATION.record_with(seconds, &[tool, kind, class.into()]);
        if let Some((class, message)) = error {
            self.span.fail(class, message.to_owned());
        }
    }
}

impl Drop for ToolRecord {
    fn drop(&mut self) {
        if self.open {
            self.close(Some((
                CANCELLED,
                "the caller dropped the call before its end",
            )));
        }
    }
}
