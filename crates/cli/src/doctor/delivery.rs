//! Exports test data through the application's own pipeline and checks the result.

mod cause;

use super::{
    emission::{SERVICE, TARGET},
    finding::{Finding, Hop},
    port::{grpc_to_http, wrong_by_itself},
    settings::split,
    target::Target,
};
use crate::{failure::Failure, signal::Signal};
use cause::{Distrust, Kind};
use glassbox_config::Loaded;
use glassbox_core::telemetry::TelemetryHealth;
use glassbox_telemetry::{InitError, Sampler, TelemetryConfig, TelemetryGuard};
use std::time::{Duration, Instant};

const HOP: Hop = Hop::Collector;
/// The prefix of errors for rejected exports.
const REFUSED: &str = "failed to export: rejected with ";
/// The prefix of errors for accepted but discarded data, in the form common to all signals.
const DISCARDED: &str = "discarded: ";
/// The code for an export that was accepted too slowly.
pub(super) const SLOW_EXPORT: &str = "slow_export";
/// If exports take longer than this, queues grow.
const SLOW: Duration = Duration::from_secs(2);

/// A telemetry pipeline with the settings of the application.
#[derive(Debug)]
pub(super) struct Delivery<'a> {
    settings: &'a Loaded<TelemetryConfig>,
    targets: &'a [Target],
    telemetry: TelemetryGuard,
}

impl<'a> Delivery<'a> {
    /// Starts telemetry with the settings of the application, but its own service name and without
    /// sampling.
    ///
    /// # Errors
    /// If it does not start; the finding contains the fix.
    pub(super) fn start(
        settings: &'a Loaded<TelemetryConfig>,
        targets: &'a [Target],
        patience: Duration,
    ) -> Result<Self, Box<Finding>> {
        let mut config = TelemetryConfig::clone(settings)
            .with_service_name(SERVICE)
            .with_sampler(Sampler::On)
            .with_log_level(format!("{},{TARGET}=info", settings.log_level))
            // Below the caller's timeout, so that the cause is known.
            .with_timeout(settings.timeout.min(patience.mul_f32(0.8)));
        for own in [&mut config.traces, &mut config.metrics, &mut config.logs] {
            own.timeout = None;
        }
        match glassbox_telemetry::init(config) {
            Ok(telemetry) => Ok(Self {
                settings,
                targets,
                telemetry,
            }),
            Err(error) => {
                let (what, fix) = split(&Failure::of(&error).to_string());
                let fix = fix.unwrap_or_else(|| match error {
                    InitError::Certificate(..) => format!(
                        "name an existing file with certificates in PEM format ({})",
                        settings.origin("certificate")
                    ),
                    _ => "fix the setting".to_owned(),
                });
                Err(Box::new(Finding::broken(
                    Hop::Settings,
                    "setting_invalid",
                    what,
                    fix,
                )))
            }
        }
    }

    /// The `service.instance.id` of the test data.
    pub(super) fn instance(&self) -> &str {
        self.telemetry.instance_id()
    }

    /// The signals that are sent.
    pub(super) fn signals(&self) -> Vec<Signal> {
        Signal::sent(self.settings)
    }

    /// Their targets.
    pub(super) fn targets(&self) -> &[Target] {
        self.targets
    }

    /// Exports the test data and reports the result.
    pub(super) async fn export(&self, patience: Duration) -> Vec<Finding> {
        let start = Instant::now();
        let flushed = self.telemetry.flush(patience).await;
        let took = start.elapsed();
        let health = self.telemetry.health();
        let mut findings = self.failures(&health);
        if findings.is_empty()
            && let Err(error) = flushed
        {
            let fix = "check why the collector hangs, and restart it";
            let what = format!("failed to {error}");
            findings.push(Finding::broken(HOP, "no_answer", what, fix));
        }
        if findings.is_empty() {
            findings.push(self.taken(took));
        }
        findings
    }

