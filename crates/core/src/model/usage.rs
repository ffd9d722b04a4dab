//! What a model call used.

/// Tokens of one call, by the GenAI conventions: cached and reasoning tokens are part of the totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// All input tokens.
    pub input: u64,
    /// All output tokens.
    pub output: u64,
    /// Of the input, read from the provider's cache.
    pub cache_read: u64,
    /// Of the output, spent on thinking.
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
            reasoning: 0,
            source: UsageSource::Reported,
        }
    }

    /// As we counted, because the provider could not.
    pub fn estimated(input: u64, output: u64) -> Self {
        Self {
            source: UsageSource::Estimated,
            ..Self::reported(input, output)
        }
    }

    /// Says how much of the input came from the provider's cache.
    #[must_use]
    pub fn with_cache_read(mut self, tokens: u64) -> Self {
        self.cache_read = tokens;
        self
    }

    /// Says how much of the output was thinking.
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

/// Who counted the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageSource {
    /// The provider.
    Reported,
    /// We, because the stream ended before the provider could.
    Estimated,
}
