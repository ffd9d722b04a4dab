//! Serves a router over HTTP/1.1 and HTTP/2 without TLS, with limits.
//!
//! Even an idle connection costs a descriptor and memory. So the number of connections is limited, a
//! connection that does not complete a request's head in time is closed, a client that does not read its
//! response is disconnected, and pings detect a dead peer. At the limit, a new connection replaces the one
//! that was idle for the longest time. If none is idle, the new one gets a 503, except for health checks.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

mod connection;
mod leftover;
mod slots;
mod stall;

use connection::Manners;
use slots::{Slot, Slots};

/// Pause after a failed accept, whose usual cause is that no descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections beyond the limit get a response that reports it; others wait.
const TURNED_AWAY: usize = 64;

/// How long a connection beyond the limit may take for the head of its request.
const TURNED_AWAY_HEAD: Duration = Duration::from_secs(5);

/// Limits of the connections of one listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How many are served at a time.
    pub(crate) connections: usize,
    /// How long a client may take for the head of a request, and how long an idle connection is kept. Over
    /// HTTP/2, how long a client may take to answer a ping.
    pub(crate) head: Duration,
    /// How long a client may take to read 64 KiB of a pending response.
    pub(crate) stall: Duration,
    /// Whether HTTP/2 is served.
    pub(crate) http2: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            // Longer than the usual minute between metrics, to keep their connection.
            head: Duration::from_secs(75),
            stall: Duration::from_secs(30),
            http2: true,
        }
    }
}

/// What a listener serves.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    /// For connections within the limit.
    pub(crate) all: Router,
    /// For connections beyond it: health checks, and a refusal for everything else.
    pub(crate) full: Router,
}

/// Serves on `threads`, which may differ from the threads that bound the listener.
pub(crate) fn spawn(
    threads: &Handle,
    listener: TcpListener,
    routes: Routes,
    bounds: Bounds,
    stop: CancellationToken,
) -> JoinHandle<()> {
    let listener = listener.into_std();
    threads.spawn(async move {
        match listener.and_then(TcpListener::from_std) {
            Ok(listener) => serve(listener, routes, bounds, stop).await,
            Err(error) => tracing::error!(
                exception.message = %error,
                "a listener could not be handed to its threads"
            ),
        }
    })
}

/// Serves until `stop`; then accepts nothing more and finishes the running requests.
///
/// # Cancel safety
/// Dropping the future closes every connection at once.
async fn serve(listener: TcpListener, routes: Routes, bounds: Bounds, stop: CancellationToken) {
    let mut slots = Slots::new(bounds.connections);
    let mut turned_away = JoinSet::new();
    let mut connections = JoinSet::new();
    let mut was_full = false;
    loop {
        slots.forget_closed();
        let is_full = slots.is_full();
        if is_full && !was_full {
            tracing::warn!(
                glassbox.collector.connections = bounds.connections,
                "the limit of connections is reached; a new one replaces an idle one or is refused",
            );
        }
        was_full = is_full;
        let has_room = !is_full || turned_away.len() < TURNED_AWAY;
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            Some(_) = turned_away.join_next() => {}
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, _)) => match slots.take() {
                    Some(slot) => {
                        let manners = Manners::new(bounds, Arc::clone(&slot));
                        connections.spawn(one(stream, routes.all.clone(), manners, stop.clone()));
                    }
                    None => {
                        let mut manners = Manners::new(bounds, Arc::new(Slot::default()));
                        manners.head = TURNED_AWAY_HEAD;
                        manners.keep_alive = false;
                        turned_away.spawn(one(stream, routes.full.clone(), manners, stop.clone()));
                    }
                },
                Err(error) => {
                    tracing::warn!(exception.message = %error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
    while turned_away.join_next().await.is_some() {}
}

async fn one(stream: TcpStream, router: Router, manners: Manners, stop: CancellationToken) {
    // A broken connection is not an error of the server.
    let _ = connection::serve(stream, router, manners, stop).await;
}

#[cfg(test)]
mod tests;