    /// Shuts down without waiting for unfinished exports.
    pub(super) async fn end(self) {
        self.telemetry.shutdown(Duration::ZERO).await;
    }

    fn taken(&self, took: Duration) -> Finding {
        let signals: Vec<&str> = self.signals().into_iter().map(Signal::as_str).collect();
        let signals = signals.join(", ");
        if took <= SLOW {
            let what = format!("accepted {signals} in {} ms", took.as_millis());
            return Finding::well(HOP, what);
        }
        #[expect(clippy::cast_precision_loss, reason = "a rough figure for a person")]
        let rate = self.settings.batch_size as f64 / took.as_secs_f64();
        let what = format!(
            "accepted {signals} after {:.1} s: with batches of {} that is at most {rate:.0} spans a \
             second; more are dropped once {} are queued",
            took.as_secs_f64(),
            self.settings.batch_size,
            self.settings.queue_size,
        );
        let fix = "put a collector near the application ('glassbox up', or a sidecar), set \
                    OTEL_EXPORTER_OTLP_COMPRESSION to gzip, or raise OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
        Finding::broken(HOP, SLOW_EXPORT, what, fix)
    }

    /// The failures of the signals, with identical failures merged.
    fn failures(&self, health: &TelemetryHealth) -> Vec<Finding> {
        let mut failures: Vec<Failed<'_>> = Vec::new();
        for signal in Signal::ALL {
            let Some(pipeline) = health.signals.get(signal.as_str()) else {
                continue;
            };
            let Some(error) = &pipeline.last_error else {
                continue;
            };
            // The counts of discarded items differ between signals.
            let discarded = pipeline
                .dropped
                .get("rejected")
                .is_some_and(|count| *count > 0);
            let error = match error.split_once(": ") {
                Some((_, why)) if discarded => format!("{DISCARDED}{why}"),
                _ => error.clone(),
            };
            let failed = Failed {
                kind: Kind::of(&error),
                error,
                target: self
                    .targets
                    .iter()
                    .find(|target| target.signals.contains(&signal)),
                signals: vec![signal],
            };
            match failures.iter_mut().find(|known| known.is_same(&failed)) {
                Some(known) => known.add(failed),
                None => failures.push(failed),
            }
        }
        failures.iter().map(|failed| self.failure(failed)).collect()
    }

    fn failure(&self, failed: &Failed<'_>) -> Finding {
        let Failed {
            kind,
            error,
            target,
            signals,
        } = failed;
        let (kind, target) = (*kind, *target);
        if let Some(target) = target {
            let known = match (kind, target.is_grpc()) {
                (Kind::NoHttp2, true) => Some(grpc_to_http(target)),
                // All signals fail; a gRPC server would name the missing service.
                (Kind::Unimplemented, true)
                    if !error.contains("unknown service")
                        && target.signals.iter().all(|signal| signals.contains(signal)) =>
                {
                    Some(grpc_to_http(target))
                }
                (Kind::Unimplemented, false) => wrong_by_itself(target),
                _ => None,
            };
            if let Some(finding) = known {
                return finding;
            }
        }
        let names: Vec<&str> = signals.iter().map(|signal| signal.as_str()).collect();
        let names = names.join(", ");
        let at = target.map_or_else(|| "the collector".to_owned(), Target::shown);
        let what = match (kind, error.strip_prefix(REFUSED)) {
            (Kind::Certificate(reason), _) => {
                let found = error.rsplit_once("invalid peer certificate: ");
                let found = found.map_or(error.as_str(), |(_, found)| found);
                format!("{at} {} ({found})", reason.what())
            }
            (Kind::ClientCertificate, _) => {
                let alert = error.rsplit_once("alert: ");
                let alert = alert.map_or(error.as_str(), |(_, alert)| alert);
                format!("{at} requires a client certificate that it trusts ({alert})")
            }
            (Kind::Timeout, _) => format!("{at} does not respond: {names} {error}"),
            (Kind::Discarded, _) => {
                let why = error.trim_start_matches(DISCARDED);
                let why = if why.is_empty() {
                    "it gives no reason"
                } else {
                    why
                };
                format!("{at} accepted {names} and discarded them: {why}")
            }
            (_, Some(answer)) => format!("{at} does not accept {names}: {answer}"),
            (_, None) => format!("sending {names} to {at} failed: {error}"),
        };
        Finding::broken(HOP, kind.code(), what, self.fix(kind))
    }

