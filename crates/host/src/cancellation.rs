//! Cancellation when the caller disconnects.

use glassbox_core::{CancellationSource, Cancelled};
use std::sync::Arc;
use tokio::sync::watch;

/// Resolves when the caller has disconnected. Tasks that outlive the call can check it.
#[derive(Debug)]
pub(crate) struct Cancellation(watch::Sender<bool>);

impl Cancellation {
    /// Creates the source and the guard that triggers it when the call is dropped.
    pub(crate) fn new() -> (Arc<Self>, CancelOnDrop) {
        let source = Arc::new(Self(watch::Sender::new(false)));
        let guard = CancelOnDrop(Some(Arc::clone(&source)));
        (source, guard)
    }
}

impl CancellationSource for Cancellation {
    fn cancelled(&self) -> Cancelled<'_> {
        let mut receiver = self.0.subscribe();
        Box::pin(async move {
            // The sender lives as long as `self` is borrowed, so waiting cannot fail.
            let _ = receiver.wait_for(|cancelled| *cancelled).await;
        })
    }

    fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }
}

/// Cancels when dropped, unless the call finished.
#[derive(Debug)]
pub(crate) struct CancelOnDrop(Option<Arc<Cancellation>>);

impl CancelOnDrop {
    /// Disarms the guard after the call finished.
    pub(crate) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(source) = &self.0 {
            source.0.send_replace(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::Cx;

    #[tokio::test]
    async fn a_call_that_is_given_up_cancels_what_it_started() {
        let (source, guard) = Cancellation::new();
        let cx = Cx::background().with_cancellation(source);
        let started = tokio::spawn({
            let cx = cx.clone();
            async move { cx.cancelled().await }
        });
        assert!(!cx.is_cancelled());
        drop(guard);
        started.await.unwrap();
        assert!(cx.is_cancelled());
        cx.cancelled().await;
    }

    #[test]
    fn a_call_that_answered_cancels_nothing() {
        let (source, guard) = Cancellation::new();
        guard.disarm();
        assert!(!source.is_cancelled());
    }
}
