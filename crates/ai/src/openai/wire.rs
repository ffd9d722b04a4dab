//! The shapes of Chat Completions: what is sent, and what may come back.

use super::joiner::Joiner;
use glassbox_core::{
    Category, ChatRequest, ChatResponse, Message, ModelError, Part, Problem, Role, Usage,
};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A request's body.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
}

impl<'a> Body<'a> {
    /// Writes a request, to OpenAI itself or (`!is_openai`) to somebody who speaks the same.
    ///
    /// # Errors
    /// If it has a part that the protocol has no place for.
    pub(super) fn try_new(
        model: &'a str,
        request: &'a ChatRequest,
        is_openai: bool,
        stream: bool,
    ) -> Result<Self, ModelError> {
        let messages = request
            .messages
            .iter()
            .map(message)
            .collect::<Result<Vec<_>, _>>()?;
        let tools = request.tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.input,
            }})
        });
        Ok(Self {
            model,
            messages: messages.into_iter().flatten().collect(),
            tools: tools.collect(),
            stream,
            stream_options: stream.then(|| json!({"include_usage": true})),
            // OpenAI renamed the limit; many others know the old name only.
            max_completion_tokens: request.max_tokens.filter(|_| is_openai),
            max_tokens: request.max_tokens.filter(|_| !is_openai),
            temperature: request.temperature,
            seed: request.seed,
            stop: &request.stop,
            response_format: request.response_schema.as_ref().map(|schema| {
                json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}})
            }),
        })
    }
}

/// One message of ours as one of theirs, or as several: each tool result is a message there.
fn message(message: &Message) -> Result<Vec<Value>, ModelError> {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let mut results = Vec::new();
    let mut calls = Vec::new();
    for part in &message.parts {
        match part {
            // Thinking is not sent back: the protocol has no place for it.
            Part::Text { .. } | Part::Reasoning { .. } => {}
            Part::ToolCall(call) => calls.push(json!({
                "id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": as_text(&call.arguments)},
            })),
            Part::ToolResult { id, result } => {
                results.push(json!({"role": role, "tool_call_id": id, "content": as_text(result)}));
            }
            _ => {
                let problem = Problem::new(
                    Category::Invalid,
                    "model.unsupported_part",
                    "a message has a part that Chat Completions cannot carry; leave it out",
                );
                return Err(ModelError::from_problem(problem));
            }
        }
    }
    if !results.is_empty() {
        return Ok(results);
    }
    let text = message.text();
    let mut wire = json!({"role": role, "content": text});
    if !calls.is_empty() {
        if text.is_empty() {
            wire["content"] = Value::Null;
        }
        wire["tool_calls"] = calls.into();
    }
    Ok(vec![wire])
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A piece of a streamed answer. Servers differ in what they leave out, so everything may be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) choices: Vec<ChunkChoice>,
    pub(super) usage: Option<WireUsage>,
    pub(super) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChunkChoice {
    pub(super) index: u32,
    pub(super) delta: Option<Turn>,
    pub(super) finish_reason: Option<String>,
}

/// A whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Whole {
    id: Option<String>,
    model: Option<String>,
    choices: Vec<WholeChoice>,
    usage: Option<WireUsage>,
    pub(super) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WholeChoice {
    message: Option<Turn>,
    finish_reason: Option<String>,
}

/// What the assistant says, as a whole or in part.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Turn {
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
    /// Not of OpenAI, but of many who speak its protocol.
    #[serde(alias = "reasoning")]
    pub(super) reasoning_content: Option<String>,
    pub(super) tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CallPiece {
    pub(super) index: Option<usize>,
    pub(super) id: Option<String>,
    pub(super) function: Option<FunctionPiece>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionPiece {
    pub(super) name: Option<String>,
    /// Text as a rule; some servers send the object itself.
    pub(super) arguments: Option<Value>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    /// Cached and reasoning tokens are part of the totals here as there.
    fn from(wire: WireUsage) -> Self {
        let cached = wire
            .prompt_tokens_details
            .and_then(|details| details.cached_tokens);
        let reasoning = wire
            .completion_tokens_details
            .and_then(|details| details.reasoning_tokens);
        Self::reported(wire.prompt_tokens, wire.completion_tokens)
            .with_cache_read(cached.unwrap_or(0))
            .with_reasoning(reasoning.unwrap_or(0))
    }
}

impl Whole {
    /// The same through the joiner, so that both ways give the same answer.
    pub(super) fn into_response(self, mut joiner: Joiner) -> Result<ChatResponse, &'static str> {
        let mut choice = self.choices.into_iter().next().ok_or("it has no choices")?;
        // Here each call is whole: its place tells it from the others.
        let calls = choice
            .message
            .iter_mut()
            .flat_map(|turn| &mut turn.tool_calls);
        for (at, call) in calls.flatten().enumerate() {
            call.index = Some(at);
        }
        joiner.add(Chunk {
            id: self.id,
            model: self.model,
            usage: self.usage,
            choices: vec![ChunkChoice {
                index: 0,
                delta: choice.message,
                finish_reason: choice.finish_reason.or_else(|| Some("stop".to_owned())),
            }],
            error: None,
        });
        joiner.finish().ok_or("it has no finish_reason")
    }
}

/// Whether a body is one JSON document, rather than a stream.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}
