//! Where telemetry is kept and shown, and whether what was sent is found there.

use super::{
    emission::{Emission, METRIC, SERVICE},
    finding::{Finding, Hop},
    target::{Signal, Target},
};
use crate::backend::{Backend, Status};
use glassbox_collector::{BackendConfig, Owner};
use glassbox_config::ByteSize;
use std::{
    path::Path,
    time::{Duration, Instant},
};

const HOP: Hop = Hop::Backend;
/// The page's port, unless another is set.
const PAGE: &str = "http://127.0.0.1:4380";
/// The file in a data folder that names its owner.
const LOCK: &str = "lock";
const PAUSE: Duration = Duration::from_millis(50);

/// A backend that answers.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) client: Backend,
}

/// The backend at this address, if there is one.
pub(super) async fn at(page: &str) -> Option<Known> {
    let client = Backend::connect(page).await.ok()?;
    Some(Known { client })
}

/// The backend that runs here: at the address that is set, of the data folder, or of all backends.
pub(super) async fn here(config: Option<&BackendConfig>) -> Option<Known> {
    let set = config.and_then(|config| config.page);
    let owner = config.and_then(|config| page_of(&config.data_dir));
    let pages = [
        set.map(|page| format!("http://{page}")),
        owner,
        Some(PAGE.to_owned()),
    ];
    for page in pages.into_iter().flatten() {
        if let Some(known) = at(&page).await {
            return Some(known);
        }
    }
    None
}

/// The page of the backend that owns a data folder.
fn page_of(folder: &Path) -> Option<String> {
    let lock = std::fs::read(folder.join(LOCK)).ok()?;
    let owner: Owner = serde_json::from_slice(&lock).ok()?;
    Some(owner.endpoints?.page().to_owned())
}

impl Known {
    fn status(&self) -> &Status {
        self.client.status()
    }

    /// Its page.
    pub(super) fn page(&self) -> &str {
        &self.status().endpoints.page
    }

    /// Where it receives.
    pub(super) fn endpoint(&self, grpc: bool) -> &str {
        let endpoints = &self.status().endpoints;
        if grpc {
            &endpoints.grpc
        } else {
            &endpoints.http
        }
    }

    /// The process id of its collector, if that process is stopped.
    pub(super) fn stopped_collector(&self) -> Option<u32> {
        let collector = &self.status().collector;
        let pid = collector.pid.filter(|_| collector.is_otelcol())?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let state = status
            .lines()
            .find_map(|line| line.strip_prefix("State:"))?;
        state.trim_start().starts_with('T').then_some(pid)
    }

    /// Whether what is sent goes to it, as far as addresses tell.
    pub(super) fn is_behind(&self, targets: &[Target]) -> bool {
        targets.iter().any(|target| self.receives(target))
    }

    fn receives(&self, target: &Target) -> bool {
        let endpoint = self.endpoint(target.is_grpc());
        let port = endpoint.rsplit(':').next();
        target.is_loopback() && port == Some(target.port().to_string().as_str())
    }

    /// What receives for the backend.
    pub(super) fn collector(&self) -> Option<Finding> {
        let collector = &self.status().collector;
        let line = collector.line();
        let last_exit = collector
            .last_exit
            .as_ref()
            .map_or_else(String::new, |exit| {
                format!(
                    "; it ended with {}: {}",
                    exit.status,
                    exit.last_words.trim()
                )
            });
        let (code, mend) = match collector.state.as_deref() {
            None => return None,
            Some("running") if collector.restarts == 0 => {
                return Some(Finding::well(Hop::Collector, line));
            }
            Some("running") => {
                let what = format!(
                    "{line}, started again {} times{last_exit}",
                    collector.restarts
                );
                return Some(Finding::note(Hop::Collector, "collector_restarted", what));
            }
            Some("fallen_back") => {
                let what =
                    format!("{line}: it ended too often, and the backend stands in{last_exit}");
                let mend = "mend what its last words name, and start the backend again";
                return Some(
                    Finding::note(Hop::Collector, "collector_fallen_back", what).mend(mend),
                );
            }
            Some("stopped") => ("collector_stopped", "start the backend again"),
            Some(_) => (
                "collector_not_ready",
                "wait a few seconds; if it stays so, mend what its last words name",
            ),
        };
        let state = collector.state.as_deref().unwrap_or_default();
        let what = format!("{line} is {state}{last_exit}");
        Some(Finding::broken(Hop::Collector, code, what, mend))
    }

