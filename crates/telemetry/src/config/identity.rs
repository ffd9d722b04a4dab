//! Client certificates.

use super::{SignalConfig, TelemetryConfig};
use crate::InitError;
use std::path::PathBuf;

/// The files of a client certificate and of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    /// Returns the identity of a signal. Each file can be overridden separately, as the specification requires.
    ///
    /// # Errors
    /// Fails if only one of the files is set.
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
