//! Bounds of a listener, over real sockets.

use std::net::SocketAddr;

use axum::routing::get;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::*;

/// Ends a test that hangs; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(30);

const LONG: Duration = Duration::from_secs(3600);

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

async fn listen(bounds: Bounds) -> (SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(async || "here"));
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, router, bounds, stop.clone()));
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
    let bounds = Bounds {
        connections: 8,
        head: Duration::from_millis(50),
    };
    let (address, _stop) = listen(bounds).await;
    // Nothing, the beginning of either version, and a head without its end.
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
    let bounds = Bounds {
        connections: 8,
        head: Duration::from_millis(50),
    };
    let (address, _stop) = listen(bounds).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    // An empty SETTINGS frame: a sound client so far.
    stream
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok());
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_ends() {
    let bounds = Bounds {
        connections: 2,
        head: LONG,
    };
    let (address, _stop) = listen(bounds).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut first).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut second).await.starts_with("HTTP/1.1 200"));
    let mut third = TcpStream::connect(address).await.unwrap();
    third.write_all(ASK).await.unwrap();
    for _ in 0..20 {
        ask(&mut first).await;
    }
    let early = third.try_read(&mut [0]);
    assert_eq!(early.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    drop(second);
    assert!(read(&mut third).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn stopping_ends_clients_that_have_asked_nothing() {
    let bounds = Bounds {
        connections: 8,
        head: LONG,
    };
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
    let bounds = Bounds {
        connections: 8,
        head: LONG,
    };
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
    let bounds = Bounds {
        connections: 8,
        head: LONG,
    };
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
