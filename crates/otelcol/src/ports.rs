//! The interfaces to the application: its OTLP ports, and its own receivers.

use std::fmt::Debug;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The two OTLP ports, held until a collector binds them itself.
pub trait Ports {
    /// Returns the addresses of OTLP/gRPC and OTLP/HTTP.
    fn addresses(&self) -> (SocketAddr, SocketAddr);

    /// Releases the ports and returns notes for the user about them.
    fn release(self) -> Vec<String>;
}

/// Receives OTLP on the ports of a collector that does not run.
pub trait Fallback: Debug + Send + Sync {
    /// Serves OTLP/gRPC on `listener`, which is bound to `address`, until `stop`.
    fn serve_grpc(
        &self,
        listener: TcpListener,
        address: SocketAddr,
        stop: CancellationToken,
    ) -> JoinHandle<()>;

    /// Serves OTLP/HTTP on `listener`, which is bound to `address`, until `stop`.
    fn serve_http(
        &self,
        listener: TcpListener,
        address: SocketAddr,
        stop: CancellationToken,
    ) -> JoinHandle<()>;
}
