//! The backend's own receivers on the ports of a collector that does not run.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Keeper, State, Wake, asked};
use crate::ports::Fallback;
use crate::status::{CollectorMode, CollectorState};

/// How long to wait for ports that another process uses.
const PORTS_AGAIN: Duration = Duration::from_secs(2);

/// Receives in the place of a collector.
#[derive(Debug)]
pub(super) struct StandIn {
    stop: CancellationToken,
    servers: [JoinHandle<()>; 2],
}

impl StandIn {
    /// Binds the collector's addresses, gRPC first, and serves there.
    pub(super) async fn start(
        fallback: &dyn Fallback,
        (grpc, http): (SocketAddr, SocketAddr),
    ) -> io::Result<Self> {
        let listeners = (
            TcpListener::bind(grpc).await?,
            TcpListener::bind(http).await?,
        );
        let stop = CancellationToken::new();
        let servers = [
            fallback.serve_grpc(listeners.0, grpc, stop.clone()),
            fallback.serve_http(listeners.1, http, stop.clone()),
        ];
        Ok(Self { stop, servers })
    }

    /// Stops accepting, finishes running requests, and releases the ports.
    ///
    /// # Cancel safety
    /// If the future is dropped, the servers finish by themselves.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        for server in &mut self.servers {
            // A server that panicked has stopped as well.
            let _ = server.await;
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Keeper {
    /// Receives in the collector's place, once its ports are free.
    pub(super) async fn fall_back(&mut self) -> State {
        loop {
            if let Some(stand_in) = self.take_ports().await {
                return State::StandingIn(stand_in);
            }
            let wake = tokio::select! {
                () = sleep(PORTS_AGAIN) => Wake::Due,
                wake = asked(&mut self.stop, &mut self.reloads) => wake,
            };
            match wake {
                Wake::Reload(done) => return self.renew_after_all(None, done).await,
                Wake::Stop(_) => return State::Stopped(true),
                Wake::Due | Wake::Ended(_) | Wake::Hung => {}
            }
        }
    }

    /// Binds the collector's ports for the backend, if they are free.
    pub(super) async fn take_ports(&self) -> Option<StandIn> {
        match StandIn::start(&*self.fallback, self.addresses).await {
            Ok(stand_in) => {
                self.status.send_modify(|status| {
                    status.mode = CollectorMode::Embedded;
                    status.state = CollectorState::FallenBack;
                    status.reason = Some(
                        "the collector exited too often, so the backend receives by itself; a \
                         reload tries the collector again"
                            .to_owned(),
                    );
                    status.pid = Some(std::process::id());
                });
                Some(stand_in)
            }
            Err(error) => {
                let reason = format!(
                    "the collector exited too often, and the backend cannot receive in its place: \
                     {error}"
                );
                if self.status.borrow().reason.as_ref() != Some(&reason) {
                    tracing::error!("{reason}");
                }
                self.status.send_modify(|status| {
                    status.mode = CollectorMode::Otelcol;
                    status.state = CollectorState::FallenBack;
                    status.reason = Some(reason);
                });
                None
            }
        }
    }
}
