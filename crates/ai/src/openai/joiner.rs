//! Joins the pieces of a streamed answer.

use super::chunk::{
    CallPiece, Chunk, ChunkChoice, EXTRA_CONTENT, REASONING, REASONING_CONTENT, REASONING_DETAILS,
    TEXT_AS, Whole,
};
use super::refusal;
use crate::{
    estimate,
    wire::{Broken, Join, Step, misread},
};
use glassbox_core::{
    ChatEvent, ChatRequest, ChatResponse, FinishReason, Message, Opaque, Part, Reasoning, Role,
    ToolCall, Usage,
};
use serde_json::{Map, Value, json};

/// Marks the end of a stream in place of a chunk.
const DONE: &str = "[DONE]";

/// The answer so far.
#[derive(Debug)]
pub(super) struct Joiner {
    id: Option<String>,
    model: String,
    /// Opaque values get this origin.
    origin: String,
    text: String,
    /// What the server attached to the text.
    text_extra: Option<Value>,
    reasoning: String,
    /// What the server attached to the reasoning: the name of its member, and details.
    reasoning_extra: Map<String, Value>,
    calls: Vec<OpenCall>,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    /// Estimated input tokens, for when the server reports none.
    input: u64,
}

/// A tool call whose arguments are incomplete.
#[derive(Debug)]
struct OpenCall {
    index: Option<usize>,
    id: String,
    name: String,
    arguments: String,
    extra: Option<Value>,
}

impl Joiner {
    /// An empty answer to `request`.
    pub(super) fn new(model: &str, origin: &str, request: &ChatRequest) -> Self {
        Self {
            id: None,
            model: model.to_owned(),
            origin: origin.to_owned(),
            text: String::new(),
            text_extra: None,
            reasoning: String::new(),
            reasoning_extra: Map::new(),
            calls: Vec::new(),
            finish: None,
            usage: None,
            input: estimate::request(request),
        }
    }

    /// Adds a piece; returns the events that it completes.
    fn add(&mut self, chunk: Chunk) -> Vec<ChatEvent> {
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
            // Some servers send the same text in both members.
            let reasoning = said(turn.reasoning_content)
                .map(|more| (REASONING_CONTENT, more))
                .or_else(|| said(turn.reasoning).map(|more| (REASONING, more)));
            if let Some((name, more)) = reasoning {
                self.reasoning.push_str(&more);
                self.reasoning_extra.insert(TEXT_AS.to_owned(), name.into());
                events.push(ChatEvent::Reasoning(more));
            }
            if let Some(Value::Array(more)) = turn.reasoning_details {
                let details = self.reasoning_extra.entry(REASONING_DETAILS);
                if let Value::Array(details) = details.or_insert_with(|| Value::Array(Vec::new())) {
                    details.extend(more);
                }
            }
            self.text_extra = turn.extra_content.or(self.text_extra.take());
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
                // Calls are complete when the reason comes. Some servers send it twice.
                if self.finish.replace(reason(word)).is_none() {
                    let calls = self.calls.iter().map(|call| self.close(call));
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
        // Some servers give every call index 0: a different id is a different call.
        let held = held.filter(|at| id.as_ref().is_none_or(|id| *id == self.calls[*at].id));
        let at = held.unwrap_or_else(|| {
            self.calls.push(OpenCall {
                index: piece.index,
                id: id.unwrap_or_else(|| format!("call_{}", self.calls.len())),
                name: String::new(),
                arguments: String::new(),
                extra: None,
            });
            self.calls.len() - 1
        });
        let function = piece.function.unwrap_or_default();
        let call = &mut self.calls[at];
        call.extra = piece.extra_content.or(call.extra.take());
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

    /// The usage so far; estimated unless the server reported it.
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

    fn attached(&self, extra: Value) -> Opaque {
        Opaque::new(&self.origin, json!({EXTRA_CONTENT: extra}))
    }

    fn close(&self, call: &OpenCall) -> ToolCall {
        let arguments = match call.arguments.trim() {
            // A call without parameters may come without arguments.
            "" => Value::Object(serde_json::Map::new()),
            text => serde_json::from_str(text)
                .ok()
                .filter(Value::is_object)
                .unwrap_or_else(|| Value::String(call.arguments.clone())),
        };
        let closed = ToolCall::new(&call.id, &call.name, arguments);
        match &call.extra {
            Some(extra) => closed.with_opaque(self.attached(extra.clone())),
            None => closed,
        }
    }
}

impl Join for Joiner {
    fn event(&mut self, data: &str) -> Result<Step, Broken> {
        if data.trim() == DONE {
            return Ok(Step::End);
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| {
            Broken::Malformed(format!(
                "it sent an event that is not a chunk: {}",
                misread(&error)
            ))
        })?;
        match &chunk.error {
            Some(error) => Err(Broken::Refused(refusal::read(error))),
            None => Ok(Step::More(self.add(chunk))),
        }
    }

    /// Treats the answer as a stream of one chunk, so that both give the same result.
    fn whole(&mut self, body: &[u8]) -> Result<ChatResponse, Broken> {
        let whole: Whole =
            serde_json::from_slice(body).map_err(|error| Broken::Malformed(misread(&error)))?;
        if let Some(error) = &whole.error {
            return Err(Broken::Refused(refusal::read(error)));
        }
        let broken = |what: &str| Broken::Malformed(what.to_owned());
        let mut choices = whole.choices.into_iter();
        let mut choice = choices.next().ok_or_else(|| broken("it has no choices"))?;
        // Calls are complete here, so their position identifies them.
        let calls = choice
            .message
            .iter_mut()
            .flat_map(|turn| &mut turn.tool_calls);
        for (at, call) in calls.flatten().enumerate() {
            call.index = Some(at);
        }
        self.add(Chunk {
            id: whole.id,
            model: whole.model,
            usage: whole.usage,
            choices: vec![ChunkChoice {
                index: 0,
                delta: choice.message,
                finish_reason: choice.finish_reason.or_else(|| Some("stop".to_owned())),
            }],
            error: None,
        });
        self.finish()
            .ok_or_else(|| broken("it has no finish_reason"))
    }

    /// Whether the finish reason is known; only usage may be missing then.
    fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    fn used(&self) -> Option<Usage> {
        let begun = !(self.text.is_empty() && self.reasoning.is_empty() && self.calls.is_empty());
        (begun || self.usage.is_some()).then(|| self.usage())
    }

    fn finish(&mut self) -> Option<ChatResponse> {
        let finish = self.finish.take()?;
        let usage = self.usage();
        let mut parts = Vec::new();
        if !(self.reasoning.is_empty() && self.reasoning_extra.is_empty()) {
            let mut reasoning = Reasoning::new(std::mem::take(&mut self.reasoning));
            if !self.reasoning_extra.is_empty() {
                let extra = std::mem::take(&mut self.reasoning_extra);
                reasoning = reasoning.with_opaque(Opaque::new(&self.origin, extra));
            }
            parts.push(Part::Reasoning(reasoning));
        }
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            let extra = self.text_extra.take();
            parts.push(Part::text_with(
                text,
                extra.map(|extra| self.attached(extra)),
            ));
        }
        parts.extend(
            self.calls
                .iter()
                .map(|call| Part::ToolCall(self.close(call))),
        );
        let message = Message::new(Role::Assistant, parts);
        let response = ChatResponse::new(message, finish, usage, &self.model);
        Some(match self.id.take() {
            Some(id) => response.with_id(id),
            None => response,
        })
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
