//! `ask`: a question in words, answered by a model that calls tools.

use glassbox::{Cx, ToolError, World, telemetry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const INSTRUCTIONS: &str = "You answer questions about places. Use the tools for every fact: \
    where a place is, what time it is there, when the sun rises and sets, what the weather is. \
    If a tool fails, say so. Answer in one or two sentences.";

/// What to answer.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Question {
    /// The question, in words.
    pub question: String,
}

/// The answer, and what it took.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AskAnswer {
    /// The answer, in words.
    pub answer: String,
    /// Whether the model's token limit cut the answer off.
    pub truncated: bool,
    /// The model that gave it, as it names itself.
    pub model: String,
    /// The tools that were called, in order.
    pub tools: Vec<String>,
    /// Input tokens of all calls of the model.
    pub input_tokens: u64,
    /// Output tokens of all calls of the model.
    pub output_tokens: u64,
    /// The trace of the run, 32 hex digits; zeros without telemetry.
    pub trace_id: String,
}

/// Answers a question about places, their time and daylight.
#[glassbox::skill(read_only)]
pub async fn ask(cx: &Cx, world: &World<'_>, question: Question) -> Result<AskAnswer, ToolError> {
    let trace_id = format!("{:032x}", telemetry::current().trace_id);
    let assistant = glassbox::assistant("travel-agent").with_instructions(INSTRUCTIONS);
    let answer = assistant.answer(cx, world, &question.question).await?;
    tracing::info!(
        gen_ai.response.model = answer.model,
        travel_agent.steps = answer.steps,
        "answered"
    );
    Ok(AskAnswer {
        truncated: answer.is_truncated(),
        answer: answer.text,
        model: answer.model,
        tools: answer
            .tools
            .into_iter()
            .map(|used| used.call.name)
            .collect(),
        input_tokens: answer.usage.input,
        output_tokens: answer.usage.output,
        trace_id,
    })
}
