//! The one thread of telemetry.

use super::{Orders, Outlets, serve};
use crate::InitError;
use opentelemetry::Context;
use std::{
    cell::Cell,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};
use tokio::{runtime, sync::watch};

thread_local! {
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread belongs to telemetry: what happens here is never telemetry itself.
pub(crate) fn is_own() -> bool {
    OWN.get()
}

/// Starts the thread; `build` runs on it, within its runtime. Gives the endpoint to show.
pub(super) fn spawn(
    build: impl FnOnce() -> Result<Outlets, InitError> + Send + 'static,
    orders: Orders,
    hurry: watch::Sender<bool>,
) -> Result<Option<String>, InitError> {
    let (ready, built) = sync_channel(1);
    thread::Builder::new()
        .name("glassbox-telemetry".to_owned())
        .spawn(move || run(build, orders, hurry, &ready))
        .map_err(InitError::Thread)?;
    built
        .recv()
        .unwrap_or_else(|_| Err(InitError::Thread(std::io::Error::other("it ended"))))
}

fn run(
    build: impl FnOnce() -> Result<Outlets, InitError>,
    orders: Orders,
    hurry: watch::Sender<bool>,
    ready: &SyncSender<Result<Option<String>, InitError>>,
) {
    OWN.set(true);
    // For instrumentation that asks OpenTelemetry itself whether it may speak.
    let _suppressed = Context::enter_telemetry_suppressed_scope();
    let built = runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .thread_name("glassbox-telemetry")
        .on_thread_start(|| OWN.set(true))
        .build()
        .map_err(InitError::Thread)
        .and_then(|runtime| {
            let _entered = runtime.enter();
            build().map(|outlets| (runtime, outlets))
        });
    // Nobody listens only if the one who started us is gone; then there is nothing to serve.
    match built {
        Ok((runtime, outlets)) => {
            if ready.send(Ok(outlets.endpoint())).is_ok() {
                runtime.block_on(serve(outlets, orders, hurry));
            }
            // A callback of the application that hangs must not keep the process.
            runtime.shutdown_background();
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}

/// Runs what belongs to the application on a thread of ours: its telemetry counts.
pub(super) fn as_application<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            OWN.set(self.0);
        }
    }
    let _restore = Restore(OWN.replace(false));
    work()
}
