//! Limits on one answer of a model.

use std::time::Duration;

/// Limits on one answer of a model. An answer that exceeds one fails with `model.answer_too_large` or
/// `model.answer_timeout`; the error contains the usage and the part of the answer received before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnswerLimits {
    /// Bytes of text, reasoning and tool calls together. Also the limit for one event of a stream.
    pub answer_bytes: usize,
    /// Bytes of reasoning.
    pub reasoning_bytes: usize,
    /// Bytes of the arguments of one tool call.
    pub arguments_bytes: usize,
    /// Tool calls.
    pub tool_calls: usize,
    /// Time from the request to the end of the answer.
    pub time: Duration,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self {
            answer_bytes: 4 << 20,
            reasoning_bytes: 2 << 20,
            arguments_bytes: 1 << 20,
            tool_calls: 128,
            time: Duration::from_secs(600),
        }
    }
}
