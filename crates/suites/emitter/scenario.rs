//! The scenarios that the program can emit.

use crate::{Facts, logs, metrics, requests, traces};
use glassbox_telemetry::TelemetryGuard;
use std::{error::Error, str::FromStr};

/// One scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scenario {
    /// Spans of every kind, with everything that a span can carry.
    Traces,
    /// Instruments of every kind, collected twice.
    Metrics,
    /// Log records of every kind.
    Logs,
    /// Traces of requests with fixed durations.
    Requests,
}

impl Scenario {
    /// Emits the scenario.
    pub(crate) fn play(
        self,
        telemetry: &TelemetryGuard,
        facts: &mut Facts,
    ) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Traces => traces::emit(facts),
            Self::Metrics => metrics::emit(telemetry, facts)?,
            Self::Logs => logs::emit(telemetry, facts),
            Self::Requests => requests::emit(facts),
        }
        Ok(())
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "traces" => Ok(Self::Traces),
            "metrics" => Ok(Self::Metrics),
            "logs" => Ok(Self::Logs),
            "requests" => Ok(Self::Requests),
            _ => Err(format!("no scenario {word:?}")),
        }
    }
}
