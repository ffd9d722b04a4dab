//! The `[host]` section.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// How a service is served.
///
/// With feature `config` it is the section `[host]` of a program's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostSettings {
    /// Where to listen; port 0 picks a free one. `127.0.0.1:0`.
    pub bind: SocketAddr,
    /// Where others reach the service, if it is not where it listens: `http://name:port`.
    pub endpoint: Option<String>,
    /// Where the registry of several processes is: `http://host:port`. Needs feature `client`.
    pub registry_url: Option<String>,
    /// How long a registration outlives its service. 30 s.
    pub lease: Duration,
    /// The most bytes of one input. 1 MiB.
    pub body_limit: usize,
    /// How long an input may take to come. 30 s.
    pub body_timeout: Duration,
    /// How long the head of a request may take to come, and a connection may be idle. 30 s.
    pub header_timeout: Duration,
    /// The most calls under way; one more is turned away with 429. 256.
    pub concurrency: usize,
    /// The most connections; one more waits to be accepted. 1024.
    pub connections: usize,
    /// How long a shutdown waits for what is under way. 20 s.
    pub drain_timeout: Duration,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            endpoint: None,
            registry_url: None,
            lease: Duration::from_secs(30),
            body_limit: 1 << 20,
            body_timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(30),
            concurrency: 256,
            connections: 1024,
            drain_timeout: Duration::from_secs(20),
        }
    }
}
