//! The addresses of a running backend.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The base addresses of a running backend, as clients use them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    grpc: String,
    http: String,
    page: String,
}

impl Endpoints {
    pub(crate) fn new(grpc: SocketAddr, http: SocketAddr, page: SocketAddr) -> Self {
        Self {
            grpc: url(grpc),
            http: url(http),
            page: url(page),
        }
    }

    /// Returns the base address of OTLP/gRPC, such as `http://127.0.0.1:4317`.
    #[must_use]
    pub fn grpc(&self) -> &str {
        &self.grpc
    }

    /// Returns the base address of OTLP/HTTP, such as `http://127.0.0.1:4318`.
    #[must_use]
    pub fn http(&self) -> &str {
        &self.http
    }

    /// Returns the address of the page and the API, such as `http://127.0.0.1:4380`.
    #[must_use]
    pub fn page(&self) -> &str {
        &self.page
    }
}

fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        // A client cannot connect to 0.0.0.0, but to loopback.
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("http://{address}")
}
