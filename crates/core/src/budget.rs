//! What a call tree may use.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What was used: whole tokens, and money in millionths of a US dollar if a price is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Spent {
    /// Input and output tokens.
    #[serde(default)]
    pub tokens: u64,
    /// `None` where no price is known: absent, never zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_usd: Option<u64>,
}

impl Spent {
    /// Tokens without a known price.
    pub const fn tokens(tokens: u64) -> Self {
        Self {
            tokens,
            micro_usd: None,
        }
    }

    /// The same with a price, in millionths of a US dollar.
    #[must_use]
    pub const fn with_micro_usd(mut self, micro_usd: u64) -> Self {
        self.micro_usd = Some(micro_usd);
        self
    }

    /// Both together. Money stays unknown only where neither price is known.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            micro_usd: match (self.micro_usd, other.micro_usd) {
                (Some(one), Some(two)) => Some(one.saturating_add(two)),
                (one, two) => one.or(two),
            },
        }
    }

    /// Whether nothing was used.
    pub const fn is_nothing(&self) -> bool {
        self.tokens == 0 && matches!(self.micro_usd, None | Some(0))
    }
}

/// What is left of a budget. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Remaining {
    /// Tokens that may still be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Money that may still be used, in millionths of a US dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_usd: Option<u64>,
}

impl Remaining {
    /// No limit.
    pub const fn unlimited() -> Self {
        Self {
            tokens: None,
            micro_usd: None,
        }
    }

    /// At most this many tokens.
    #[must_use]
    pub const fn with_tokens(mut self, tokens: u64) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// At most this much money, in millionths of a US dollar.
    #[must_use]
    pub const fn with_micro_usd(mut self, micro_usd: u64) -> Self {
        self.micro_usd = Some(micro_usd);
        self
    }

    /// The tighter of the two, limit by limit.
    #[must_use]
    pub fn tightened(self, other: Self) -> Self {
        let tighter = |one: Option<u64>, two: Option<u64>| match (one, two) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self {
            tokens: tighter(self.tokens, other.tokens),
            micro_usd: tighter(self.micro_usd, other.micro_usd),
        }
    }

    /// Whether one of the limits is used up.
    pub const fn is_exhausted(&self) -> bool {
        matches!(self.tokens, Some(0)) || matches!(self.micro_usd, Some(0))
    }

    /// Whether there is no limit at all.
    pub const fn is_unlimited(&self) -> bool {
        self.tokens.is_none() && self.micro_usd.is_none()
    }
}

/// A limit shared by everything that one call started.
///
/// Whoever uses something charges it at once, through [`Cx::charge`](crate::Cx::charge). A transport that
/// carries a call to another process sends what remains, and charges what the answer says was spent.
pub trait Budget: Send + Sync {
    /// Takes `spent` out of the budget, also past its end: what was used was used.
    fn charge(&self, spent: Spent);
    /// What is left.
    fn remaining(&self) -> Remaining;
    /// Whether nothing is left. Asked before, during and after every model call.
    fn is_exhausted(&self) -> bool {
        self.remaining().is_exhausted()
    }
}

through_pointers! {
    Budget {
        fn charge(&self, spent: Spent) {
            (**self).charge(spent);
        }
        fn remaining(&self) -> Remaining {
            (**self).remaining()
        }
        fn is_exhausted(&self) -> bool {
            (**self).is_exhausted()
        }
    }
}

/// A budget with fixed limits, which also counts what was spent.
///
/// ```
/// use glassbox_core::{Allowance, Budget, Remaining, Spent};
///
/// let allowance = Allowance::new(Remaining::unlimited().with_tokens(1_000));
/// allowance.charge(Spent::tokens(400));
/// assert_eq!(allowance.remaining().tokens, Some(600));
/// assert_eq!(allowance.spent(), Spent::tokens(400));
/// ```
#[derive(Debug, Default)]
pub struct Allowance {
    limit: Remaining,
    tokens: AtomicU64,
    /// One more than the sum, so that zero says that no price was known.
    micro_usd: AtomicU64,
}

impl Allowance {
    /// A budget of this much. Without a limit it only counts.
    pub const fn new(limit: Remaining) -> Self {
        Self {
            limit,
            tokens: AtomicU64::new(0),
            micro_usd: AtomicU64::new(0),
        }
    }

    /// What was charged so far.
    pub fn spent(&self) -> Spent {
        Spent {
            tokens: self.tokens.load(Relaxed),
            micro_usd: self.micro_usd.load(Relaxed).checked_sub(1),
        }
    }
}

impl Budget for Allowance {
    fn charge(&self, spent: Spent) {
        let add = |to: &AtomicU64, amount: u64| {
            let sum = |held: u64| Some(held.saturating_add(amount));
            // Always `Ok`: the closure never declines.
            let _ = to.fetch_update(Relaxed, Relaxed, sum);
        };
        add(&self.tokens, spent.tokens);
        if let Some(micro_usd) = spent.micro_usd {
            let sum = |held: u64| Some(held.max(1).saturating_add(micro_usd));
            let _ = self.micro_usd.fetch_update(Relaxed, Relaxed, sum);
        }
    }

    fn remaining(&self) -> Remaining {
        let spent = self.spent();
        let left = |limit: Option<u64>, spent: u64| limit.map(|limit| limit.saturating_sub(spent));
        Remaining {
            tokens: left(self.limit.tokens, spent.tokens),
            micro_usd: left(self.limit.micro_usd, spent.micro_usd.unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_unknown_until_a_price_is_charged() {
        let allowance = Allowance::default();
        allowance.charge(Spent::tokens(7));
        assert_eq!(allowance.spent().micro_usd, None);
        allowance.charge(Spent::tokens(1).with_micro_usd(0));
        assert_eq!(allowance.spent().micro_usd, Some(0));
        allowance.charge(Spent::default().with_micro_usd(u64::MAX));
        allowance.charge(Spent::default().with_micro_usd(9));
        assert_eq!(allowance.spent().tokens, 8);
        assert_eq!(allowance.spent().micro_usd, Some(u64::MAX - 1));
    }

    #[test]
    fn either_limit_ends_a_budget() {
        let limit = Remaining::unlimited().with_tokens(10).with_micro_usd(5);
        let allowance = Allowance::new(limit);
        assert!(!allowance.is_exhausted());
        allowance.charge(Spent::tokens(2).with_micro_usd(9));
        assert_eq!(
            allowance.remaining(),
            Remaining::unlimited().with_tokens(8).with_micro_usd(0)
        );
        assert!(allowance.is_exhausted());
    }
}
