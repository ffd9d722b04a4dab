//! Environment variables that have no effect.

use super::HOP;
use crate::doctor::finding::Finding;
use glassbox_config::{Environment, Section, Warning};
use glassbox_telemetry::TelemetryConfig;

/// Maximum edit distance between a misspelt variable and the intended one.
const SLIPS: usize = 2;

/// Findings for variables that are set but not read.
pub(in crate::doctor) fn unread(environment: &Environment, warnings: &[Warning]) -> Vec<Finding> {
    let ours = warnings.iter().map(|warning| {
        let warning = warning.to_string();
        let (what, _) = warning.split_once("; ").unwrap_or((&warning, ""));
        let fix = match warning.rsplit_once("did you mean ") {
            Some((_, nearest)) => meant(nearest.trim_end_matches('?')),
            None => "unset it".to_owned(),
        };
        Finding::note(HOP, "variable_unused", what).fix(fix)
    });
    let theirs = environment
        .iter()
        .filter_map(|(name, _)| Some((name, slip(name)?)));
    let theirs = theirs.map(|(name, nearest)| {
        let what = format!("variable {name} is unknown and has no effect");
        Finding::note(HOP, "variable_unused", what).fix(meant(nearest))
    });
    ours.chain(theirs).collect()
}

fn meant(nearest: &str) -> String {
    format!("use {nearest} if that is what you meant, or unset it")
}

/// The OpenTelemetry variable closest to an unknown name, if it is close enough.
fn slip(name: &str) -> Option<&'static str> {
    let known = || TelemetryConfig::VARIABLES.iter().map(|known| known.name());
    if !name.starts_with("OTEL_") || known().any(|known| known == name) {
        return None;
    }
    known()
        .map(|known| (distance(name, known), known))
        .filter(|(distance, _)| *distance <= SLIPS)
        .min()
        .map(|(_, known)| known)
}

/// The edit distance between two words.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

/// The names of proxy variables that are set. Their values may contain passwords.
pub(in crate::doctor) fn proxies(environment: &Environment) -> Vec<&'static str> {
    const NAMES: [&str; 6] = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ];
    let is_set = |name: &&str| environment.get(name).is_some();
    NAMES.into_iter().filter(is_set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_known_and_another_variable_is_left_alone() {
        let meant = Some("OTEL_EXPORTER_OTLP_ENDPOINT");
        assert_eq!(slip("OTEL_EXPORTER_OTLP_ENDPIONT"), meant);
        assert_eq!(slip("OTEL_EXPORTER_OTLP_ENDPOINTS"), meant);
        for name in [
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_PROPAGATORS",
            "OTEL_EXPORTER_OTLP_INSECURE",
            "ENDPOINT",
        ] {
            assert_eq!(slip(name), None, "{name}");
        }
    }
}
