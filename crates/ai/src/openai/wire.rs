//! The shapes of Chat Completions: what is sent, and what may come back.

use super::joiner::Joiner;
use glassbox_core::{
    Category, ChatRequest, ChatResponse, Media, MediaKind, MediaSource, Message, ModelError, Part,
    Problem, Reasoning, ReasoningEffort, ToolChoice, Usage,
};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Members of a turn, and of a call, that are not of OpenAI but of many who speak its protocol.
pub(super) const EXTRA_CONTENT: &str = "extra_content";
pub(super) const REASONING: &str = "reasoning";
pub(super) const REASONING_CONTENT: &str = "reasoning_content";
pub(super) const REASONING_DETAILS: &str = "reasoning_details";
/// Our own, in what is kept of a turn: the member under which its reasoning came.
pub(super) const TEXT_AS: &str = "text_as";

/// A request's body.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a str>,
}

impl<'a> Body<'a> {
    /// Writes a request, to OpenAI itself or (`!is_openai`) to somebody who speaks the same. What `origin`
    /// attached to earlier answers is sent back to it.
    ///
    /// # Errors
    /// If it has a part that the protocol has no place for.
    pub(super) fn try_new(
        model: &'a str,
        origin: &str,
        request: &'a ChatRequest,
        is_openai: bool,
        stream: bool,
    ) -> Result<Self, ModelError> {
        let messages = request
            .messages
            .iter()
            .map(|one| message(one, origin))
            .collect::<Result<Vec<_>, _>>()?;
        let tool_choice = match &request.tool_choice {
            Some(choice) if !request.tools.is_empty() => Some(tool_choice(choice)?),
            _ => None,
        };
        let tools = request.tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.input,
            }})
        });
        Ok(Self {
            model,
            messages: messages.into_iter().flatten().collect(),
            tools: tools.collect(),
            tool_choice,
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
            reasoning_effort: request
                .reasoning_effort
                .as_ref()
                .map(ReasoningEffort::as_str),
            prompt_cache_key: request
                .cache
                .as_ref()
                .filter(|_| is_openai)
                .and_then(|hint| hint.key.as_deref()),
        })
    }
}

fn tool_choice(choice: &ToolChoice) -> Result<Value, ModelError> {
    Ok(match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Tool(name) => json!({"type": "function", "function": {"name": name}}),
        _ => return Err(unsupported("the request has a choice of tools")),
    })
}

/// One message of ours as one of theirs, or as several: each tool result is a message there.
fn message(message: &Message, origin: &str) -> Result<Vec<Value>, ModelError> {
    let role = message.role.as_str();
    let mut results = Vec::new();
    let mut calls = Vec::new();
    let mut content = Vec::new();
    let mut attached = Map::new();
    let mut reasoning = Map::new();
    for part in &message.parts {
        match part {
            Part::Text { text, opaque, .. } => {
                content.push(json!({"type": "text", "text": text}));
                let extra = opaque.as_ref().and_then(|it| it.value_for(origin));
                attached.extend(members(extra));
            }
            Part::Media(media) => content.push(self::media(media)?),
            Part::Reasoning(part) => add_reasoning(&mut reasoning, part, origin),
            Part::ToolCall(call) => {
                let mut wire = json!({
                    "id": call.id, "type": "function",
                    "function": {"name": call.name, "arguments": as_text(&call.arguments)},
                });
                let extra = call.opaque.as_ref().and_then(|it| it.value_for(origin));
                for (key, value) in members(extra) {
                    wire[key] = value;
                }
                calls.push(wire);
            }
            Part::ToolResult(result) => results.push(json!({
                "role": role, "tool_call_id": result.id, "content": result.to_text(),
            })),
            _ => return Err(unsupported("a message has a part")),
        }
    }
    if !results.is_empty() {
        return Ok(results);
    }
    let is_text = message
        .parts
        .iter()
        .all(|part| !matches!(part, Part::Media(_)));
    let mut wire = json!({"role": role, "content": match is_text {
        // Not every server takes a list.
        true => message.text().into(),
        false => Value::Array(content),
    }});
    for (key, value) in attached {
        wire[key] = value;
    }
    if !calls.is_empty() {
        if wire["content"] == "" {
            wire["content"] = Value::Null;
        }
        wire["tool_calls"] = calls.into();
        // Who shows reasoning may insist on it within a loop of tools, and refuse it outside.
        for (key, value) in reasoning {
            wire[key] = value;
        }
    }
    Ok(vec![wire])
}

/// Adds reasoning under the names under which it came, if it came from this origin.
fn add_reasoning(wire: &mut Map<String, Value>, part: &Reasoning, origin: &str) {
    let extra = part.opaque.as_ref().and_then(|it| it.value_for(origin));
    for (key, value) in members(extra) {
        match value {
            Value::String(name) if key == TEXT_AS => {
                wire.insert(name, part.text.clone().into());
            }
            value => {
                wire.insert(key, value);
            }
        }
    }
}

fn members(value: Option<&Value>) -> Map<String, Value> {
    value
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

fn media(media: &Media) -> Result<Value, ModelError> {
    let wire = match (media.kind(), media.source()) {
        (MediaKind::Image, MediaSource::Data(_) | MediaSource::Uri(_)) => {
            json!({"type": "image_url", "image_url": {"url": media.to_uri()}})
        }
        (MediaKind::Audio, MediaSource::Data(_)) => {
            let format = match media.mime_type() {
                Some("audio/mpeg" | "audio/mp3") => "mp3",
                Some("audio/wav" | "audio/x-wav" | "audio/wave") => "wav",
                _ => return Err(unsupported("a message has audio that is not WAV or MP3,")),
            };
            json!({"type": "input_audio", "input_audio": {"data": media.to_base64(), "format": format}})
        }
        (MediaKind::File, MediaSource::FileId(id)) => {
            json!({"type": "file", "file": {"file_id": id}})
        }
        (MediaKind::File, MediaSource::Data(_)) => {
            let name = media.name().unwrap_or("file");
            json!({"type": "file", "file": {"filename": name, "file_data": media.to_uri()}})
        }
        _ => return Err(unsupported("a message has media")),
    };
    Ok(wire)
}

fn unsupported(what: &str) -> ModelError {
    let message = format!("{what} that Chat Completions cannot carry; leave it out");
    let problem = Problem::new(Category::Invalid, "model.unsupported_part", message);
    ModelError::from_problem(problem)
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
    pub(super) reasoning_content: Option<String>,
    pub(super) reasoning: Option<String>,
    pub(super) reasoning_details: Option<Value>,
    pub(super) extra_content: Option<Value>,
    pub(super) tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CallPiece {
    pub(super) index: Option<usize>,
    pub(super) id: Option<String>,
    pub(super) function: Option<FunctionPiece>,
    pub(super) extra_content: Option<Value>,
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
    cache_write_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    /// Cached and reasoning tokens are part of the totals here as there.
    fn from(wire: WireUsage) -> Self {
        let prompt = wire.prompt_tokens_details.unwrap_or_default();
        let reasoning = wire
            .completion_tokens_details
            .and_then(|details| details.reasoning_tokens);
        Self::reported(wire.prompt_tokens, wire.completion_tokens)
            .with_cache_read(prompt.cached_tokens.unwrap_or(0))
            .with_cache_write(prompt.cache_write_tokens.unwrap_or(0))
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
