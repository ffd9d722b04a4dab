//! One connection: detects the version of HTTP and serves it.

use std::convert::Infallible;
use std::io::{self, Cursor};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::Bounds;
use super::leftover;
use super::slots::{Busy, Slot};
use super::stall::Unstalled;

/// The first bytes from an HTTP/2 client with prior knowledge.
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How much of a response is buffered for a client that does not read it.
const BUFFER: usize = 64 << 10;

/// How many requests an HTTP/2 connection may have at a time.
const CONCURRENT: u32 = 128;

/// The parameters of one connection.
#[derive(Debug, Clone)]
pub(super) struct Manners {
    pub(super) head: Duration,
    pub(super) stall: Duration,
    pub(super) http2: bool,
    /// Whether a connection serves more than one request.
    pub(super) keep_alive: bool,
    /// Records whether the connection is idle, and closes it to make room for another.
    slot: Arc<Slot>,
}

impl Manners {
    pub(super) fn new(bounds: Bounds, slot: Arc<Slot>) -> Self {
        Self {
            head: bounds.head,
            stall: bounds.stall,
            http2: bounds.http2,
            keep_alive: true,
            slot,
        }
    }
}

pub(super) async fn serve(
    mut stream: TcpStream,
    router: Router,
    manners: Manners,
    stop: CancellationToken,
) -> hyper::Result<()> {
    // Responses are small and complete: Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let first = tokio::select! {
        first = tokio::time::timeout(manners.head, beginning(&mut stream)) => first,
        () = manners.slot.evicted() => return Ok(()),
        () = stop.cancelled() => return Ok(()),
    };
    let Ok(Ok(first)) = first else {
        return Ok(());
    };
    let is_http2 = manners.http2 && first == PREFACE;
    let (reading, writing) = stream.into_split();
    let writing = Unstalled::new(writing, manners.stall);
    let stream = tokio::io::join(Cursor::new(first).chain(reading), writing);
    if is_http2 {
        speak_http2(stream, router, manners, stop).await
    } else {
        speak_http1(stream, router, manners, stop).await
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
    manners: Manners,
    stop: CancellationToken,
) -> hyper::Result<()> {
    let slot = Arc::clone(&manners.slot);
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, busy) = (router.clone(), Slot::begin(&slot));
        async move {
            let (parts, body) = request.into_parts();
            let (body, rest) = leftover::lend(body, &parts.headers);
            let request = Request::from_parts(parts, Body::new(body));
            let answer = answer(router, request, busy).await;
            rest.discard().await;
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(manners.head)
        .keep_alive(manners.keep_alive)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    until_ended(
        connection,
        http1::Connection::graceful_shutdown,
        &manners.slot,
        &stop,
    )
    .await
}

async fn speak_http2(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    router: Router,
    manners: Manners,
    stop: CancellationToken,
) -> hyper::Result<()> {
    let slot = Arc::clone(&manners.slot);
    let service = service_fn(move |request: Request<Incoming>| {
        let busy = Slot::begin(&slot);
        answer(router.clone(), request.map(Body::new), busy)
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(manners.head)
        .keep_alive_timeout(manners.head)
        .max_send_buf_size(BUFFER)
        .max_concurrent_streams(CONCURRENT)
        .serve_connection(TokioIo::new(stream), service);
    until_ended(
        connection,
        http2::Connection::graceful_shutdown,
        &manners.slot,
        &stop,
    )
    .await
}

/// Serves a connection until it ends. Shuts it down gracefully when it is evicted, or when the server stops.
async fn until_ended<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    shut_down: impl FnOnce(Pin<&mut C>),
    slot: &Slot,
    stop: &CancellationToken,
) -> hyper::Result<()> {
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = slot.evicted() => {}
        () = stop.cancelled() => {}
    }
    shut_down(connection.as_mut());
    connection.await
}

async fn answer(
    mut router: Router,
    request: Request<Body>,
    busy: Busy,
) -> Result<Response<Body>, Infallible> {
    // A router is always ready.
    let response = router.call(request).await?;
    Ok(response.map(|body| busy.until_sent(body)))
}
