//! Workflows as data, before validation.

use glassbox_resilience::{Backoff, RetryPolicyError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, time::Duration};

/// A directed acyclic graph of steps, as declared in code or in a file.
///
/// ```
/// use glassbox_orchestration::{Input, Step, Workflow};
/// use serde_json::json;
///
/// let trip = Workflow::new("trip")
///     .with_input("city", Input::required("Where to go."))
///     .with_step(Step::new("place", "geocode").with_input(json!({"city": "${inputs.city}"})))
///     .with_step(Step::new("time", "local_time").with_input(json!({"timezone": "${steps.place.output.timezone}"})))
///     .with_output(json!({"summary": "In ${inputs.city} it is ${steps.time.output.local_time}."}));
/// let graph = trip.validate()?;
/// assert_eq!(graph.order().collect::<Vec<_>>(), ["place", "time"]);
/// # Ok::<(), glassbox_orchestration::InvalidWorkflow>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Workflow {
    /// The name in spans and metrics, so it must not contain ids.
    pub name: String,
    /// Shown to people and models.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The inputs of a run, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Input>,
    /// The steps, in any order: bindings and `depends_on` decide which step waits for which.
    pub steps: Vec<Step>,
    /// The template of the output. Without one, the output contains the outputs of the steps that no
    /// other step waits for, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// How long a run may take, in milliseconds. The caller's deadline applies as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// An input of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Input {
    /// Shown to people and models.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether a run may omit it. If omitted, it is null.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Its value if a run omits it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// One call of a capability.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Step {
    /// Unique within the workflow: letters, digits, `_` and `-`.
    pub id: String,
    /// The capability to call.
    pub capability: String,
    /// The service to call, by name. Needed only if several services have a capability of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The template of the call's input.
    #[serde(default = "empty_object")]
    pub input: Value,
    /// Steps that must complete first, in addition to those referenced by the input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// How long one attempt may take, in milliseconds. The default is the capability's own timeout plus
    /// three seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// What happens after a failed attempt.
    #[serde(default, skip_serializing_if = "RetryPolicy::is_none")]
    pub retry: RetryPolicy,
}

/// How often a step is attempted, and how long it pauses between attempts.
///
/// A failed attempt is repeated only if the capability's [`Effect`](glassbox_core::Effect) is
/// repeatable and the error is retryable. A peer's `Retry-After` is the minimum pause. The step fails
/// if the peer asks for more than a minute, or if the pause would outlast the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts in all, at least one.
    pub attempts: u32,
    /// The longest first pause, in milliseconds. It doubles with each attempt. The actual pause is a
    /// random part of it.
    pub backoff_ms: u64,
    /// The longest pause, in milliseconds.
    pub max_backoff_ms: u64,
}

impl Default for RetryPolicy {
    /// One attempt, no retry.
    fn default() -> Self {
        Self::attempts(1)
    }
}

impl RetryPolicy {
    /// This many attempts in all, with pauses of up to 100 ms, doubling up to 5 s.
    pub const fn attempts(attempts: u32) -> Self {
        Self {
            attempts,
            backoff_ms: 100,
            max_backoff_ms: 5_000,
        }
    }

    /// Sets the maximum of the first pause and of any pause.
    #[must_use]
    pub const fn with_backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff_ms = first.as_millis() as u64;
        self.max_backoff_ms = longest.as_millis() as u64;
        self
    }

    /// Converts it to a policy of `glassbox-resilience`.
    pub(crate) fn to_policy(self) -> Result<glassbox_resilience::RetryPolicy, RetryPolicyError> {
        let pause = Duration::from_millis;
        let backoff = Backoff::try_new(pause(self.backoff_ms), pause(self.max_backoff_ms))?;
        glassbox_resilience::RetryPolicy::try_new(self.attempts, backoff)
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Input {
    /// An input that every run must have.
    pub fn required(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            ..Self::default()
        }
    }

    /// An input that a run may omit. If omitted, it is null.
    pub fn optional(description: impl Into<String>) -> Self {
        Self {
            optional: true,
            ..Self::required(description)
        }
    }

    /// Sets the value used if a run omits the input.
    pub fn with_default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }
}

impl Step {
    /// A call of `capability` with an empty input.
    pub fn new(id: impl Into<String>, capability: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            capability: capability.into(),
            input: empty_object(),
            ..Self::default()
        }
    }

    /// Sets the service to call.
    #[must_use]
    pub fn on_service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// Sets the template of the call's input.
    #[must_use]
    pub fn with_input(mut self, template: Value) -> Self {
        self.input = template;
        self
    }

    /// Waits for a step whose output the input does not use.
    #[must_use]
    pub fn after(mut self, step: impl Into<String>) -> Self {
        self.depends_on.push(step.into());
        self
    }

    /// Sets how long one attempt may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout_ms = Some(millis(timeout));
        self
    }

    /// Sets what happens after a failed attempt.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }
}

impl Workflow {
    /// A workflow without steps.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Sets the description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Declares an input.
    #[must_use]
    pub fn with_input(mut self, name: impl Into<String>, input: Input) -> Self {
        self.inputs.insert(name.into(), input);
        self
    }

    /// Adds a step.
    #[must_use]
    pub fn with_step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Sets the template of the output.
    #[must_use]
    pub fn with_output(mut self, template: Value) -> Self {
        self.output = Some(template);
        self
    }

    /// Sets how long a run may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout_ms = Some(millis(timeout));
        self
    }
}

fn empty_object() -> Value {
    Value::Object(Map::new())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
