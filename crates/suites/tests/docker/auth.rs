//! Headers and bearer tokens: what is sent, which clients are accepted, and what the others report.

use crate::{
    collector::{Collector, Signal},
    emitter::{Emitted, Emitter},
    protocol::{Protocol, over_both},
    wire::Wire,
};
use std::time::Duration;

const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

const TOKEN: &str = "s3cr3t-t0ken";
/// Another token of the same form.
const WRONG: &str = "wr0ng-t0ken";

/// Maximum run time of an application that every collector rejects.
const WITHIN: Duration = Duration::from_secs(10);

/// A collector that requires a token, and copies the request headers to every span.
const CONFIG: &str = r"
extensions:
  bearertokenauth:
    token: s3cr3t-t0ken
receivers:
  otlp:
    protocols:
      grpc:
        include_metadata: true
        auth:
          authenticator: bearertokenauth
      http:
        include_metadata: true
        auth:
          authenticator: bearertokenauth
processors:
  attributes:
    actions:
      - key: seen.tenant
        from_context: metadata.x-tenant
        action: insert
      - key: seen.odd
        from_context: metadata.x-odd
        action: insert
      - key: seen.agent
        from_context: metadata.user-agent
        action: insert
service:
  extensions: [health_check, bearertokenauth]
  pipelines:
    traces:
      processors: [attributes]
";

over_both! {
    right: the_right_token_is_let_in_over_http, the_right_token_is_let_in_over_grpc;
    own: a_signal_may_have_a_token_of_its_own_over_http,
        a_signal_may_have_a_token_of_its_own_over_grpc;
    wrong: a_wrong_token_is_told_once_over_http, a_wrong_token_is_told_once_over_grpc;
    missing: a_missing_token_is_told_once_over_http, a_missing_token_is_told_once_over_grpc;
}

async fn right(protocol: Protocol) {
    let headers = format!("authorization=Bearer%20{TOKEN},X-Tenant=a%2Cb,x-odd=%20k%3Dv%20");
    let said = Said::with(protocol, &[(HEADERS, &headers)]).await;
    let delivered = said.emitted.assert_lossless("traces");
    let all = |found: &[crate::collector::Found]| found.len() as u64 >= delivered;
    for found in said.collector.records(Signal::Traces, all).await {
        let attributes = found.record["attributes"].as_array().unwrap();
        let text = |key: &str| {
            let mut attributes = attributes.iter();
            let attribute = attributes.find(|attribute| attribute["key"] == key);
            attribute.unwrap()["value"]["stringValue"].as_str().unwrap()
        };
        assert_eq!(text("seen.tenant"), "a,b");
        assert_eq!(text("seen.odd"), "k=v");
        let agent = text("seen.agent");
        assert!(agent.contains("glassbox-telemetry/"), "{agent}");
    }
    said.emitted.assert_kept(TOKEN);
}

async fn own(protocol: Protocol) {
    let all = format!("authorization=Bearer%20{WRONG}");
    let traces = format!("authorization=Bearer%20{TOKEN}");
    let variables = [
        (HEADERS, all.as_str()),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", traces.as_str()),
    ];
    let said = Said::with(protocol, &variables).await;
    said.emitted.assert_lossless("traces");
}

async fn wrong(protocol: Protocol) {
    let headers = format!("authorization=Bearer%20{WRONG}");
    let said = Said::with(protocol, &[(HEADERS, &headers)]).await;
    said.assert_refused();
    said.emitted.assert_kept(WRONG);
    said.emitted.assert_kept(TOKEN);
}

async fn missing(protocol: Protocol) {
    let said = Said::with(protocol, &[]).await;
    said.assert_refused();
    said.emitted.assert_kept(TOKEN);
}

/// The result of one application.
struct Said {
    protocol: Protocol,
    collector: Collector,
    wire: Wire,
    emitted: Emitted,
}

impl Said {
    /// Runs one application with these variables and its most detailed log.
    async fn with(protocol: Protocol, variables: &[(&str, &str)]) -> Self {
        let collector = Collector::start("auth", CONFIG).await;
        let wire = Wire::to(protocol.authority(&collector)).await;
        let mut emitter = Emitter::new("traces")
            .only(Signal::Traces)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", wire.endpoint())
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.name())
            .env("GLASSBOX_LOG", "trace")
            .env("GLASSBOX_LOG_FORMAT", "json");
        for (name, value) in variables {
            emitter = emitter.env(name, value);
        }
        let emitted = emitter.run().await;
        assert!(!emitted.log.is_empty(), "it logs nothing");
        Self {
            protocol,
            collector,
            wire,
            emitted,
        }
    }

    /// Asserts that one rejected request lost everything, and that exactly this is reported.
    fn assert_refused(&self) {
        let (status, requests) = match self.protocol {
            Protocol::Http => ("401 Unauthorized", self.wire.http().len()),
            Protocol::Grpc => ("Unauthenticated", self.wire.calls()),
        };
        let emitted = &self.emitted;
        let told = emitted.assert_lost(Signal::Traces, "export_failed", WITHIN);
        assert!(told.contains(status), "{told}");
        assert_eq!(requests, 1, "what can never succeed is tried once");
        // The application's own log reports it, too.
        assert!(emitted.log.contains(status), "{}", emitted.log);
        let written = self.collector.written(Signal::Traces);
        assert!(written.is_empty(), "it is written all the same");
    }
}
