//! Estimated token counts, used if the provider reports none: one token per four characters, rounded up.

use glassbox_core::{ChatRequest, Message, Part, ToolCall};

/// Tokens of a text.
pub(crate) fn text(text: &str) -> u64 {
    u64::try_from(text.chars().count().div_ceil(4)).unwrap_or(u64::MAX)
}

/// Tokens of a tool call.
pub(crate) fn call(call: &ToolCall) -> u64 {
    text(&call.name) + text(&call.arguments.to_string())
}

/// Tokens of a message.
pub(crate) fn message(message: &Message) -> u64 {
    let parts = message.parts.iter().map(|part| match part {
        Part::Text { text: said, .. } => text(said),
        Part::Reasoning(reasoning) => text(&reasoning.text),
        Part::ToolCall(made) => call(made),
        Part::ToolResult(result) => text(&result.to_text()),
        _ => 0,
    });
    parts.sum()
}

/// Tokens of everything that a request sends.
pub(crate) fn request(request: &ChatRequest) -> u64 {
    let tools = request.tools.iter().map(|tool| {
        let schema = tool.input.as_value().to_string();
        text(&tool.name) + text(&tool.description) + text(&schema)
    });
    let messages = request.messages.iter().map(|one| message(one));
    messages.sum::<u64>() + tools.sum::<u64>()
}
