//! What a run and its steps tell: spans, metrics and events, once at every end, a drop included.

use crate::instruments::{
    COMPLETED, DURATION, FAILED, INVOKE_DURATION, STARTED, STEP_DURATION, STEP_RETRIES,
    TOOL_DURATION,
};
use glassbox_core::{
    Category, Clock, Cx, Event, Events, Problem, ServiceInfo,
    telemetry::{Span, TraceContext, Value},
};
use glassbox_semconv::{
    gen_ai_v1_41::{OPERATION_NAME, TOOL_NAME, TOOL_TYPE, WORKFLOW_NAME, operation},
    glassbox as own,
};
use serde_json::json;
use std::time::Duration;

/// The bus of all events here.
const BUS: &str = "workflow";

/// What the records of one run share.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    /// When things begin and end.
    pub(crate) clock: &'a dyn Clock,
    /// Who is told.
    pub(crate) events: &'a dyn Events,
    /// The workflow's name.
    pub(crate) workflow: &'a str,
    /// This run.
    pub(crate) run_id: &'a str,
}

impl Told<'_> {
    fn seconds_since(&self, start: u64) -> f64 {
        Duration::from_nanos(self.clock.now().saturating_sub(start)).as_secs_f64()
    }

    fn publish(&self, kind: &'static str, mut payload: serde_json::Value) {
        payload["workflow"] = self.workflow.into();
        payload["run_id"] = self.run_id.into();
        self.events.publish(Event::new(BUS, kind, payload));
    }
}

/// One run under way.
pub(crate) struct RunRecord<'a> {
    told: Told<'a>,
    start: u64,
    span: Span,
    open: bool,
}

impl<'a> RunRecord<'a> {
    /// Counts the run and starts its span.
    pub(crate) fn start(told: Told<'a>, cx: &Cx) -> Self {
        STARTED.add_with(1, &[Value::Str(told.workflow)]);
        let span = Span::builder(format!("{} {}", operation::INVOKE_WORKFLOW, told.workflow))
            .or_parent(cx.trace())
            .attribute(OPERATION_NAME, operation::INVOKE_WORKFLOW)
            .attribute(WORKFLOW_NAME, told.workflow.to_owned())
            .attribute(own::WORKFLOW_RUN_ID, told.run_id.to_owned())
            .start();
        told.publish("workflow.started", json!({}));
        Self {
            start: told.clock.now(),
            told,
            span,
            open: true,
        }
    }

    /// The run's span.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Ends the run.
    pub(crate) fn end(mut self, result: Result<(), &Problem>) {
        self.close(result);
    }

    fn close(&mut self, result: Result<(), &Problem>) {
        self.open = false;
        let name = self.told.workflow;
        let error = result.err().map(|problem| problem.category().as_str());
        let seconds = self.told.seconds_since(self.start);
        DURATION.record(seconds, [name], error);
        INVOKE_DURATION.record(seconds, [name], error);
        match result {
            Ok(()) => {
                COMPLETED.add_with(1, &[Value::Str(name)]);
                self.told.publish("workflow.completed", json!({}));
            }
            Err(problem) => {
                let class = problem.category().as_str();
                FAILED.add_with(1, &[Value::Str(name), Value::Str(class)]);
                self.span.fail(class, told(problem));
                self.told.publish(
                    "workflow.failed",
                    json!({"code": problem.code(), "category": class}),
                );
            }
        }
    }
}

impl Drop for RunRecord<'_> {
    fn drop(&mut self) {
        if self.open {
            self.close(Err(&abandoned("the run")));
        }
    }
}

/// One step under way, all its tries together.
pub(crate) struct StepRecord<'a> {
    told: Told<'a>,
    step: &'a str,
    start: u64,
    attempts: u32,
    span: Span,
    open: bool,
}

impl<'a> StepRecord<'a> {
    /// Starts the step's span, within the current one.
    pub(crate) fn start(told: Told<'a>, cx: &Cx, step: &'a str, capability: &str) -> Self {
        let span = Span::builder(format!("step {step}"))
            .or_parent(cx.trace())
            .attribute(WORKFLOW_NAME, told.workflow.to_owned())
            .attribute(own::WORKFLOW_STEP, step.to_owned())
            .attribute(own::CAPABILITY, capability.to_owned())
            .start();
        told.publish(
            "workflow.step_started",
            json!({"step": step, "capability": capability}),
        );
        Self {
            start: told.clock.now(),
            told,
            step,
            attempts: 0,
            span,
            open: true,
        }
    }

