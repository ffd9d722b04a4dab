//! A health check that a program runs against its own service.

use crate::HostSettings;
use std::{
    error::Error,
    fmt,
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// The timeout, which is below the usual timeout of health check commands.
const PATIENCE: Duration = Duration::from_secs(2);

/// The number of bytes read of the response; the status line comes first.
const HEAD: usize = 512;

/// Why a service is unhealthy.
#[non_exhaustive]
pub enum ProbeError {
    /// The configured port is 0, so the address is unknown.
    NoPort,
    /// There was no response in time.
    Silent {
        /// The address of the request.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The response was not 200.
    Unwell {
        /// The address of the request.
        address: SocketAddr,
        /// The beginning of the response.
        answer: String,
    },
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPort => f.write_str(
                "host.bind has port 0, so there is no knowing where to ask; set GLASSBOX_HOST_BIND \
                 to an address with a port, for the service and for the probe",
            ),
            Self::Silent { address, .. } => write!(f, "no response from http://{address}/health"),
            Self::Unwell { address, answer } => {
                write!(f, "http://{address}/health responded '{answer}'")
            }
        }
    }
}

/// Prints one line with the cause, because `main` prints errors with `Debug`.
impl fmt::Debug for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent { source, .. } => write!(f, "{self}: {source}"),
            Self::NoPort | Self::Unwell { .. } => write!(f, "{self}"),
        }
    }
}

impl Error for ProbeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Silent { source, .. } => Some(source),
            Self::NoPort | Self::Unwell { .. } => None,
        }
    }
}

/// Requests `/health` of the service that runs with these settings on this machine.
///
/// Use it for the `HEALTHCHECK` of a container without a shell or `curl`: it runs the program itself,
/// with the same settings and `probe` as its argument. An unspecified address such as `0.0.0.0` is
/// replaced by loopback.
///
/// # Errors
/// If the service does not respond with 200.
///
/// # Bounds
/// Blocks for at most two seconds.
pub fn probe(settings: &HostSettings) -> Result<(), ProbeError> {
    probe_at(settings.bind)
}

/// Like [`probe`], for a server at this address.
///
/// # Errors
/// If the server does not respond with 200.
pub fn probe_at(address: SocketAddr) -> Result<(), ProbeError> {
    if address.port() == 0 {
        return Err(ProbeError::NoPort);
    }
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    let answer = ask(address, Instant::now() + PATIENCE)
        .map_err(|source| ProbeError::Silent { address, source })?;
    let status = answer.split(' ').nth(1);
    if answer.starts_with("HTTP/1.") && status == Some("200") {
        return Ok(());
    }
    Err(ProbeError::Unwell { address, answer })
}

fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// Returns the status line of the response.
fn ask(address: SocketAddr, deadline: Instant) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    let request = format!("GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::with_capacity(HEAD);
    let mut chunk = [0; HEAD];
    while head.len() < HEAD && !head.contains(&b'\n') {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => head.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The error kind of a read timeout differs between systems.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(late()),
            Err(error) => return Err(error),
        }
    }
    let head = String::from_utf8_lossy(&head);
    let line = head.lines().next().unwrap_or_default();
    Ok(line.chars().filter(|c| !c.is_control()).take(80).collect())
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    match left.is_zero() {
        true => Err(late()),
        false => Ok(left),
    }
}

fn late() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("nothing within {PATIENCE:?}"),
    )
}
