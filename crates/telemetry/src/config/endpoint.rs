//! The destination of a signal.

use super::{Compression, Identity, Protocol, TelemetryConfig};
use crate::{InitError, Signal};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, uri::Authority};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Everything that a transport needs for one signal.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// With the path for HTTP, without for gRPC.
    pub(crate) uri: Uri,
    pub(crate) protocol: Protocol,
    pub(crate) headers: HeaderMap,
    pub(crate) compression: Compression,
    pub(crate) timeout: Duration,
    /// The authorities to trust in place of the public ones.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "unused without TLS"))]
    pub(crate) certificate: Option<PathBuf>,
    /// The client certificate.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "unused without TLS"))]
    pub(crate) identity: Option<Identity>,
}

impl Target {
    pub(crate) fn of(config: &TelemetryConfig, signal: Signal) -> Result<Self, InitError> {
        let own = config.signal(signal);
        let protocol = own.protocol.unwrap_or(config.protocol);
        let compression = own.compression.unwrap_or(config.compression);
        features(protocol, compression)?;
        let uri = match (&own.endpoint, &config.endpoint) {
            (Some(endpoint), _) => parse(endpoint, protocol)?,
            (None, Some(endpoint)) => within(parse(endpoint, protocol)?, protocol, signal)?,
            (None, None) => within(Uri::from_static(local(protocol)), protocol, signal)?,
        };
        let headers = match own.headers.is_empty() {
            true => &config.headers,
            false => &own.headers,
        };
        Ok(Self {
            uri,
            protocol,
            headers: header_map(headers)?,
            compression,
            timeout: own.timeout.unwrap_or(config.timeout),
            certificate: own
                .certificate
                .clone()
                .or_else(|| config.certificate.clone()),
            identity: Identity::of(config, own)?,
        })
    }

    /// Returns the URL to display: without credentials, and without a query, which may contain keys.
    pub(crate) fn shown(&self) -> String {
        let mut parts = self.uri.clone().into_parts();
        let bare = parts.authority.as_ref().and_then(|authority| {
            let (_, host) = authority.as_str().rsplit_once('@')?;
            host.parse::<Authority>().ok()
        });
        parts.authority = bare.or(parts.authority);
        let path = parts.path_and_query.as_ref();
        let path = path.and_then(|path| path.path().parse().ok());
        parts.path_and_query = path.or(parts.path_and_query);
        Uri::from_parts(parts).map_or_else(|_| String::new(), |uri| uri.to_string())
    }
}

const fn local(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::HttpProtobuf => "http://127.0.0.1:4318",
        Protocol::Grpc => "http://127.0.0.1:4317",
    }
}

fn features(protocol: Protocol, compression: Compression) -> Result<(), InitError> {
    let missing = match (protocol, compression) {
        (Protocol::Grpc, _) if !cfg!(feature = "grpc") => "grpc",
        (_, Compression::Gzip) if !cfg!(feature = "gzip") => "gzip",
        (_, Compression::Zstd) if !cfg!(feature = "zstd") => "zstd",
        _ => return Ok(()),
    };
    Err(InitError::Feature(missing))
}

fn parse(endpoint: &str, protocol: Protocol) -> Result<Uri, InitError> {
    let endpoint = endpoint.trim();
    let Some((scheme, _)) = endpoint.split_once("://") else {
        return Err(InitError::NoScheme(endpoint.to_owned()));
    };
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(InitError::Scheme(endpoint.to_owned()));
    }
    let uri: Uri = endpoint
        .parse()
        .map_err(|cause| InitError::Endpoint(endpoint.to_owned(), cause))?;
    if scheme.eq_ignore_ascii_case("https") && !cfg!(feature = "tls") {
        return Err(InitError::Feature("tls"));
    }
    // The specification assigns this port to gRPC.
    if protocol == Protocol::HttpProtobuf && uri.port_u16() == Some(4317) {
        return Err(InitError::GrpcPort(endpoint.to_owned()));
    }
    Ok(uri)
}

/// Appends the signal's path, as the specification requires for a shared endpoint.
fn within(base: Uri, protocol: Protocol, signal: Signal) -> Result<Uri, InitError> {
    if protocol == Protocol::Grpc {
        return Ok(base);
    }
    let shown = base.to_string();
    let mut parts = base.into_parts();
    let path = parts.path_and_query.as_ref().map_or("", |path| path.path());
    let path = format!("{}/v1/{}", path.trim_end_matches('/'), signal.as_str());
    parts.path_and_query = Some(
        path.parse()
            .map_err(|cause| InitError::Endpoint(shown.clone(), cause))?,
    );
    Uri::from_parts(parts).map_err(|_| InitError::NoScheme(shown))
}

fn header_map(headers: &BTreeMap<String, String>) -> Result<HeaderMap, InitError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let bad = || InitError::Header(name.clone());
        let parsed: HeaderName = name
            .trim()
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| bad())?;
        let mut value: HeaderValue = value.trim().parse().map_err(|_| bad())?;
        value.set_sensitive(true);
        map.insert(parsed, value);
    }
    Ok(map)
}
