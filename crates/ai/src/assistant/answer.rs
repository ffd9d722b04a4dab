//! What an assistant comes to.

use glassbox_core::{
    ChatResponse, Content, FinishReason, Message, ModelError, Output, Problem, ToolCall, ToolError,
    ToolResult, Usage,
};
use std::sync::Arc;

/// An answer, and how it came about.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// What the model said last.
    pub text: String,
    /// Why it stopped there.
    pub finish: FinishReason,
    /// The model that answered, as it names itself.
    pub model: String,
    /// How often the model was asked.
    pub steps: u32,
    /// What was called, in order.
    pub tools: Vec<ToolUse>,
    /// Of all calls of the model together; estimated if one of them was.
    pub usage: Usage,
    /// The conversation with everything that was added to it.
    pub messages: Vec<Arc<Message>>,
}

/// One call of a tool.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolUse {
    /// As the model made it.
    pub call: ToolCall,
    /// The service that was called; `None` if there is no such tool.
    pub service: Option<String>,
    /// What it gave, or why not.
    pub result: Result<Output, Problem>,
}

/// No answer, and what was done until then.
#[derive(Debug, thiserror::Error)]
#[error("{}", problem.message())]
pub struct AssistantError {
    problem: Problem,
    steps: u32,
    tools: Vec<ToolUse>,
    usage: Usage,
    #[source]
    source: Option<ModelError>,
}

impl AssistantError {
    /// Why, for people and the wire.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// How often the model was asked and answered.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// What was called, in order.
    pub fn tools(&self) -> &[ToolUse] {
        &self.tools
    }

    /// What was used all the same.
    pub fn usage(&self) -> Usage {
        self.usage
    }
}

impl From<AssistantError> for ToolError {
    fn from(error: AssistantError) -> Self {
        Self::from(error.problem)
    }
}

/// What was done so far.
pub(super) struct Progress {
    pub(super) messages: Vec<Arc<Message>>,
    pub(super) steps: u32,
    pub(super) tools: Vec<ToolUse>,
    usage: Usage,
    source: Option<ModelError>,
}

impl Progress {
    pub(super) fn new(instructions: Option<&str>, conversation: Vec<Arc<Message>>) -> Self {
        let instructions = instructions.map(|text| Arc::new(Message::system(text)));
        let mut messages: Vec<_> = instructions.into_iter().collect();
        messages.extend(conversation);
        Self {
            messages,
            steps: 0,
            tools: Vec::new(),
            usage: Usage::reported(0, 0),
            source: None,
        }
    }

    /// The model answered.
    pub(super) fn heard(&mut self, response: &ChatResponse) {
        self.steps += 1;
        self.usage += response.usage;
        self.messages.push(response.message.clone());
    }

    /// We ask the model for something.
    pub(super) fn asked(&mut self, text: String) {
        self.messages.push(Arc::new(Message::user(text)));
    }

    /// The model failed; gives the problem.
    pub(super) fn model_failed(&mut self, error: ModelError) -> Problem {
        if let Some(usage) = error.usage() {
            self.usage += usage;
        }
        let problem = error.problem().clone();
        self.source = Some(error);
        problem
    }

    /// A tool was called. The model is told its problem as JSON.
    pub(super) fn used(&mut self, used: ToolUse) {
        let result = ToolResult::new(&used.call.id, content(&used.result));
        let result = result.with_is_error(used.result.is_err());
        self.messages.push(Arc::new(result.into()));
        self.tools.push(used);
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    pub(super) fn into_answer(self, last: ChatResponse) -> Answer {
        Answer {
            text: last.message.text(),
            finish: last.finish,
            model: last.model,
            steps: self.steps,
            tools: self.tools,
            usage: self.usage,
            messages: self.messages,
        }
    }

    pub(super) fn into_error(self, problem: Problem) -> AssistantError {
        AssistantError {
            problem,
            steps: self.steps,
            tools: self.tools,
            usage: self.usage,
            source: self.source,
        }
    }
}

/// What the model is given: the content where it has words, otherwise the value with what there is beside it.
fn content(result: &Result<Output, Problem>) -> Vec<Content> {
    match result {
        Ok(output) if output.content.iter().any(|part| part.as_text().is_some()) => {
            output.content.clone()
        }
        Ok(output) => {
            let value = Content::json(output.value.clone());
            std::iter::once(value)
                .chain(output.content.iter().cloned())
                .collect()
        }
        Err(problem) => match serde_json::to_value(problem) {
            Ok(value) => vec![Content::json(value)],
            Err(_) => vec![Content::text(problem.message())],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::{Category, Media, MediaKind};
    use serde_json::json;

    fn told(result: Result<Output, Problem>) -> ToolResult {
        let mut progress = Progress::new(None, Vec::new());
        progress.used(ToolUse {
            call: ToolCall::new("a", "look", json!({})),
            service: None,
            result,
        });
        let part = progress.messages[0].parts[0].clone();
        part.as_tool_result().unwrap().clone()
    }

    #[test]
    fn the_model_is_given_what_the_tool_returned() {
        let photo = || Content::from(Media::uri(MediaKind::Image, "https://x.test/moon.png"));
        let value = || Output::new(json!({"phase": 0.5}));
        let plain = told(Ok(value()));
        assert_eq!(plain, ToolResult::json("a", json!({"phase": 0.5})));
        let shown = told(Ok(value().with_content([photo()])));
        assert_eq!(
            shown.content,
            [Content::json(json!({"phase": 0.5})), photo()]
        );
        let said = told(Ok(value().with_content(["half a moon".into(), photo()])));
        assert_eq!(said.content, ["half a moon".into(), photo()]);
        let failed = told(Err(Problem::new(Category::NotFound, "sky.empty", "no sky")));
        assert!(failed.is_error);
        assert_eq!(failed.value().unwrap()["code"], "sky.empty");
    }
}
