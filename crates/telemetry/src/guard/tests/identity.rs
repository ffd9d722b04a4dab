//! A backend that requires a client certificate, and invalid certificates.

use super::{
    trust::{authority, backend_for, to},
    *,
};
use crate::Protocol;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore,
    crypto::ring,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::path::PathBuf;
use tempfile::TempDir;

/// A certificate authority, and a certificate issued by it with its key, as files.
struct Issued {
    authority: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Issued {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let client = CertificateParams::new(vec!["client".to_owned()]).unwrap();
        let client = client.signed_by(&key, &authority).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("client.pem"), client.pem()).unwrap();
        std::fs::write(folder.path().join("client.key"), key.serialize_pem()).unwrap();
        Self { authority, folder }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("client.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("client.key")
    }

    /// Accepts clients with a certificate of the authority.
    fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap()
    }
}

fn protocols() -> Vec<(Protocol, &'static [u8], &'static str)> {
    let mut protocols = vec![(Protocol::HttpProtobuf, &b"http/1.1"[..], "POST /v1/traces")];
    if cfg!(feature = "grpc") {
        protocols.push((Protocol::Grpc, b"h2", "PRI * HTTP/2.0"));
    }
    protocols
}

#[test]
fn a_certificate_is_shown_to_a_backend_that_asks_for_one() {
    let issued = Issued::new();
    for (protocol, alpn, begins) in protocols() {
        let (port, requests) = backend_for(alpn, issued.verifier());
        let mut config = to(port).with_protocol(protocol);
        config.certificate = Some(authority());
        let stranger = start(config.clone());
        emit_spans(&stranger, 1);
        let error = stranger.flush_blocking(WITHIN).unwrap_err().to_string();
        assert!(error.contains("CertificateRequired"), "{error}");
        assert!(requests.try_recv().is_err());
        stranger.shutdown_blocking(Duration::ZERO);

        // The files of a signal override the shared ones.
        config.client_certificate = Some("missing.pem".into());
        config.client_key = Some(issued.key());
        config.traces.client_certificate = Some(issued.certificate());
        config.metrics.exporter = crate::Exporter::None;
        config.logs.exporter = crate::Exporter::None;
        let guard = start(config);
        emit_spans(&guard, 1);
        // The backend does not implement HTTP/2, so nothing is delivered over gRPC, but TLS succeeds.
        let _ = guard.flush_blocking(WITHIN);
        let request = requests.recv_timeout(WITHIN).unwrap();
        let request = String::from_utf8_lossy(&request);
        assert!(request.starts_with(begins), "{request}");
        guard.shutdown_blocking(Duration::ZERO);
    }
}

#[test]
fn a_certificate_or_key_that_cannot_be_used_is_named_before_anything_is_sent() {
    let (ours, theirs) = (Issued::new(), Issued::new());
    for (protocol, ..) in protocols() {
        let error = |certificate: PathBuf, key: PathBuf| {
            let mut config = to(1).with_protocol(protocol);
            config.client_certificate = Some(certificate);
            config.client_key = Some(key);
            TelemetryGuard::start(config).unwrap_err().to_string()
        };
        for file in ["Cargo.toml", "missing.pem"] {
            let said = error(file.into(), ours.key());
            assert!(
                said.contains("client_certificate") && said.contains(file),
                "{said}"
            );
            let said = error(ours.certificate(), file.into());
            assert!(said.contains("client_key") && said.contains(file), "{said}");
        }
        let said = error(ours.certificate(), theirs.key());
        let key = theirs.key().display().to_string();
        assert!(
            said.contains("do not match") && said.contains(&key),
            "{said}"
        );
    }
}

#[test]
fn one_half_of_an_identity_is_a_mistake() {
    let mut config = to(1);
    config.traces.client_key = Some("us.key".into());
    let error = TelemetryGuard::start(config).unwrap_err().to_string();
    assert!(
        error.contains("client_key is set and client_certificate is not"),
        "{error}"
    );
}
