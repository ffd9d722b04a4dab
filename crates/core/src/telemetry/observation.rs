//! What is asked when metrics are collected.

use super::{Descriptor, Telemetry, Value};
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

/// Observations made before installation, to be announced by it.
static WAITING: Mutex<Vec<Weak<Observation>>> = Mutex::new(Vec::new());

pub(super) type Callback = dyn Fn(&mut dyn FnMut(f64, &[Value<'_>])) + Send + Sync;

/// What a collection asks: the instrument, and the callback that gives its values.
pub struct Observation {
    descriptor: Descriptor,
    callback: Box<Callback>,
}

impl Observation {
    pub(super) fn new(descriptor: Descriptor, callback: Box<Callback>) -> Self {
        Self {
            descriptor,
            callback,
        }
    }

    /// What it is.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Calls `report` once for each series, with values in the order of the instrument's keys.
    ///
    /// # Panics
    /// If the application's callback does: the implementation must survive that.
    pub fn read(&self, report: &mut dyn FnMut(f64, &[Value<'_>])) {
        (self.callback)(report);
    }
}

impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observation")
            .field(&self.descriptor)
            .finish()
    }
}

/// The observations that wait for an installation, locked.
pub(super) fn waiting() -> MutexGuard<'static, Vec<Weak<Observation>>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands over what was made before installation.
pub(super) fn announce(telemetry: &dyn Telemetry) {
    let waiting = std::mem::take(&mut *waiting());
    for observation in waiting {
        telemetry.observe(observation);
    }
}
