//! What a run reports: the spans, metrics and events of the run and its steps, as a projection of its
//! entries.
//!
//! [`Record::report`] emits the telemetry of a new entry. [`Record::restore`] applies an entry that was
//! reported when it happened, and emits nothing. Durations come from the entries' times. Spans start and
//! end when they are reported, on the clock of the spans within them.

mod content;
mod known;

use crate::{
    Entry, EntryKind,
    instruments::{
        COMPLETED, DURATION, FAILED, INVOKE_DURATION, STARTED, STEP_DURATION, STEP_RETRIES,
    },
};
use glassbox_core::{
    Event, Events, Problem, span,
    telemetry::{Link, Span, TraceContext, Value},
};
use glassbox_semconv::{
    gen_ai_v1_41::{INPUT_MESSAGES, OPERATION_NAME, OUTPUT_MESSAGES, WORKFLOW_NAME, operation},
    glassbox as own,
};
use known::Known;
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The bus of all events here.
const BUS: &str = "workflow";

/// The telemetry of one run.
pub(crate) struct Record<'a> {
    events: &'a dyn Events,
    /// The caller's trace.
    caller: TraceContext,
    captures_content: bool,
    known: Known,
    /// The run's span, while a runner drives it.
    span: Option<Span>,
    /// The spans of the steps in progress. Their calls also hold them, and end before they do.
    steps: BTreeMap<String, Arc<Span>>,
}

/// How something failed, as its span shows it.
struct Failure<'a> {
    /// `error.type`.
    class: &'static str,
    /// The span's status.
    message: &'a str,
}

impl<'a> Record<'a> {
    /// The record of a run that is started or resumed by a caller with this trace.
    pub(crate) fn new(
        events: &'a dyn Events,
        caller: TraceContext,
        captures_content: bool,
    ) -> Self {
        Self {
            events,
            caller,
            captures_content,
            known: Known::default(),
            span: None,
            steps: BTreeMap::new(),
        }
    }

    /// Whether inputs, outputs, arguments and results are recorded.
    pub(crate) fn captures_content(&self) -> bool {
        self.captures_content
    }

    /// Applies an entry that was reported when it happened.
    pub(crate) fn restore(&mut self, entry: &Entry) {
        self.known.apply(entry);
    }

    /// Whether the run's start was reported, and its end was not.
    pub(crate) fn is_open(&self) -> bool {
        self.span.is_some()
    }

    /// The trace that the run's calls belong to.
    pub(crate) fn trace(&self) -> &TraceContext {
        self.span.as_ref().map_or(&self.caller, Span::context)
    }

    /// The span of a step in progress.
    pub(crate) fn step_span(&self, step: &str) -> Option<Arc<Span>> {
        self.steps.get(step).cloned()
    }

    /// Runs a future with the run's span current.
    pub(crate) async fn within_run<F: Future>(&self, future: F) -> F::Output {
        match &self.span {
            Some(span) => span.around(future).await,
            None => future.await,
        }
    }

    /// Reports a new entry.
    pub(crate) fn report(&mut self, entry: &Entry) {
        let known = self.known.attempts(&entry.kind);
        self.known.apply(entry);
        let now = entry.at_unix_nano;
        match &entry.kind {
            EntryKind::RunStarted(_) => {
                STARTED.add_with(1, &[Value::Str(&self.known.workflow)]);
                self.start_run(self.caller.clone(), None);
                self.publish("workflow.started", json!({}));
            }
            EntryKind::RunResumed { .. } => {
                // A run stays in the trace in which it started.
                self.start_run(self.known.trace.clone(), Some(self.caller.clone()));
                self.publish("workflow.resumed", json!({}));
            }
            EntryKind::AttemptStarted {
                step,
                attempt,
                capability,
                ..
            } => self.start_attempt(step, *attempt, capability, known),
            EntryKind::StepCompleted { step, attempts } => {
                self.end_step(step, now, None);
                let payload = json!({"step": step, "attempts": attempts});
                self.publish("workflow.step_completed", payload);
            }
            EntryKind::StepFailed { step, problem, .. } => {
                let failure = Failure {
                    class: problem.category().as_str(),
                    message: &shown(problem),
                };
                self.fail_step(step, now, &failure, problem.code());
            }
            EntryKind::RunCompleted { output } => {
                if let (true, Some(span)) = (self.captures_content, &mut self.span) {
                    span.set(OUTPUT_MESSAGES, content::output(output));
                }
                COMPLETED.add_with(1, &[Value::Str(&self.known.workflow)]);
                self.publish("workflow.completed", json!({}));
                self.end_run(now, None);
            }
            EntryKind::RunFailed { problem } => self.fail_run(now, "workflow.failed", problem),
            EntryKind::RunCancelled { problem } => {
                self.fail_run(now, "workflow.cancelled", problem);
            }
            EntryKind::RunInterrupted => self.interrupt_run(now),
            EntryKind::AttemptCompleted { .. }
            | EntryKind::AttemptFailed { .. }
            | EntryKind::TimerSet { .. }
            | EntryKind::TimerFired { .. } => {}
        }
    }

