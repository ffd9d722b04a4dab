//! Workflows as data: what is declared, before anything is checked.

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
    /// Of low cardinality: it names spans and metrics.
    pub name: String,
    /// For people and models.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What a run is given, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Input>,
    /// In any order; bindings and `depends_on` decide what waits for what.
    pub steps: Vec<Step>,
    /// The template of the result; without one, the outputs of the steps that nothing waits for, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// How long a run may take, in milliseconds; the caller's deadline holds as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// What a run is given under one name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Input {
    /// For people and models.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether a run may leave it out; it is then null.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Its value where a run leaves it out.
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
    /// What to call.
    pub capability: String,
    /// Whose capability, by service name; needed only where several services have one of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The template of the call's input.
    #[serde(default = "empty_object")]
    pub input: Value,
    /// Steps that must complete before, beside those that the input binds to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// How long one try may take, in milliseconds; without one, as long as the capability says and three
    /// seconds more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// What happens after a failed try.
    #[serde(default, skip_serializing_if = "RetryPolicy::is_none")]
    pub retry: RetryPolicy,
}

/// How often a step is tried, and how long it waits in between.
///
/// Only what may be repeated is: the capability's [`Effect`](glassbox_core::Effect) must be
/// repeatable and the error must say that a repetition may help. A peer's `Retry-After` is the least
/// that is waited; one of more than a minute, or beyond the deadline, ends the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries in all, at least one.
    pub attempts: u32,
    /// The longest first pause, in milliseconds; it doubles with each try, and what is really waited
    /// is a random part of it.
    pub backoff_ms: u64,
    /// The longest pause, in milliseconds.
    pub max_backoff_ms: u64,
}

impl Default for RetryPolicy {
    /// One try, no repetition.
    fn default() -> Self {
        Self::attempts(1)
    }
}

impl RetryPolicy {
    /// So many tries in all, with pauses of up to 100 ms, doubling up to 5 s.
    pub const fn attempts(attempts: u32) -> Self {
        Self {
            attempts,
            backoff_ms: 100,
            max_backoff_ms: 5_000,
        }
    }

    /// Says how long the first and the longest pause may be.
    #[must_use]
    pub const fn with_backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff_ms = first.as_millis() as u64;
        self.max_backoff_ms = longest.as_millis() as u64;
        self
    }

    /// The same for the loop that tries.
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
    /// One that every run must give.
    pub fn required(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            ..Self::default()
        }
    }

    /// One that a run may leave out; it is then null.
    pub fn optional(description: impl Into<String>) -> Self {
        Self {
            optional: true,
            ..Self::required(description)
        }
    }

    /// One that has this value where a run leaves it out.
    pub fn with_default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }
}

impl Step {
    /// A call of `capability` without input.
    pub fn new(id: impl Into<String>, capability: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            capability: capability.into(),
            input: empty_object(),
            ..Self::default()
        }
    }

    /// Says whose capability it is.
    #[must_use]
    pub fn on_service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// The template of the call's input.
    #[must_use]
    pub fn with_input(mut self, template: Value) -> Self {
        self.input = template;
        self
    }

    /// Waits for a step whose output it does not use.
    #[must_use]
    pub fn after(mut self, step: impl Into<String>) -> Self {
        self.depends_on.push(step.into());
        self
    }

    /// Says how long one try may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout_ms = Some(millis(timeout));
        self
    }

    /// Says what happens after a failed try.
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

    /// Says what it is for.
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

    /// The template of the result.
    #[must_use]
    pub fn with_output(mut self, template: Value) -> Self {
        self.output = Some(template);
        self
    }

    /// Says how long a run may take.
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
