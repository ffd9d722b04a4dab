//! Bounds of a listener, over real sockets.

use std::io;
use std::net::SocketAddr;

use axum::body::Body;
use axum::routing::get;
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::connection::PREFACE;
use super::*;
use crate::overload;

/// Ends a test that hangs; it does not measure anything.
const PATIENCE: Duration = Duration::from_secs(30);

const LONG: Duration = Duration::from_secs(3600);

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn bounds(connections: usize, head: Duration) -> Bounds {
    Bounds {
        connections,
        head,
        stall: LONG,
        http2: true,
    }
}

async fn listen(bounds: Bounds) -> (SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endless = || {
        let bytes = std::iter::repeat_with(|| Ok::<_, io::Error>(vec![0_u8; 16 << 10]));
        Body::from_stream(stream::iter(bytes))
    };
    let all = Router::new()
        .route("/", get(async || "here"))
        .route("/endless", get(async move || endless()));
    let health = Router::new().route("/health", get(async || "here"));
    let full = overload::full(health);
    let stop = CancellationToken::new();
    let served = serve(listener, Routes { all, full }, bounds, stop.clone());
    tokio::spawn(served);
    (address, stop)
}

async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(ASK).await.unwrap();
    read(stream).await
}

async fn read(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"here") {
        let read = timeout(PATIENCE, stream.read_buf(&mut answer)).await;
        assert_ne!(read.unwrap().unwrap(), 0, "closed without an answer");
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_client_that_does_not_finish_a_head_is_let_go() {
    let bounds = bounds(8, Duration::from_millis(50));
    let (address, _stop) = listen(bounds).await;
    // Nothing, the beginning of either version, and an incomplete head.
    for said in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nhost: lo"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let ended = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "still open after {said:?}");
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "{said:?}");
    }
}

#[tokio::test]
async fn an_http_2_client_that_answers_no_ping_is_let_go() {
    let bounds = bounds(8, Duration::from_millis(50));
    let (address, _stop) = listen(bounds).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    // An empty SETTINGS frame: a valid client so far.
    stream
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok());
}

#[tokio::test]
async fn a_connection_too_many_replaces_the_one_that_was_idle_for_the_longest_time() {
    let (address, _stop) = listen(bounds(2, LONG)).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    ask(&mut first).await;
    ask(&mut second).await;
    ask(&mut first).await;
    let mut third = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut third).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut first).await.starts_with("HTTP/1.1 200"));
    let ended = timeout(PATIENCE, second.read_to_end(&mut Vec::new())).await;
    assert_eq!(ended.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn when_every_connection_is_busy_others_are_refused_but_health_is_answered() {
    let (address, _stop) = listen(bounds(2, LONG)).await;
    let mut readers = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        stream.read_exact(&mut [0; 64]).await.unwrap();
        readers.push(stream);
    }
    let mut refused = TcpStream::connect(address).await.unwrap();
    refused.write_all(ASK).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, refused.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 1"), "{answer}");
    assert!(answer.contains("all connections are in use"), "{answer}");
    let mut health = TcpStream::connect(address).await.unwrap();
    health
        .write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    assert!(read(&mut health).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn stopping_ends_clients_that_have_asked_nothing() {
    let bounds = bounds(8, LONG);
    let (address, stop) = listen(bounds).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    ask(&mut idle).await;
    stop.cancel();
    for stream in [&mut silent, &mut idle] {
        let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok());
    }
}

#[tokio::test]
async fn a_client_that_writes_all_before_it_reads_hears_why_it_was_refused() {
    let bounds = bounds(8, LONG);
    let (address, _stop) = listen(bounds).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = vec![b'x'; 16 << 20];
    let head = format!(
        "POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let exchange = async {
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 404");
    };
    timeout(PATIENCE, exchange).await.unwrap();
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_not_told_to_go_on_for_nothing() {
    let bounds = bounds(8, LONG);
    let (address, _stop) = listen(bounds).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /nowhere HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n\
                content-length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let read = timeout(PATIENCE, stream.read_exact(&mut answer)).await;
    read.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404");
}
