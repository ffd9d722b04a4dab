//! Serves the OTLP receiver on sockets, over gRPC and HTTP.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use glassbox_guard::{Guard, Keys};
use glassbox_otelcol::Fallback;
use glassbox_otlp::Receiver;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::listeners::Bound;
use crate::overload;
use crate::server::{self, Bounds, Routes};

/// Serves one receiver on any number of listeners.
#[derive(Debug, Clone)]
pub(crate) struct Receivers {
    receiver: Receiver,
    hosts: Vec<String>,
    keys: Keys,
    /// The threads that serve.
    threads: Handle,
}

impl Receivers {
    /// Wraps `receiver`. Clients must address it by a loopback name, the bound address or one of `hosts`.
    /// If there are keys, they must send one of them. Connections are served on `threads`.
    pub(crate) fn new(receiver: Receiver, hosts: &[String], keys: &Keys, threads: &Handle) -> Self {
        Self {
            receiver,
            hosts: hosts.to_owned(),
            keys: keys.clone(),
            threads: threads.clone(),
        }
    }

    /// Returns the keys that clients need.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Serves OTLP/gRPC until `stop`.
    pub(crate) fn serve_grpc(&self, bound: Bound, stop: CancellationToken) -> JoinHandle<()> {
        let unknown = self.receiver.clone();
        let router = self
            .receiver
            .grpc_router()
            .fallback(async move |request: Request| unknown.unknown_route(request));
        self.serve(bound, router, stop)
    }

    /// Serves OTLP/HTTP until `stop`, also below `/otlp` and `/api/otel`, for clients that are
    /// configured with such a base address.
    pub(crate) fn serve_http(&self, bound: Bound, stop: CancellationToken) -> JoinHandle<()> {
        let unknown = self.receiver.clone();
        let router = self
            .receiver
            .http_router()
            .nest("/otlp", self.receiver.http_router())
            .nest("/api/otel", self.receiver.http_router())
            .fallback(async move |request: Request| unknown.unknown_route(request));
        self.serve(bound, router, stop)
    }

    fn serve(&self, bound: Bound, router: Router, stop: CancellationToken) -> JoinHandle<()> {
        let router = router.layer(guard(bound.address, &self.hosts, &self.keys).layer());
        let routes = Routes {
            all: router,
            full: overload::full(Router::new()),
        };
        server::spawn(
            &self.threads,
            bound.listener,
            routes,
            Bounds::default(),
            stop,
        )
    }
}

/// Returns the checks of a listener at `address`, which may also be addressed as one of `hosts`.
pub(crate) fn guard(address: SocketAddr, hosts: &[String], keys: &Keys) -> Guard {
    Guard::new(address)
        .with_hosts(hosts)
        .with_keys(keys.clone())
        .with_words("backend", "collector.allowed_hosts")
}

impl Fallback for Receivers {
    fn serve_grpc(
        &self,
        listener: TcpListener,
        address: SocketAddr,
        stop: CancellationToken,
    ) -> JoinHandle<()> {
        Receivers::serve_grpc(self, Bound { listener, address }, stop)
    }

    fn serve_http(
        &self,
        listener: TcpListener,
        address: SocketAddr,
        stop: CancellationToken,
    ) -> JoinHandle<()> {
        Receivers::serve_http(self, Bound { listener, address }, stop)
    }
}
