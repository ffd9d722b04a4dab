//! The thread that syncs writes and applies retention by age.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Inner, SYNC_AFTER, Vanished};
use crate::retention::Size;

/// How often retention by age is applied when nothing is written.
const PRUNE_EVERY: Duration = Duration::from_secs(5);

/// Handle of the thread; stops it when dropped.
#[derive(Debug)]
pub(crate) struct Syncer {
    signal: Arc<Signal>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    dirty: bool,
    stopped: bool,
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, limit: Duration, until: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        self.changed
            .wait_timeout_while(self.lock(), limit, |state| !until(state))
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

impl Syncer {
    pub(crate) fn start(store: Arc<Inner>) -> io::Result<Self> {
        let signal = Arc::new(Signal::default());
        let theirs = Arc::clone(&signal);
        let thread = thread::Builder::new()
            .name("glassbox-store".to_owned())
            .spawn(move || run(&store, &theirs))?;
        Ok(Self {
            signal,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Notifies the thread of a write.
    pub(crate) fn wake(&self) {
        let mut state = self.signal.lock();
        if !state.dirty {
            state.dirty = true;
            self.signal.changed.notify_all();
        }
    }

    /// Ends the thread. Closing the writer syncs what is left.
    pub(crate) fn stop(&self) {
        self.signal.lock().stopped = true;
        self.signal.changed.notify_all();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread that syncs the store panicked");
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(store: &Inner, signal: &Signal) {
    let (mut failing, mut gone) = (false, false);
    loop {
        let state = signal.wait(PRUNE_EVERY, |state| state.dirty || state.stopped);
        let (dirty, stopped) = (state.dirty, state.stopped);
        drop(state);
        if stopped {
            return;
        }
        if dirty {
            // Writes within this time share one sync.
            let mut state = signal.wait(SYNC_AFTER, |state| state.stopped);
            state.dirty = false;
            drop(state);
            sync(store, &mut failing);
        }
        let was_gone = std::mem::replace(&mut gone, !store.folder.is_there());
        if gone {
            if !was_gone {
                tracing::error!("{}", Vanished(store.folder.path()));
            }
            continue;
        }
        let now = (store.clock)();
        if let Err(error) = store.change(|writer| writer.make_room(Size::default(), now)) {
            tracing::warn!(
                exception.message = %error,
                "retention could not remove the oldest telemetry"
            );
        }
    }
}

fn sync(store: &Inner, failing: &mut bool) {
    let active = store
        .lock()
        .as_ref()
        .and_then(|writer| writer.active.clone());
    let Some(active) = active else { return };
    match active.sync() {
        Ok(()) => *failing = false,
        Err(error) => {
            if !*failing {
                tracing::error!(
                    exception.message = %error,
                    "the store could not be synced; a power cut may lose its end"
                );
            }
            *failing = true;
            // The page cache may have lost the data of a failed sync: continue in a new segment.
            if let Some(writer) = store.lock().as_mut() {
                writer.active = None;
            }
        }
    }
}
