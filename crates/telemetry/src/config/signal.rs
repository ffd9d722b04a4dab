//! Settings of one signal.

use super::{Compression, Exporter, Protocol};
use glassbox_config::duration;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Overrides for one signal; `None` means the shared setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SignalConfig {
    /// Whether the signal is exported.
    pub exporter: Exporter,
    /// The URL, used unchanged: nothing is appended.
    pub endpoint: Option<String>,
    /// The protocol.
    pub protocol: Option<Protocol>,
    /// Replaces the shared headers unless empty.
    pub headers: BTreeMap<String, String>,
    /// How requests are compressed.
    pub compression: Option<Compression>,
    /// The time limit of one batch, including retries.
    #[serde(with = "duration::option")]
    pub timeout: Option<Duration>,
    /// A PEM file with the certificate authorities to trust.
    pub certificate: Option<PathBuf>,
    /// A PEM file with the client certificate.
    pub client_certificate: Option<PathBuf>,
    /// A PEM file with the private key of the client certificate.
    pub client_key: Option<PathBuf>,
}
