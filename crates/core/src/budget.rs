//! What a call tree may use.

/// What was used: whole tokens, and money in millionths of a US dollar if a price is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Input and output tokens.
    pub tokens: u64,
    /// `None` where no price is known: absent, never zero.
    pub micro_usd: Option<u64>,
}

/// A limit shared by everything that one call started.
pub trait Budget: Send + Sync {
    /// Takes `spent` out of the budget, also past its end: what was used was used.
    fn charge(&self, spent: Spent);
    /// Whether anything is left. Asked before, during and after every model call.
    fn is_exhausted(&self) -> bool;
}
