//! What the application shows of itself to a backend that asks who is there.

use super::{SignalConfig, TelemetryConfig};
use crate::InitError;
use std::path::PathBuf;

/// A client's certificate and the key that belongs to it, by their files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    /// What a signal shows: each file is its own where it has one, as the specification asks.
    ///
    /// # Errors
    /// If there is one file without the other.
    pub(super) fn of(
        config: &TelemetryConfig,
        own: &SignalConfig,
    ) -> Result<Option<Self>, InitError> {
        let first =
            |own: &Option<PathBuf>, shared: &Option<PathBuf>| own.clone().or(shared.clone());
        let certificate = first(&own.client_certificate, &config.client_certificate);
        let key = first(&own.client_key, &config.client_key);
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Self { certificate, key })),
            (Some(_), None) => Err(InitError::Half("client_certificate", "client_key")),
            (None, Some(_)) => Err(InitError::Half("client_key", "client_certificate")),
            (None, None) => Ok(None),
        }
    }
}
