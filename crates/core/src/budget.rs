//! Budgets of call trees.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Usage: tokens, and money in millionths of a US dollar if a price is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Spent {
    /// Input and output tokens.
    #[serde(default)]
    pub tokens: u64,
    /// `None`, not zero, if no price is known.
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

    /// Adds a price in millionths of a US dollar.
    #[must_use]
    pub const fn with_micro_usd(mut self, micro_usd: u64) -> Self {
        self.micro_usd = Some(micro_usd);
        self
    }

    /// The sum of both. Money is unknown only if neither price is known.
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

/// The remaining budget. `None` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Remaining {
    /// Remaining tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Remaining money, in millionths of a US dollar.
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

    /// The smaller of each limit.
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

/// A limit shared by everything that one call starts.
///
/// Code that uses something charges it at once, through [`Cx::charge`](crate::Cx::charge). A transport that
/// carries a call to another process sends what remains, and charges the usage in the response.
pub trait Budget: Send + Sync {
    /// Charges `spent`, even beyond the limit.
    fn charge(&self, spent: Spent);
    /// The remaining budget.
    fn remaining(&self) -> Remaining;
    /// Whether a limit is used up. Checked before, during and after every model call.
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

/// A budget with fixed limits that also counts usage.
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
    /// One more than the sum, so that zero means that no price is known.
    micro_usd: AtomicU64,
}

impl Allowance {
    /// Creates a budget. Without limits it only counts.
    pub const fn new(limit: Remaining) -> Self {
        Self {
            limit,
            tokens: AtomicU64::new(0),
            micro_usd: AtomicU64::new(0),
        }
    }

    /// The usage charged so far.
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
            // Always `Ok`: the closure never returns `None`.
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
