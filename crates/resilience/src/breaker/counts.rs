//! The counts of a closed breaker, by the kind of its window.

use std::sync::Mutex;

use super::count_window::CountWindow;
use super::tally::Tally;
use super::{Window, locked};
use crate::sliding::Sliding;

#[derive(Debug)]
pub(super) enum Counts {
    Count(CountWindow),
    Time(Box<Mutex<Sliding<3>>>),
}

impl Counts {
    pub(super) fn over(window: Window) -> Self {
        match window {
            Window::Count(calls) => Self::Count(CountWindow::of(calls)),
            Window::Time(span) => Self::Time(Box::new(Mutex::new(Sliding::over(span)))),
        }
    }

    /// Whether the time of an outcome matters.
    #[inline]
    pub(super) const fn needs_time(&self) -> bool {
        matches!(self, Self::Time(_))
    }

    /// Counts an outcome, and returns the contents of the window with it.
    #[inline]
    pub(super) fn add(&self, now: u64, failed: bool, slow: bool) -> Tally {
        match self {
            Self::Count(window) => window.add(failed, slow),
            Self::Time(window) => locked(window)
                .add(now, [1, u64::from(failed), u64::from(slow)])
                .into(),
        }
    }

    pub(super) fn tally(&self, now: u64) -> Tally {
        match self {
            Self::Count(window) => window.tally(),
            Self::Time(window) => locked(window).totals(now).into(),
        }
    }

    pub(super) fn clear(&self) {
        match self {
            Self::Count(window) => window.clear(),
            Self::Time(window) => locked(window).clear(),
        }
    }
}
