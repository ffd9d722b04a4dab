//! Joins the pieces of a streamed answer.

use super::wire::{CallPiece, Chunk};
use crate::estimate;
use glassbox_core::{
    ChatEvent, ChatRequest, ChatResponse, FinishReason, Message, Part, Role, ToolCall, Usage,
};
use serde_json::Value;

/// What has been said so far.
#[derive(Debug)]
pub(super) struct Joiner {
    id: Option<String>,
    model: String,
    text: String,
    reasoning: String,
    calls: Vec<OpenCall>,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    /// What the request is believed to cost, where nobody says.
    input: u64,
}

/// A call whose arguments are still coming.
#[derive(Debug)]
struct OpenCall {
    index: Option<usize>,
    id: String,
    name: String,
    arguments: String,
}

impl Joiner {
    /// Nothing said yet to `request`, by the model that was asked for.
    pub(super) fn new(model: &str, request: &ChatRequest) -> Self {
        Self {
            id: None,
            model: model.to_owned(),
            text: String::new(),
            reasoning: String::new(),
            calls: Vec::new(),
            finish: None,
            usage: None,
            input: estimate::request(request),
        }
    }

    /// Takes a piece; gives what can be told at once.
    pub(super) fn add(&mut self, chunk: Chunk) -> Vec<ChatEvent> {
        self.id = chunk.id.filter(|id| !id.is_empty()).or(self.id.take());
        if let Some(model) = chunk.model.filter(|model| !model.is_empty()) {
            self.model = model;
        }
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.into());
        }
        let mut events = Vec::new();
        for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            let turn = choice.delta.unwrap_or_default();
            let said = |text: Option<String>| text.filter(|text| !text.is_empty());
            if let Some(more) = said(turn.reasoning_content) {
                self.reasoning.push_str(&more);
                events.push(ChatEvent::Reasoning(more));
            }
            for more in [said(turn.content), said(turn.refusal)]
                .into_iter()
                .flatten()
            {
                self.text.push_str(&more);
                events.push(ChatEvent::Text(more));
            }
            for piece in turn.tool_calls.into_iter().flatten() {
                self.add_call(piece);
            }
            if let Some(word) = said(choice.finish_reason) {
                // Nothing is added to a call after the reason, which some servers give twice.
                if self.finish.replace(reason(word)).is_none() {
                    let calls = self.calls.iter().map(OpenCall::close);
                    events.extend(calls.map(ChatEvent::ToolCall));
                }
            }
        }
        events
    }

    fn add_call(&mut self, piece: CallPiece) {
        let id = piece.id.filter(|id| !id.is_empty());
        let held = match piece.index {
            Some(_) => self
                .calls
                .iter()
                .rposition(|call| call.index == piece.index),
            None => self.calls.len().checked_sub(1),
        };
        // Some servers give every call the index 0; another id is another call.
        let held = held.filter(|at| id.as_ref().is_none_or(|id| *id == self.calls[*at].id));
        let at = held.unwrap_or_else(|| {
            self.calls.push(OpenCall {
                index: piece.index,
                id: id.unwrap_or_else(|| format!("call_{}", self.calls.len())),
                name: String::new(),
                arguments: String::new(),
            });
            self.calls.len() - 1
        });
        let function = piece.function.unwrap_or_default();
        let call = &mut self.calls[at];
        if let Some(name) = function.name
            && call.name != name
        {
            call.name.push_str(&name);
        }
        match function.arguments {
            Some(Value::String(more)) => call.arguments.push_str(&more),
            Some(Value::Null) | None => {}
            Some(whole) => call.arguments = whole.to_string(),
        }
    }

    /// Whether the reason is known: what is missing then is usage at most.
    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// What is known to have been used up to now; nothing, unless the provider said so or has begun to
    /// answer.
    pub(super) fn used(&self) -> Option<Usage> {
        let begun = !(self.text.is_empty() && self.reasoning.is_empty() && self.calls.is_empty());
        (begun || self.usage.is_some()).then(|| self.usage())
    }

    /// What has been used up to now, estimated unless the provider said.
    fn usage(&self) -> Usage {
        let calls = self
            .calls
            .iter()
            .map(|call| estimate::text(&call.name) + estimate::text(&call.arguments));
        let output =
            estimate::text(&self.text) + estimate::text(&self.reasoning) + calls.sum::<u64>();
        self.usage
            .unwrap_or_else(|| Usage::estimated(self.input, output))
    }

    /// The whole answer; `None` if the reason never came.
    pub(super) fn finish(&mut self) -> Option<ChatResponse> {
        let finish = self.finish.take()?;
        let usage = self.usage();
        let mut parts = Vec::new();
        if !self.reasoning.is_empty() {
            let text = std::mem::take(&mut self.reasoning);
            parts.push(Part::Reasoning { text });
        }
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            parts.push(Part::Text { text });
        }
        parts.extend(self.calls.iter().map(|call| Part::ToolCall(call.close())));
        let message = Message {
            role: Role::Assistant,
            parts,
        };
        let response = ChatResponse::new(message, finish, usage, &self.model);
        Some(match self.id.take() {
            Some(id) => response.with_id(id),
            None => response,
        })
    }
}

impl OpenCall {
    fn close(&self) -> ToolCall {
        let arguments = match self.arguments.trim() {
            // A call without parameters may come without arguments.
            "" => Value::Object(serde_json::Map::new()),
            text => serde_json::from_str(text)
                .ok()
                .filter(Value::is_object)
                .unwrap_or_else(|| Value::String(self.arguments.clone())),
        };
        ToolCall {
            id: self.id.clone(),
            name: self.name.clone(),
            arguments,
        }
    }
}

fn reason(word: String) -> FinishReason {
    match word.as_str() {
        "stop" => FinishReason::Stop,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "length" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Other(word),
    }
}
