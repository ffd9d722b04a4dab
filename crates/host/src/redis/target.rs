//! The connection target of a Redis URL.

use super::{
    failure::Failure,
    meter::{Allowance, Metered, RESPONSE},
    tls,
};
use crate::RedisUrl;
use redis::{
    AsyncConnectionConfig, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    aio::MultiplexedConnection,
};
use rustls::pki_types::ServerName;
use std::{fmt, io, path::PathBuf, pin::Pin, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Drives a connection until it ends.
pub(super) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The address and credentials.
pub(super) struct Target {
    place: Place,
    login: RedisConnectionInfo,
    shown: String,
    secrets: Vec<String>,
    allowance: Allowance,
}

enum Place {
    Tcp(String, u16),
    Tls(String, u16, ServerName<'static>, TlsConnector),
    Unix(PathBuf),
}

impl Target {
    /// Parses a URL. The error does not repeat the URL.
    pub(super) fn try_new(url: &RedisUrl) -> Result<Self, String> {
        let text = url.reveal();
        // TLS uses the workspace's crypto provider and built-in roots.
        let (tls, plain) = match text.strip_prefix("rediss://") {
            Some(rest) => (true, format!("redis://{rest}")),
            None => (false, text.to_owned()),
        };
        let wrong = |error: RedisError| format!("is not a Redis URL: {error}");
        let parsed = plain.into_connection_info().map_err(wrong)?;
        let place = match parsed.addr() {
            ConnectionAddr::Tcp(host, port) if tls => {
                let config = tls::config().map_err(|error| format!("needs TLS: {error}"))?;
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| "has a host name that is not valid in a certificate".to_owned())?;
                Place::Tls(
                    host.clone(),
                    *port,
                    name,
                    TlsConnector::from(Arc::new(config)),
                )
            }
            ConnectionAddr::Tcp(host, port) => Place::Tcp(host.clone(), *port),
            ConnectionAddr::Unix(path) => Place::Unix(path.clone()),
            _ => return Err("has an unsupported address type".to_owned()),
        };
        let login = parsed.redis_settings().clone();
        let secrets = login.password().map(str::to_owned).into_iter().collect();
        Ok(Self {
            place,
            login,
            shown: url.to_string(),
            secrets,
            allowance: Allowance::default(),
        })
    }

    /// Connects and authenticates. The future drives the connection.
    pub(super) async fn connect(&self) -> Result<(MultiplexedConnection, Driver), Failure> {
        let connected = match &self.place {
            Place::Tcp(host, port) => self.log_in(tcp(host, *port).await?).await,
            Place::Tls(host, port, name, connector) => {
                let stream = tcp(host, *port).await?;
                let secured = connector.connect(name.clone(), stream).await;
                self.log_in(secured.map_err(distrusted)?).await
            }
            #[cfg(unix)]
            Place::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                self.log_in(stream.map_err(away)?).await
            }
            #[cfg(not(unix))]
            Place::Unix(_) => {
                return Err(Failure::Away(
                    "Unix sockets are not supported on this system".to_owned(),
                ));
            }
        };
        connected.map_err(|error| self.failure(&error))
    }

    async fn log_in<S>(&self, stream: S) -> redis::RedisResult<(MultiplexedConnection, Driver)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // The client applies a timeout to the whole request.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let stream = Metered::new(stream, self.allowance.clone());
        let connected = MultiplexedConnection::new_with_config(&self.login, stream, config);
        let (connection, driver) = connected.await?;
        Ok((connection, Box::pin(driver)))
    }

    /// The remaining bytes of responses; renewed for each request.
    pub(super) fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// The text of an error without secrets.
    pub(super) fn failure(&self, error: &RedisError) -> Failure {
        if self.allowance.is_exceeded() {
            return Failure::Away(format!(
                "a response exceeds {RESPONSE} bytes; the registry's keys contain other data"
            ));
        }
        Failure::of(error, &self.secrets)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect((host, port)).await.map_err(away)?;
    // Requests are small and complete, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn away(error: io::Error) -> Failure {
    Failure::Away(format!("unreachable: {error}"))
}

/// A failed TLS handshake: an untrusted certificate, or a server without TLS.
fn distrusted(error: io::Error) -> Failure {
    Failure::Away(format!(
        "TLS handshake failed: {error}; to trust your own certificate authority, set SSL_CERT_FILE to its file"
    ))
}
