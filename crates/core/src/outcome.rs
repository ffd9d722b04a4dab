//! What a call ended with: an output, a question, or a task that goes on.

use crate::{Category, Content, Spent, ToolError};
use schemars::Schema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// What a finished call returned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Output {
    /// Satisfies the capability's output schema.
    #[serde(default)]
    pub value: Value,
    /// The same or more, for models and people: texts, images, files. Empty where the value says it all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Content>,
    /// What the call used. It has been charged to the call's budget already.
    #[serde(default, skip_serializing_if = "Spent::is_nothing")]
    pub spent: Spent,
}

impl Output {
    /// A value and nothing else.
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

    /// Says what the call used. Charge it with [`Cx::charge`](crate::Cx::charge) as well.
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

/// What a call ended with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Finished.
    Done(Output),
    /// Cannot go on without an answer from the caller.
    NeedsInput(InputRequest),
    /// Accepted, and goes on by itself.
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
    /// `call.needs_input` or `call.accepted` if the call did not finish; the details hold the question or
    /// the task.
    pub fn into_output(self) -> Result<Output, ToolError> {
        match self {
            Self::Done(output) => Ok(output),
            Self::NeedsInput(request) => {
                let message = format!("the call needs input first: {}", request.message);
                let error = ToolError::new(Category::Conflict, "call.needs_input", message);
                Err(error.with_detail("request", serde_json::to_value(request).unwrap_or_default()))
            }
            Self::Accepted(task) => {
                let message = format!("the call goes on as task '{}'", task.id);
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

/// A question to the caller, asked in the middle of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InputRequest {
    /// What is asked, for people.
    pub message: String,
    /// JSON Schema of the answer.
    pub schema: Schema,
    /// Opaque; sent back with the answer, so that the callee can go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl InputRequest {
    /// Asks for an answer of this form.
    pub fn new(message: impl Into<String>, schema: Schema) -> Self {
        Self {
            message: message.into(),
            schema,
            state: None,
        }
    }

    /// Adds what the callee needs in order to go on.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }
}

/// A call that goes on by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskHandle {
    /// By which the service that accepted it knows it.
    pub id: String,
    /// When to ask for its state, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_after_ms: Option<u64>,
}

impl TaskHandle {
    /// A task of this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            poll_after_ms: None,
        }
    }

    /// Says when to ask for its state.
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
