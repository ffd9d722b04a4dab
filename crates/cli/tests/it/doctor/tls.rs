//! TLS: used with a server that does not support it, not used with one that requires it, and which
//! certificates are trusted.

use super::{Doctor, doctor};
use glassbox_testkit::OtlpSink;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use std::{path::PathBuf, sync::Arc};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ConfigBuilder, RootCertStore, ServerConfig, WantsVerifier,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
        server::WebPkiClientVerifier,
    },
};

/// A test certificate authority, with its file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A TLS receiver with a certificate for this name, in front of a sink without TLS.
    async fn receiver(&self, name: &str, until: i32, sink: &OtlpSink) -> u16 {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        serve(certificate.der().clone(), &key, &["h2", "http/1.1"], sink).await
    }

    /// A receiver that requires a certificate signed by the authority.
    async fn asking_receiver(&self, sink: &OtlpSink) -> u16 {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let builder = server_config().with_client_cert_verifier(verifier.build().unwrap());
        let config = builder.with_single_cert(vec![certificate.der().clone()], private(&key));
        listen(config.unwrap(), &["h2", "http/1.1"], sink).await
    }

    /// As [`receiver`](Self::receiver), without HTTP/2.
    async fn old_receiver(&self, sink: &OtlpSink) -> u16 {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        serve(certificate.der().clone(), &key, &["http/1.1"], sink).await
    }

    /// A receiver with the authority's own certificate.
    async fn receiver_as_authority(&self, sink: &OtlpSink) -> u16 {
        let (certificate, key) = (self.issuer.der().clone(), self.issuer.key());
        serve(certificate, key, &["http/1.1"], sink).await
    }
}

async fn serve(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    protocols: &[&str],
    sink: &OtlpSink,
) -> u16 {
    let builder = server_config().with_no_client_auth();
    let config = builder.with_single_cert(vec![certificate], private(key));
    listen(config.unwrap(), protocols, sink).await
}

fn server_config() -> ConfigBuilder<ServerConfig, WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).unwrap()
}

async fn listen(mut config: ServerConfig, protocols: &[&str], sink: &OtlpSink) -> u16 {
    let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
    config.alpn_protocols = protocols.collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sink = sink.address();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Connections without TLS, or that reject the certificate, are closed.
                if let Ok(mut outside) = acceptor.accept(stream).await {
                    let mut inside = TcpStream::connect(sink).await.unwrap();
                    let _ended = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
                }
            });
        }
    });
    port
}

fn trusting(authority: &Authority, port: u16) -> Doctor {
    let file = authority.file().display().to_string();
    doctor(&format!("https://localhost:{port}")).with("OTEL_EXPORTER_OTLP_CERTIFICATE", &file)
}

const LONG: i32 = 4000;

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_the_right_authority_is_well_in_both_protocols() {
    let (authority, sink) = (Authority::new(), OtlpSink::start().await);
    let port = authority.receiver("localhost", LONG, &sink).await;
    for doctor in [
        trusting(&authority, port),
        trusting(&authority, port).grpc(),
    ] {
        let answer = doctor.ask();
        assert_eq!(answer.marks("port"), ["well"]);
        assert_eq!(answer.marks("collector"), ["well"]);
        sink.wait_for(|sink| !sink.spans().is_empty()).await;
        sink.clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plaintext_to_a_port_of_tls_is_told() {
    let (authority, sink) = (Authority::new(), OtlpSink::start().await);
    let port = authority.receiver("localhost", LONG, &sink).await;
    for protocol in ["http/protobuf", "grpc"] {
        doctor(&format!("http://localhost:{port}"))
            .with("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .ask()
            .broken("port", "plaintext_to_tls")
            .says(
                "speaks TLS",
                &format!("ENDPOINT to https://localhost:{port}"),
            );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_to_a_port_of_plaintext_is_told() {
    let sink = OtlpSink::start().await;
    let port = sink.address().port();
    for protocol in ["http/protobuf", "grpc"] {
        doctor(&format!("https://localhost:{port}"))
            .with("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .ask()
            .broken("port", "tls_to_plaintext")
            .says(
                "does not speak TLS",
                &format!("ENDPOINT to http://localhost:{port}"),
            );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_trusted_is_told_with_the_reason() {
    let (authority, sink) = (Authority::new(), OtlpSink::start().await);
    let of_right_name = authority.receiver("localhost", LONG, &sink).await;
    let of_other_name = authority.receiver("collector", LONG, &sink).await;
    let expired = authority.receiver("localhost", 2020, &sink).await;
    let of_authority = authority.receiver_as_authority(&sink).await;
    let stranger = Authority::new();
    for (doctor, what, fix) in [
        (
            doctor(&format!("https://localhost:{of_right_name}")),
            "an authority that is not trusted",
            "set OTEL_EXPORTER_OTLP_CERTIFICATE to",
        ),
        (
            trusting(&stranger, of_right_name),
            "an authority that is not trusted",
            "ca.pem (variable OTEL_EXPORTER_OTLP_CERTIFICATE)",
        ),
        (
            trusting(&authority, of_other_name),
            "for another name",
            "a name that is in the certificate",
        ),
        (trusting(&authority, expired), "has expired", "renew"),
        (
            trusting(&authority, of_authority),
            "the certificate of an authority as its own",
            "signed by the authority",
        ),
    ] {
        let found = doctor.timeout(5).ask().broken("collector", "certificate");
        found.says(what, fix);
    }
    assert!(sink.spans().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_within_tls_is_told_as_it_is_without() {
    let (authority, sink) = (Authority::new(), OtlpSink::start().await);
    let port = authority.old_receiver(&sink).await;
    trusting(&authority, port)
        .grpc()
        .timeout(5)
        .ask()
        .broken("port", "grpc_to_http");
    trusting(&authority, port)
        .arg("--endpoint", &format!("https://localhost:{port}/v1/traces"))
        .ask()
        .broken("port", "path_doubled")
        .says("", &format!("to https://localhost:{port}, without"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_asks_for_a_client_certificate_is_told_from_one_that_is_not_trusted() {
    let (authority, sink) = (Authority::new(), OtlpSink::start().await);
    let port = authority.asking_receiver(&sink).await;
    for doctor in [
        trusting(&authority, port),
        trusting(&authority, port).grpc(),
    ] {
        doctor
            .ask()
            .broken("collector", "client_certificate")
            .says("CertificateRequired", "OTEL_EXPORTER_OTLP_CLIENT_KEY");
    }
}
