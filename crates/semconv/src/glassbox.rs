//! Glassbox's own attributes, metrics and span names, for which there is no convention.
//!
//! If a convention defines a name, that name is used instead: a workflow is `gen_ai.workflow.name`, a
//! tool `gen_ai.tool.name`, an agent `gen_ai.agent.name`, a failure `error.type`.

use crate::gen_ai_latest::WORKFLOW_DURATION_BUCKETS;
use crate::gen_ai_v1_41::{
    self, AGENT_NAME, DURATION_BUCKETS, PROVIDER_NAME, REQUEST_MODEL, WORKFLOW_NAME,
};
use crate::v1_41::error;

attributes! {
    /// The question that a run answers, on the run's first span.
    QUESTION = "glassbox.question";
    /// Whether a span or log record is Glassbox's own traffic, such as the test data of the doctor,
    /// which lists of runs leave out by default (boolean).
    INTERNAL = "glassbox.internal";
    /// The application module that made a call recorded by the application itself.
    MODULE = "glassbox.module";
    /// The operation that an application measures itself.
    OPERATION_NAME = "operation.name";
    /// The capability that was called.
    CAPABILITY = "glassbox.capability";
    /// What a capability may do: `read_only`, `idempotent`, `mutating`, `destructive`.
    EFFECT = "glassbox.effect";
    /// The instance that a call went to.
    PEER_INSTANCE = "glassbox.peer.instance";
    /// The run of a workflow.
    WORKFLOW_RUN_ID = "glassbox.workflow.run.id";
    /// The step within a workflow.
    WORKFLOW_STEP = "glassbox.workflow.step";
    /// The number of the attempt, starting at one (int).
    ATTEMPT = "glassbox.attempt";
    /// The source of usage: `reported` or `estimated`.
    USAGE_SOURCE = "glassbox.usage.source";
    /// How many pieces of a model's answer could not be read and were left out (int).
    RESPONSE_SKIPPED = "glassbox.response.skipped";
    /// The kinds of those pieces, such as `usage` or `tool_call` (string list).
    RESPONSE_SKIPPED_KINDS = "glassbox.response.skipped_kinds";
    /// Whether the token limit cut the model's answer off; absent otherwise (bool).
    RESPONSE_TRUNCATED = "glassbox.response.truncated";
    /// The cost of a call in US dollars; absent if the price is unknown (double).
    COST_USD = "glassbox.cost.usd";
    /// The project to which tokens and costs are charged.
    PROJECT_ID = "project.id";
    /// Why something was dropped, refused or stopped: a closed set for each metric.
    REASON = "glassbox.reason";
    /// The dependency that a breaker, retry or limit guards.
    DEPENDENCY = "glassbox.dependency";
    /// The breaker's state before a transition.
    BREAKER_FROM = "glassbox.breaker.from";
    /// The breaker's state after a transition.
    BREAKER_TO = "glassbox.breaker.to";
    /// The bus that an event was published on.
    EVENT_BUS = "event.bus";
    /// The type of an event.
    EVENT_TYPE = "event.type";
    /// The structured payload of an event.
    EVENT_PAYLOAD = "event.payload";
    /// The commit that the program was built from (resource).
    BUILD_COMMIT = "build.commit";
    /// When the program was built, ISO 8601 (resource).
    BUILD_TIME = "build.time";
}

/// Names of spans.
pub mod span {
    /// A session is opened.
    pub const SESSION_CREATE: &str = "session.create";
    /// A session is closed.
    pub const SESSION_DELETE: &str = "session.delete";
    /// Input for a session arrives.
    pub const SESSION_INPUT: &str = "session.input";
    /// Output of a session is sent.
    pub const SESSION_OUTPUT: &str = "session.output";
}

/// Values of [`USAGE_SOURCE`].
pub mod usage_source {
    /// Reported by the provider.
    pub const REPORTED: &str = "reported";
    /// Estimated, because the provider did not report usage.
    pub const ESTIMATED: &str = "estimated";
}

/// Bounds for the start of an agent, in seconds.
pub const STARTUP_BUCKETS: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

/// Bounds for an application's own operations, in seconds: from a millisecond to a minute.
pub const OPERATION_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

