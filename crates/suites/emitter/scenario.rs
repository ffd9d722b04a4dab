//! What the program can be asked to emit.

use crate::{Facts, traces};
use glassbox_telemetry::TelemetryGuard;
use std::{error::Error, str::FromStr};

/// One thing to emit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scenario {
    /// Spans of every make, with everything that a span can carry.
    Traces,
}

impl Scenario {
    /// Emits it.
    pub(crate) fn play(self, _: &TelemetryGuard, facts: &mut Facts) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Traces => traces::emit(facts),
        }
        Ok(())
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "traces" => Ok(Self::Traces),
            _ => Err(format!("no scenario {word:?}")),
        }
    }
}
