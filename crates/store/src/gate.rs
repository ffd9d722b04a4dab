//! A bound on how much is in memory at a time, in bytes.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Admits work until the limit is reached; later work waits.
#[derive(Debug)]
pub(crate) struct Gate {
    limit: u64,
    used: Mutex<u64>,
    freed: Condvar,
}

/// A share of the limit, returned when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    gate: Arc<Gate>,
    bytes: u64,
}

impl Gate {
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: Mutex::new(0),
            freed: Condvar::new(),
        })
    }

    /// Takes `bytes` of the limit. Blocks while others hold them; work that is larger than the limit
    /// runs alone.
    ///
    /// A thread that holds a pass must not take another one of the same gate: it could wait for
    /// itself.
    pub(crate) fn enter(self: &Arc<Self>, bytes: u64) -> Pass {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |used: &mut u64| *used > 0 && *used + bytes > self.limit;
        let waited = self.freed.wait_while(used, is_full);
        *waited.unwrap_or_else(PoisonError::into_inner) += bytes;
        Pass {
            gate: Arc::clone(self),
            bytes,
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let used = self.gate.used.lock();
        *used.unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.gate.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn work_beyond_the_limit_waits_and_larger_work_runs_alone() {
        let gate = Gate::new(100);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|threads| {
            for bytes in [60, 30, 500, 40, 100, 10, 60, 500] {
                let (gate, now, most) = (&gate, &now, &most);
                threads.spawn(move || {
                    for _ in 0..50 {
                        let pass = gate.enter(bytes);
                        let held = now.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        assert!(held <= 100 || held == 500, "{held}");
                        most.fetch_max(held, Ordering::SeqCst);
                        now.fetch_sub(bytes, Ordering::SeqCst);
                        drop(pass);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 500);
    }
}
