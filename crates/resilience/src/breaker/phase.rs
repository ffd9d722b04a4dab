//! A breaker's state, and how often it changed.

use std::fmt;

/// Whether calls go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// All calls go through.
    Closed,
    /// A few calls go through, as probes.
    HalfOpen,
    /// No calls go through.
    Open,
}

impl BreakerState {
    /// The name, for a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }

    /// The number, for a gauge: 0 closed, 1 half-open, 2 open.
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A state and its number, which every change increments. The state is in the two lowest bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phase(u64);

impl Phase {
    pub(super) const START: Self = Self(0);

    #[inline]
    pub(super) const fn state(self) -> BreakerState {
        match self.0 & 3 {
            0 => BreakerState::Closed,
            1 => BreakerState::HalfOpen,
            _ => BreakerState::Open,
        }
    }

    pub(super) const fn next(self, state: BreakerState) -> Self {
        let number = (self.0 >> 2).wrapping_add(1);
        Self(number << 2 | state.as_u8() as u64)
    }
}

impl From<u64> for Phase {
    fn from(word: u64) -> Self {
        Self(word)
    }
}

impl From<Phase> for u64 {
    fn from(phase: Phase) -> Self {
        phase.0
    }
}
