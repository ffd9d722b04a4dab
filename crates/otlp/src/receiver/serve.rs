//! Serves a router until shutdown.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Serves a router over HTTP/1.1 and HTTP/2 without TLS, so also gRPC.
///
/// When `shutdown` completes, the server stops accepting connections, closes idle ones, and finishes
/// running requests, for at most `drain`.
///
/// # Bounds
///
/// Neither the number of connections nor the time for a request's head is bounded: a server that is
/// reachable by untrusted clients needs its own accept loop.
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
        // The other end no longer exists if the server has ended by itself.
        let _ = stopping.send(());
    };
    let listener = listener.tap_io(|stream| {
        // Responses are small, so delaying them gains nothing. An error means that the connection is
        // already closed, which its server detects by itself.
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