    /// That it is there, and what it keeps no more.
    pub(super) fn look(&self, targets: &[Target]) -> Vec<Finding> {
        let store = &self.status().store;
        let mut findings = vec![Finding::well(
            HOP,
            format!(
                "{} answers; it keeps {} of {} in {}",
                self.page(),
                ByteSize::bytes(store.bytes),
                ByteSize::bytes(store.cap_bytes),
                store.directory
            ),
        )];
        let pruned = &store.pruned;
        let records = pruned.spans + pruned.log_records + pruned.data_points;
        if records > 0 {
            let before = pruned.before_unix_nano.and_then(age);
            let before = before.map_or_else(String::new, |age| format!(", all older than {age:?}"));
            let what = format!("the store was full and gave up {records} records{before}");
            let mend = "to keep more, raise collector.max_bytes, max_age or max_stored_records";
            findings.push(Finding::note(HOP, "store_pruned", what).mend(mend));
        }
        if !targets.is_empty() && !self.is_behind(targets) {
            let what = format!(
                "it receives at {} and {}, and telemetry is sent elsewhere",
                self.endpoint(true),
                self.endpoint(false)
            );
            findings.push(Finding::note(HOP, "another_collector", what));
        }
        findings
    }

    /// Looks for what was sent until all of it is there, or the time is over.
    pub(super) async fn await_arrival(&self, sent: &Sent<'_>, patience: Duration) -> Vec<Finding> {
        let start = Instant::now();
        let mut findings = Vec::new();
        for signal in sent.signals {
            let left = || patience.checked_sub(start.elapsed());
            let arrived = loop {
                match self.has(*signal, sent).await {
                    Ok(true) => break true,
                    Ok(false) if left().is_some() => tokio::time::sleep(PAUSE).await,
                    Ok(false) => break false,
                    Err(failure) => {
                        let what = failure.to_string();
                        let mend = "see the log of the backend";
                        findings.push(Finding::broken(HOP, "backend_failed", what, mend));
                        return findings;
                    }
                }
            };
            findings.push(match arrived {
                true => found(*signal, sent, start.elapsed()),
                false if sent.is_certain => self.lost(*signal, patience).await,
                false => return vec![self.elsewhere()],
            });
        }
        findings
    }

    async fn has(&self, signal: Signal, sent: &Sent<'_>) -> Result<bool, crate::failure::Failure> {
        let trace_id = &sent.emission.trace_id;
        Ok(match signal {
            Signal::Traces => !self.client.trace(trace_id).await?.is_empty(),
            Signal::Logs => self.client.logs(trace_id).await? > 0,
            Signal::Metrics => {
                let metric = self.client.metric(METRIC).await?;
                let ours = |instance: Option<&str>| instance == Some(sent.instance);
                metric
                    .series
                    .iter()
                    .any(|series| ours(series.instance.as_deref()))
            }
        })
    }

    /// Taken by somebody who need not hand it on to this backend.
    fn elsewhere(&self) -> Finding {
        let what = format!(
            "what was taken is not at {}, and need not be: telemetry goes to another collector",
            self.page()
        );
        let mend = "name the page of the backend behind that collector with --backend URL";
        Finding::unknown(HOP, "another_backend", what).mend(mend)
    }

    /// Taken at the port, and not here: what is between says why, or the way leads elsewhere.
    async fn lost(&self, signal: Signal, patience: Duration) -> Finding {
        let what = format!(
            "the {} were taken, and are not at {} after {patience:?}",
            signal.as_str(),
            self.page()
        );
        let Ok(now) = self.client.look().await else {
            let mend = "start the backend again";
            return Finding::broken(HOP, "backend_failed", what, mend);
        };
        let mut reasons: Vec<String> = now
            .refused
            .iter()
            .chain(&now.rejected)
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect();
        reasons.sort();
        let refused = match reasons.is_empty() {
            true => String::new(),
            false => format!(" (it has refused: {})", reasons.join(", ")),
        };
        let mend = match now.collector.is_otelcol() {
            true => format!(
                "see the collector's log for what it does with them ({}, state {}){refused}",
                now.collector.line(),
                now.collector.state.as_deref().unwrap_or("unknown")
            ),
            false => format!(
                "what takes them does not hand them on to this backend: set the endpoint to {}, or \
                 have that collector export to it{refused}",
                self.endpoint(false)
            ),
        };
        Finding::broken(HOP, "not_arrived", what, mend)
    }
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a> {
    pub(super) emission: &'a Emission,
    /// `service.instance.id` of it.
    pub(super) instance: &'a str,
    pub(super) signals: &'a [Signal],
    /// Whether it is sent to this backend, or may go elsewhere.
    pub(super) is_certain: bool,
}

fn found(signal: Signal, sent: &Sent<'_>, after: Duration) -> Finding {
    let what = match signal {
        Signal::Traces => format!("the trace {}", sent.emission.trace_id),
        Signal::Logs => "its log records".to_owned(),
        Signal::Metrics => format!("the metric {METRIC}"),
    };
    let what = format!(
        "{what} of {SERVICE} arrived, found after {} ms",
        after.as_millis()
    );
    Finding::well(HOP, what)
}

/// How long ago a time is, in whole seconds.
pub(super) fn age(unix_nano: u64) -> Option<Duration> {
    let then = std::time::UNIX_EPOCH + Duration::from_nanos(unix_nano);
    let age = then.elapsed().ok()?;
    Some(Duration::from_secs(age.as_secs()))
}
