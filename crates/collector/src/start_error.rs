//! Why a backend did not start.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use glassbox_guard::{Exposed, KeyError};
use glassbox_otelcol::{BinaryError, ConfigurationError, PortOwner};
use thiserror::Error;

use crate::ownership::OwnershipError;

/// Why a backend did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// It is disabled by a setting.
    #[error("the backend is switched off; set collector.enabled to true to start it")]
    Disabled,
    /// A setting is invalid.
    #[error("the setting collector.{key} {reason}")]
    Config {
        /// The key in the section.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The keys cannot be used.
    #[error("the keys of the backend (collector.key and collector.key_file) cannot be used")]
    Keys {
        /// The cause, without any key.
        source: KeyError,
    },
    /// The system has no random numbers for the login of the page.
    #[error("the login of the page cannot be set up: /dev/urandom cannot be read")]
    Login {
        /// The cause.
        source: io::Error,
    },
    /// An address can be reached from other machines without a key.
    #[error("cannot listen on collector.{setting}: {source}")]
    Exposed {
        /// The setting, as in `collector.grpc`.
        setting: &'static str,
        /// What to do.
        source: Exposed,
    },
    /// The data folder is in use or cannot be used.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
    /// An address that was set cannot be bound.
    #[error("cannot listen on {address} (collector.{setting}){}", Remedy(owner))]
    Bind {
        /// The setting, as in `collector.grpc`.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// The process that listens there, if it is known.
        owner: Option<PortOwner>,
        /// The cause.
        source: io::Error,
    },
    /// No default port is free.
    #[error("none of the loopback ports {first} to {last} is free")]
    NoFreePort {
        /// The first port that was tried.
        first: u16,
        /// The last port that was tried.
        last: u16,
        /// The error of the last port.
        source: io::Error,
    },
    /// The configured program is not a collector.
    #[error(
        "the setting collector.otelcol is not a collector: {source}; set it to a collector, auto or off"
    )]
    Binary {
        /// What is wrong with it.
        source: BinaryError,
    },
    /// The collector has no usable configuration.
    #[error(transparent)]
    Collector(#[from] ConfigurationError),
    /// The supervision of a collector cannot be set up.
    #[error("a collector cannot be run as a child of this process")]
    Supervision {
        /// The cause.
        source: io::Error,
    },
    /// The system refuses the threads of the backend.
    #[error("the threads of the backend cannot be started")]
    Threads {
        /// The cause.
        source: io::Error,
    },
    /// The store in the data folder cannot be read.
    #[error("the store in {directory} cannot be read")]
    Store {
        /// The folder.
        directory: String,
        /// The cause.
        source: io::Error,
    },
}

/// The owner of a port and what to do, as the end of a sentence.
struct Remedy<'a>(&'a Option<PortOwner>);

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(owner) => write!(f, ": {owner} uses it; stop it or choose another address"),
            None => f.write_str("; stop the process that uses it or choose another address"),
        }
    }
}
