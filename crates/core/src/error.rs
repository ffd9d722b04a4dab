//! Classification of errors: whether to retry, and who is to blame.

use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// Whether a failed operation can be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same request will fail again.
    Never,
    /// After this delay (`Retry-After`).
    After(Duration),
    /// With the caller's own backoff.
    Backoff,
}

/// Who is to blame for a failure. Breakers count only failures of the peer.
///
/// An unknown value is read as the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The caller: bad input, a missing permission, a deadline that was too short, a cancellation.
    Caller,
    /// This process: a full queue, an open breaker, an exhausted budget.
    Local,
    /// The callee.
    #[serde(other)]
    Peer,
}

/// The classification that retry loops, breakers and failover use.
pub trait Decide {
    /// Whether and when to retry.
    fn retry(&self) -> Retry;
    /// Who is to blame.
    fn blame(&self) -> Blame;
    /// Whether the failed operation may have taken effect. `true` by default.
    fn may_have_begun(&self) -> bool {
        true
    }
}

through_pointers! {
    Decide {
        fn retry(&self) -> Retry {
            (**self).retry()
        }
        fn blame(&self) -> Blame {
            (**self).blame()
        }
        fn may_have_begun(&self) -> bool {
            (**self).may_have_begun()
        }
    }
}

/// The kinds of failure that callers distinguish. Each has one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Category {
    /// The input does not satisfy the schema or the rules: 400.
    Invalid,
    /// Missing or wrong credentials: 401.
    Unauthenticated,
    /// A token, cost or step budget is exhausted: 402.
    BudgetExhausted,
    /// Authenticated but not permitted: 403.
    Forbidden,
    /// No such capability, run or session: 404.
    NotFound,
    /// The state does not allow it, or the idempotency key was used for another request: 409.
    Conflict,
    /// A limit on rate or concurrency: 429.
    RateLimited,
    /// The caller disconnected or cancelled: 499.
    Cancelled,
    /// The peer or a dependency is unavailable: 503.
    Unavailable,
    /// The deadline passed: 504.
    Timeout,
    /// An internal error: 500. Also used for unknown categories of newer peers.
    #[serde(other)]
    Internal,
}

impl Category {
    /// The HTTP status of this category.
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::BudgetExhausted => 402,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::RateLimited => 429,
            Self::Cancelled => 499,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::Timeout => 504,
        }
    }

    /// The category of an HTTP status from a peer that sent no problem body.
    ///
    /// Statuses below 400 are not failures, so the peer is broken: `Internal`.
    pub const fn from_status(status: u16) -> Self {
        match status {
            401 | 407 => Self::Unauthenticated,
            402 => Self::BudgetExhausted,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            408 | 504 => Self::Timeout,
            409 => Self::Conflict,
            429 => Self::RateLimited,
            499 => Self::Cancelled,
            // Too early, and statuses of overloaded providers and proxies.
            425 | 502 | 503 | 520..=529 => Self::Unavailable,
            400..=499 => Self::Invalid,
            _ => Self::Internal,
        }
    }

    /// The name on the wire and in `error.type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::BudgetExhausted => "budget_exhausted",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
        }
    }

    /// Whether to retry, given only the category and the requested delay.
    pub const fn retry(self, retry_after: Option<Duration>) -> Retry {
        match (self, retry_after) {
            (Self::RateLimited | Self::Unavailable | Self::Timeout, Some(wait)) => {
                Retry::After(wait)
            }
            (Self::RateLimited | Self::Unavailable | Self::Timeout, None) => Retry::Backoff,
            _ => Retry::Never,
        }
    }

    /// Who is to blame by default.
    pub const fn blame(self) -> Blame {
        match self {
            Self::RateLimited | Self::Unavailable | Self::Timeout | Self::Internal => Blame::Peer,
            Self::BudgetExhausted => Blame::Local,
            _ => Blame::Caller,
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Category; 11] = [
        Category::Invalid,
        Category::Unauthenticated,
        Category::BudgetExhausted,
        Category::Forbidden,
        Category::NotFound,
        Category::Conflict,
        Category::RateLimited,
        Category::Cancelled,
        Category::Internal,
        Category::Unavailable,
        Category::Timeout,
    ];

    #[test]
    fn a_status_leads_back_to_its_category() {
        for category in ALL {
            assert_eq!(Category::from_status(category.status()), category);
        }
    }

    #[test]
    fn the_name_is_the_one_on_the_wire() {
        for category in ALL {
            let wire = serde_json::to_value(category).unwrap();
            assert_eq!(wire, category.as_str());
        }
    }

    #[test]
    fn a_wait_only_delays_what_may_be_repeated() {
        let wait = Some(Duration::from_secs(1));
        assert_eq!(Category::Invalid.retry(wait), Retry::Never);
        assert_eq!(
            Category::Unavailable.retry(wait),
            Retry::After(Duration::from_secs(1))
        );
        assert_eq!(Category::Timeout.retry(None), Retry::Backoff);
    }
}