    /// The step's span.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The number of the next try, from one; a further one is counted as a retry.
    pub(crate) fn next_attempt(&mut self) -> u32 {
        self.attempts += 1;
        if self.attempts > 1 {
            let labels = [Value::Str(self.told.workflow), Value::Str(self.step)];
            STEP_RETRIES.add_with(1, &labels);
            self.told.publish(
                "workflow.step_retried",
                json!({"step": self.step, "attempt": self.attempts}),
            );
        }
        self.attempts
    }

    /// Ends the step.
    pub(crate) fn end(mut self, result: Result<(), &Problem>) {
        self.close(result);
    }

    fn close(&mut self, result: Result<(), &Problem>) {
        self.open = false;
        let error = result.err().map(|problem| problem.category().as_str());
        let seconds = self.told.seconds_since(self.start);
        STEP_DURATION.record(seconds, [self.told.workflow, self.step], error);
        self.span.set(own::ATTEMPT, self.attempts);
        match result {
            Ok(()) => self.told.publish(
                "workflow.step_completed",
                json!({"step": self.step, "attempts": self.attempts}),
            ),
            Err(problem) => {
                let class = problem.category().as_str();
                self.span.fail(class, told(problem));
                self.told.publish(
                    "workflow.step_failed",
                    json!({"step": self.step, "attempts": self.attempts, "code": problem.code(), "category": class}),
                );
            }
        }
    }
}

impl Drop for StepRecord<'_> {
    fn drop(&mut self) {
        if self.open {
            self.close(Err(&abandoned("the step")));
        }
    }
}

/// One call of a tool under way.
pub(crate) struct CallRecord<'a> {
    told: Told<'a>,
    tool: &'a str,
    start: u64,
    span: Span,
    open: bool,
}

impl<'a> CallRecord<'a> {
    /// Starts the call's span, within the current one.
    pub(crate) fn start(
        told: Told<'a>,
        cx: &Cx,
        tool: &'a str,
        instance: &ServiceInfo,
        attempt: u32,
    ) -> Self {
        let span = Span::builder(format!("{} {tool}", operation::EXECUTE_TOOL))
            .or_parent(cx.trace())
            .attribute(OPERATION_NAME, operation::EXECUTE_TOOL)
            .attribute(TOOL_NAME, tool.to_owned())
            .attribute(TOOL_TYPE, "function")
            .attribute(own::PEER_INSTANCE, instance.instance.clone())
            .attribute(own::ATTEMPT, attempt)
            .start();
        Self {
            start: told.clock.now(),
            told,
            tool,
            span,
            open: true,
        }
    }

    /// To be sent along.
    pub(crate) fn context(&self) -> TraceContext {
        self.span.context().clone()
    }

    /// The call's span.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Ends the call.
    pub(crate) fn end(mut self, result: Result<(), &Problem>) {
        self.close(result);
    }

    fn close(&mut self, result: Result<(), &Problem>) {
        self.open = false;
        let error = result.err().map(|problem| problem.category().as_str());
        let seconds = self.told.seconds_since(self.start);
        TOOL_DURATION.record(seconds, [self.tool, "function"], error);
        if let Err(problem) = result {
            self.span.fail(problem.category().as_str(), told(problem));
        }
    }
}

impl Drop for CallRecord<'_> {
    fn drop(&mut self) {
        if self.open {
            self.close(Err(&abandoned("the call")));
        }
    }
}

/// A problem on a span: our own in full, a tool's by its code, for what it says may quote arguments and
/// so the question that was asked.
fn told(problem: &Problem) -> String {
    let code = problem.code();
    match &problem.details()["step"] {
        _ if code.starts_with("workflow.") => problem.message().to_owned(),
        serde_json::Value::String(step) => format!("step '{step}' failed: {code}"),
        _ => code.to_owned(),
    }
}

/// What is told of something that was dropped before it ended.
fn abandoned(what: &str) -> Problem {
    Problem::new(
        Category::Cancelled,
        "workflow.cancelled",
        format!("{what} was cancelled before it ended"),
    )
}
