//! Telemetry of an assistant, recorded once at every end, including a drop.

use super::answer::Progress;
use crate::{
    content,
    instruments::{AGENT_DURATION, AGENT_INFERENCE_CALLS, AGENT_TOOL_CALLS},
};
use glassbox_core::{
    ChatResponse, Cx, Problem, span,
    telemetry::{Span, Value},
};
use glassbox_semconv::{
    gen_ai_v1_41::{
        AGENT_NAME, OPERATION_NAME, PROVIDER_NAME, USAGE_INPUT_TOKENS, USAGE_OUTPUT_TOKENS,
        operation,
    },
    glassbox::{QUESTION, RESPONSE_TRUNCATED},
};
use std::time::Instant;

/// The `error.type` of a call that was dropped.
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

    pub(super) fn end(&mut self, result: Result<&ChatResponse, &Problem>, progress: &Progress) {
        if result.is_ok_and(ChatResponse::is_truncated) {
            self.span.set(RESPONSE_TRUNCATED, true);
        }
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
