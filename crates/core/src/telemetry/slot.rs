//! The global slot, filled at most once.

use super::{Telemetry, observation};
use std::sync::OnceLock;

static INSTALLED: OnceLock<&'static dyn Telemetry> = OnceLock::new();

/// Telemetry is already installed, and remains installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "telemetry was already installed in this process, which is possible only once; install it in main"
)]
#[non_exhaustive]
pub struct AlreadyInstalled;

/// Installs telemetry for the process, until it exits.
///
/// # Errors
/// If telemetry was installed before. It stays installed.
pub fn install(telemetry: impl Telemetry + 'static) -> Result<(), AlreadyInstalled> {
    if INSTALLED.get().is_some() {
        return Err(AlreadyInstalled);
    }
    let telemetry: &'static dyn Telemetry = Box::leak(Box::new(telemetry));
    INSTALLED.set(telemetry).map_err(|_| AlreadyInstalled)?;
    observation::announce(telemetry);
    Ok(())
}

/// The installed telemetry. Every handle checks this first, so without telemetry an emission costs only
/// this load.
#[inline]
pub fn installed() -> Option<&'static dyn Telemetry> {
    INSTALLED.get().copied()
}
