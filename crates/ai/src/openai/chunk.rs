//! The JSON of answers.

use glassbox_core::Usage;
use serde::Deserialize;
use serde_json::Value;

/// Members that OpenAI does not have, but many servers with its protocol do.
pub(super) const EXTRA_CONTENT: &str = "extra_content";
pub(super) const REASONING: &str = "reasoning";
pub(super) const REASONING_CONTENT: &str = "reasoning_content";
pub(super) const REASONING_DETAILS: &str = "reasoning_details";
/// In an opaque value of ours: the name of the member that the reasoning came in.
pub(super) const TEXT_AS: &str = "text_as";

/// A piece of a streamed answer. Everything is optional, because servers differ in what they leave out.
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
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) choices: Vec<WholeChoice>,
    pub(super) usage: Option<WireUsage>,
    pub(super) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WholeChoice {
    pub(super) message: Option<Turn>,
    pub(super) finish_reason: Option<String>,
}

/// A message of the model, whole or in part.
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
    /// Usually text; some servers send the object itself.
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
    /// Cached and reasoning tokens are part of the totals on both sides.
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
