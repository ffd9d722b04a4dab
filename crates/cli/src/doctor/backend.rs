//! Finds and checks the backend.

mod collector;
mod sent;

pub(super) use sent::{ARRIVED, Sent};

use super::{
    finding::{Finding, Hop},
    target::{Target, is_loopback},
};
use crate::{
    backend::{Backend, Status},
    elapsed,
};
use glassbox_collector::{BackendConfig, Keys, Owner};
use http::Uri;
use std::{
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

const HOP: Hop = Hop::Backend;
/// The default URL of the page.
const PAGE: &str = "http://127.0.0.1:4380";
/// The file in a data folder that names its owner.
const LOCK: &str = "lock";

/// A backend that responds.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) client: Backend,
}

/// The backend at this address, with this key if it requires one.
///
/// # Errors
/// If there is none; the text describes what is there instead.
pub(super) async fn at(page: &str, key: Option<&str>, patience: Duration) -> Result<Known, String> {
    let url = match page.contains("://") {
        true => page.to_owned(),
        false => format!("http://{page}"),
    };
    match tokio::time::timeout(patience, Backend::connect(&url, key)).await {
        Ok(Ok(client)) => Ok(Known { client }),
        Ok(Err(failure)) => {
            let failure = failure.to_string();
            if failure.contains("Connection refused") {
                return Err(format!(
                    "no backend responds at {url}: nothing listens there"
                ));
            }
            let (what, _) = failure.split_once("; ").unwrap_or((&failure, ""));
            Err(what.to_owned())
        }
        Err(_) => Err(format!("no backend responds at {url} within {patience:?}")),
    }
}

/// The backend on this machine: the owner of the data folder, or the backend at the configured or
/// default address.
///
/// # Errors
/// If there is none; the text names the places that were checked.
pub(super) async fn here(
    config: Option<&BackendConfig>,
    patience: Duration,
) -> Result<Known, String> {
    let set = config.and_then(|config| config.page);
    let set = set.map_or_else(|| PAGE.to_owned(), |page| format!("http://{page}"));
    let owner = config.and_then(|config| page_of(&config.data_dir));
    let mut pages = Vec::from_iter(owner.into_iter().chain([set]));
    pages.dedup();
    let keys = config.and_then(|config| config.keys().ok());
    let key = keys.as_ref().and_then(Keys::first);
    for page in &pages {
        if let Ok(known) = at(page, key, patience).await {
            return Ok(known);
        }
    }
    let folder = config.map_or_else(String::new, |config| {
        format!(", and no backend owns {}", config.data_dir.display())
    });
    Err(format!(
        "no Glassbox backend was found (none at {}{folder}), so arrival cannot be checked",
        pages.join(", ")
    ))
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

    /// The URL of its page.
    pub(super) fn page(&self) -> &str {
        self.client.page()
    }

    /// The OTLP endpoint, as reachable from this machine.
    pub(super) fn endpoint(&self, grpc: bool) -> String {
        let endpoints = self.client.endpoints();
        let endpoint = if grpc {
            &endpoints.grpc
        } else {
            &endpoints.http
        };
        from_here(endpoint, self.page()).unwrap_or_else(|| endpoint.clone())
    }

    /// Whether one of the targets is an address of this backend.
    pub(super) fn is_behind(&self, targets: &[Target]) -> bool {
        targets.iter().any(|target| self.receives(target))
    }

    /// Whether it receives at this address.
    pub(super) fn receives(&self, target: &Target) -> bool {
        [true, false].into_iter().any(|grpc| {
            let Ok(endpoint) = self.endpoint(grpc).parse::<Uri>() else {
                return false;
            };
            let host = endpoint.host().unwrap_or_default();
            let is_same_host = host == target.host() || (is_loopback(host) && target.is_loopback());
            is_same_host && endpoint.port_u16() == Some(target.port())
        })
    }

    /// Findings about its store.
    pub(super) fn look(&self) -> Vec<Finding> {
        let store = &self.status().store;
        let mut findings = vec![Finding::well(
            HOP,
            format!(
                "{} responds; it stores {} of at most {} in {}",
                self.page(),
                size(store.bytes),
                size(store.cap_bytes),
                store.directory
            ),
        )];
        let pruned = &store.pruned;
        let records = pruned.spans + pruned.log_records + pruned.data_points;
        if records > 0 {
            let before = pruned.before_unix_nano.and_then(age);
            let before = before.map_or_else(String::new, |age| {
                format!(", all older than {}", elapsed::age(age))
            });
            let what = format!("the store was full and pruned {records} records{before}");
            let fix = "to keep more, raise collector.max_bytes, max_age or max_stored_records";
            findings.push(Finding::note(HOP, "store_pruned", what).fix(fix));
        }
        findings
    }

    /// The finding for telemetry that is sent to another collector first.
    pub(super) fn another_collector(
        &self,
        targets: &[Target],
        has_arrived: bool,
    ) -> Option<Finding> {
        if targets.is_empty() || self.is_behind(targets) {
            return None;
        }
        let (grpc, http) = (self.endpoint(true), self.endpoint(false));
        let itself = format!("this backend receives at {grpc} (gRPC) and {http} (HTTP)");
        let fix = "if there should be no other collector in between, set OTEL_EXPORTER_OTLP_ENDPOINT \
                    to one of these two";
        let code = "another_collector";
        Some(match has_arrived {
            true => Finding::note(
                HOP,
                code,
                format!("it arrived through another collector; {itself}"),
            ),
            false => {
                Finding::note(HOP, code, format!("telemetry is sent elsewhere; {itself}")).fix(fix)
            }
        })
    }
}

/// An address that a backend reports, with the host at which its page was reached. A backend that
/// listens on all interfaces reports loopback, which is wrong from another machine or container.
fn from_here(endpoint: &str, page: &str) -> Option<String> {
    let endpoint: Uri = endpoint.parse().ok()?;
    let page: Uri = page.parse().ok()?;
    let (own, reached) = (endpoint.host()?, page.host()?);
    let host = match is_loopback(own) && !is_loopback(reached) {
        true => reached,
        false => own,
    };
    Some(format!("http://{host}:{}", endpoint.port_u16()?))
}

/// The age of a timestamp, in whole seconds.
pub(super) fn age(unix_nano: u64) -> Option<Duration> {
    let then = UNIX_EPOCH + Duration::from_nanos(unix_nano);
    let age = then.elapsed().ok()?;
    Some(Duration::from_secs(age.as_secs()))
}

/// Formats a number of bytes.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut left = bytes as f64;
    let mut unit = 0;
    while left >= 1024.0 && unit + 1 < UNITS.len() {
        left /= 1024.0;
        unit += 1;
    }
    match left.fract() == 0.0 || left >= 10.0 {
        true => format!("{left:.0} {}", UNITS[unit]),
        false => format!("{left:.1} {}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_elsewhere_receives_where_its_page_was_reached() {
        let here = |endpoint, page| from_here(endpoint, page).unwrap();
        let own = "http://127.0.0.1:4318";
        assert_eq!(here(own, "http://glassbox:4380"), "http://glassbox:4318");
        assert_eq!(here(own, "http://localhost:4380"), own);
        let other = "http://10.0.0.7:4318";
        assert_eq!(here(other, "http://glassbox:4380"), other);
        let six = "http://[::1]:4318";
        assert_eq!(here(six, "http://[::1]:4380"), six);
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        let told = [0, 1023, 3556, 1 << 30, 67_108_865].map(size);
        assert_eq!(told, ["0 B", "1023 B", "3.5 KiB", "1 GiB", "64 MiB"]);
    }
}
