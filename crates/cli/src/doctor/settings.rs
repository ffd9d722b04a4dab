//! The settings of the application's telemetry: whether they send anything, and where.

mod variables;

pub(super) use variables::{proxies, unread};

use super::{
    finding::{Finding, Hop},
    target::{Signal, Target},
};
use crate::failure::Failure;
use glassbox_config::{Loaded, Origin, SettingsError};
use glassbox_telemetry::{Sampler, TelemetryConfig};
use std::time::Duration;

const HOP: Hop = Hop::Settings;

/// A wait for metrics that a person takes for a fault.
const LONG: Duration = Duration::from_secs(15);

/// Why the settings cannot be used; what they want is in the sentence itself, after a semicolon.
pub(super) fn unusable(error: &SettingsError) -> Vec<Finding> {
    let unreadable = |mend: &str| {
        let what = Failure::of(error).to_string();
        vec![Finding::broken(HOP, "settings_unreadable", what, mend)]
    };
    match error {
        SettingsError::Value {
            key,
            origin,
            reason,
            ..
        } => {
            let (what, mend) = split(reason);
            let mend = mend.unwrap_or_else(|| match key.ends_with("headers") {
                true => {
                    "write name=value, several with commas between, and %20 for a space".to_owned()
                }
                false => format!("set {key} to a value that can be used"),
            });
            let what = format!("{what} ({key}, {origin})");
            vec![Finding::broken(HOP, "setting_unusable", what, mend)]
        }
        SettingsError::UnknownKeys { keys, .. } => keys
            .iter()
            .map(|unknown| {
                let (what, _) = split(&unknown.to_string());
                let mend = match &unknown.nearest {
                    Some(nearest) => {
                        format!("write {nearest} if that is meant, or take the key out")
                    }
                    None => "take the key out".to_owned(),
                };
                Finding::broken(HOP, "setting_unknown", what, mend)
            })
            .collect(),
        SettingsError::Unreadable { .. } => {
            unreadable("see that the file exists and may be read, or name another with --config")
        }
        SettingsError::Syntax { .. } => unreadable("mend the file at that line"),
        _ => unreadable("mend the file or the variable that is named"),
    }
}

/// What is wrong, and after a semicolon what is to be done.
pub(super) fn split(reason: &str) -> (String, Option<String>) {
    match reason.split_once("; ") {
        Some((what, mend)) => (what.to_owned(), Some(mend.to_owned())),
        None => (reason.to_owned(), None),
    }
}

/// What the settings say.
pub(super) fn look(settings: &Loaded<TelemetryConfig>) -> Vec<Finding> {
    if let Some(off) = switched_off(settings) {
        return vec![off];
    }
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(Target::all(settings).iter().map(Target::finding));
    let unsent = Signal::ALL
        .iter()
        .filter(|signal| !signal.is_sent(settings));
    findings.extend(unsent.map(|signal| {
        let key = format!("{}.exporter", signal.as_str());
        let what = format!(
            "{} are not sent ({})",
            signal.as_str(),
            set_by(settings, &key)
        );
        let mend = format!(
            "if that is not wanted, unset OTEL_{}_EXPORTER or set it to otlp",
            signal.as_str().to_ascii_uppercase()
        );
        Finding::note(HOP, "signal_not_sent", what).mend(mend)
    }));
    findings.extend(sampling(settings));
    findings.push(waits(settings));
    findings
}

/// Whether nothing is ever sent.
pub(super) fn is_silent(settings: &Loaded<TelemetryConfig>) -> bool {
    switched_off(settings).is_some()
}

/// The silent no-op: all is in order, and nothing is ever sent.
fn switched_off(settings: &Loaded<TelemetryConfig>) -> Option<Finding> {
    let (what, key, mend) = if !settings.enabled {
        let mend = match settings.origin("enabled") {
            Origin::Variable { name, .. } if name == "OTEL_SDK_DISABLED" => {
                "unset OTEL_SDK_DISABLED, or set it to false".to_owned()
            }
            Origin::Variable { name, .. } => format!("unset {name}, or set it to true"),
            _ => "set telemetry.enabled to true".to_owned(),
        };
        (
            "telemetry is off: every span, metric and log record is a silent no-op",
            "enabled",
            mend,
        )
    } else if !settings.otlp {
        let mend = "set telemetry.otlp to true".to_owned();
        (
            "OTLP is off: what is emitted is dropped in silence",
            "otlp",
            mend,
        )
    } else if !Signal::ALL.iter().any(|signal| signal.is_sent(settings)) {
        let mend = "unset OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER, or set \
                    them to otlp";
        let what = "the exporter of every signal is none: what is emitted is dropped in silence";
        (what, "traces.exporter", mend.to_owned())
    } else {
        return None;
    };
    let what = format!("{what} ({})", set_by(settings, key));
    Some(Finding::broken(HOP, "silent_no_op", what, mend))
}

fn sampling(settings: &Loaded<TelemetryConfig>) -> Option<Finding> {
    let ratio = settings.sampling_ratio;
    let never = matches!(settings.sampler, Sampler::Off | Sampler::ParentBasedOff);
    let by_ratio = matches!(settings.sampler, Sampler::Ratio | Sampler::ParentBasedRatio);
    if never || (by_ratio && ratio == 0.0) {
        let key = if never { "sampler" } else { "sampling_ratio" };
        let what = format!(
            "no trace that begins here is kept ({})",
            set_by(settings, key)
        );
        let mend = "set OTEL_TRACES_SAMPLER to parentbased_traceidratio, and \
                    OTEL_TRACES_SAMPLER_ARG to the share that you want, 1 for all";
        return Some(Finding::broken(HOP, "nothing_sampled", what, mend));
    }
    (by_ratio && ratio < 1.0).then(|| {
        let what = format!(
            "about one trace in {:.0} is kept, so most are not to be found ({})",
            1.0 / ratio,
            set_by(settings, "sampling_ratio")
        );
        let mend = "to see every trace, set OTEL_TRACES_SAMPLER_ARG to 1";
        Finding::note(HOP, "sampled", what).mend(mend)
    })
}

/// How long telemetry waits by design, which looks like loss to whoever watches.
fn waits(settings: &Loaded<TelemetryConfig>) -> Finding {
    let interval = settings.metric_interval;
    let batches = format!(
        "batches leave within {:?} ({})",
        settings.batch_timeout,
        set_by(settings, "batch_timeout"),
    );
    let what = match Signal::Metrics.is_sent(settings) {
        false => batches,
        true => format!(
            "{batches}, metrics every {interval:?} ({})",
            set_by(settings, "metric_interval")
        ),
    };
    if !Signal::Metrics.is_sent(settings) || interval <= LONG {
        return Finding::well(HOP, what);
    }
    let mend = format!(
        "an application's first metrics come up to {interval:?} after its start; to see them sooner, \
         set OTEL_METRIC_EXPORT_INTERVAL to 5000 (milliseconds)"
    );
    Finding::note(HOP, "metrics_wait", what).mend(mend)
}

fn set_by(settings: &Loaded<TelemetryConfig>, key: &str) -> String {
    settings.origin(key).to_string()
}
