//! Other servers in place of a collector or a backend, each in a few lines of plain TCP.

use crate::glassbox::free_address;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::Arc,
};

/// A port without a listener.
pub(crate) fn nobody() -> u16 {
    let address = free_address();
    address.rsplit(':').next().unwrap().parse().unwrap()
}

/// A server that does this with each connection, until the tests end.
pub(crate) fn somebody(meet: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = bind();
    let port = listener.local_addr().unwrap().port();
    let meet = Arc::new(meet);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let meet = Arc::clone(&meet);
            std::thread::spawn(move || meet(stream));
        }
    });
    port
}

fn bind() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

/// Accepts connections, and never responds.
pub(crate) fn silent() -> u16 {
    somebody(|mut stream| {
        // Until the client closes the connection.
        let _heard = stream.read_to_end(&mut Vec::new());
    })
}

/// Sends this before any request, as SSH and SMTP do.
pub(crate) fn greeter(words: &'static str) -> u16 {
    somebody(move |mut stream| {
        let _said = stream.write_all(words.as_bytes());
        let _heard = stream.read_to_end(&mut Vec::new());
    })
}

/// An HTTP response.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            kind,
            body: body.into(),
        }
    }

    pub(crate) fn json(body: &serde_json::Value) -> Self {
        Self::new(200, "application/json", body.to_string())
    }

    /// A page like that of nginx.
    pub(crate) fn page(status: u16) -> Self {
        Self::new(status, "text/html", "<html>nothing of yours</html>\n")
    }
}

/// An HTTP/1.1 server with a response for each path.
pub(crate) fn web(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> u16 {
    somebody(move |stream| {
        let Some(path) = heard(&stream) else {
            return;
        };
        let Reply { status, kind, body } = answer(&path);
        let head = format!(
            "HTTP/1.1 {status} so\r\nserver: stranger/1\r\ncontent-type: {kind}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = &stream;
        let _head = stream.write_all(head.as_bytes());
        let _body = stream.write_all(&body);
    })
}

/// The path of a request, after reading all of it; `None` if it is not HTTP/1.
fn heard(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.strip_suffix(" HTTP/1.1\r\n")?.split(' ').nth(1)?;
    let path = path.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    Some(path)
}
