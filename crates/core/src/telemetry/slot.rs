//! The one global, bound late.

use super::{Telemetry, observation};
use std::sync::OnceLock;

static INSTALLED: OnceLock<&'static dyn Telemetry> = OnceLock::new();

/// The telemetry that was installed first was kept; there can be only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "telemetry was already installed in this process, which is possible only once; install it in main"
)]
#[non_exhaustive]
pub struct AlreadyInstalled;

/// Installs telemetry for the whole process, for the rest of its life.
///
/// # Errors
/// If telemetry was installed before; what was there stays.
pub fn install(telemetry: impl Telemetry + 'static) -> Result<(), AlreadyInstalled> {
    if INSTALLED.get().is_some() {
        return Err(AlreadyInstalled);
    }
    let telemetry: &'static dyn Telemetry = Box::leak(Box::new(telemetry));
    INSTALLED.set(telemetry).map_err(|_| AlreadyInstalled)?;
    observation::announce(telemetry);
    Ok(())
}

/// What is installed, if anything. Looked at first by every handle: a process without telemetry
/// pays for this load alone.
#[inline]
pub fn installed() -> Option<&'static dyn Telemetry> {
    INSTALLED.get().copied()
}
