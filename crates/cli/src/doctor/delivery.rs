//! What the receiver says to a real export through the application's own pipeline.

mod cause;

use super::{
    emission::{SERVICE, TARGET},
    finding::{Finding, Hop},
    port::{grpc_to_http, wrong_by_itself},
    settings::split,
    target::{Signal, Target},
};
use crate::failure::Failure;
use cause::{Distrust, Kind};
use glassbox_config::Loaded;
use glassbox_core::telemetry::Health;
use glassbox_telemetry::{InitError, Sampler, TelemetryConfig, TelemetryGuard};
use std::time::{Duration, Instant};

const HOP: Hop = Hop::Collector;
/// How an answer that says no begins.
const REFUSED: &str = "failed to have it taken: ";
/// How an answer that says yes and means no begins, once made the same for all signals.
const THROWN_AWAY: &str = "thrown away: ";
/// Taken, and too late.
pub(super) const SLOW_EXPORT: &str = "slow_export";
/// An export that takes longer makes queues grow.
const SLOW: Duration = Duration::from_secs(2);

/// An application of our own, as the settings make it.
#[derive(Debug)]
pub(super) struct Delivery<'a> {
    settings: &'a Loaded<TelemetryConfig>,
    targets: &'a [Target],
    telemetry: TelemetryGuard,
}

