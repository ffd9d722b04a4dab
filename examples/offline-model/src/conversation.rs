//! The conversation so far: the question, and the tool results.

use crate::{
    tool::Arguments,
    wire::{Call, Message, Refusal},
};
use serde_json::Value;

/// The last question, and all calls made for it.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    pub(crate) question: String,
    pub(crate) exchanges: Vec<Exchange>,
}

/// A call and its result.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) tool: String,
    pub(crate) arguments: Arguments,
    /// The output, or the reason for its absence.
    pub(crate) result: Result<Value, String>,
}

/// Reads the messages as strictly as a real server: every call must be answered before any other
/// message, and only calls may be answered.
pub(crate) fn read(messages: &[Message]) -> Result<Conversation, Refusal> {
    let mut conversation = Conversation::default();
    let mut open: Vec<&Call> = Vec::new();
    for message in messages {
        let text = message.text();
        if message.role != "tool" && !open.is_empty() {
            return Err(Refusal::messages(
                "an assistant message with 'tool_calls' must be followed by tool messages for each 'tool_call_id'",
            ));
        }
        match message.role.as_str() {
            "user" => {
                conversation = Conversation {
                    question: text,
                    exchanges: Vec::new(),
                };
            }
            "assistant" => open.extend(&message.tool_calls),
            "tool" => {
                let id = message.tool_call_id.as_deref().unwrap_or_default();
                let Some(at) = open.iter().position(|call| call.id == id) else {
                    return Err(Refusal::messages(
                        "a message with role 'tool' must answer a 'tool_call_id' of the assistant message before it",
                    ));
                };
                let call = open.remove(at);
                conversation.exchanges.push(Exchange {
                    tool: call.function.name.clone(),
                    arguments: serde_json::from_str(&call.function.arguments).unwrap_or_default(),
                    result: result(&text),
                });
            }
            "system" | "developer" => {}
            other => {
                let message =
                    format!("'{other}' is no role: use system, developer, user, assistant or tool");
                return Err(Refusal::messages(message));
            }
        }
    }
    match open.is_empty() {
        true => Ok(conversation),
        false => Err(Refusal::messages("a tool call has no answer yet")),
    }
}

/// Distinguishes an output from a problem: `{"error": …}`, or an object with `code`, `message` and
/// `category`.
fn result(text: &str) -> Result<Value, String> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return match text.to_lowercase().starts_with("error") {
            true => Err(text.to_owned()),
            false => Ok(Value::String(text.to_owned())),
        };
    };
    let problem = match value.get("error") {
        Some(error) => Some(error),
        None => ["code", "message", "category"]
            .iter()
            .all(|member| value.get(member).is_some())
            .then_some(&value),
    };
    match problem {
        None => Ok(value),
        Some(Value::String(message)) => Err(message.clone()),
        Some(problem) => Err(match problem["message"].as_str() {
            Some(message) => message.to_owned(),
            None => problem.to_string(),
        }),
    }
}