    fn fix(&self, kind: Kind) -> String {
        match kind {
            Kind::Credentials => format!(
                "set OTEL_EXPORTER_OTLP_HEADERS to the credentials that the collector requires, such \
                 as authorization=Bearer%20TOKEN ({})",
                match self.settings.headers.is_empty() {
                    true => "no header is set".to_owned(),
                    false => format!("currently set by {}", self.settings.origin("headers")),
                }
            ),
            Kind::ClientCertificate => {
                "set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY to the \
                 PEM files of a certificate signed by the collector's certificate authority, and of \
                 its key"
                    .to_owned()
            }
            Kind::Certificate(Distrust::Issuer) => match &self.settings.certificate {
                None => {
                    "set OTEL_EXPORTER_OTLP_CERTIFICATE to the PEM file of the certificate \
                         authority that issued the collector's certificate"
                        .to_owned()
                }
                Some(file) => format!(
                    "add the certificate authority that issued the collector's certificate to {} ({})",
                    file.display(),
                    self.settings.origin("certificate")
                ),
            },
            Kind::Certificate(reason) => reason.fix().to_owned(),
            Kind::Unimplemented => {
                "set the endpoint to a port and path that accept this signal; a collector accepts \
                 only signals for which it has a pipeline"
                    .to_owned()
            }
            Kind::Overloaded => {
                "check the collector's log: it is running but rejects data, because it lacks \
                                 disk space, memory, or a reachable backend"
                    .to_owned()
            }
            Kind::Timeout => "check why the collector hangs, and restart it".to_owned(),
            Kind::Discarded => {
                "check the collector's log and its limits for the reason".to_owned()
            }
            Kind::NoHttp2 | Kind::Other => "check the collector's log for the reason".to_owned(),
        }
    }
}

/// The failure of one signal, or of several signals with the same target.
#[derive(Debug)]
struct Failed<'a> {
    kind: Kind,
    error: String,
    target: Option<&'a Target>,
    signals: Vec<Signal>,
}

impl Failed<'_> {
    fn is_same(&self, other: &Self) -> bool {
        let way = |failed: &Self| failed.target.map(|target| target.signals[0]);
        let is_same_kind = self.kind == other.kind && self.kind.words_differ();
        // A signal that timed out during a retry has the same cause as the others.
        let is_late = [self.kind, other.kind].contains(&Kind::Timeout);
        way(self) == way(other) && (self.error == other.error || is_same_kind || is_late)
    }

    fn add(&mut self, other: Self) {
        self.signals.extend(other.signals);
        if self.kind == Kind::Timeout {
            (self.kind, self.error) = (other.kind, other.error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(error: &str, signal: Signal) -> Failed<'static> {
        Failed {
            kind: Kind::of(error),
            error: error.to_owned(),
            target: None,
            signals: vec![signal],
        }
    }

    #[test]
    fn a_signal_that_was_late_has_failed_by_what_the_others_did() {
        let late = || failed("failed to get a response within 4s", Signal::Metrics);
        let expired = "invalid peer certificate: certificate expired: verification time 1";
        let clear = || failed(expired, Signal::Traces);
        for (mut first, second) in [(late(), clear()), (clear(), late())] {
            assert!(first.is_same(&second));
            first.add(second);
            assert_eq!(first.error, expired);
            assert_eq!(first.signals.len(), 2);
        }
        let refused = failed(
            "failed to export: rejected with 401 Unauthorized",
            Signal::Logs,
        );
        assert!(!clear().is_same(&refused));
    }
}
