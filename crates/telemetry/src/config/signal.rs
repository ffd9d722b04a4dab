//! What one signal has of its own.

use super::{Compression, Exporter, Protocol};
use glassbox_config::duration;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// What is different for one signal; `None` is as for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SignalConfig {
    /// Whether the signal is sent.
    pub exporter: Exporter,
    /// Where to, used as it is: nothing is appended.
    pub endpoint: Option<String>,
    /// How it travels.
    pub protocol: Option<Protocol>,
    /// Instead of the headers of all signals, if there is one.
    pub headers: BTreeMap<String, String>,
    /// How requests are compressed.
    pub compression: Option<Compression>,
    /// The longest that one batch may take, retries included.
    #[serde(with = "duration::option")]
    pub timeout: Option<Duration>,
    /// A file with the certificates of the authorities that are trusted, in PEM.
    pub certificate: Option<PathBuf>,
    /// A file with the certificate that is shown to a backend that asks for one, in PEM.
    pub client_certificate: Option<PathBuf>,
    /// A file with the private key of the client certificate, in PEM.
    pub client_key: Option<PathBuf>,
}
