//! The metrics of an application, as Prometheus scrapes them from a cluster's collector.

use super::{
    cluster,
    exposition::{Exposition, Labels},
    play, scrape,
};
use crate::{collector::Signal, patience::eventually};
use std::process::Stdio;
use tokio::{io::AsyncWriteExt, process::Command};

/// All metric names. A unit becomes a suffix if it has a name; a unit in braces has none.
const NAMES: [&str; 13] = [
    "glassbox_native_balance",
    "glassbox_native_size_bytes",
    "glassbox_native_temperature",
    "glassbox_shop_active",
    "glassbox_shop_balance",
    "glassbox_shop_cost_total",
    "glassbox_shop_level",
    "glassbox_shop_plain",
    "glassbox_shop_queued",
    "glassbox_shop_requests_total",
    "glassbox_shop_took_seconds",
    "glassbox_shop_written_total",
    "glassbox_target_info",
];

const EVERYWHERE: f64 = f64::INFINITY;

#[tokio::test(flavor = "multi_thread")]
async fn every_instrument_is_there_to_scrape() {
    let collector = cluster::start().await;
    play("metrics", Signal::Metrics, &collector).await;
    let scraped = eventually(async || {
        let (exposition, text) = scrape(&collector).await?;
        // The last collection has arrived.
        let requests = exposition.sum("glassbox_shop_cost_total");
        (requests == 1.75).then_some((exposition, text))
    });
    let (exposition, text) = scraped.await.unwrap();

    assert_eq!(exposition.names(), NAMES.into());
    assert_labels(&exposition);
    assert_numbers(&exposition);
    assert_histograms(&exposition);
    assert_promtool_agrees(&text).await;
}

/// Asserts that the labels are those of the service, the scope, the cluster and the application; no others.
fn assert_labels(exposition: &Exposition) {
    for name in NAMES {
        let family = exposition.family(name);
        for (sample, labels) in family.samples.keys() {
            let label = |key: &str| labels.get(key).map(String::as_str);
            assert_eq!(label("job"), Some("market/shop"), "{sample}");
            assert_eq!(label("instance"), Some("i-1"), "{sample}");
            if name == "glassbox_target_info" {
                assert_eq!(label("deployment_environment_name"), Some("suite"));
                assert_eq!(label("telemetry_sdk_language"), Some("rust"));
                continue;
            }
            assert_eq!(label("environment"), Some("suite"), "{sample}");
            let scope = match name.starts_with("glassbox_native_") {
                true => "native.meter",
                false => "glassbox",
            };
            assert_eq!(label("otel_scope_name"), Some(scope), "{sample}");
            assert_eq!(own(labels), expected(name), "{sample}");
        }
    }
}

/// The keys that belong to neither the resource nor the scope.
fn own(labels: &Labels) -> Vec<&str> {
    let given = ["environment", "instance", "job", "le"];
    let keys = labels.keys().map(String::as_str);
    keys.filter(|key| !given.contains(key) && !key.starts_with("otel_scope_"))
        .collect()
}

fn expected(name: &str) -> &'static [&'static str] {
    match name {
        "glassbox_shop_requests_total" => &["cached", "route", "status", "tier"],
        "glassbox_shop_level" => &["tank"],
        "glassbox_shop_queued" => &["queue"],
        "glassbox_shop_took_seconds" => &["ok"],
        "glassbox_native_size_bytes" => &["ratio"],
        _ => &[],
    }
}

fn assert_numbers(exposition: &Exposition) {
    let requests = "glassbox_shop_requests_total";
    let of_a = [("route", "/a"), ("cached", "true"), ("status", "200")];
    for (name, kind, labels, value) in [
        (requests, "counter", &of_a[..], 15.0),
        // A double cannot represent the count more exactly than this.
        (requests, "counter", &[("route", "/größe")], 2_f64.powi(53)),
        ("glassbox_shop_cost_total", "counter", &[], 1.75),
        ("glassbox_shop_written_total", "counter", &[], 12.0),
        ("glassbox_shop_active", "gauge", &[], -1.0),
        ("glassbox_shop_balance", "gauge", &[], -3.0),
        ("glassbox_shop_level", "gauge", &[("tank", "left")], 1e300),
        ("glassbox_shop_queued", "gauge", &[("queue", "in")], 2.0),
        ("glassbox_shop_queued", "gauge", &[("queue", "out")], 3.5),
        ("glassbox_native_balance", "gauge", &[], -0.25),
        ("glassbox_native_temperature", "gauge", &[], i64::MIN as f64),
    ] {
        let family = exposition.family(name);
        assert_eq!(family.kind, kind, "{name}");
        assert_eq!(family.value(name, labels), value, "{name}");
    }
    let help = &exposition.family(requests).help;
    assert_eq!(help, "Requests answered, größer als 0.");
}

fn assert_histograms(exposition: &Exposition) {
    let took = "glassbox_shop_took_seconds";
    let family = exposition.family(took);
    assert_eq!(
        (family.kind.as_str(), family.help.as_str()),
        ("histogram", "How long it took.")
    );
    let ok = [("ok", "true")];
    assert_eq!(
        family.buckets(took, &ok),
        [(0.1, 2.0), (1.0, 3.0), (10.0, 5.0), (EVERYWHERE, 6.0)]
    );
    assert_eq!(family.value("glassbox_shop_took_seconds_sum", &ok), 23.15);
    let not_ok = family.buckets(took, &[("ok", "false")]);
    assert_eq!(
        not_ok,
        [0.1, 1.0, 10.0, EVERYWHERE].map(|bound| (bound, 1.0))
    );

    let plain = "glassbox_shop_plain";
    let buckets = exposition.family(plain).buckets(plain, &[]);
    assert_eq!(buckets[..3], [(0.0, 0.0), (5.0, 1.0), (10.0, 1.0)]);
    assert_eq!(buckets.len(), 16);

    let size = "glassbox_native_size_bytes";
    let family = exposition.family(size);
    assert_eq!(
        family.buckets(size, &[("ratio", "0.5")]),
        [(10.0, 0.0), (100.0, 1.0), (EVERYWHERE, 1.0)]
    );
    assert_eq!(family.value("glassbox_native_size_bytes_sum", &[]), 64.0);
}

/// Also checks the text with Prometheus' own tool, if it is installed. It exits with 3 if it only
/// has suggestions, such as a help text for each metric.
async fn assert_promtool_agrees(text: &str) {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).kill_on_drop(true);
    promtool.stdin(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut checking) = promtool.spawn() else {
        return;
    };
    let mut input = checking.stdin.take().unwrap();
    input.write_all(text.as_bytes()).await.unwrap();
    drop(input);
    let checked = checking.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(matches!(checked.status.code(), Some(0 | 3)), "{said}");
}
