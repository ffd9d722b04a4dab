//! The span attributes that are columns, declared in one table.

use glassbox_semconv::{gen_ai_v1_41 as gen_ai, glassbox};

/// A count from a span attribute. It is kept for inference spans only, because the spans around them
/// repeat their usage.
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

/// How an attribute is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept {
    /// Not kept: decides whether the counts are kept.
    Operation,
    /// As 32 bits, saturating.
    Count(Count),
    /// As one bit.
    Mark(Mark),
}

/// A span attribute that is a column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) attribute: &'static str,
    pub(crate) kept: Kept,
}

/// The value of [`gen_ai::OPERATION_NAME`] on an inference span.
pub(crate) const INFERENCE: &str = gen_ai::operation::CHAT;

/// Every span attribute that is a column.
pub(crate) const COLUMNS: [Column; 5] = [
    Column {
        attribute: gen_ai::OPERATION_NAME,
        kept: Kept::Operation,
    },
    Column {
        attribute: gen_ai::USAGE_INPUT_TOKENS,
        kept: Kept::Count(Count::InputTokens),
    },
    Column {
        attribute: gen_ai::USAGE_OUTPUT_TOKENS,
        kept: Kept::Count(Count::OutputTokens),
    },
    Column {
        attribute: glassbox::QUESTION,
        kept: Kept::Mark(Mark::Question),
    },
    Column {
        attribute: glassbox::INTERNAL,
        kept: Kept::Mark(Mark::Internal),
    },
];

/// Returns how the attribute `key` is kept, if it is a column.
#[inline]
pub(crate) fn kept(key: &[u8]) -> Option<Kept> {
    let column = COLUMNS
        .iter()
        .find(|column| column.attribute.as_bytes() == key);
    column.map(|column| column.kept)
}
