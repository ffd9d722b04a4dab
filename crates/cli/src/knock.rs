//! Detects the protocol at an address with raw bytes, because a client library would hide it.

use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, lookup_host},
    time::{Instant, timeout, timeout_at},
};

/// Timeout for further protocols after the first was not recognised.
const HURRY: Duration = Duration::from_secs(1);
/// Maximum number of bytes read of an answer.
const ANSWER: u64 = 64 << 10;
/// The preface of HTTP/2 with prior knowledge, and an empty SETTINGS frame.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// The type of a SETTINGS frame, the first frame of a server.
const SETTINGS: u8 = 4;
/// The TLS record types with which a server can start: alert and handshake.
const TLS: [u8; 2] = [21, 22];

/// Why an address is unreachable.
#[derive(Debug)]
pub(crate) enum Unreached {
    /// The name does not resolve.
    Name(io::Error),
    /// The connection was refused.
    Refused,
    /// There was no response.
    Timeout(Duration),
    /// Another error, such as no route.
    Other(io::Error),
}

/// The answer of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// HTTP/1.
    Http(Page),
    /// HTTP/2, as used by gRPC.
    Http2,
    /// TLS.
    Tls,
    /// The connection was closed without an answer.
    Closed,
    /// There was no answer within the time limit.
    Silent,
    /// Another protocol: its first bytes as text.
    Other(String),
}

/// An HTTP/1 response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) status: u16,
    /// The header `server`.
    pub(crate) server: Option<String>,
    /// The header `content-type`.
    pub(crate) content_type: Option<String>,
    pub(crate) body: String,
}

/// A listening address.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    /// The value of the HTTP `host` header.
    host: String,
    patience: Duration,
}

impl Door {
    /// Connects to `host`, a name or an address, and `port`.
    ///
    /// # Errors
    /// If no connection is accepted within `patience`.
    pub(crate) async fn find(host: &str, port: u16, patience: Duration) -> Result<Self, Unreached> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let until = Instant::now() + patience;
        let late = |_| Unreached::Timeout(patience);
        let addresses = timeout_at(until, lookup_host((bare, port)))
            .await
            .map_err(late)?
            .map_err(Unreached::Name)?;
        let mut last = Unreached::Name(io::Error::other("the name has no address"));
        for address in addresses {
            last = match timeout_at(until, TcpStream::connect(address)).await {
                Ok(Ok(_)) => {
                    return Ok(Self {
                        address,
                        host: format!("{host}:{port}"),
                        patience,
                    });
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    Unreached::Refused
                }
                Ok(Err(error)) => Unreached::Other(error),
                Err(_) => Unreached::Timeout(patience),
            };
        }
        Err(last)
    }

    /// The same address with a shorter timeout, for attempts after a failure.
    pub(crate) fn hurried(&self) -> Self {
        Self {
            patience: self.patience.min(HURRY),
            ..self.clone()
        }
    }

    /// The timeout for an answer.
    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    /// The socket address.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a GET request.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let host = &self.host;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        self.knock(request.as_bytes()).await
    }

    /// Sends an empty OTLP request, which every receiver accepts.
    pub(crate) async fn post_nothing(&self, path: &str) -> Answer {
        let host = &self.host;
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-protobuf\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n"
        );
        self.knock(request.as_bytes()).await
    }

    /// Starts HTTP/2.
    pub(crate) async fn http2(&self) -> Answer {
        self.knock(HTTP2).await
    }

    /// Starts TLS with a hello that a server accepts or refuses, in TLS either way.
    pub(crate) async fn tls(&self) -> Answer {
        self.knock(&client_hello()).await
    }

    async fn knock(&self, words: &[u8]) -> Answer {
        let mut answer = Vec::new();
        match timeout(self.patience, self.exchange(words, &mut answer)).await {
            Ok(Ok(())) => Answer::read(&answer),
            // Reset while sending: the server rejects this protocol.
            Ok(Err(_)) => Answer::Closed,
            // It has answered but keeps the connection open.
            Err(_) if body_of(&answer).is_some() => Answer::read(&answer),
            Err(_) => Answer::Silent,
        }
    }

    /// Sends, and reads until the server closes or the answer is sufficient.
    async fn exchange(&self, words: &[u8], answer: &mut Vec<u8>) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        // A server may answer before it has read everything.
        let written = stream.write_all(words).await;
        loop {
            let left = ANSWER - answer.len() as u64;
            match (&mut stream).take(left).read_buf(answer).await {
                Ok(0) => break,
                Ok(_) if is_enough(answer) => break,
                Ok(_) => {}
                Err(_) if !answer.is_empty() => break,
                Err(error) => return Err(written.err().unwrap_or(error)),
            }
        }
        Ok(())
    }
}

/// HTTP/1 is read to the end of the body; for other protocols the first frame is enough.
fn is_enough(answer: &[u8]) -> bool {
    if !answer.starts_with(b"HTTP/") {
        return answer.len() >= 9;
    }
    let Some((head, body)) = body_of(answer) else {
        return false;
    };
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    // Without a length the body ends with the connection; `connection: close` was requested.
    length.is_some_and(|length: usize| body.len() >= length)
}

/// The head of an HTTP/1 response, once complete, and the body so far.
fn body_of(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    const END: &[u8] = b"\r\n\r\n";
    let end = answer.windows(END.len()).position(|bytes| bytes == END)?;
    Some((&answer[..end], &answer[end + END.len()..]))
}

impl Answer {
    fn read(answer: &[u8]) -> Self {
        if answer.is_empty() {
            return Self::Closed;
        }
        if answer.starts_with(b"HTTP/1.") {
            let text = String::from_utf8_lossy(answer);
            return Page::read(&text).map_or_else(|| Self::Other(readable(answer)), Self::Http);
        }
        // A frame starts with three bytes of length, the type, the flags and the stream.
        if answer.len() >= 9 && answer[3] == SETTINGS && answer[5..9] == [0; 4] {
            return Self::Http2;
        }
        if answer.len() >= 3 && TLS.contains(&answer[0]) && answer[1] == 3 {
            return Self::Tls;
        }
        Self::Other(readable(answer))
    }
}

impl Page {
    fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let mut page = Self {
            status,
            body: body.to_owned(),
            ..Self::default()
        };
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = || Some(value.trim().to_owned());
            match name.to_ascii_lowercase().as_str() {
                "server" => page.server = value(),
                "content-type" => page.content_type = value(),
                _ => {}
            }
        }
        Some(page)
    }

    /// The first non-empty line of the body, shortened.
    pub(crate) fn first_line(&self) -> String {
        let mut lines = self.body.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
        readable(line.as_bytes())
    }
}

/// The first bytes as one line of text.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
    let line = text.lines().next().unwrap_or_default();
    line.chars()
        .map(|letter| if letter.is_control() { '·' } else { letter })
        .collect()
}

/// The shortest hello of TLS 1.2: one handshake message in one record, without extensions.
fn client_hello() -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([0x42; 32]); // the client random; it encrypts nothing
    hello.push(0); // no session
    hello.extend([0, 2, 0xc0, 0x2f]); // one suite: ECDHE, RSA, AES-128-GCM
    hello.extend([1, 0]); // no compression
    let length = u8::try_from(hello.len()).expect("invariant: the hello is 43 bytes");
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.append(&mut hello);
    record
}

#[cfg(test)]
mod tests;
