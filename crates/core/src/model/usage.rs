//! What a model call used.

use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Tokens of one call, by the GenAI conventions: cached and reasoning tokens are part of the totals.
///
/// [`AddAssign`] sums calls up; the sum is estimated if one of them was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// All input tokens.
    pub input: u64,
    /// All output tokens.
    pub output: u64,
    /// Of the input, read from the provider's cache.
    #[serde(default)]
    pub cache_read: u64,
    /// Of the input, written to the provider's cache.
    #[serde(default)]
    pub cache_write: u64,
    /// Of the output, spent on reasoning.
    #[serde(default)]
    pub reasoning: u64,
    /// Who counted.
    pub source: UsageSource,
}

impl Usage {
    /// As the provider counted.
    pub fn reported(input: u64, output: u64) -> Self {
        Self {
            input,
            output,
            cache_read: 0,
            cache_write: 0,
            reasoning: 0,
            source: UsageSource::Reported,
        }
    }

    /// As we counted, because the provider did not.
    pub fn estimated(input: u64, output: u64) -> Self {
        Self {
            source: UsageSource::Estimated,
            ..Self::reported(input, output)
        }
    }

    /// Sets how much of the input was read from the provider's cache.
    #[must_use]
    pub fn with_cache_read(mut self, tokens: u64) -> Self {
        self.cache_read = tokens;
        self
    }

    /// Sets how much of the input was written to the provider's cache.
    #[must_use]
    pub fn with_cache_write(mut self, tokens: u64) -> Self {
        self.cache_write = tokens;
        self
    }

    /// Sets how much of the output was spent on reasoning.
    #[must_use]
    pub fn with_reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = tokens;
        self
    }

    /// Input and output together.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        let add = |total: &mut u64, more: u64| *total = total.saturating_add(more);
        add(&mut self.input, more.input);
        add(&mut self.output, more.output);
        add(&mut self.cache_read, more.cache_read);
        add(&mut self.cache_write, more.cache_write);
        add(&mut self.reasoning, more.reasoning);
        if more.source == UsageSource::Estimated {
            self.source = UsageSource::Estimated;
        }
    }
}

/// Who counted the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UsageSource {
    /// The provider.
    Reported,
    /// We, because the stream ended before the provider could. Also a source that this version does not
    /// know.
    #[serde(other)]
    Estimated,
}
