//! What the receiver says to a real export through the application's own pipeline.

use super::{
    emission::{SERVICE, TARGET},
    finding::{Finding, Hop},
    port::{grpc_to_http, wrong_by_itself},
    settings::{sentence, split},
    target::{Signal, Target},
};
use glassbox_config::Loaded;
use glassbox_core::telemetry::Health;
use glassbox_telemetry::{InitError, Sampler, TelemetryConfig, TelemetryGuard};
use std::time::{Duration, Instant};

const HOP: Hop = Hop::Collector;
/// How an answer that says no begins.
const REFUSED: &str = "failed to have it taken: ";
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
                let (what, mend) = split(&sentence(&error));
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
        let mut errors: Vec<(String, Vec<Signal>)> = Vec::new();
        for signal in Signal::ALL {
            let Some(pipeline) = health.signals.get(signal.as_str()) else {
                continue;
            };
            let rejected = pipeline.dropped.get("rejected").copied().unwrap_or(0);
            let error = match &pipeline.last_error {
                Some(error) => error.clone(),
                None if rejected > 0 => format!("{rejected} were taken and thrown away"),
                None => continue,
            };
            match errors.iter_mut().find(|(known, _)| *known == error) {
                Some((_, signals)) => signals.push(signal),
                None => errors.push((error, vec![signal])),
            }
        }
        errors
            .iter()
            .map(|(error, signals)| self.failure(error, signals))
            .collect()
    }

    fn failure(&self, error: &str, signals: &[Signal]) -> Finding {
        let target = self.targets.iter().find(|target| {
            let goes_there = |signal| target.signals.contains(signal);
            signals.iter().any(goes_there)
        });
        let kind = Kind::of(error);
        if let Some(target) = target {
            let known = match (kind, target.is_grpc()) {
                (Kind::Unimplemented | Kind::NoHttp2, true) => Some(grpc_to_http(target)),
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
            (Kind::Certificate(reason), _) => format!("{at} {}: {error}", reason.what()),
            (Kind::Timeout, _) => format!("{at} does not answer: {names} {error}"),
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
            Kind::NoHttp2 | Kind::Other => "see the collector's log for what it wants".to_owned(),
        }
    }
}

/// What an export failed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Credentials,
    Certificate(Distrust),
    Unimplemented,
    Overloaded,
    Timeout,
    /// What gRPC needs and this server does not speak.
    NoHttp2,
    Other,
}

impl Kind {
    /// By the words of the statuses of HTTP and of gRPC, and of the TLS library.
    fn of(error: &str) -> Self {
        // Certificates first: the times in their errors end in any digits.
        const WORDS: [(&str, Kind); 21] = [
            ("UnknownIssuer", Kind::Certificate(Distrust::Issuer)),
            (
                "certificate not valid for name",
                Kind::Certificate(Distrust::Name),
            ),
            ("certificate expired", Kind::Certificate(Distrust::Time)),
            ("CaUsedAsEndEntity", Kind::Certificate(Distrust::Authority)),
            (
                "invalid peer certificate",
                Kind::Certificate(Distrust::Other),
            ),
            ("401 ", Kind::Credentials),
            ("403 ", Kind::Credentials),
            ("authentication credentials", Kind::Credentials),
            ("does not have permission", Kind::Credentials),
            ("HTTP/2 was not negotiated", Kind::NoHttp2),
            ("404 ", Kind::Unimplemented),
            ("405 ", Kind::Unimplemented),
            ("not implemented", Kind::Unimplemented),
            ("429 ", Kind::Overloaded),
            ("502 ", Kind::Overloaded),
            ("503 ", Kind::Overloaded),
            ("504 ", Kind::Overloaded),
            ("currently unavailable", Kind::Overloaded),
            ("resource has been exhausted", Kind::Overloaded),
            ("get an answer within", Kind::Timeout),
            ("timed out", Kind::Timeout),
        ];
        let found = WORDS.iter().find(|(words, _)| error.contains(words));
        found.map_or(Self::Other, |(_, kind)| *kind)
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Certificate(_) => "certificate",
            Self::Unimplemented => "not_taken_here",
            Self::Overloaded => "refused_for_now",
            Self::Timeout => "no_answer",
            Self::NoHttp2 | Self::Other => "refused",
        }
    }
}

/// Why a certificate is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Distrust {
    Issuer,
    Name,
    Time,
    Authority,
    Other,
}

impl Distrust {
    const fn what(self) -> &'static str {
        match self {
            Self::Issuer => "has a certificate of an authority that is not trusted here",
            Self::Name => "has a certificate that is for another name",
            Self::Time => "has a certificate that has expired",
            Self::Authority => "shows the certificate of an authority as its own",
            Self::Other => "has a certificate that is not trusted here",
        }
    }

    const fn mend(self) -> &'static str {
        match self {
            Self::Name => "write the endpoint with a name that is in the certificate",
            Self::Time => "renew the collector's certificate, and see that the clock here is right",
            Self::Authority => "give the collector a certificate that the authority has signed",
            Self::Issuer | Self::Other => "give the collector a certificate that is trusted here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_known_in_the_words_of_either_protocol() {
        for (error, kind) in [
            (
                "failed to have it taken: 401 Unauthorized",
                Kind::Credentials,
            ),
            (
                "failed to have it taken: The request does not have valid authentication \
                 credentials: no token",
                Kind::Credentials,
            ),
            (
                "failed to have it taken: 503 Service Unavailable: disk",
                Kind::Overloaded,
            ),
            ("failed to get an answer within 8s", Kind::Timeout),
            (
                "failed to reach the backend: client error (Connect): invalid peer certificate: \
                 UnknownIssuer",
                Kind::Certificate(Distrust::Issuer),
            ),
            (
                "failed to have it taken: Operation is not implemented or not supported",
                Kind::Unimplemented,
            ),
        ] {
            assert_eq!(Kind::of(error), kind, "{error}");
        }
    }
}
