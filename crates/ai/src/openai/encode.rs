//! Encodes requests.

use super::{extras::FUNCTION, joiner::TEXT_AS};
use glassbox_core::{
    Category, ChatRequest, Media, MediaKind, MediaSource, Message, ModelError, Part, Problem,
    Reasoning, ToolChoice,
};
use serde_json::{Map, Value, json};

/// The server that a request is for.
pub(super) struct Peer<'a> {
    pub(super) provider: &'a str,
    pub(super) model: &'a str,
    /// The origin whose opaque values are sent back.
    pub(super) origin: &'a str,
    /// Whether it is OpenAI itself, not another server with the same protocol.
    pub(super) is_openai: bool,
    pub(super) dialect: Dialect,
}

/// Known differences between servers with this protocol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    /// Whether usage can be requested.
    pub(super) stream_options: bool,
    pub(super) limit: Limit,
}

/// The name of the token limit. OpenAI renamed it; many other servers accept only the old name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    New,
    Old,
}

impl Limit {
    pub(super) fn of(is_new: bool) -> Self {
        match is_new {
            true => Self::New,
            false => Self::Old,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::New => "max_completion_tokens",
            Self::Old => "max_tokens",
        }
    }
}

/// Encodes the body of a request.
///
/// # Errors
/// If the request has a part that the protocol does not support.
pub(super) fn body(
    peer: &Peer<'_>,
    request: &ChatRequest,
    stream: bool,
) -> Result<Value, ModelError> {
    let mut body = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(key.to_owned(), value);
        }
    };
    let messages = request
        .messages
        .iter()
        .map(|one| message(one, peer.origin))
        .collect::<Result<Vec<_>, _>>()?;
    set("model", Some(peer.model.into()));
    set("messages", Some(messages.into_iter().flatten().collect()));
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.input,
            }})
        });
        set("tools", Some(tools.collect()));
        let choice = request.tool_choice.as_ref().map(tool_choice).transpose()?;
        set("tool_choice", choice);
    }
    set("stream", Some(stream.into()));
    set(
        "stream_options",
        (stream && peer.dialect.stream_options).then(|| json!({"include_usage": true})),
    );
    let limit = peer.dialect.limit.name();
    set(limit, request.max_tokens.map(Value::from));
    set("temperature", request.temperature.map(|it| json!(it)));
    set("seed", request.seed.map(Value::from));
    set(
        "stop",
        (!request.stop.is_empty()).then(|| json!(request.stop)),
    );
    let format = request.response_schema.as_ref().map(|schema| {
        json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}})
    });
    set("response_format", format);
    let effort = request.reasoning_effort.as_ref();
    set("reasoning_effort", effort.map(|it| it.as_str().into()));
    let cache = request.cache.as_ref().filter(|_| peer.is_openai);
    let key = cache.and_then(|hint| hint.key.as_deref());
    set("prompt_cache_key", key.map(Value::from));
    if let Some(extras) = request.extras.get(peer.provider) {
        body.extend(extras.clone());
    }
    Ok(Value::Object(body))
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

/// Encodes a message. It may become several, because each tool result is a separate message.
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
                    match value {
                        Value::Object(inner) if key == FUNCTION => {
                            for (key, value) in inner {
                                wire[FUNCTION][key] = value;
                            }
                        }
                        value => wire[key] = value,
                    }
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
        // Not every server accepts a list.
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
        // Servers that send reasoning may require it in a tool loop and reject it elsewhere.
        for (key, value) in reasoning {
            wire[key] = value;
        }
    }
    Ok(vec![wire])
}

/// Adds reasoning in its original members, if it came from this origin.
fn add_reasoning(wire: &mut Map<String, Value>, part: &Reasoning, origin: &str) {
    let extra = part.opaque.as_ref().and_then(|it| it.value_for(origin));
    for (key, value) in members(extra) {
        match value {
            Value::String(name) if key == TEXT_AS => {
                wire.insert(name, part.text.clone().into());
            }
            Value::Array(names) if key == TEXT_AS => {
                for name in names.iter().filter_map(Value::as_str) {
                    wire.insert(name.to_owned(), part.text.clone().into());
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::{CacheHint, Capability, ReasoningEffort};
    use std::sync::Arc;

    fn encoded(is_openai: bool, request: &ChatRequest) -> Value {
        let peer = Peer {
            provider: "openai",
            model: "gpt-x",
            origin: "openai@m:443",
            is_openai,
            dialect: dialect(is_openai),
        };
        body(&peer, request, true).unwrap()
    }

    fn dialect(is_openai: bool) -> Dialect {
        Dialect {
            stream_options: true,
            limit: Limit::of(is_openai),
        }
    }

    fn ask() -> ChatRequest {
        ChatRequest::new([Message::user("Well?")]).with_max_tokens(7)
    }

    fn with_tool(choice: ToolChoice) -> ChatRequest {
        let tool = Capability::of::<(), ()>("look", "Looks.");
        ask()
            .with_tools(vec![Arc::new(tool)])
            .with_tool_choice(choice)
    }

    #[test]
    fn a_choice_of_tools_is_sent_with_tools_only() {
        let sent = |choice| encoded(false, &with_tool(choice))["tool_choice"].clone();
        assert_eq!(sent(ToolChoice::Required), "required");
        assert_eq!(sent(ToolChoice::None), "none");
        assert_eq!(
            sent(ToolChoice::Tool("look".to_owned())),
            json!({"type": "function", "function": {"name": "look"}})
        );
        // Servers reject a choice without tools.
        let bare = encoded(false, &ask().with_tool_choice(ToolChoice::Auto));
        assert_eq!(bare.get("tool_choice"), None);
        let unknown = with_tool(ToolChoice::Unknown(json!({"any_of": []})));
        let peer = Peer {
            provider: "openai",
            model: "gpt-x",
            origin: "openai@m:443",
            is_openai: true,
            dialect: dialect(true),
        };
        let refused = body(&peer, &unknown, true).unwrap_err();
        assert_eq!(refused.problem().code(), "model.unsupported_part");
    }

    #[test]
    fn openai_itself_knows_more_than_those_who_speak_its_protocol() {
        let request = ask()
            .with_cache(CacheHint::new().with_key("k"))
            .with_reasoning_effort(ReasoningEffort::Low);
        let openai = encoded(true, &request);
        assert_eq!(openai["prompt_cache_key"], "k");
        assert_eq!(openai["max_completion_tokens"], 7);
        assert_eq!(openai["reasoning_effort"], "low");
        let other = encoded(false, &request);
        assert_eq!(other.get("prompt_cache_key"), None);
        assert_eq!(other["max_tokens"], 7);
        assert_eq!(other["reasoning_effort"], "low");
    }

    #[test]
    fn extras_of_this_provider_replace_what_is_there() {
        let request = ask()
            .with_extra("openai", "max_tokens", 9)
            .with_extra("openai", "service_tier", "flex")
            .with_extra("anthropic", "top_k", 5);
        let sent = encoded(false, &request);
        assert_eq!(sent["max_tokens"], 9);
        assert_eq!(sent["service_tier"], "flex");
        assert_eq!(sent.get("top_k"), None);
    }
}
