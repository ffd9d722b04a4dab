//! The destinations of telemetry.

use std::{fmt, future::Future, pin::Pin, sync::Arc};
use tokio::task::JoinSet;

/// The boxed future of an outlet's work.
pub(super) type Running<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends the telemetry of one signal to one destination. Runs on the telemetry thread.
pub(super) trait Outlet: fmt::Debug + Send + Sync {
    /// The destination, without credentials.
    fn destination(&self) -> &str;

    /// Sends on schedule. Ends only when the process does, or when it is dropped.
    fn run(&self) -> Running<'_, ()>;

    /// Sends everything that waits at the time of the call, even while the breaker is open.
    ///
    /// # Errors
    /// Returns the first failure as text; the counts contain all of them.
    fn drain(&self) -> Running<'_, Result<(), String>>;

    /// Stops accepting new items. The last [`drain`](Self::drain) follows.
    fn refuse(&self);

    /// Counts everything that is left as lost.
    fn close(&self);
}

/// All outlets, in the order of [`Signal::ALL`](crate::Signal::ALL).
#[derive(Clone, Debug)]
pub(super) struct Outlets(Vec<Arc<dyn Outlet>>);

impl FromIterator<Arc<dyn Outlet>> for Outlets {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Outlet>>>(outlets: I) -> Self {
        Self(outlets.into_iter().collect())
    }
}

impl Outlets {
    /// The endpoint to display: the first outlet's, without the path of its signal.
    pub(super) fn endpoint(&self) -> Option<String> {
        let shown = self.0.first()?.destination();
        let shared = shown.rsplit_once("/v1/").map_or(shown, |(base, _)| base);
        Some(shared.to_owned())
    }

    /// Starts every outlet's schedule.
    pub(super) fn run(&self) -> JoinSet<()> {
        let mut running = JoinSet::new();
        for outlet in &self.0 {
            let outlet = Arc::clone(outlet);
            running.spawn(async move { outlet.run().await });
        }
        running
    }

    /// Drains all outlets at the same time. Dropping the future stops them.
    ///
    /// # Errors
    /// Returns the first failure, in the order of the outlets.
    pub(super) async fn drain(&self) -> Result<(), String> {
        let mut draining = JoinSet::new();
        for (at, outlet) in self.0.iter().enumerate() {
            let outlet = Arc::clone(outlet);
            draining.spawn(async move { (at, outlet.drain().await) });
        }
        let mut first: Option<(usize, String)> = None;
        while let Some(drained) = draining.join_next().await {
            let (at, error) = match drained {
                Ok((_, Ok(()))) => continue,
                Ok((at, Err(error))) => (at, error),
                Err(panicked) => (usize::MAX, panicked.to_string()),
            };
            if first.as_ref().is_none_or(|(earlier, _)| at < *earlier) {
                first = Some((at, error));
            }
        }
        first.map_or(Ok(()), |(_, error)| Err(error))
    }

    pub(super) fn refuse(&self) {
        self.0.iter().for_each(|outlet| outlet.refuse());
    }

    pub(super) fn close(&self) {
        self.0.iter().for_each(|outlet| outlet.close());
    }
}
