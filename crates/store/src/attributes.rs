//! The span attributes that are columns, declared in one table.

use glassbox_semconv::{gen_ai_v1_41 as gen_ai, glassbox};

/// A count from a span attribute, under its present name or an older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Count {
    /// Input tokens.
    InputTokens,
    /// Output tokens.
    OutputTokens,
}

impl Count {
    pub(crate) const ALL: [Self; 2] = [Self::InputTokens, Self::OutputTokens];
}

/// Whether a span has an attribute; its value is only in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// The question that an agent run answers.
    Question,
    /// Traffic of Glassbox itself.
    Internal,
}

impl Mark {
    /// Returns the name of the attribute.
    #[must_use]
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Question => glassbox::QUESTION,
            Self::Internal => glassbox::INTERNAL,
        }
    }

    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// How an attribute is stored in the index.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept {
    /// As one bit: whether the operation is a call of a model.
    Operation,
    /// As 32 bits, saturating. If a count has several names, the one with the lowest rank is used.
    Count(Count, u8),
    /// As one bit.
    Mark(Mark),
}

/// A span attribute that is a column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) attribute: &'static str,
    pub(crate) kept: Kept,
}

/// Values of an operation that are calls of a model. Spans with other operations, such as agents, repeat
/// the usage of the calls within them.
const INFERENCE: [&str; 6] = [
    gen_ai::operation::CHAT,
    "generate_content",
    "text_completion",
    "embeddings",
    // Before the conventions: OpenLLMetry and OpenInference.
    "completion",
    "LLM",
];

/// Returns whether a value of an operation is a call of a model.
pub(crate) fn is_inference(operation: &str) -> bool {
    INFERENCE.contains(&operation)
}

const fn column(attribute: &'static str, kept: Kept) -> Column {
    Column { attribute, kept }
}

/// Every span attribute that is a column.
pub(crate) const COLUMNS: [Column; 13] = [
    column(gen_ai::OPERATION_NAME, Kept::Operation),
    column(
        gen_ai::USAGE_INPUT_TOKENS,
        Kept::Count(Count::InputTokens, 0),
    ),
    column(
        gen_ai::USAGE_OUTPUT_TOKENS,
        Kept::Count(Count::OutputTokens, 0),
    ),
    column(glassbox::QUESTION, Kept::Mark(Mark::Question)),
    column(glassbox::INTERNAL, Kept::Mark(Mark::Internal)),
    // Names before version 1.27 of the conventions.
    column(
        "gen_ai.usage.prompt_tokens",
        Kept::Count(Count::InputTokens, 1),
    ),
    column(
        "gen_ai.usage.completion_tokens",
        Kept::Count(Count::OutputTokens, 1),
    ),
    // OpenLLMetry.
    column(
        "llm.usage.prompt_tokens",
        Kept::Count(Count::InputTokens, 2),
    ),
    column(
        "llm.usage.completion_tokens",
        Kept::Count(Count::OutputTokens, 2),
    ),
    column("llm.request.type", Kept::Operation),
    // OpenInference.
    column("llm.token_count.prompt", Kept::Count(Count::InputTokens, 3)),
    column(
        "llm.token_count.completion",
        Kept::Count(Count::OutputTokens, 3),
    ),
    column("openinference.span.kind", Kept::Operation),
];

/// Returns how the attribute `key` is stored in the index, if it is a column.
#[inline]
pub(crate) fn kept(key: &[u8]) -> Option<Kept> {
    let column = COLUMNS
        .iter()
        .find(|column| column.attribute.as_bytes() == key);
    column.map(|column| column.kept)
}
