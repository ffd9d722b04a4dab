//! Requests and their headers as bytes, because HTTP libraries normalize what these tests check.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

/// Timeout of each read.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends these headers to the service at `url`, lets it call back, and returns the headers of that call.
pub(super) fn through(url: &str, headers: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("http://{}/", listener.local_addr().unwrap());
    let body = format!(r#"[{{"url": "{callback}", "arguments": null}}]"#);
    let address = url.trim_start_matches("http://").trim_end_matches('/');

    let mut service = connect(address);
    let mut request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    )
    .into_bytes();
    for (name, value) in headers {
        request.extend_from_slice(name.as_bytes());
        request.extend_from_slice(b":");
        request.extend_from_slice(value);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(body.as_bytes());
    service.write_all(&request).unwrap();

    let (mut call, _) = listener.accept().unwrap();
    call.set_read_timeout(Some(TIMEOUT)).unwrap();
    let received = head(&mut call);
    call.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    let answer = head(&mut service);
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    parse(&received)
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// The bytes up to the empty line.
fn head(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        assert_eq!(
            stream.read(&mut byte).unwrap(),
            1,
            "the connection was closed"
        );
        bytes.push(byte[0]);
    }
    bytes
}

fn parse(head: &[u8]) -> Vec<(String, Vec<u8>)> {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8(line[..colon].to_ascii_lowercase()).unwrap();
            // The sender adds one space.
            let value = &line[colon + 1..];
            Some((name, value.strip_prefix(b" ").unwrap_or(value).to_vec()))
        })
        .collect()
}
