//! The backend's own receivers on the ports of a collector that does not run.

use std::io;
use std::net::SocketAddr;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::listeners::bind;
use crate::receivers::Receivers;

/// Receives in the place of a collector.
#[derive(Debug)]
pub(super) struct StandIn {
    stop: CancellationToken,
    servers: [JoinHandle<()>; 2],
}

impl StandIn {
    /// Binds the collector's addresses, gRPC first, and serves there.
    pub(super) async fn start(
        receivers: &Receivers,
        (grpc, http): (SocketAddr, SocketAddr),
    ) -> io::Result<Self> {
        let (grpc, http) = (bind(grpc).await?, bind(http).await?);
        let stop = CancellationToken::new();
        let servers = [
            receivers.serve_grpc(grpc, stop.clone()),
            receivers.serve_http(http, stop.clone()),
        ];
        Ok(Self { stop, servers })
    }

    /// Accepts nothing more, answers what is running, and gives the ports up.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the servers to finish by themselves.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        for server in &mut self.servers {
            // One that panicked has ended as well.
            let _ = server.await;
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
