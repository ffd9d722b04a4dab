//! Waiting for a condition instead of a fixed time.

use std::time::{Duration, Instant};

/// Timeout of every wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Interval between checks.
const POLL: Duration = Duration::from_millis(20);

/// Calls `ask` until it returns a value. Returns `None` after [`PATIENCE`].
pub(crate) async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if start.elapsed() > PATIENCE {
            return None;
        }
        tokio::time::sleep(POLL).await;
    }
}
