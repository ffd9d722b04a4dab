//! Binds the three ports: set by hand means exactly that, otherwise the next free.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::backend::StartError;
use crate::config::BackendConfig;

const GRPC: u16 = 4317;
const HTTP: u16 = 4318;
const PAGE: u16 = 4380;

/// How many ports behind the default one are tried.
const TRIES: u16 = 200;

/// The bound listeners, and what has to be said about them.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) grpc: TcpListener,
    pub(crate) http: TcpListener,
    pub(crate) page: TcpListener,
    pub(crate) notes: Vec<String>,
}

impl Listeners {
    pub(crate) async fn bind(config: &BackendConfig) -> Result<Self, StartError> {
        let mut notes = Vec::new();
        let (grpc, http) = match (config.grpc, config.http) {
            (None, None) => otlp_pair(&mut notes).await?,
            (grpc, http) => {
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
                (grpc, http)
            }
        };
        let page = match config.page {
            Some(listen) => exactly("page", listen.address()).await?,
            None => next_free("the page", PAGE, &mut notes).await?,
        };
        Ok(Self {
            grpc,
            http,
            page,
            notes,
        })
    }
}

async fn exactly(setting: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| StartError::Bind {
        setting,
        address,
        source,
    })
}

fn loopback(port: u16) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()
}

/// Binds `port` on loopback or the next one that is free.
async fn next_free(
    what: &str,
    port: u16,
    notes: &mut Vec<String>,
) -> Result<TcpListener, StartError> {
    let mut last = None;
    for candidate in port..=port + TRIES {
        match TcpListener::bind(loopback(candidate)).await {
            Ok(listener) => {
                if candidate != port {
                    notes.push(format!(
                        "port {port} is taken: {what} listens on {candidate}"
                    ));
                }
                return Ok(listener);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(none_free(port, last))
}

/// Binds 4317 and 4318, or the next two ports in a row that are both free.
async fn otlp_pair(notes: &mut Vec<String>) -> Result<(TcpListener, TcpListener), StartError> {
    let mut last = None;
    for port in (GRPC..=GRPC + TRIES).step_by(2) {
        let pair = match TcpListener::bind(loopback(port)).await {
            Ok(grpc) => TcpListener::bind(loopback(port + 1))
                .await
                .map(|http| (grpc, http)),
            Err(error) => Err(error),
        };
        match pair {
            Ok(pair) => {
                if port != GRPC {
                    notes.push(format!(
                        "ports {GRPC} and {HTTP} are not both free: OTLP/gRPC listens on {port}, \
                         OTLP/HTTP on {}",
                        port + 1
                    ));
                }
                return Ok(pair);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(none_free(GRPC, last))
}

fn none_free(port: u16, last: Option<io::Error>) -> StartError {
    let source = last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into());
    StartError::NoFreePort {
        first: port,
        last: port + TRIES,
        source,
    }
}
