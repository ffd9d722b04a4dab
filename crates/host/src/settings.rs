//! The settings of a service.

mod redis_url;
#[cfg(feature = "config")]
mod section;

pub use redis_url::RedisUrl;

use crate::{
    endpoint::{Endpoint, split},
    peer::Peer,
};
use glassbox_guard::Keys;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// The default of `last_known`.
pub(crate) const LAST_KNOWN: Duration = Duration::from_secs(10 * 60);

/// The settings of a service.
///
/// With feature `config` it is the section `[host]` of a program's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
#[non_exhaustive]
pub struct HostSettings {
    /// Listening address; port 0 picks a free port. Default: `127.0.0.1:0`.
    #[cfg_attr(feature = "config", serde(with = "glassbox_config::listen"))]
    pub bind: SocketAddr,
    /// Keys of which every call needs one, as `Authorization: Bearer KEY`. Required if `bind` is beyond
    /// loopback. Health checks need none. Default: none.
    pub key: Keys,
    /// A file with further keys, one per line, such as a mounted secret.
    pub key_file: Option<PathBuf>,
    /// Accepts calls without a key beyond loopback. Default: false.
    pub allow_anonymous: bool,
    /// Further names that a `Host` header may have, besides loopback names, addresses and the name in
    /// `endpoint`. Calls with a key may use any name.
    pub allowed_hosts: Vec<String>,
    /// The endpoints of other services that get `peer_key`: `http://name:port`, a name, `*.domain`, or a
    /// network such as `10.0.0.0/8`. Services that were found in a registry get it only if they are
    /// here. Default: none.
    pub peers: Vec<String>,
    /// The key for `peers`. Default: the first key of this service.
    pub peer_key: Keys,
    /// The URL at which others reach the service, if not the listening address: `http://name:port`.
    pub endpoint: Option<String>,
    /// URL of the HTTP registry: `http://host:port`. Needs feature `client`.
    pub registry_url: Option<String>,
    /// The key of the HTTP registry. It is sent to `registry_url` only.
    pub registry_key: Keys,
    /// URL of Redis, instead of an HTTP registry: `redis://host:port`. Needs feature `redis`.
    pub redis_url: Option<RedisUrl>,
    /// Prefix of all keys in Redis. Services of other namespaces are not visible. Default: `glassbox`.
    pub redis_namespace: String,
    /// How long the last known services are used while the registry is unavailable. Default: 10 min.
    #[cfg_attr(feature = "config", serde(with = "glassbox_config::duration"))]
    pub last_known: Duration,
    /// How long the registration of a crashed service remains. Default: 30 s.
    #[cfg_attr(feature = "config", serde(with = "glassbox_config::duration"))]
    pub lease: Duration,
    /// Maximum size of an input. Default: 1 MiB.
    #[cfg_attr(feature = "config", serde(with = "section::bytes"))]
    pub body_limit: usize,
    /// Timeout for receiving an input. Default: 30 s.
    #[cfg_attr(feature = "config", serde(with = "glassbox_config::duration"))]
    pub body_timeout: Duration,
    /// Timeout for request headers and idle connections. Default: 30 s.
    #[cfg_attr(feature = "config", serde(with = "glassbox_config::duration"))]
    pub header_timeout: Duration,
    /// Maximum number of concurrent calls; further calls are rejected with 429. Default: 256.
    pub concurrency: usize,
    /// Maximum number of connections; further connections wait to be accepted. Default: 1024.
    pub connections: usize,
    /// How long a shutdown waits for calls in progress. Default: 20 s.
    #[cfg_attr(feature = "config", serde(with = "glassbox_config::duration"))]
    pub drain_timeout: Duration,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            key: Keys::none(),
            key_file: None,
            allow_anonymous: false,
            allowed_hosts: Vec::new(),
            peers: Vec::new(),
            peer_key: Keys::none(),
            endpoint: None,
            registry_url: None,
            registry_key: Keys::none(),
            redis_url: None,
            redis_namespace: "glassbox".to_owned(),
            last_known: LAST_KNOWN,
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

impl HostSettings {
    /// The first key with an invalid value, and the requirement.
    pub(crate) fn wrong(&self) -> Option<(&'static str, &'static str)> {
        const POSITIVE: &str = "must be greater than zero";
        const HOST: &str = "must be names without a scheme and a port, such as tool.example";
        const REDIS: &str = "must be redis://host:port, rediss://host:port or redis+unix:///path";
        const ONE: &str = "host.registry_url is set as well, and there can be one registry: unset \
            REDIS_URL (or GLASSBOX_REDIS_URL), or GLASSBOX_REGISTRY_URL";
        const NAME: &str = "must be 1 to 128 characters of a-z, A-Z, 0-9, '.', '_', ':' and '-'";
        let url = |url: &Option<String>| Endpoint::parse(url.as_deref()?).err();
        let peer = self.peers.iter().find_map(|peer| Peer::parse(peer).err());
        let parsed = [
            ("endpoint", url(&self.endpoint)),
            ("registry_url", url(&self.registry_url)),
            ("peers", peer),
        ];
        if let Some(wrong) = parsed
            .into_iter()
            .find_map(|(key, must)| Some((key, must?)))
        {
            return Some(wrong);
        }
        let are_names = |names: &[String]| {
            names
                .iter()
                .all(|name| matches!(split(name), Ok((_, None))))
        };
        [
            ("allowed_hosts", are_names(&self.allowed_hosts), HOST),
            (
                "redis_url",
                self.redis_url.as_ref().is_none_or(RedisUrl::is_one),
                REDIS,
            ),
            (
                "redis_url",
                self.redis_url.is_none() || self.registry_url.is_none(),
                ONE,
            ),
            ("redis_namespace", is_name(&self.redis_namespace), NAME),
            (
                "lease",
                self.lease >= Duration::from_millis(100),
                "must be at least 100ms",
            ),
            (
                "last_known",
                self.last_known >= Duration::from_secs(1),
                "must be at least 1s",
            ),
            ("body_limit", self.body_limit > 0, POSITIVE),
            ("body_timeout", !self.body_timeout.is_zero(), POSITIVE),
            ("header_timeout", !self.header_timeout.is_zero(), POSITIVE),
            ("concurrency", self.concurrency > 0, POSITIVE),
            ("connections", self.connections > 0, POSITIVE),
        ]
        .into_iter()
        .find_map(|(key, is_right, must)| (!is_right).then_some((key, must)))
    }
}

/// Whether a text is a valid namespace, which is written in braces in key names.
fn is_name(namespace: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=128).contains(&namespace.len()) && namespace.bytes().all(is_plain)
}
