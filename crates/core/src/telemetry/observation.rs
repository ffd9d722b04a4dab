//! Callbacks that run when metrics are collected.

use super::{Descriptor, Telemetry, Value};
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

/// Observations that were created before installation.
static WAITING: Mutex<Vec<Weak<Observation>>> = Mutex::new(Vec::new());

pub(super) type Callback = dyn Fn(&mut dyn FnMut(f64, &[Value<'_>])) + Send + Sync;

/// An observable instrument with the callback that returns its values.
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

    /// The definition of the instrument.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Calls `report` once for each series, with label values in the order of the instrument's keys.
    ///
    /// # Panics
    /// If the application's callback panics. The implementation must handle that.
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

/// Locks the observations that wait for an installation.
pub(super) fn waiting() -> MutexGuard<'static, Vec<Weak<Observation>>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes the observations that were created before installation to the implementation.
pub(super) fn announce(telemetry: &dyn Telemetry) {
    let waiting = std::mem::take(&mut *waiting());
    for observation in waiting {
        telemetry.observe(observation);
    }
}
