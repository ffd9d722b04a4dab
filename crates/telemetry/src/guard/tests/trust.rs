//! A backend with a certificate of a private authority.

use super::*;
use crate::{Protocol, export::USER_AGENT};
use rustls::{
    ServerConfig, ServerConnection, Stream,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    server::{NoClientAuth, danger::ClientCertVerifier},
};
use std::{
    io::{Read, Write},
    sync::mpsc::Receiver,
};
use std::{net::TcpListener, path::PathBuf};

const CERTIFICATE: &[u8] = include_bytes!("tls/localhost.der");
const KEY: &[u8] = include_bytes!("tls/localhost.key.der");

/// The authority that issued the backend's certificate.
pub(super) fn authority() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/guard/tests/tls/ca.pem")
}

/// A backend that accepts everything; returns its port, and the beginning of what it received.
fn backend(alpn: &[u8]) -> (u16, Receiver<Vec<u8>>) {
    backend_for(alpn, Arc::new(NoClientAuth))
}

/// As [`backend`], for clients with an accepted certificate.
pub(super) fn backend_for(
    alpn: &[u8],
    clients: Arc<dyn ClientCertVerifier>,
) -> (u16, Receiver<Vec<u8>>) {
    let certificate = CertificateDer::from_slice(CERTIFICATE);
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(KEY).into())
        .unwrap();
    config.alpn_protocols = vec![alpn.to_vec()];
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (seen, requests) = sync_channel(8);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = Stream::new(&mut tls, &mut connection);
            let mut request = vec![0; 64 * 1024];
            // A client that does not trust the certificate aborts the handshake.
            let Ok(read) = stream.read(&mut request) else {
                continue;
            };
            request.truncate(read);
            seen.try_send(request).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer);
        }
    });
    (port, requests)
}

pub(super) fn to(port: u16) -> TelemetryConfig {
    TelemetryConfig::new("tested")
        .with_endpoint(format!("https://localhost:{port}"))
        .with_timeout(Duration::from_secs(2))
}

#[test]
fn the_authority_that_is_named_is_trusted_and_others_are_not() {
    let (port, requests) = backend(b"http/1.1");
    let mut config = to(port);
    config.certificate = Some(authority());
    let guard = start(config);
    emit_spans(&guard, 1);
    guard.flush_blocking(WITHIN).unwrap();
    let request = String::from_utf8_lossy(&requests.recv_timeout(WITHIN).unwrap()).into_owned();
    assert!(request.starts_with("POST /v1/traces"), "{request}");
    assert!(request.contains(USER_AGENT), "{request}");
    guard.shutdown_blocking(WITHIN);

    let guard = start(to(port));
    emit_spans(&guard, 1);
    let error = guard.flush_blocking(WITHIN).unwrap_err().to_string();
    assert!(
        error.contains("UnknownIssuer") || error.contains("within"),
        "{error}"
    );
    assert!(requests.try_recv().is_err());
    guard.shutdown_blocking(Duration::ZERO);
}

#[cfg(feature = "grpc")]
#[test]
fn grpc_trusts_it_too() {
    let (port, requests) = backend(b"h2");
    let mut config = to(port).with_protocol(Protocol::Grpc);
    config.traces.certificate = Some(authority());
    let guard = start(config);
    emit_spans(&guard, 1);
    // It implements TLS but not HTTP/2, so nothing is delivered, but TLS succeeds.
    guard.flush_blocking(WITHIN).unwrap_err();
    assert!(
        requests
            .recv_timeout(WITHIN)
            .unwrap()
            .starts_with(b"PRI * HTTP/2.0")
    );
    guard.shutdown_blocking(Duration::ZERO);
}

#[cfg(feature = "grpc")]
#[test]
fn who_forgets_tls_over_grpc_is_told_of_it() {
    let (port, requests) = backend(b"h2");
    let error = |endpoint: String| {
        let config = to(port).with_protocol(Protocol::Grpc);
        let guard = start(config.with_endpoint(endpoint));
        emit_spans(&guard, 1);
        let error = guard.flush_blocking(WITHIN).unwrap_err().to_string();
        guard.shutdown_blocking(Duration::ZERO);
        error
    };
    let hint = "expects TLS needs an endpoint that begins with https://";
    let said = error(format!("http://localhost:{port}"));
    assert!(said.contains(hint), "{said}");
    assert!(requests.try_recv().is_err());
    // Without a listener, the error has no hint.
    let said = error(format!("http://{}", nobody()));
    assert!(!said.contains(hint), "{said}");
}

#[test]
fn a_file_without_certificates_is_found_before_anything_is_sent() {
    let mut protocols = vec![Protocol::HttpProtobuf];
    if cfg!(feature = "grpc") {
        protocols.push(Protocol::Grpc);
    }
    for protocol in protocols {
        for file in ["Cargo.toml", "missing.pem"] {
            let mut config = to(1).with_protocol(protocol);
            config.certificate = Some(file.into());
            let error = TelemetryGuard::start(config).unwrap_err().to_string();
            assert!(error.contains(file) && error.contains("PEM"), "{error}");
        }
    }
}
