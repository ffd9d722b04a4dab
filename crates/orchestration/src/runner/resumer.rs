//! The context that a resumed run inherits.

use glassbox_core::{
    Budget, CancellationSource, Cancelled, Cx, Progress, ProgressSink, Remaining, Spent,
};
use std::sync::Arc;

/// The context of a resumed run: `kept` from its first caller, limited by the deadline, the budget and
/// the cancellation of the caller that resumes it.
pub(super) fn resumed(kept: &Cx, by: &Cx) -> Cx {
    let resumer = Arc::new(Resumer(by.clone()));
    let mut cx = kept.with_cancellation(resumer.clone());
    if by.wants_progress() {
        cx = cx.with_progress(resumer.clone());
    }
    if let Some(deadline) = by.deadline() {
        cx = cx.with_deadline(deadline);
    }
    if by.budget().is_some() {
        cx = cx.with_budget(resumer);
    }
    cx
}

/// The caller that resumes a run.
struct Resumer(Cx);

impl CancellationSource for Resumer {
    fn cancelled(&self) -> Cancelled<'_> {
        self.0.cancelled()
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl ProgressSink for Resumer {
    fn report(&self, progress: &Progress) {
        self.0.report(progress);
    }
}

impl Budget for Resumer {
    fn charge(&self, spent: Spent) {
        self.0.charge(spent);
    }

    fn remaining(&self) -> Remaining {
        let budget = self.0.budget();
        budget.map_or(Remaining::unlimited(), Budget::remaining)
    }

    fn is_exhausted(&self) -> bool {
        self.0.budget().is_some_and(Budget::is_exhausted)
    }
}
