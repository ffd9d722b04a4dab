//! Jobs, each a span, a log record within it and an addition to a counter.

use glassbox_core::{counter, telemetry::Span};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Between two jobs of one thread that goes on until it is told to stop.
const PACE: Duration = Duration::from_millis(1);

/// The threads that emit, and how much they have.
#[derive(Debug, Default)]
pub(crate) struct Load {
    jobs: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Emits `each` jobs from each of `threads` threads; gives how many were emitted so far.
    pub(crate) fn emit(&mut self, threads: u32, each: u32) -> u64 {
        thread::scope(|scope| {
            for thread in 0..threads {
                let jobs = &self.jobs;
                scope.spawn(move || (0..each).for_each(|_| job(thread, jobs)));
            }
        });
        self.jobs.load(Ordering::SeqCst)
    }

    /// Emits from `threads` threads until [`stop`](Self::stop).
    pub(crate) fn start(&mut self, threads: u32) {
        self.stopped.store(false, Ordering::SeqCst);
        self.threads.extend((0..threads).map(|thread| {
            let (jobs, stopped) = (Arc::clone(&self.jobs), Arc::clone(&self.stopped));
            thread::spawn(move || {
                while !stopped.load(Ordering::SeqCst) {
                    job(thread, &jobs);
                    thread::sleep(PACE);
                }
            })
        }));
    }

    /// Gives how many were emitted so far, once every thread has ended.
    pub(crate) fn stop(&mut self) -> u64 {
        self.stopped.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().expect("invariant: a job does not panic");
        }
        self.jobs.load(Ordering::SeqCst)
    }
}

fn job(thread: u32, jobs: &AtomicU64) {
    let id = jobs.fetch_add(1, Ordering::SeqCst);
    let span = Span::builder("job").attribute("job.id", id).start();
    let _entered = span.enter();
    tracing::info!(job.id = id, "worked");
    counter!("jobs", "thread" => thread).add(1);
}