impl<'a> Delivery<'a> {
    /// Starts telemetry with the settings of the application, under a name of its own, and with
    /// every trace kept.
    ///
    /// # Errors
    /// If it does not start, and what to do about it.
    pub(super) fn start(
        settings: &'a Loaded<TelemetryConfig>,
        targets: &'a [Target],
        patience: Duration,
    ) -> Result<Self, Box<Finding>> {
        let mut config = TelemetryConfig::clone(settings)
            .with_service_name(SERVICE)
            .with_sampler(Sampler::On)
            .with_log_level(format!("{},{TARGET}=info", settings.log_level))
            // Given up before the one who waits for it does, so that the reason is known.
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
                let (what, mend) = split(&Failure::of(&error).to_string());
                let mend = mend.unwrap_or_else(|| match error {
                    InitError::Certificate(..) => format!(
                        "name a file that is there and has certificates in PEM ({})",
                        settings.origin("certificate")
                    ),
                    _ => "mend the setting that is named".to_owned(),
                });
                Err(Box::new(Finding::broken(
                    Hop::Settings,
                    "setting_unusable",
                    what,
                    mend,
                )))
            }
        }
    }

    /// `service.instance.id` of what is sent.
    pub(super) fn instance(&self) -> &str {
        self.telemetry.instance_id()
    }

    /// The signals that are sent.
    pub(super) fn signals(&self) -> Vec<Signal> {
        Signal::sent(self.settings)
    }

    /// Where they are sent.
    pub(super) fn targets(&self) -> &[Target] {
        self.targets
    }

    /// Sends what was emitted, and says how that went.
    pub(super) async fn export(&self, patience: Duration) -> Vec<Finding> {
        let start = Instant::now();
        let flushed = self.telemetry.flush(patience).await;
        let took = start.elapsed();
        let health = self.telemetry.health();
        let mut findings = self.failures(&health);
        if findings.is_empty()
            && let Err(error) = flushed
        {
            let mend = "see what the collector is busy with, and start it again";
            let what = format!("failed to {error}");
            findings.push(Finding::broken(HOP, "no_answer", what, mend));
        }
        if findings.is_empty() {
            findings.push(self.taken(took));
        }
        findings
    }

    /// Ends it. What was not taken by now is not waited for.
    pub(super) async fn end(self) {
        self.telemetry.shutdown(Duration::ZERO).await;
    }

    fn taken(&self, took: Duration) -> Finding {
        let signals: Vec<&str> = self.signals().into_iter().map(Signal::as_str).collect();
        let signals = signals.join(", ");
        if took <= SLOW {
            let what = format!("took {signals} in {} ms", took.as_millis());
            return Finding::well(HOP, what);
        }
        #[expect(clippy::cast_precision_loss, reason = "a rough figure for a person")]
        let rate = self.settings.batch_size as f64 / took.as_secs_f64();
        let what = format!(
            "took {signals} after {:.1} s: at {} in a batch that is {rate:.0} spans a second at most, \
             and what is more is dropped when {} wait",
            took.as_secs_f64(),
            self.settings.batch_size,
            self.settings.queue_size,
        );
        let mend = "put a collector near the application ('glassbox up', or a sidecar), set \
                    OTEL_EXPORTER_OTLP_COMPRESSION to gzip, or raise OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
        Finding::broken(HOP, SLOW_EXPORT, what, mend)
    }

    /// What each signal failed by, said once where it is the same.
    fn failures(&self, health: &Health) -> Vec<Finding> {
        let mut failures: Vec<Failed<'_>> = Vec::new();
        for signal in Signal::ALL {
            let Some(pipeline) = health.signals.get(signal.as_str()) else {
                continue;
            };
            let Some(error) = &pipeline.last_error else {
                continue;
            };
            // How many were thrown away of how many is another number for each signal.
            let thrown_away = pipeline
                .dropped
                .get("rejected")
                .is_some_and(|count| *count > 0);
            let error = match error.split_once(": ") {
                Some((_, why)) if thrown_away => format!("{THROWN_AWAY}{why}"),
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
                // Nothing at all is taken; one that is gRPC's would name the service it lacks.
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
                format!("{at} asks for a client certificate that it trusts ({alert})")
            }
            (Kind::Timeout, _) => format!("{at} does not answer: {names} {error}"),
            (Kind::ThrownAway, _) => {
                let why = error.trim_start_matches(THROWN_AWAY);
                let why = if why.is_empty() {
                    "it does not say why"
                } else {
                    why
                };
                format!("{at} took {names} and threw them away: {why}")
            }
            (_, Some(answer)) => format!("{at} does not take {names}: {answer}"),
            (_, None) => format!("{at} was sent {names}: {error}"),
        };
        Finding::broken(HOP, kind.code(), what, self.mend(kind))
    }

    fn mend(&self, kind: Kind) -> String {
        match kind {
            Kind::Credentials => format!(
                "set OTEL_EXPORTER_OTLP_HEADERS to what the collector asks for, such as \
                 authorization=Bearer%20TOKEN ({})",
                match self.settings.headers.is_empty() {
                    true => "no header is set now".to_owned(),
                    false => format!("set now by {}", self.settings.origin("headers")),
                }
            ),
            Kind::ClientCertificate => {
                "set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY to the \
                 files (PEM) of a certificate that the collector's authority has signed, and of \
                 its key"
                    .to_owned()
            }
            Kind::Certificate(Distrust::Issuer) => match &self.settings.certificate {
                None => {
                    "set OTEL_EXPORTER_OTLP_CERTIFICATE to the file (PEM) of the authority that \
                         the collector's certificate is from"
                        .to_owned()
                }
                Some(file) => format!(
                    "put the authority that the collector's certificate is from into {} ({})",
                    file.display(),
                    self.settings.origin("certificate")
                ),
            },
            Kind::Certificate(reason) => reason.mend().to_owned(),
            Kind::Unimplemented => {
                "set the endpoint to the port and path that take this signal; a collector takes \
                 only those for which it has a pipeline"
                    .to_owned()
            }
            Kind::Overloaded => {
                "see the collector's log: it is up and keeps nothing, for want of room \
                                 on disk, of memory, or of a backend behind it"
                    .to_owned()
            }
            Kind::Timeout => "see what the collector is busy with, and start it again".to_owned(),
            Kind::ThrownAway => {
                "see the collector's log and its limits for what it does not keep".to_owned()
            }
            Kind::NoHttp2 | Kind::Other => "see the collector's log for what it wants".to_owned(),
        }
    }
}

/// What one signal failed by, or several of them that go the same way.
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
        // Whom the end of the time met in the middle of a try again has failed by what the others did.
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
        let late = || failed("failed to get an answer within 4s", Signal::Metrics);
        let expired = "invalid peer certificate: certificate expired: verification time 1";
        let clear = || failed(expired, Signal::Traces);
        for (mut first, second) in [(late(), clear()), (clear(), late())] {
            assert!(first.is_same(&second));
            first.add(second);
            assert_eq!(first.error, expired);
            assert_eq!(first.signals.len(), 2);
        }
        let refused = failed("failed to have it taken: 401 Unauthorized", Signal::Logs);
        assert!(!clear().is_same(&refused));
    }
}
