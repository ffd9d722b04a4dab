//! A collector with the config that is deployed in clusters.

use super::play;
use crate::collector::{Collector, Found, Setup, Signal};
use std::path::Path;

/// Relative to the package.
const CENTRAL: &str = "../../deploy/collector/central.yaml";

/// What the config exports elsewhere is written to files; batches are sent at once.
const CONFIG: &str = r"
processors:
  batch:
    timeout: 100ms
service:
  pipelines:
    traces:
      exporters: [file/traces]
    metrics:
      exporters: [prometheus, file/metrics]
    logs:
      exporters: [file/logs]
";

/// Starts a collector of the cluster `suite`.
pub(super) async fn start() -> Collector {
    let central = Path::new(env!("CARGO_MANIFEST_DIR")).join(CENTRAL);
    let central = std::fs::read_to_string(central).unwrap();
    Setup::new("pipelines", CONFIG)
        .with_layer("central.yaml", &central)
        .with_variable("DEPLOYMENT_ENVIRONMENT", "suite")
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_says_where_it_is_and_takes_credentials_out() {
    let collector = start().await;
    for (scenario, signal) in [
        ("requests", Signal::Traces),
        ("logs", Signal::Logs),
        ("metrics", Signal::Metrics),
    ] {
        let emitted = play(scenario, signal, &collector).await;
        let delivered = emitted.report["signals"][signal.as_str()]["delivered"].as_u64();
        let all =
            |found: &[Found]| found.iter().map(Found::items).sum::<u64>() >= delivered.unwrap();
        for found in collector.records(signal, all).await {
            // The application sent `laptop`.
            assert_eq!(found.of("deployment.environment.name"), Some("suite"));
            assert_eq!(found.of("service.name"), Some("shop"));
            let attributes = found.record["attributes"].to_string();
            assert!(!attributes.contains("authorization"), "{attributes}");
            if found.name() == "request" {
                assert!(attributes.contains("/orders"), "{attributes}");
            }
        }
    }
}
