//! Serves a router over HTTP/1.1 and HTTP/2 without TLS, with limits.
//!
//! An idle connection already costs a descriptor and memory. So the number of connections is
//! limited, a connection that does not complete a request's head in time is closed, and pings detect
//! a dead peer.

use std::convert::Infallible;
use std::io::{self, Cursor};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::Service;

mod leftover;

/// Pause after a failed accept, whose usual cause is that no descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The first bytes from an HTTP/2 client with prior knowledge.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Limits of the connections of one listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How many are served at a time; others wait in the system's queue.
    pub(crate) connections: usize,
    /// How long a client may take for the head of a request, and an idle one be kept. Over
    /// HTTP/2, how long it may take to answer a ping.
    pub(crate) head: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            // Longer than the usual minute between metrics, to keep their connection.
            head: Duration::from_secs(75),
        }
    }
}

/// Serves until `stop`; then accepts nothing more and finishes the running requests.
///
/// # Cancel safety
/// Dropping the future closes every connection at once.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    let mut was_full = false;
    loop {
        let is_full = connections.len() >= bounds.connections;
        if is_full && !was_full {
            tracing::warn!(
                connections = bounds.connections,
                "the limit of connections is reached; others wait until one closes",
            );
        }
        was_full = is_full;
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if !is_full => match accepted {
                Ok((stream, _)) => {
                    let (router, stop) = (router.clone(), stop.clone());
                    connections.spawn(async move {
                        // A broken connection is not an error of the server.
                        let _ = connection(stream, router, bounds.head, stop).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    mut stream: TcpStream,
    router: Router,
    head: Duration,
    stop: CancellationToken,
) -> hyper::Result<()> {
    // Responses are small and complete: Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let first = tokio::select! {
        first = tokio::time::timeout(head, beginning(&mut stream)) => first,
        () = stop.cancelled() => return Ok(()),
    };
    let Ok(Ok(first)) = first else {
        return Ok(());
    };
    let is_http2 = first == PREFACE;
    let (reading, writing) = stream.into_split();
    let stream = tokio::io::join(Cursor::new(first).chain(reading), writing);
    if is_http2 {
        speak_http2(stream, router, head, stop).await
    } else {
        speak_http1(stream, router, head, stop).await
    }
}

/// Reads enough to detect the version of HTTP.
async fn beginning(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(PREFACE.len());
    while first.len() < PREFACE.len() && PREFACE.starts_with(&first) {
        let missing = (PREFACE.len() - first.len()) as u64;
        if stream.take(missing).read_buf(&mut first).await? == 0 {
            break;
        }
    }
    Ok(first)
}

async fn speak_http1(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    router: Router,
    head: Duration,
    stop: CancellationToken,
) -> hyper::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let (parts, body) = request.into_parts();
            let (body, rest) = leftover::lend(body, &parts.headers);
            let answer = answer(router, Request::from_parts(parts, Body::new(body))).await;
            rest.discard().await;
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

async fn speak_http2(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    router: Router,
    head: Duration,
    stop: CancellationToken,
) -> hyper::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| {
        answer(router.clone(), request.map(Body::new))
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(head)
        .keep_alive_timeout(head)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

async fn answer(mut router: Router, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    // A router is always ready.
    router.call(request).await
}

#[cfg(test)]
mod tests;
