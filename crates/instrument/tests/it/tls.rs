//! The client against a server that speaks TLS.

use glassbox_core::Cx;
use glassbox_instrument::{HttpClient, HttpError};
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    },
};

const CA: &[u8] = include_bytes!("tls/ca.der");
const CERTIFICATE: &[u8] = include_bytes!("tls/localhost.der");
const KEY: &[u8] = include_bytes!("tls/localhost.key.der");

/// Answers every request with what was agreed on.
async fn serve() -> u16 {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_slice(CERTIFICATE)],
            PrivatePkcs8KeyDer::from(KEY).into(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let Ok(mut connection) = acceptor.accept(connection).await else {
                continue;
            };
            let mut request = [0; 1024];
            let read = connection.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET / HTTP/1.1"));
            let agreed = connection.get_ref().1.alpn_protocol().unwrap_or(b"none");
            let agreed = String::from_utf8_lossy(agreed).into_owned();
            let length = agreed.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{agreed}");
            connection.write_all(answer.as_bytes()).await.unwrap();
            connection.shutdown().await.unwrap();
        }
    });
    port
}

fn trusting() -> HttpClient {
    HttpClient::builder().root_certificate(CA).build()
}

#[tokio::test]
async fn a_server_whose_authority_is_trusted_is_asked_over_tls() {
    let url = format!("https://localhost:{}/", serve().await);
    let answer = trusting().get(&url).send(&Cx::background()).await.unwrap();
    assert_eq!(answer.bytes().await.unwrap(), "http/1.1");
}

#[tokio::test]
async fn a_stranger_is_not_trusted_and_nothing_is_sent() {
    let url = format!("https://localhost:{}/", serve().await);
    let error = HttpClient::new().get(&url).send(&Cx::background()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error}");
    let said = error.to_problem().message().to_owned();
    assert!(said.contains("UnknownIssuer"), "{said}");
}