metrics! {
    OPERATION_DURATION = Histogram "operation.duration" ["s"]
        "How long an operation took."
        { OPERATION_NAME }
        OPERATION_BUCKETS;
    OPERATION_ERRORS = Counter "operation.errors" ["{error}"]
        "How often an operation failed, by error.type."
        { OPERATION_NAME, error::TYPE };
    WORKFLOWS_STARTED = Counter "workflows.started" ["{workflow}"]
        "Runs of workflows that started."
        { WORKFLOW_NAME };
    WORKFLOWS_COMPLETED = Counter "workflows.completed" ["{workflow}"]
        "Runs of workflows that completed."
        { WORKFLOW_NAME };
    WORKFLOWS_FAILED = Counter "workflows.failed" ["{workflow}"]
        "Runs of workflows that failed."
        { WORKFLOW_NAME, error::TYPE };
    WORKFLOWS_PAUSED = Counter "workflows.paused" ["{workflow}"]
        "Runs of workflows that began to wait for an approval."
        { WORKFLOW_NAME };
    WORKFLOW_DURATION = Histogram "workflow.duration" ["s"]
        "Duration of one run of a workflow."
        { WORKFLOW_NAME, error::TYPE }
        WORKFLOW_DURATION_BUCKETS;
    WORKFLOW_STEP_DURATION = Histogram "workflow.step.duration" ["s"]
        "Duration of one step, all its tries together."
        { WORKFLOW_NAME, WORKFLOW_STEP, error::TYPE }
        DURATION_BUCKETS;
    WORKFLOW_STEP_RETRIES = Counter "workflow.step.retries" ["{retry}"]
        "Tries of steps after the first."
        { WORKFLOW_NAME, WORKFLOW_STEP };
    PLAN_GENERATION_DURATION = Histogram "plan.generation.duration" ["s"]
        "Time a model took to make a valid plan."
        { PROVIDER_NAME, REQUEST_MODEL, error::TYPE }
        DURATION_BUCKETS;
    PLAN_GENERATION_RETRIES = Counter "plan.generation.retries" ["{retry}"]
        "Plans asked for again since the last one was not valid."
        { PROVIDER_NAME, REQUEST_MODEL, REASON };
    TOOLS_DISCOVERED = Gauge "tools.discovered" ["{tool}"]
        "Tools that discovery offers at present."
        { AGENT_NAME };
    AGENTS_ACTIVE = UpDownCounter "agents.active" ["{agent}"]
        "Agents that serve at present."
        { AGENT_NAME };
    AGENT_STARTUP_DURATION = Histogram "agent.startup.duration" ["s"]
        "Time from the start of an agent to its readiness."
        { AGENT_NAME, error::TYPE }
        STARTUP_BUCKETS;
    SESSIONS_ACTIVE = UpDownCounter "sessions.active" ["{session}"]
        "Sessions that are open."
        { };
    EVENTS_PUBLISHED = Counter "events.published" ["{event}"]
        "Events published."
        { EVENT_BUS, EVENT_TYPE };
    EVENTS_DROPPED = Counter "events.dropped" ["{event}"]
        "Events that a slow subscriber missed."
        { EVENT_BUS, REASON };
    EVENT_BUS_SUBSCRIBERS = UpDownCounter "event_bus.subscribers" ["{subscriber}"]
        "Subscribers of an event bus."
        { EVENT_BUS };
    MODEL_COST = FloatCounter "glassbox.model.cost" ["{usd}"]
        "What model calls cost, where the price is known."
        { gen_ai_v1_41::OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, AGENT_NAME, PROJECT_ID };
    BREAKER_STATE = Gauge "resilience.breaker.state" ["1"]
        "State of a circuit breaker: 0 closed, 1 half-open, 2 open."
        { DEPENDENCY };
    BREAKER_TRANSITIONS = Counter "resilience.breaker.transitions" ["{transition}"]
        "Changes of a circuit breaker's state."
        { DEPENDENCY, BREAKER_FROM, BREAKER_TO };
    BREAKER_REJECTIONS = Counter "resilience.breaker.rejections" ["{call}"]
        "Calls that a circuit breaker refused."
        { DEPENDENCY };
    RETRIES = Counter "resilience.retries" ["{retry}"]
        "Tries after the first."
        { DEPENDENCY, error::TYPE };
    RETRIES_STOPPED = Counter "resilience.retries.stopped" ["{call}"]
        "Failed calls that were not tried again, and why."
        { DEPENDENCY, REASON };
    TIMEOUTS = Counter "resilience.timeouts" ["{call}"]
        "Calls that ran out of time."
        { DEPENDENCY };
}
