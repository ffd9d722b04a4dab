//! The settings of section `[ai]`, and the resulting model configuration.

mod model_config;

pub use model_config::{ModelConfig, ModelConfigError};

use crate::{AnswerLimits, ContentCapture, base_url};
use glassbox_config::{ByteSize, Invalid, Reserved, Section, Variable};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// The settings of section `[ai]`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AiSettings {
    /// The model: its name, with or without the prefix `openai/`.
    pub model: Option<String>,
    /// The base URL of the server, without `/chat/completions`; OpenAI's own API by default.
    pub base_url: Option<String>,
    /// The API key; optional for servers other than OpenAI.
    pub api_key: Option<String>,
    /// Timeout for the head of an answer.
    #[serde(with = "glassbox_config::duration")]
    pub timeout: Duration,
    /// Timeout for each pause within an answer.
    #[serde(with = "glassbox_config::duration")]
    pub idle_timeout: Duration,
    /// Timeout for a whole answer.
    #[serde(with = "glassbox_config::duration")]
    pub answer_timeout: Duration,
    /// Limit for the text, the reasoning and the tool calls of one answer together.
    pub max_answer_bytes: ByteSize,
    /// Limit for the reasoning of one answer.
    pub max_reasoning_bytes: ByteSize,
    /// Limit for the arguments of one tool call.
    pub max_arguments_bytes: ByteSize,
    /// Limit for the tool calls of one answer.
    pub max_tool_calls: u32,
    /// How often a call is attempted, the first attempt included.
    pub attempts: u32,
    /// How often the model may be called to answer one question.
    pub max_steps: u32,
    /// Whether prompts, answers and tool calls are recorded on spans.
    pub capture_content: ContentCapture,
}

impl Default for AiSettings {
    fn default() -> Self {
        let limits = AnswerLimits::default();
        let size = |bytes| ByteSize::bytes(u64::try_from(bytes).unwrap_or(u64::MAX));
        Self {
            model: None,
            base_url: None,
            api_key: None,
            timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(60),
            answer_timeout: limits.time,
            max_answer_bytes: size(limits.answer_bytes),
            max_reasoning_bytes: size(limits.reasoning_bytes),
            max_arguments_bytes: size(limits.arguments_bytes),
            max_tool_calls: u32::try_from(limits.tool_calls).unwrap_or(u32::MAX),
            attempts: 3,
            max_steps: 8,
            capture_content: ContentCapture::Off,
        }
    }
}

impl Section for AiSettings {
    const NAME: &'static str = "ai";
    const VARIABLES: &'static [Variable] = &[
        Variable::new(
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "capture_content",
        ),
        Variable::new("GLASSBOX_AI_CAPTURE_CONTENT", "capture_content"),
        Variable::new("GLASSBOX_MODEL", "model"),
        Variable::new("OPENAI_MODEL", "model"),
        Variable::new("OPENAI_BASE_URL", "base_url"),
        Variable::new("OPENAI_API_KEY", "api_key"),
        Variable::new("GLASSBOX_AI_TIMEOUT", "timeout"),
        Variable::new("GLASSBOX_AI_IDLE_TIMEOUT", "idle_timeout"),
        Variable::new("GLASSBOX_AI_ANSWER_TIMEOUT", "answer_timeout"),
        Variable::new("GLASSBOX_AI_MAX_ANSWER_BYTES", "max_answer_bytes"),
        Variable::new("GLASSBOX_AI_MAX_REASONING_BYTES", "max_reasoning_bytes"),
        Variable::new("GLASSBOX_AI_MAX_ARGUMENTS_BYTES", "max_arguments_bytes"),
        Variable::new("GLASSBOX_AI_MAX_TOOL_CALLS", "max_tool_calls"),
        Variable::new("GLASSBOX_AI_ATTEMPTS", "attempts"),
        Variable::new("GLASSBOX_AI_MAX_STEPS", "max_steps"),
    ];
    const SECRETS: &'static [&'static str] = &["api_key"];

    fn reserved(&self) -> Vec<Reserved> {
        vec![Reserved::receives("base_url", "api_key")]
    }

    fn validate(&self) -> Result<(), Invalid> {
        let zero = |key, is_zero: bool| match is_zero {
            true => Err(Invalid::new(key, "must be more than zero")),
            false => Ok(()),
        };
        zero("timeout", self.timeout.is_zero())?;
        zero("idle_timeout", self.idle_timeout.is_zero())?;
        zero("answer_timeout", self.answer_timeout.is_zero())?;
        zero("max_answer_bytes", self.max_answer_bytes.as_u64() == 0)?;
        zero(
            "max_reasoning_bytes",
            self.max_reasoning_bytes.as_u64() == 0,
        )?;
        zero(
            "max_arguments_bytes",
            self.max_arguments_bytes.as_u64() == 0,
        )?;
        zero("max_tool_calls", self.max_tool_calls == 0)?;
        zero("attempts", self.attempts == 0)?;
        zero("max_steps", self.max_steps == 0)
    }
}

impl AiSettings {
    /// The limits on one answer.
    pub(crate) fn limits(&self) -> AnswerLimits {
        AnswerLimits {
            answer_bytes: self.max_answer_bytes.as_usize(),
            reasoning_bytes: self.max_reasoning_bytes.as_usize(),
            arguments_bytes: self.max_arguments_bytes.as_usize(),
            tool_calls: usize::try_from(self.max_tool_calls).unwrap_or(usize::MAX),
            time: self.answer_timeout,
        }
    }
}

/// Hides the key and secrets in the URL.
impl fmt::Debug for AiSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiSettings")
            .field("model", &self.model)
            .field("base_url", &self.base_url.as_deref().map(base_url::shown))
            .field("api_key", &self.api_key.as_ref().map(|_| "***"))
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("limits", &self.limits())
            .field("attempts", &self.attempts)
            .field("max_steps", &self.max_steps)
            .field("capture_content", &self.capture_content)
            .finish()
    }
}

#[cfg(test)]
mod tests;
