//! The result of an assistant: an answer or an error.

use crate::content;
use glassbox_core::{
    ChatResponse, Content, FinishReason, Message, ModelError, Output, Problem, ToolCall, ToolError,
    ToolResult, Usage,
};
use std::sync::Arc;

/// An answer, with the calls and the usage that led to it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The text of the model's last message.
    pub text: String,
    /// Why the model stopped.
    pub finish: FinishReason,
    /// The model that answered, as it names itself.
    pub model: String,
    /// How often the model was called.
    pub steps: u32,
    /// The tool calls, in order.
    pub tools: Vec<ToolUse>,
    /// The usage of all model calls; estimated if the usage of any call was.
    pub usage: Usage,
    /// The conversation, with all messages that were added.
    pub messages: Vec<Arc<Message>>,
}

impl Answer {
    /// Whether the token limit cut the answer off.
    pub fn is_truncated(&self) -> bool {
        self.finish == FinishReason::Length
    }
}

/// One tool call and its result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolUse {
    /// The call as the model wrote it.
    pub call: ToolCall,
    /// The service that was called; `None` if the tool does not exist.
    pub service: Option<String>,
    /// The output, or the problem.
    pub result: Result<Output, Problem>,
}

impl ToolUse {
    pub(super) fn new(
        call: ToolCall,
        service: Option<String>,
        result: Result<Output, Problem>,
    ) -> Self {
        Self {
            call,
            service,
            result,
        }
    }
}

/// Why there is no answer, with the calls and the usage so far.
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
    /// The problem, for people and for other processes.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// How often the model was called and answered.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// The tool calls, in order.
    pub fn tools(&self) -> &[ToolUse] {
        &self.tools
    }

    /// The usage of all model calls so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The text that came before the model failed.
    pub fn partial(&self) -> Option<String> {
        let text = self.source.as_ref()?.partial()?.message.text();
        Some(text).filter(|text| !text.is_empty())
    }
}

/// The text received before the failure becomes the detail `partial_answer`, truncated to 16 384
/// characters.
impl From<AssistantError> for ToolError {
    fn from(error: AssistantError) -> Self {
        let partial = error.partial();
        Self::from(match partial {
            Some(text) => error
                .problem
                .with_detail("partial_answer", content::cut(&text)),
            None => error.problem,
        })
    }
}

/// The state of an answer in progress.
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

    /// Adds the model's answer.
    pub(super) fn heard(&mut self, response: &ChatResponse) {
        self.steps += 1;
        self.usage += response.usage;
        self.messages.push(response.message.clone());
    }

    /// Adds a message to the model from the assistant itself.
    pub(super) fn asked(&mut self, text: String) {
        self.messages.push(Arc::new(Message::user(text)));
    }

    /// Records the model's failure; returns its problem.
    pub(super) fn model_failed(&mut self, error: ModelError) -> Problem {
        if let Some(usage) = error.usage() {
            self.usage += usage;
        }
        let problem = error.problem().clone();
        self.source = Some(error);
        problem
    }

    /// Adds a tool call and its result; the model gets a problem as JSON.
    pub(super) fn used(&mut self, used: ToolUse) {
        let result = ToolResult::new(&used.call.id, told(&used.result));
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

/// The content that the model gets: the output's content if it has text, otherwise the value and the content.
fn told(result: &Result<Output, Problem>) -> Vec<Content> {
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

    fn result_of(result: Result<Output, Problem>) -> ToolResult {
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
        let plain = result_of(Ok(value()));
        assert_eq!(plain, ToolResult::json("a", json!({"phase": 0.5})));
        let shown = result_of(Ok(value().with_content([photo()])));
        assert_eq!(
            shown.content,
            [Content::json(json!({"phase": 0.5})), photo()]
        );
        let said = result_of(Ok(value().with_content(["half a moon".into(), photo()])));
        assert_eq!(said.content, ["half a moon".into(), photo()]);
        let failed = result_of(Err(Problem::new(Category::NotFound, "sky.empty", "no sky")));
        assert!(failed.is_error);
        assert_eq!(failed.value().unwrap()["code"], "sky.empty");
    }
}
