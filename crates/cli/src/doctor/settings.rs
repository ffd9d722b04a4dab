//! Checks the telemetry settings: whether anything is sent, and where.

mod variables;

pub(super) use variables::{proxies, unread};

use super::{
    finding::{Finding, Hop},
    target::Target,
};
use crate::{failure::Failure, signal::Signal};
use glassbox_config::{Loaded, Origin, SettingsError};
use glassbox_telemetry::{Sampler, TelemetryConfig};
use std::time::Duration;

const HOP: Hop = Hop::Settings;

/// A metric interval above this is reported, because it can look like a fault.
const LONG: Duration = Duration::from_secs(15);

/// The findings for invalid settings. The error text contains the fix after a semicolon.
pub(super) fn unusable(error: &SettingsError) -> Vec<Finding> {
    let unreadable = |fix: &str| {
        let what = Failure::of(error).to_string();
        vec![Finding::broken(HOP, "settings_unreadable", what, fix)]
    };
    match error {
        SettingsError::Value {
            key,
            origin,
            reason,
            ..
        } => {
            let (what, fix) = split(reason);
            let fix = fix.unwrap_or_else(|| match key.ends_with("headers") {
                true => "write name=value, separated by commas, with %20 for a space".to_owned(),
                false => format!("set {key} to a valid value"),
            });
            let what = format!("{what} ({key}, {origin})");
            vec![Finding::broken(HOP, "setting_invalid", what, fix)]
        }
        SettingsError::UnknownKeys { keys, .. } => keys
            .iter()
            .map(|unknown| {
                let (what, _) = split(&unknown.to_string());
                let fix = match &unknown.nearest {
                    Some(nearest) => {
                        format!("use {nearest} if that is what you meant, or remove the key")
                    }
                    None => "remove the key".to_owned(),
                };
                Finding::broken(HOP, "setting_unknown", what, fix)
            })
            .collect(),
        SettingsError::Unreadable { .. } => unreadable(
            "check that the file exists and is readable, or pass another one with --config",
        ),
        SettingsError::Syntax { .. } => unreadable("fix the syntax at that line"),
        _ => unreadable("fix the file or variable"),
    }
}

/// Splits an error text into the problem and, after a semicolon, the fix.
pub(super) fn split(reason: &str) -> (String, Option<String>) {
    match reason.split_once("; ") {
        Some((what, fix)) => (what.to_owned(), Some(fix.to_owned())),
        None => (reason.to_owned(), None),
    }
}

/// Checks the settings.
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
        let fix = format!(
            "if this is not intended, unset OTEL_{}_EXPORTER or set it to otlp",
            signal.as_str().to_ascii_uppercase()
        );
        Finding::note(HOP, "signal_not_sent", what).fix(fix)
    }));
    findings.extend(sampling(settings));
    findings.push(waits(settings));
    findings
}

/// Whether nothing is sent at all.
pub(super) fn is_silent(settings: &Loaded<TelemetryConfig>) -> bool {
    switched_off(settings).is_some()
}

/// The finding for settings that are valid but send nothing.
fn switched_off(settings: &Loaded<TelemetryConfig>) -> Option<Finding> {
    let (what, key, fix) = if !settings.enabled {
        let fix = match settings.origin("enabled") {
            Origin::Variable { name, .. } if name == "OTEL_SDK_DISABLED" => {
                "unset OTEL_SDK_DISABLED, or set it to false".to_owned()
            }
            Origin::Variable { name, .. } => format!("unset {name}, or set it to true"),
            _ => "set telemetry.enabled to true".to_owned(),
        };
        (
            "telemetry is off: every span, metric and log record is a silent no-op",
            "enabled",
            fix,
        )
    } else if !settings.otlp {
        let fix = "set telemetry.otlp to true".to_owned();
        (
            "OTLP is off: everything emitted is dropped silently",
            "otlp",
            fix,
        )
    } else if !Signal::ALL.iter().any(|signal| signal.is_sent(settings)) {
        let fix = "unset OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER, or set \
                    them to otlp";
        let what = "the exporter of every signal is none: everything emitted is dropped silently";
        (what, "traces.exporter", fix.to_owned())
    } else {
        return None;
    };
    let what = format!("{what} ({})", set_by(settings, key));
    Some(Finding::broken(HOP, "silent_no_op", what, fix))
}

fn sampling(settings: &Loaded<TelemetryConfig>) -> Option<Finding> {
    let ratio = settings.sampling_ratio;
    let never = matches!(settings.sampler, Sampler::Off | Sampler::ParentBasedOff);
    let by_ratio = matches!(settings.sampler, Sampler::Ratio | Sampler::ParentBasedRatio);
    if never || (by_ratio && ratio == 0.0) {
        let key = if never { "sampler" } else { "sampling_ratio" };
        let what = format!(
            "no trace that starts in this application is sampled ({})",
            set_by(settings, key)
        );
        let fix = "set OTEL_TRACES_SAMPLER to parentbased_traceidratio, and \
                    OTEL_TRACES_SAMPLER_ARG to the ratio you want, 1 for all traces";
        return Some(Finding::broken(HOP, "nothing_sampled", what, fix));
    }
    (by_ratio && ratio < 1.0).then(|| {
        let what = format!(
            "about one trace in {:.0} is sampled, so most traces are missing by design ({})",
            1.0 / ratio,
            set_by(settings, "sampling_ratio")
        );
        let fix = "to see every trace, set OTEL_TRACES_SAMPLER_ARG to 1";
        Finding::note(HOP, "sampled", what).fix(fix)
    })
}

/// The export delays, which can look like loss.
fn waits(settings: &Loaded<TelemetryConfig>) -> Finding {
    let interval = settings.metric_interval;
    let batches = format!(
        "batches are exported within {:?} ({})",
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
    let fix = format!(
        "the first metrics of an application arrive up to {interval:?} after its start; to see them \
         sooner, set OTEL_METRIC_EXPORT_INTERVAL to 5000 (milliseconds)"
    );
    Finding::note(HOP, "metrics_wait", what).fix(fix)
}

fn set_by(settings: &Loaded<TelemetryConfig>, key: &str) -> String {
    settings.origin(key).to_string()
}
