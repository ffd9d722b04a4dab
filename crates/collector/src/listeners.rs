//! Binds the three ports: set by hand means exactly that, otherwise the next free.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::backend::StartError;
use crate::config::BackendConfig;
use crate::port_owner::PortOwner;

const GRPC: u16 = 4317;
const HTTP: u16 = 4318;
const PAGE: u16 = 4380;

/// How many ports behind the default one are tried.
const TRIES: u16 = 200;

/// How often an address that is set by hand and taken is tried again, and how long after: where the
/// backend before this one was killed, its collector gives the ports up a moment after it.
const AGAIN: u32 = 5;
const MOMENT: Duration = Duration::from_millis(50);

/// The two listeners for OTLP, and what has to be said about them.
#[derive(Debug)]
pub(crate) struct OtlpPair {
    grpc: Bound,
    http: Bound,
    notes: Vec<String>,
}

/// A listener and its address.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl OtlpPair {
    /// Binds what is set by hand, and for the rest the default ports or the next free ones.
    pub(crate) async fn bind(config: &BackendConfig) -> Result<Self, StartError> {
        let (grpc, http) = match (config.grpc, config.http) {
            (None, None) => return Self::next_free().await,
            (grpc, http) => (grpc, http),
        };
        let mut notes = Vec::new();
        // What is set by hand first, so that no search takes its port.
        let by_hand_grpc = match grpc {
            Some(listen) => Some(exactly("grpc", listen.address()).await?),
            None => None,
        };
        let http = match http {
            Some(listen) => exactly("http", listen.address()).await?,
            None => next_free("OTLP/HTTP", HTTP, &mut notes).await?,
        };
        let grpc = match by_hand_grpc {
            Some(listener) => listener,
            None => next_free("OTLP/gRPC", GRPC, &mut notes).await?,
        };
        Ok(Self { grpc, http, notes })
    }

    /// Binds 4317 and 4318, or the next two ports in a row that are both free.
    async fn next_free() -> Result<Self, StartError> {
        let mut last = None;
        for port in (GRPC..=GRPC + TRIES).step_by(2) {
            let pair = match bind(loopback(port)).await {
                Ok(grpc) => bind(loopback(port + 1)).await.map(|http| (grpc, http)),
                Err(error) => Err(error),
            };
            match pair {
                Ok((grpc, http)) => {
                    let mut notes = Vec::new();
                    if port != GRPC {
                        notes.push(format!(
                            "ports {GRPC} and {HTTP} are not both free{}: OTLP/gRPC listens on \
                             {port}, OTLP/HTTP on {}",
                            first_owner([loopback(GRPC), loopback(HTTP)]).await,
                            port + 1
                        ));
                    }
                    return Ok(Self { grpc, http, notes });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(none_free(GRPC, last))
    }

    /// Returns where gRPC and HTTP are received.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.grpc.address, self.http.address)
    }

    /// Returns the listeners, gRPC first, and what has to be said about them.
    pub(crate) fn into_listeners(self) -> ((Bound, Bound), Vec<String>) {
        ((self.grpc, self.http), self.notes)
    }

    /// Gives the ports up, to whoever shall listen there instead.
    pub(crate) fn release(self) -> Vec<String> {
        self.notes
    }
}

/// Binds the port of the page and the API.
pub(crate) async fn page(
    config: &BackendConfig,
    notes: &mut Vec<String>,
) -> Result<Bound, StartError> {
    match config.page {
        Some(listen) => exactly("page", listen.address()).await,
        None => next_free("the page", PAGE, notes).await,
    }
}

/// Binds a port that only this machine reaches and nobody is told of.
pub(crate) async fn private() -> io::Result<Bound> {
    bind(loopback(0)).await
}

/// Binds exactly this address.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<Bound> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok(Bound { listener, address })
}

async fn exactly(setting: &'static str, address: SocketAddr) -> Result<Bound, StartError> {
    let mut bound = bind(address).await;
    for _ in 0..AGAIN {
        if !matches!(&bound, Err(error) if error.kind() == io::ErrorKind::AddrInUse) {
            break;
        }
        sleep(MOMENT).await;
        bound = bind(address).await;
    }
    match bound {
        Ok(bound) => Ok(bound),
        Err(source) => Err(StartError::Bind {
            setting,
            address,
            owner: owner(address, &source).await,
            source,
        }),
    }
}

/// Finds who has an address that cannot be bound because somebody has it.
async fn owner(address: SocketAddr, error: &io::Error) -> Option<PortOwner> {
    if error.kind() != io::ErrorKind::AddrInUse {
        return None;
    }
    PortOwner::of(address).await
}

/// Returns the first owner that is found as the rest of a sentence.
async fn first_owner<const N: usize>(addresses: [SocketAddr; N]) -> String {
    for address in addresses {
        if let Some(owner) = PortOwner::of(address).await {
            return format!(", {owner} has {}", address.port());
        }
    }
    String::new()
}

fn loopback(port: u16) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()
}

/// Binds `port` on loopback or the next one that is free.
async fn next_free(what: &str, port: u16, notes: &mut Vec<String>) -> Result<Bound, StartError> {
    let mut last = None;
    for candidate in port..=port + TRIES {
        match bind(loopback(candidate)).await {
            Ok(bound) => {
                if candidate != port {
                    notes.push(format!(
                        "port {port} is taken{}: {what} listens on {candidate}",
                        first_owner([loopback(port)]).await
                    ));
                }
                return Ok(bound);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(none_free(port, last))
}

fn none_free(port: u16, last: Option<io::Error>) -> StartError {
    let source = last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into());
    StartError::NoFreePort {
        first: port,
        last: port + TRIES,
        source,
    }
}
