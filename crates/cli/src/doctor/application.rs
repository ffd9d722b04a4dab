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
    let mend = match settings.console {
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
    };
    Finding::broken(Hop::Application, "slow_emission", what, mend)
}

fn time(duration: Duration) -> String {
    crate::elapsed::elapsed(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}
