//! Jobs. Each is a span, a log record within it and an addition to a counter.

use glassbox_core::{counter, telemetry::Span};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Interval between two jobs of a thread that emits until it is stopped.
const PACE: Duration = Duration::from_millis(1);

/// A job that takes this long was blocked.
const SLOW: Duration = Duration::from_millis(50);

/// The threads that emit, and the number of jobs emitted so far.
#[derive(Debug, Default)]
pub(crate) struct Load {
    jobs: Arc<AtomicU64>,
    pace: Arc<Pace>,
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Emits `each` jobs from each of `threads` threads. Returns the number emitted so far.
    pub(crate) fn emit(&mut self, threads: u32, each: u32) -> u64 {
        thread::scope(|scope| {
            for thread in 0..threads {
                let (jobs, pace) = (&self.jobs, &self.pace);
                scope.spawn(move || (0..each).for_each(|_| job(thread, jobs, pace)));
            }
        });
        self.jobs.load(Ordering::SeqCst)
    }

    /// Emits from `threads` threads until [`stop`](Self::stop).
    pub(crate) fn start(&mut self, threads: u32) {
        self.stopped.store(false, Ordering::SeqCst);
        self.threads.extend((0..threads).map(|thread| {
            let (jobs, stopped) = (Arc::clone(&self.jobs), Arc::clone(&self.stopped));
            let pace = Arc::clone(&self.pace);
            thread::spawn(move || {
                while !stopped.load(Ordering::SeqCst) {
                    job(thread, &jobs, &pace);
                    thread::sleep(PACE);
                }
            })
        }));
    }

    /// How long jobs took since the previous call.
    pub(crate) fn pace(&self) -> Value {
        let taken = |count: &AtomicU64| count.swap(0, Ordering::SeqCst);
        json!({
            "jobs": taken(&self.pace.jobs),
            "slow": taken(&self.pace.slow),
            "slowest_ms": taken(&self.pace.slowest),
        })
    }

    /// Returns the number emitted so far, once every thread has ended.
    pub(crate) fn stop(&mut self) -> u64 {
        self.stopped.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().expect("invariant: a job does not panic");
        }
        self.jobs.load(Ordering::SeqCst)
    }
}

/// How long jobs took.
#[derive(Debug, Default)]
struct Pace {
    jobs: AtomicU64,
    slow: AtomicU64,
    slowest: AtomicU64,
}

impl Pace {
    fn note(&self, took: Duration) {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.jobs.fetch_add(1, Ordering::SeqCst);
        self.slowest.fetch_max(milliseconds, Ordering::SeqCst);
        if took >= SLOW {
            self.slow.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn job(thread: u32, jobs: &AtomicU64, pace: &Pace) {
    let start = Instant::now();
    emit(thread, jobs);
    pace.note(start.elapsed());
}

fn emit(thread: u32, jobs: &AtomicU64) {
    let id = jobs.fetch_add(1, Ordering::SeqCst);
    let span = Span::builder("job")
        .attributes(&[("job.id", id.into())])
        .start();
    let _entered = span.enter();
    tracing::info!(job.id = id, "worked");
    counter!("jobs", "thread" => thread).add(1);
}
