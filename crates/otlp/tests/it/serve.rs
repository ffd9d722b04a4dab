//! Serving on a real socket.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use glassbox_otlp::{Request, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::limits::until;
use crate::recorder::{Recorder, log, logs};

/// Serves until the test ends.
pub(crate) async fn listen(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, pending(), Duration::ZERO));
    address
}

fn request_text() -> Vec<u8> {
    let body = Request::Logs(logs(vec![log("a")])).to_json();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

async fn exchange(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&request_text()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn http_1_is_served_beside_grpc_on_one_port() {
    let recorder = Recorder::new();
    let address = listen(recorder.receiver().router()).await;
    let answer = exchange(address).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("{}"), "{answer}");
    assert_eq!(recorder.batches().len(), 1);
}

#[tokio::test]
async fn a_running_request_is_finished_before_the_server_ends() {
    let recorder = Recorder::closed();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move { stopped.await.unwrap() };
    let router = recorder.receiver().router();
    let server = tokio::spawn(serve(listener, router, shutdown, Duration::from_secs(60)));
    let client = tokio::spawn(exchange(address));
    until(|| recorder.batches().len() == 1).await;
    stop.send(()).unwrap();
    // New connections are refused while the old one is still being served.
    let turned_away = async {
        while let Ok(mut stream) = TcpStream::connect(address).await {
            if !matches!(stream.read(&mut [0]).await, Ok(1..)) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), turned_away)
        .await
        .unwrap();
    assert!(!server.is_finished());
    recorder.release();
    assert!(client.await.unwrap().starts_with("HTTP/1.1 200 OK"));
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn draining_ends_at_its_deadline() {
    let recorder = Recorder::closed();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move { stopped.await.unwrap() };
    let router = recorder.receiver().router();
    let server = tokio::spawn(serve(listener, router, shutdown, Duration::from_millis(20)));
    let client = tokio::spawn(exchange(address));
    until(|| recorder.batches().len() == 1).await;
    stop.send(()).unwrap();
    let error = server.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    client.abort();
}
