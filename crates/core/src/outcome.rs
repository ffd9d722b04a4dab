//! Outcomes of calls: an output, a question, or an accepted task.

use crate::{Category, Content, Spent, ToolError};
use schemars::Schema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The output of a finished call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Output {
    /// Satisfies the capability's output schema.
    #[serde(default)]
    pub value: Value,
    /// Additional content for models and people: texts, images, files. Empty if the value is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Content>,
    /// The usage of the call, which is already charged to its budget.
    #[serde(default, skip_serializing_if = "Spent::is_nothing")]
    pub spent: Spent,
}

impl Output {
    /// Creates an output with only a value.
    pub fn new(value: Value) -> Self {
        Self {
            value,
            ..Self::default()
        }
    }

    /// Adds content parts.
    #[must_use]
    pub fn with_content(mut self, content: impl IntoIterator<Item = Content>) -> Self {
        self.content.extend(content);
        self
    }

    /// Sets the usage of the call. Charge it with [`Cx::charge`](crate::Cx::charge) as well.
    #[must_use]
    pub fn with_spent(mut self, spent: Spent) -> Self {
        self.spent = spent;
        self
    }
}

impl From<Value> for Output {
    fn from(value: Value) -> Self {
        Self::new(value)
    }
}

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Finished.
    Done(Output),
    /// Needs an answer from the caller to continue.
    NeedsInput(InputRequest),
    /// Accepted as a task that continues in the background.
    Accepted(TaskHandle),
}

impl Outcome {
    /// Finished with this value.
    pub fn done(value: impl Into<Value>) -> Self {
        Self::Done(Output::new(value.into()))
    }

    /// The output, for callers that can neither answer a question nor wait for a task.
    ///
    /// # Errors
    /// `call.needs_input` or `call.accepted` if the call did not finish. The details contain the question
    /// or the task.
    pub fn into_output(self) -> Result<Output, ToolError> {
        match self {
            Self::Done(output) => Ok(output),
            Self::NeedsInput(request) => {
                let message = format!("the call needs input: {}", request.message);
                let error = ToolError::new(Category::Conflict, "call.needs_input", message);
                Err(error.with_detail("request", serde_json::to_value(request).unwrap_or_default()))
            }
            Self::Accepted(task) => {
                let message = format!("the call continues as task '{}'", task.id);
                let error = ToolError::new(Category::Conflict, "call.accepted", message);
                Err(error.with_detail("task", serde_json::to_value(task).unwrap_or_default()))
            }
        }
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self::Done(output)
    }
}

/// A question to the caller during a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InputRequest {
    /// The question, for people.
    pub message: String,
    /// JSON Schema of the answer.
    pub schema: Schema,
    /// Opaque state of the callee, sent back with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl InputRequest {
    /// Creates a question with the schema of its answer.
    pub fn new(message: impl Into<String>, schema: Schema) -> Self {
        Self {
            message: message.into(),
            schema,
            state: None,
        }
    }

    /// Adds state that the callee needs to continue.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }
}

/// A call that continues in the background.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskHandle {
    /// The id at the service that accepted it.
    pub id: String,
    /// When to poll, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_after_ms: Option<u64>,
}

impl TaskHandle {
    /// A task with this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            poll_after_ms: None,
        }
    }

    /// Sets when to poll.
    #[must_use]
    pub fn with_poll_after(mut self, wait: Duration) -> Self {
        self.poll_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::schema_for;
    use serde_json::json;

    #[test]
    fn the_three_outcomes_survive_the_wire() {
        let request = InputRequest::new("which Springfield?", schema_for!(String));
        for (outcome, status) in [
            (Outcome::done(7), "done"),
            (Outcome::NeedsInput(request.with_state("s")), "needs_input"),
            (Outcome::Accepted(TaskHandle::new("t-1")), "accepted"),
        ] {
            let wire = serde_json::to_value(&outcome).unwrap();
            assert_eq!(wire["status"], status);
            assert_eq!(serde_json::from_value::<Outcome>(wire).unwrap(), outcome);
        }
    }

    #[test]
    fn an_output_is_written_without_what_it_has_not() {
        let wire = serde_json::to_value(Outcome::done(json!({"a": 1}))).unwrap();
        assert_eq!(wire, json!({"status": "done", "value": {"a": 1}}));
    }

    #[test]
    fn whoever_cannot_wait_gets_an_error_with_the_task() {
        let accepted = Outcome::Accepted(TaskHandle::new("t-1"));
        let error = accepted.into_output().unwrap_err();
        assert_eq!(error.code(), "call.accepted");
        assert_eq!(error.problem().details()["task"]["id"], "t-1");
    }
}
