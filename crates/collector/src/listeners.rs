//! Binds the three ports: exactly those that are set, otherwise the default or the next free.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use glassbox_otelcol::{PortOwner, Ports};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::config::BackendConfig;
use crate::start_error::StartError;

const GRPC: u16 = 4317;
const HTTP: u16 = 4318;
const PAGE: u16 = 4380;

/// How many ports after the default one are tried.
const TRIES: u16 = 200;

/// How long to retry a port that the previous backend on this folder used if it was killed: its
/// collector may hold the port a little longer.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// How long to retry an address that is set explicitly, because there is no alternative.
const BY_HAND: Duration = Duration::from_millis(250);

/// Pause between two tries.
const MOMENT: Duration = Duration::from_millis(50);

/// The two OTLP listeners, and notes for the user about them.
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
    /// Binds the addresses that are set, otherwise the default ports or the next free ones. Waits
    /// for ports that a killed predecessor has `left_behind`.
    pub(crate) async fn bind(
        config: &BackendConfig,
        left_behind: &[u16],
    ) -> Result<Self, StartError> {
        let (grpc, http) = match (config.grpc, config.http) {
            (None, None) => return Self::next_free(GRPC, left_behind).await,
            (grpc, http) => (grpc, http),
        };
        let mut notes = Vec::new();
        // First the addresses that are set, so that no search takes their ports.
        let by_hand_grpc = match grpc {
            Some(listen) => Some(exactly("grpc", listen.address(), left_behind).await?),
            None => None,
        };
        let http = match http {
            Some(listen) => exactly("http", listen.address(), left_behind).await?,
            None => next_free("OTLP/HTTP", HTTP, left_behind, &mut notes).await?,
        };
        let grpc = match by_hand_grpc {
            Some(listener) => listener,
            None => next_free("OTLP/gRPC", GRPC, left_behind, &mut notes).await?,
        };
        Ok(Self { grpc, http, notes })
    }

    /// Binds `first` and the port after it, or the next pair of ports that are both free.
    async fn next_free(first: u16, left_behind: &[u16]) -> Result<Self, StartError> {
        let mut last = None;
        for port in (first..=first + TRIES).step_by(2) {
            let free = |port| {
                let address = loopback(port);
                patiently(address, patience(address, left_behind, Duration::ZERO))
            };
            let pair = match free(port).await {
                Ok(grpc) => free(port + 1).await.map(|http| (grpc, http)),
                Err(error) => Err(error),
            };
            match pair {
                Ok((grpc, http)) => {
                    let mut notes = Vec::new();
                    if port != first {
                        let second = first + 1;
                        notes.push(format!(
                            "ports {first} and {second} are not both free{}: OTLP/gRPC listens on \
                             {port}, OTLP/HTTP on {}",
                            first_owner([loopback(first), loopback(second)]).await,
                            port + 1
                        ));
                    }
                    return Ok(Self { grpc, http, notes });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(none_free(first, last))
    }

    /// Returns the listeners, gRPC first, and the notes.
    pub(crate) fn into_listeners(self) -> ((Bound, Bound), Vec<String>) {
        ((self.grpc, self.http), self.notes)
    }
}

impl Ports for OtlpPair {
    fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.grpc.address, self.http.address)
    }

    fn release(self) -> Vec<String> {
        self.notes
    }
}

/// Binds the port of the page and the API.
pub(crate) async fn page(
    config: &BackendConfig,
    notes: &mut Vec<String>,
) -> Result<Bound, StartError> {
    match config.page {
        Some(listen) => exactly("page", listen.address(), &[]).await,
        None => next_free("the page", PAGE, &[], notes).await,
    }
}

/// Binds any free loopback port.
pub(crate) async fn private() -> io::Result<Bound> {
    bind(loopback(0)).await
}

/// Binds exactly this address.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<Bound> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok(Bound { listener, address })
}

/// How long to wait for a port.
fn patience(address: SocketAddr, left_behind: &[u16], otherwise: Duration) -> Duration {
    match left_behind.contains(&address.port()) {
        true => LEFT_BEHIND,
        false => otherwise,
    }
}

/// Binds an address, and retries up to `patience` while it is in use.
async fn patiently(address: SocketAddr, patience: Duration) -> io::Result<Bound> {
    let until = Instant::now() + patience;
    loop {
        match bind(address).await {
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse && Instant::now() + MOMENT <= until =>
            {
                sleep(MOMENT).await;
            }
            bound => return bound,
        }
    }
}

async fn exactly(
    setting: &'static str,
    address: SocketAddr,
    left_behind: &[u16],
) -> Result<Bound, StartError> {
    match patiently(address, patience(address, left_behind, BY_HAND)).await {
        Ok(bound) => Ok(bound),
        Err(source) => Err(StartError::Bind {
            setting,
            address,
            owner: owner(address, &source).await,
            source,
        }),
    }
}

/// Finds the process that uses an address, if that is why it cannot be bound.
async fn owner(address: SocketAddr, error: &io::Error) -> Option<PortOwner> {
    if error.kind() != io::ErrorKind::AddrInUse {
        return None;
    }
    PortOwner::of(address).await
}

/// Returns the first owner that is found, as the end of a sentence.
async fn first_owner<const N: usize>(addresses: [SocketAddr; N]) -> String {
    for address in addresses {
        if let Some(owner) = PortOwner::of(address).await {
            return format!(", {owner} uses {}", address.port());
        }
    }
    String::new()
}

fn loopback(port: u16) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()
}

/// Binds `port` on loopback or the next one that is free.
async fn next_free(
    what: &str,
    port: u16,
    left_behind: &[u16],
    notes: &mut Vec<String>,
) -> Result<Bound, StartError> {
    let mut last = None;
    for candidate in port..=port + TRIES {
        let address = loopback(candidate);
        match patiently(address, patience(address, left_behind, Duration::ZERO)).await {
            Ok(bound) => {
                if candidate != port {
                    notes.push(format!(
                        "port {port} is in use{}: {what} listens on {candidate}",
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two ports in a row, the first of which is in use.
    async fn half_taken() -> (u16, TcpListener) {
        for _ in 0..100 {
            let taken = TcpListener::bind(loopback(0)).await.unwrap();
            let port = taken.local_addr().unwrap().port();
            if port < u16::MAX - TRIES && bind(loopback(port + 1)).await.is_ok() {
                return (port, taken);
            }
        }
        panic!("no two ports in a row are free");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pair_that_a_predecessor_left_behind_is_waited_for_and_no_other() {
        let (port, taken) = half_taken().await;
        let elsewhere = OtlpPair::next_free(port, &[]).await.unwrap();
        assert_ne!(elsewhere.grpc.address.port(), port);

        let begin = Instant::now();
        let dying = tokio::spawn(async move {
            sleep(LEFT_BEHIND / 2).await;
            drop(taken);
        });
        let again = OtlpPair::next_free(port, &[port, port + 1]).await.unwrap();
        assert_eq!(again.grpc.address.port(), port);
        assert_eq!(again.notes, Vec::<String>::new());
        assert!(begin.elapsed() >= LEFT_BEHIND / 2);
        dying.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_pair_that_somebody_else_has_taken_meanwhile_is_not_waited_for_for_ever() {
        let (port, _taken) = half_taken().await;
        let begin = Instant::now();
        let pair = OtlpPair::next_free(port, &[port, port + 1]).await.unwrap();
        assert_ne!(pair.grpc.address.port(), port);
        assert!(begin.elapsed() <= LEFT_BEHIND);
    }
}
