//! Token usage of model calls.

use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Tokens of one call, by the GenAI conventions: cached and reasoning tokens are part of the totals.
///
/// [`AddAssign`] adds calls. The sum is estimated if one of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// All input tokens.
    pub input: u64,
    /// All output tokens.
    pub output: u64,
    /// Input tokens read from the provider's cache.
    #[serde(default)]
    pub cache_read: u64,
    /// Input tokens written to the provider's cache.
    #[serde(default)]
    pub cache_write: u64,
    /// Output tokens used for reasoning.
    #[serde(default)]
    pub reasoning: u64,
    /// The source of the count.
    pub source: UsageSource,
}

impl Usage {
    /// Usage counted by the provider.
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

    /// Estimated usage, because the provider did not report it.
    pub fn estimated(input: u64, output: u64) -> Self {
        Self {
            source: UsageSource::Estimated,
            ..Self::reported(input, output)
        }
    }

    /// Sets the input tokens read from the provider's cache.
    #[must_use]
    pub fn with_cache_read(mut self, tokens: u64) -> Self {
        self.cache_read = tokens;
        self
    }

    /// Sets the input tokens written to the provider's cache.
    #[must_use]
    pub fn with_cache_write(mut self, tokens: u64) -> Self {
        self.cache_write = tokens;
        self
    }

    /// Sets the output tokens used for reasoning.
    #[must_use]
    pub fn with_reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = tokens;
        self
    }

    /// Input plus output tokens.
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

/// The source of a token count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UsageSource {
    /// The provider.
    Reported,
    /// An estimate, because the stream ended before the provider reported usage. Also used for unknown
    /// sources.
    #[serde(other)]
    Estimated,
}
