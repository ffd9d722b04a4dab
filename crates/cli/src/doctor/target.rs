//! The targets of the signals, from the settings.

use super::finding::{Finding, Hop};
use crate::signal::Signal;
use glassbox_config::Loaded;
use glassbox_telemetry::{Exporter, Protocol, SignalConfig, TelemetryConfig};
use http::Uri;

impl Signal {
    /// The OpenTelemetry variable for only this signal.
    pub(super) fn variable(self, what: &str) -> String {
        let signal = self.as_str().to_ascii_uppercase();
        format!("OTEL_EXPORTER_OTLP_{signal}_{what}")
    }

    pub(super) fn of(self, config: &TelemetryConfig) -> &SignalConfig {
        match self {
            Self::Traces => &config.traces,
            Self::Metrics => &config.metrics,
            Self::Logs => &config.logs,
        }
    }

    /// The signals that are sent.
    pub(super) fn sent(config: &TelemetryConfig) -> Vec<Self> {
        let is_sent = |signal: &Self| signal.is_sent(config);
        Self::ALL.into_iter().filter(is_sent).collect()
    }

    /// Whether the signal is sent.
    pub(super) fn is_sent(self, config: &TelemetryConfig) -> bool {
        self.of(config).exporter == Exporter::Otlp
    }
}

/// A destination shared by one or more signals.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) signals: Vec<Signal>,
    pub(super) protocol: Protocol,
    /// With the path of the first signal if the protocol is HTTP.
    pub(super) uri: Uri,
    /// Whether the signal has its own endpoint, which is used as is.
    pub(super) is_own: bool,
    /// The origin of the setting, for the report.
    pub(super) origin: String,
}

impl Target {
    /// All targets, in the order of the signals.
    pub(super) fn all(settings: &Loaded<TelemetryConfig>) -> Vec<Self> {
        let mut targets: Vec<Self> = Vec::new();
        for signal in Signal::ALL {
            if !signal.is_sent(settings) {
                continue;
            }
            let Some(target) = Self::of(signal, settings) else {
                continue;
            };
            match targets.iter_mut().find(|known| known.is_same_way(&target)) {
                Some(known) => known.signals.push(signal),
                None => targets.push(target),
            }
        }
        targets
    }

    fn of(signal: Signal, settings: &Loaded<TelemetryConfig>) -> Option<Self> {
        let own = signal.of(settings);
        let protocol = own.protocol.unwrap_or(settings.protocol);
        let (text, key) = match (&own.endpoint, &settings.endpoint) {
            (Some(text), _) => (
                text.trim().to_owned(),
                format!("{}.endpoint", signal.as_str()),
            ),
            (None, Some(base)) => (within(base.trim(), protocol, signal), "endpoint".to_owned()),
            (None, None) => {
                let port = match protocol {
                    Protocol::Grpc => 4317,
                    _ => 4318,
                };
                let base = format!("http://127.0.0.1:{port}");
                (within(&base, protocol, signal), "endpoint".to_owned())
            }
        };
        Some(Self {
            signals: vec![signal],
            protocol,
            // Invalid endpoints were rejected when the settings were loaded.
            uri: text.parse().ok()?,
            is_own: own.endpoint.is_some(),
            origin: settings.origin(&key).to_string(),
        })
    }

    fn is_same_way(&self, other: &Self) -> bool {
        let way = |target: &Self| {
            (
                target.protocol,
                target.is_encrypted(),
                target.host().to_owned(),
                target.port(),
                (target.is_own && !target.is_grpc()).then(|| target.path().to_owned()),
            )
        };
        way(self) == way(other)
    }

    /// Whether it is sent by gRPC.
    pub(super) fn is_grpc(&self) -> bool {
        self.protocol == Protocol::Grpc
    }

    /// Whether TLS is used.
    pub(super) fn is_encrypted(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    pub(super) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    pub(super) fn port(&self) -> u16 {
        let usual = if self.is_encrypted() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(usual)
    }

    /// Whether the host is a loopback address.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(self.host())
    }

    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    /// Scheme, host and port, without credentials.
    pub(super) fn shown(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or("http");
        format!("{scheme}://{}:{}", self.host(), self.port())
    }

    /// The instruction to send to this URL.
    pub(super) fn set_to(&self, url: &str) -> String {
        let variable = match self.is_own {
            true => self.signals[0].variable("ENDPOINT"),
            false => "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
        };
        format!("set {variable} to {url}")
    }

    /// The configured URL with another scheme.
    pub(super) fn with_scheme(&self, scheme: &str) -> String {
        let path = match self.is_own {
            true => self.path(),
            false => self.path().rsplit_once("/v1/").map_or("", |(base, _)| base),
        };
        format!("{scheme}://{}:{}{path}", self.host(), self.port())
    }

    /// The finding that describes the target.
    pub(super) fn finding(&self) -> Finding {
        let signals: Vec<&str> = self.signals.iter().map(|signal| signal.as_str()).collect();
        let path = match self.is_grpc() || !self.is_own {
            true => "",
            false => self.path(),
        };
        Finding::well(
            Hop::Settings,
            format!(
                "{} by {} to {}{path} ({})",
                signals.join(", "),
                self.protocol,
                self.shown(),
                self.origin
            ),
        )
    }
}

/// Whether the host of a URL is a loopback address.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Appends the signal path to a base endpoint, as the specification requires.
fn within(base: &str, protocol: Protocol, signal: Signal) -> String {
    let base = base.trim_end_matches('/');
    match protocol {
        Protocol::Grpc => base.to_owned(),
        _ => format!("{base}/v1/{}", signal.as_str()),
    }
}
