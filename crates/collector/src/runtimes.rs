//! The threads of a backend, in separate pools for reception, the page, and readers of the store.
//!
//! Work in one pool never delays another: a query that reads a gigabyte, or a thousand clients of the page,
//! do not occupy the threads that receive telemetry. Readers of the store also run at a lower priority, so
//! that the system prefers reception when there are not enough cores.

use std::io;
use std::num::NonZero;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};

/// How many threads serve the page and the API.
const PAGE_THREADS: usize = 2;

/// How many writes to the store may run at a time.
const WRITERS: usize = 16;

/// How many threads read the store: queries, exports and the follower of the log streams.
pub(crate) const READERS: usize = 8;

/// How much the system prefers other threads over readers, on the scale of `nice`.
const READER_NICENESS: i32 = 10;

/// The pools of one backend.
///
/// Dropping it abandons what still runs in them.
#[derive(Debug)]
pub(crate) struct Runtimes {
    reception: Pool,
    page: Pool,
    readers: Pool,
}

impl Runtimes {
    /// Starts the threads.
    ///
    /// # Errors
    /// Fails if the system refuses a thread or a descriptor.
    pub(crate) fn start() -> io::Result<Self> {
        let cores = available_parallelism().map_or(2, NonZero::get);
        let reception = Builder::new_multi_thread()
            .worker_threads(cores.clamp(2, 16))
            .max_blocking_threads(WRITERS)
            .thread_name("glassbox-otlp")
            .enable_all()
            .build()?;
        let page = Builder::new_multi_thread()
            .worker_threads(PAGE_THREADS)
            .max_blocking_threads(PAGE_THREADS)
            .thread_name("glassbox-page")
            .enable_all()
            .build()?;
        let readers = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(READERS)
            .thread_name("glassbox-read")
            .on_thread_start(yield_to_others)
            .enable_all()
            .build()?;
        Ok(Self {
            reception: Pool(Some(reception)),
            page: Pool(Some(page)),
            readers: Pool(Some(readers)),
        })
    }

    /// Returns the pool that receives telemetry and writes it to the store.
    pub(crate) fn reception(&self) -> &Handle {
        self.reception.handle()
    }

    /// Returns the pool that serves the page and the API.
    pub(crate) fn page(&self) -> &Handle {
        self.page.handle()
    }

    /// Returns the pool whose blocking threads read the store.
    pub(crate) fn readers(&self) -> &Handle {
        self.readers.handle()
    }
}

/// Lowers the priority of the calling thread.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, READER_NICENESS) {
        // A container may forbid it; the threads then have equal priority.
        tracing::debug!(
            exception.message = %error,
            "the priority of a reader could not be lowered"
        );
    }
}

/// One runtime, which is abandoned and not waited for when it is dropped.
#[derive(Debug)]
struct Pool(Option<Runtime>);

impl Pool {
    fn handle(&self) -> &Handle {
        self.0
            .as_ref()
            .map(Runtime::handle)
            .expect("invariant: a pool has its runtime until it is dropped")
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting is not allowed on the async thread that drops a backend.
            runtime.shutdown_background();
        }
    }
}
