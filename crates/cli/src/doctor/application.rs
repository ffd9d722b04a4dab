//! Checks the cost of emitting with the settings of the application.

use super::{
    emission::Emission,
    finding::{Finding, Hop},
};
use glassbox_config::Loaded;
use glassbox_telemetry::{Console, TelemetryConfig};
use std::time::Duration;

/// Whether emitting slows the application down.
pub(super) fn look(emission: &Emission, settings: &Loaded<TelemetryConfig>) -> Finding {
    let slow = emission.slow();
    if slow.is_empty() {
        let what = format!(
            "emitting is fast: a span {}, a log record {}, a measurement {}",
            time(emission.span),
            time(emission.log),
            time(emission.measurement)
        );
        return Finding::well(Hop::Application, what);
    }
    let slow: Vec<String> = slow
        .into_iter()
        .map(|(kind, cost)| format!("{kind} takes {}", time(cost)))
        .collect();
    let what = format!("emitting is slow: {}", slow.join(", "));
    Finding::broken(Hop::Application, "slow_emission", what, fix(settings))
}

/// The finding for emissions that do not complete within the time limit.
pub(super) fn held_up(settings: &Loaded<TelemetryConfig>, patience: Duration) -> Finding {
    let what = format!("emitting a few spans and log records does not finish within {patience:?}");
    Finding::broken(Hop::Application, "slow_emission", what, fix(settings))
}

fn fix(settings: &Loaded<TelemetryConfig>) -> String {
    match settings.console {
        // Everything except the console output runs on another thread.
        Console::Off => {
            "emitting does not wait for the network, so the machine is overloaded: give the \
                         application more CPU time, or emit less"
                .to_owned()
        }
        format => format!(
            "each log record is written to standard error as {format} ({}), which is slow: set \
             GLASSBOX_LOG_FORMAT to off, or make the reader of standard error faster",
            settings.origin("console")
        ),
    }
}

fn time(duration: Duration) -> String {
    crate::elapsed::elapsed(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Mark;
    use glassbox_config::{Environment, Settings};

    fn found(log: Duration, format: &str) -> Finding {
        let settings = Settings::builder()
            .section::<TelemetryConfig>()
            .environment(&Environment::from([("GLASSBOX_LOG_FORMAT", format)]))
            .build()
            .unwrap();
        let emission = Emission {
            trace_id: String::new(),
            span: Duration::from_micros(1),
            log,
            measurement: Duration::from_nanos(80),
        };
        look(&emission, &settings.load().unwrap())
    }

    #[test]
    fn what_an_application_would_feel_is_broken_and_named() {
        assert_eq!(found(Duration::from_micros(9), "json").mark, Mark::Well);
        let slow = found(Duration::from_millis(3), "json");
        assert_eq!((slow.mark, slow.code), (Mark::Broken, "slow_emission"));
        assert_eq!(slow.what, "emitting is slow: a log record takes 3.0 ms");
        let fix = slow.fix.unwrap();
        assert!(fix.contains("variable GLASSBOX_LOG_FORMAT"), "{fix}");
        let fix = found(Duration::from_millis(3), "off").fix.unwrap();
        assert!(fix.contains("CPU time"), "{fix}");
    }
}
