//! What emitting costs an application with these settings.

use super::{
    emission::Emission,
    finding::{Finding, Hop},
};
use glassbox_config::Loaded;
use glassbox_telemetry::{Console, TelemetryConfig};
use std::time::Duration;

/// Whether the application is held up by what it emits.
pub(super) fn look(emission: &Emission, settings: &Loaded<TelemetryConfig>) -> Finding {
    let slow = emission.slow();
    if slow.is_empty() {
        let what = format!(
            "emitting is fast here: a span {}, a log record {}, a measurement {}",
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
    Finding::broken(Hop::Application, "slow_emission", what, mend(settings))
}

/// Emitting has not come back within this time.
pub(super) fn held_up(settings: &Loaded<TelemetryConfig>, patience: Duration) -> Finding {
    let what =
        format!("emitting a few spans and log records does not come back within {patience:?}");
    Finding::broken(Hop::Application, "slow_emission", what, mend(settings))
}

fn mend(settings: &Loaded<TelemetryConfig>) -> String {
    match settings.console {
        // Everything but the console is handed to another thread.
        Console::Off => {
            "nothing here waits for the network, so the machine itself is too busy: give \
                         the application more processor time, or emit less"
                .to_owned()
        }
        format => format!(
            "each log record waits for standard error, where it is written as {format} ({}): set \
             GLASSBOX_LOG_FORMAT to off, or let whoever reads standard error read faster",
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
        let mend = slow.mend.unwrap();
        assert!(mend.contains("variable GLASSBOX_LOG_FORMAT"), "{mend}");
        let mend = found(Duration::from_millis(3), "off").mend.unwrap();
        assert!(mend.contains("processor time"), "{mend}");
    }
}
