//! The telemetry thread.

use super::{
    orders::{Flush, FlushError, Inbox},
    outlet::Outlets,
};
use crate::InitError;
use opentelemetry::Context;
use std::{
    cell::Cell,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};
use tokio::{runtime, sync::watch, time::timeout};

thread_local! {
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this thread belongs to telemetry: nothing that happens on it is recorded.
pub(crate) fn is_own() -> bool {
    OWN.get()
}

/// Starts the thread; `build` runs on it, within its runtime. Returns the endpoint to display.
pub(super) fn spawn(
    build: impl FnOnce() -> Result<Outlets, InitError> + Send + 'static,
    inbox: Inbox,
    hurry: watch::Sender<bool>,
) -> Result<Option<String>, InitError> {
    let (ready, built) = sync_channel(1);
    thread::Builder::new()
        .name("glassbox-telemetry".to_owned())
        .spawn(move || run(build, inbox, hurry, &ready))
        .map_err(InitError::Thread)?;
    built
        .recv()
        .unwrap_or_else(|_| Err(InitError::Thread(std::io::Error::other("it ended"))))
}

fn run(
    build: impl FnOnce() -> Result<Outlets, InitError>,
    inbox: Inbox,
    hurry: watch::Sender<bool>,
    ready: &SyncSender<Result<Option<String>, InitError>>,
) {
    OWN.set(true);
    // For instrumentation that checks OpenTelemetry's own suppression flag.
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
    match built {
        Ok((runtime, outlets)) => {
            // If the caller of `spawn` is gone, there is nothing to serve.
            if ready.send(Ok(outlets.endpoint())).is_ok() {
                runtime.block_on(serve(outlets, inbox, hurry));
            }
            // A callback of the application that hangs must not keep the process alive.
            runtime.shutdown_background();
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}

/// Runs the outlets until the shutdown.
async fn serve(outlets: Outlets, mut inbox: Inbox, hurry: watch::Sender<bool>) {
    let mut running = outlets.run();
    let shutdown = loop {
        tokio::select! {
            biased;
            shutdown = inbox.shutdowns.recv() => break shutdown,
            Some(flush) = inbox.flushes.recv() => start_flush(flush, outlets.clone()),
        }
    };
    // `None`: every sender was dropped, so no caller waits.
    let Some(shutdown) = shutdown else { return };
    hurry.send_replace(true);
    outlets.refuse();
    // The books contain the outcomes.
    let _ = timeout(shutdown.within, outlets.drain()).await;
    running.shutdown().await;
    outlets.close();
    (shutdown.done)();
}

fn start_flush(flush: Flush, outlets: Outlets) {
    // In a separate task, so that a batch that was taken out of its queue is not lost when the time limit is reached.
    let drained = tokio::spawn(async move { outlets.drain().await });
    tokio::spawn(async move {
        let outcome = timeout(flush.within, drained).await;
        (flush.done)(match outcome {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(FlushError::Export(error)),
            Ok(Err(_)) => Err(FlushError::Closed),
            Err(_) => Err(FlushError::Timeout(flush.within)),
        });
    });
}

/// Runs code of the application on this thread: its telemetry is recorded.
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
