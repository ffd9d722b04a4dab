//! Waiting on a virtual clock.

use super::VirtualClock;
use glassbox_core::Clock;
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

/// Completes when its [`VirtualClock`] reaches a time.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Sleep {
    clock: VirtualClock,
    until: u64,
    /// The id of its stored waker, once it was polled.
    id: Option<u64>,
}

impl Sleep {
    pub(super) fn until(clock: VirtualClock, until: u64) -> Self {
        Self {
            clock,
            until,
            id: None,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.until {
            return Poll::Ready(());
        }
        let sleepers = &self.clock.0.sleepers;
        let id = self.id.unwrap_or_else(|| sleepers.number());
        sleepers.keep(self.until, id, context.waker());
        self.id = Some(id);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.clock.0.sleepers.forget(self.until, id);
        }
    }
}

/// The wakers of all sleeps, by time.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    waiting: Mutex<BTreeMap<(u64, u64), Waker>>,
    numbers: AtomicU64,
}

impl Sleepers {
    /// The earliest time that a sleep waits for.
    pub(super) fn first(&self) -> Option<u64> {
        self.waiting().keys().next().map(|(until, _)| *until)
    }

    /// Wakes every sleep whose time has come.
    pub(super) fn wake(&self, now: u64) {
        let due = {
            let mut waiting = self.waiting();
            let later = waiting.split_off(&(now.saturating_add(1), 0));
            std::mem::replace(&mut *waiting, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn keep(&self, until: u64, id: u64, waker: &Waker) {
        self.waiting().insert((until, id), waker.clone());
    }

    fn forget(&self, until: u64, id: u64) {
        self.waiting().remove(&(until, id));
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<(u64, u64), Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