    fn start_run(&mut self, parent: TraceContext, linked: Option<TraceContext>) {
        let workflow = &self.known.workflow;
        let linked = linked.filter(TraceContext::is_valid).map(Link::new);
        // Without a parent, the trace is derived from the run: a resumed run stays in it.
        let trace_id = u128::from_str_radix(&self.known.run_id, 16).unwrap_or_default();
        let started = Span::builder(format_args!("{} {workflow}", operation::INVOKE_WORKFLOW))
            .scope(const { &glassbox_core::scope!() })
            .root()
            .identity(trace_id, 0)
            .parent(&parent)
            .links(linked.as_slice())
            .attributes(&[
                (OPERATION_NAME, Value::Static(operation::INVOKE_WORKFLOW)),
                (WORKFLOW_NAME, Value::Str(workflow)),
                (own::WORKFLOW_RUN_ID, Value::Str(&self.known.run_id)),
            ])
            .start();
        let span = self.span.insert(started);
        if self.captures_content {
            let inputs = &self.known.inputs;
            span.set(INPUT_MESSAGES, content::input(inputs));
            span.set(own::QUESTION, content::title(workflow, inputs));
        }
    }

    /// `known` attempts were reported before.
    fn start_attempt(&mut self, step: &str, attempt: u32, capability: &str, known: u32) {
        if !self.steps.contains_key(step) {
            let span = span!(
                format_args!("step {step}"),
                WORKFLOW_NAME => &self.known.workflow,
                own::WORKFLOW_STEP => step,
                own::CAPABILITY => capability;
                parent: self.trace(),
            );
            self.steps.insert(step.to_owned(), Arc::new(span));
        }
        if known == 0 {
            let payload = json!({"step": step, "capability": capability});
            self.publish("workflow.step_started", payload);
        } else if attempt > known {
            let labels = [Value::Str(&self.known.workflow), Value::Str(step)];
            STEP_RETRIES.add_with(1, &labels);
            let payload = json!({"step": step, "attempt": attempt});
            self.publish("workflow.step_retried", payload);
        }
    }

    fn fail_step(&mut self, step: &str, now: u64, failure: &Failure<'_>, code: &str) {
        self.end_step(step, now, Some(failure));
        let attempts = self.known.step(step).map_or(0, |step| step.attempts);
        self.publish(
            "workflow.step_failed",
            json!({"step": step, "attempts": attempts, "code": code, "category": failure.class}),
        );
    }

    /// Ends the step's span and records its duration, if it was ever attempted.
    fn end_step(&mut self, step: &str, now: u64, failure: Option<&Failure<'_>>) {
        if let Some(known) = self.known.step(step) {
            let class = failure.map(|failure| failure.class);
            let (workflow, name) = (Value::Str(&self.known.workflow), Value::Str(step));
            let took = seconds(known.started_unix_nano, now);
            STEP_DURATION.record_with(took, &[workflow, name, class.into()]);
            let span = self.steps.get_mut(step).and_then(Arc::get_mut);
            if let Some(span) = span {
                span.set(own::ATTEMPT, known.attempts);
                fail(span, failure);
            }
        }
        self.steps.remove(step);
    }

    fn fail_run(&mut self, now: u64, event: &'static str, problem: &Problem) {
        let cancelled = Failure {
            class: "cancelled",
            message: "the step was cancelled before it ended",
        };
        for step in self.steps_in_progress() {
            self.fail_step(&step, now, &cancelled, "workflow.cancelled");
        }
        let class = problem.category().as_str();
        let payload = json!({"code": problem.code(), "category": class});
        self.publish(event, payload);
        let message = &shown(problem);
        self.end_run(now, Some(&Failure { class, message }));
    }

    fn interrupt_run(&mut self, now: u64) {
        let class = "interrupted";
        for step in self.steps_in_progress() {
            let message = "the step was interrupted before it ended";
            self.end_step(&step, now, Some(&Failure { class, message }));
            self.publish("workflow.step_interrupted", json!({"step": step}));
        }
        self.publish("workflow.interrupted", json!({}));
        let message = "the run was interrupted before it ended";
        self.end_run(now, Some(&Failure { class, message }));
    }

    fn end_run(&mut self, now: u64, failure: Option<&Failure<'_>>) {
        let name = self.known.workflow.as_str();
        let class = failure.map(|failure| failure.class);
        if let Some(class) = class {
            FAILED.add_with(1, &[Value::Str(name), Value::Str(class)]);
        }
        let labels = [Value::Str(name), class.into()];
        DURATION.record_with(seconds(self.known.started_unix_nano, now), &labels);
        INVOKE_DURATION.record_with(seconds(self.known.driven_unix_nano, now), &labels);
        if let Some(mut span) = self.span.take() {
            fail(&mut span, failure);
        }
    }

    fn steps_in_progress(&self) -> Vec<String> {
        self.steps.keys().cloned().collect()
    }

    fn publish(&self, kind: &'static str, mut payload: serde_json::Value) {
        payload["workflow"] = self.known.workflow.as_str().into();
        payload["run_id"] = self.known.run_id.as_str().into();
        let _within = self.span.as_ref().map(Span::enter);
        self.events.publish(Event::new(BUS, kind, payload));
    }
}

/// Formats a problem for a span: Glassbox's own in full, a tool's as its code only, because a tool's
/// message may quote its arguments.
pub(crate) fn shown(problem: &Problem) -> String {
    let code = problem.code();
    match &problem.details()["step"] {
        _ if code.starts_with("workflow.") => problem.message().to_owned(),
        serde_json::Value::String(step) => format!("step '{step}' failed: {code}"),
        _ => code.to_owned(),
    }
}

fn fail(span: &mut Span, failure: Option<&Failure<'_>>) {
    if let Some(failure) = failure {
        span.fail(failure.class, failure.message.to_owned());
    }
}

fn seconds(start_unix_nano: u64, end_unix_nano: u64) -> f64 {
    Duration::from_nanos(end_unix_nano.saturating_sub(start_unix_nano)).as_secs_f64()
}
