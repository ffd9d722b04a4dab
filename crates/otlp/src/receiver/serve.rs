//! Serving a router until told to stop.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Serves a router over HTTP/1.1 and HTTP/2 without TLS, so also gRPC.
///
/// When `shutdown` ends, no connection is accepted any more, idle ones are closed and running
/// requests are finished, for at most `drain`.
///
/// # Bounds
///
/// Neither the number of connections nor the time for a request's head is bounded: a server that
/// strangers reach brings its own accept loop.
///
/// # Errors
///
/// Returns [`io::ErrorKind::TimedOut`] when requests were still running at the end of `drain`;
/// they go on until the runtime ends.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
    drain: Duration,
) -> io::Result<()> {
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let signal = async move {
        shutdown.await;
        // The other end is gone when the server has ended by itself.
        let _ = stopping.send(());
    };
    let listener = listener.tap_io(|stream| {
        // Answers are small, nothing is gained by waiting for more. An error means that the
        // connection is gone already, which its server finds out by itself.
        let _ = stream.set_nodelay(true);
    });
    let server = axum::serve(listener, router).with_graceful_shutdown(signal);
    let deadline = async move {
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        ended = server.into_future() => ended,
        () = deadline => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "requests were still running at the end of the drain time",
        )),
    }
}
