//! TLS with a private authority: which collectors the application trusts, which clients the collector
//! accepts, and what is reported if either rejects the other.

mod authority;

use crate::{
    collector::{Collector, Setup, Signal},
    emitter::{Emitted, Emitter},
    protocol::{Protocol, over_both},
};
use authority::{Authority, Pair};
use std::time::Duration;
use tempfile::TempDir;

/// Time after which a batch is given up.
const TIMEOUT: Duration = Duration::from_millis(1500);
/// Maximum run time of an application that delivers nothing.
const WITHIN: Duration = Duration::from_secs(10);

over_both! {
    trusted: the_authority_that_is_named_is_trusted_over_http,
        the_authority_that_is_named_is_trusted_over_grpc;
    shown: a_client_certificate_lets_us_in_over_http,
        a_client_certificate_lets_us_in_over_grpc;
    not_shown: without_a_client_certificate_we_are_told_over_http,
        without_a_client_certificate_we_are_told_over_grpc;
    foreign: a_client_certificate_of_a_stranger_is_told_over_http,
        a_client_certificate_of_a_stranger_is_told_over_grpc;
    unknown: a_collector_of_a_stranger_is_told_over_http,
        a_collector_of_a_stranger_is_told_over_grpc;
    misnamed: a_collector_of_another_name_is_told_over_http,
        a_collector_of_another_name_is_told_over_grpc;
    expired: a_collector_of_yesterday_is_told_over_http,
        a_collector_of_yesterday_is_told_over_grpc;
    plain: who_forgets_tls_is_told_over_http, who_forgets_tls_is_told_over_grpc;
}

async fn trusted(protocol: Protocol) {
    let house = Authority::new();
    let collector = serve(&house.server("localhost"), None).await;
    let application = Application::trusting(&house);
    let emitted = application.run(&collector, protocol).await;
    assert_arrived(&collector, &emitted).await;
}

async fn shown(protocol: Protocol) {
    let (house, guests) = (Authority::new(), Authority::new());
    let collector = serve(&house.server("localhost"), Some(&guests)).await;
    let application = Application::trusting(&house).showing(&guests.client());
    let emitted = application.run(&collector, protocol).await;
    assert_arrived(&collector, &emitted).await;
}

async fn not_shown(protocol: Protocol) {
    let (house, guests) = (Authority::new(), Authority::new());
    let collector = serve(&house.server("localhost"), Some(&guests)).await;
    let emitted = Application::trusting(&house)
        .run(&collector, protocol)
        .await;
    assert_told(&emitted, &["CertificateRequired"]);
}

async fn foreign(protocol: Protocol) {
    let (house, guests) = (Authority::new(), Authority::new());
    let collector = serve(&house.server("localhost"), Some(&guests)).await;
    let application = Application::trusting(&house).showing(&Authority::new().client());
    let emitted = application.run(&collector, protocol).await;
    assert_told(&emitted, &["UnknownCA"]);
}

async fn unknown(protocol: Protocol) {
    let collector = serve(&Authority::new().server("localhost"), None).await;
    let application = Application::trusting(&Authority::new());
    let emitted = application.run(&collector, protocol).await;
    assert_told(&emitted, &["UnknownIssuer"]);
}

async fn misnamed(protocol: Protocol) {
    let house = Authority::new();
    let collector = serve(&house.server("elsewhere.test"), None).await;
    let emitted = Application::trusting(&house)
        .run(&collector, protocol)
        .await;
    assert_told(&emitted, &["not valid for name \"localhost\""]);
}

async fn expired(protocol: Protocol) {
    let house = Authority::new();
    let collector = serve(&house.expired("localhost"), None).await;
    let emitted = Application::trusting(&house)
        .run(&collector, protocol)
        .await;
    assert_told(&emitted, &["expired"]);
}

async fn plain(protocol: Protocol) {
    let collector = serve(&Authority::new().server("localhost"), None).await;
    let application = Application::trusting(&Authority::new());
    let endpoint = protocol.endpoint(&collector);
    let emitted = application.run_towards(&endpoint, protocol).await;
    let told: &[&str] = match protocol {
        Protocol::Http => &["HTTP request to an HTTPS server"],
        Protocol::Grpc => &["expects TLS needs an endpoint that begins with https://"],
    };
    assert_told(&emitted, told);
}

/// A collector with a certificate. It accepts clients with certificates of `guests`, or all clients.
async fn serve(server: &Pair, guests: Option<&Authority>) -> Collector {
    let ask = guests.map_or("", |_| ", client_ca_file: /etc/glassbox/guests.pem");
    let tls = format!(
        "tls: {{ cert_file: /etc/glassbox/server.pem, key_file: /etc/glassbox/server.key{ask} }}"
    );
    let config = format!(
        "receivers: {{ otlp: {{ protocols: {{ grpc: {{ {tls} }}, http: {{ {tls} }} }} }} }}"
    );
    let mut setup = Setup::new("tls", &config)
        .with_file("server.pem", server.certificate.as_str())
        .with_file("server.key", server.key.as_str());
    if let Some(guests) = guests {
        setup = setup.with_file("guests.pem", guests.certificate());
    }
    setup.start().await
}

/// The application and its files.
struct Application {
    emitter: Emitter,
    folder: TempDir,
}

impl Application {
    fn trusting(authority: &Authority) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let application = Self {
            emitter: Emitter::new("traces").only(Signal::Traces).env(
                "OTEL_EXPORTER_OTLP_TIMEOUT",
                TIMEOUT.as_millis().to_string(),
            ),
            folder,
        };
        application.with("CERTIFICATE", &authority.certificate())
    }

    fn showing(self, client: &Pair) -> Self {
        self.with("CLIENT_CERTIFICATE", &client.certificate)
            .with("CLIENT_KEY", &client.key)
    }

    /// Writes a file and sets a variable to its path.
    fn with(mut self, name: &str, content: &str) -> Self {
        let file = self.folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let name = format!("OTEL_EXPORTER_OTLP_{name}");
        self.emitter = self.emitter.env(&name, file.to_str().unwrap());
        self
    }

    async fn run(self, collector: &Collector, protocol: Protocol) -> Emitted {
        let authority = protocol.authority(collector);
        let (_, port) = authority.rsplit_once(':').unwrap();
        let endpoint = format!("https://localhost:{port}");
        self.run_towards(&endpoint, protocol).await
    }

    async fn run_towards(self, endpoint: &str, protocol: Protocol) -> Emitted {
        self.emitter
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.name())
            .run()
            .await
    }
}

async fn assert_arrived(collector: &Collector, emitted: &Emitted) {
    let delivered = emitted.assert_lossless("traces");
    let found = collector.records(Signal::Traces, |found| found.len() as u64 >= delivered);
    assert_eq!(found.await.len() as u64, delivered);
}

/// Asserts that everything is lost and counted, and that the application gets one of these errors.
fn assert_told(emitted: &Emitted, any: &[&str]) {
    let told = emitted.assert_lost(Signal::Traces, "export_failed", WITHIN);
    assert!(any.iter().any(|word| told.contains(word)), "{told}");
}
