//! Whether a service answers, asked by its own program.

use crate::HostSettings;
use std::{
    error::Error,
    fmt,
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// How long a service may take to answer: less than what a health check gives its command.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most bytes of an answer that are read: its status line is in the first few.
const HEAD: usize = 512;

/// Why a service is not taken to be alive.
#[non_exhaustive]
pub enum ProbeError {
    /// The settings leave the port to the system, so nobody knows where to ask.
    NoPort,
    /// Nobody answered there, or not in time.
    Silent {
        /// Where it was asked.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody answered, and not as a service that is alive does.
    Unwell {
        /// Where it was asked.
        address: SocketAddr,
        /// The beginning of the answer.
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
            Self::Silent { address, .. } => write!(f, "no answer from http://{address}/health"),
            Self::Unwell { address, answer } => {
                write!(f, "http://{address}/health answered '{answer}'")
            }
        }
    }
}

/// One line with the cause, since this is how `main` shows an error.
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

/// Asks the service that runs with these settings, on this machine, for its `/health`.
///
/// This is what a container's `HEALTHCHECK` runs where there is neither a shell nor `curl`: the
/// program itself, with the same settings and `probe` as its argument. An unspecified address, as
/// `0.0.0.0`, is asked on loopback.
///
/// # Errors
/// If the service does not answer 200.
///
/// # Bounds
/// Blocks for at most two seconds.
pub fn probe(settings: &HostSettings) -> Result<(), ProbeError> {
    probe_at(settings.bind)
}

/// As [`probe`], for a server that listens here.
///
/// # Errors
/// If the server does not answer 200.
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

/// The status line of the answer.
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
            // What a read whose time is over is called differs between systems.
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
