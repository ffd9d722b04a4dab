//! Traces that are sampled after they end.

use super::{SPANS, play, requests, scrape};
use crate::{
    collector::{Collector, Signal},
    patience::eventually,
};
use std::collections::{BTreeMap, BTreeSet};

/// Keeps failed traces, traces of two seconds, and a quarter of the rest. Reports on the port of the
/// Prometheus exporter how many traces it has decided on.
const CONFIG: &str = r"
processors:
  tail_sampling:
    decision_wait: 1s
    policies:
      - name: failed
        type: status_code
        status_code:
          status_codes: [ERROR]
      - name: slow
        type: latency
        latency:
          threshold_ms: 2000
      - name: some
        type: probabilistic
        probabilistic:
          sampling_percentage: 25
service:
  telemetry:
    metrics:
      level: normal
      readers:
        - pull:
            exporter:
              prometheus:
                host: 0.0.0.0
                port: 8889
  pipelines:
    traces:
      processors: [tail_sampling]
";

/// The metric that counts its decisions.
const DECIDED: &str = "otelcol_processor_tail_sampling_global_count_traces_sampled";

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_and_what_was_slow_is_kept_whole_and_a_share_of_the_rest() {
    let collector = Collector::start("pipelines", CONFIG).await;
    let emitted = play("requests", Signal::Traces, &collector).await;
    let of_kind = |kind: &str| -> BTreeSet<String> {
        let requests = requests(&emitted, kind).into_iter();
        requests.map(|request| request.trace_id).collect()
    };
    let (fast, failed, slow) = (of_kind("fast"), of_kind("failed"), of_kind("slow"));
    let all = fast.len() + failed.len() + slow.len();

    let mut shown = String::new();
    let decided = eventually(async || {
        let (exposition, text) = scrape(&collector).await?;
        shown = text;
        let decided = exposition.sum(DECIDED) as usize;
        assert!(decided <= all, "more traces than there were: {shown}");
        let family = (decided == all).then(|| exposition.family(DECIDED))?;
        Some(family.value(DECIDED, &[("sampled", "true")]) as usize)
    });
    let Some(sampled) = decided.await else {
        panic!("not all traces are decided on: {shown}");
    };

    let whole = |found: &[crate::collector::Found]| found.len() >= sampled * SPANS;
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    for found in collector.records(Signal::Traces, whole).await {
        let trace = found.record["traceId"].as_str().unwrap().to_owned();
        *kept.entry(trace).or_default() += 1;
    }
    assert_eq!(kept.len(), sampled);
    let torn = kept.values().filter(|spans| **spans != SPANS).count();
    assert_eq!(torn, 0, "traces that are not whole: {kept:?}");
    let lost = |kind: &BTreeSet<String>| kind.iter().filter(|id| !kept.contains_key(*id)).count();
    assert_eq!((lost(&failed), lost(&slow)), (0, 0));
    // The expected value is 75 of 300, with a standard deviation of 7.5; five times that never occurs.
    let some = fast.len() - lost(&fast);
    assert!((38..=112).contains(&some), "{some} of {}", fast.len());
}
