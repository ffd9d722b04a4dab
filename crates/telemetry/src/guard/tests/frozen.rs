//! A backend that no longer responds, and its successor.

use super::*;
use crate::Protocol;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

/// An address whose first connection is never served, as by a frozen process, and whose later ones lead
/// to `successor`.
async fn frozen_once(successor: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let successor = successor.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        let _frozen = listener.accept().await.unwrap();
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&successor).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    format!("http://{address}")
}

async fn its_successor_is_found(protocol: Protocol) {
    let sink = OtlpSink::start().await;
    let config = TelemetryConfig::new("tested")
        .with_endpoint(frozen_once(sink.endpoint()).await)
        .with_protocol(protocol)
        .with_timeout(Duration::from_secs(2));
    let guard = start(config);
    emit_spans(&guard, 3);
    guard.flush(WITHIN).await.unwrap_err();
    emit_spans(&guard, 4);
    guard.flush(WITHIN).await.unwrap();
    assert_eq!(sink.spans().len(), 4);
    let report = guard.shutdown(WITHIN).await;
    assert_balanced(&report, [7, 0, 0]);
    assert_eq!(lost(&report.signals["traces"], "export_failed"), 3);
}

#[tokio::test]
async fn the_successor_of_a_frozen_backend_is_found_over_http() {
    its_successor_is_found(Protocol::HttpProtobuf).await;
}

#[cfg(feature = "grpc")]
#[tokio::test]
async fn the_successor_of_a_frozen_backend_is_found_over_grpc() {
    its_successor_is_found(Protocol::Grpc).await;
}
