//! Why a backend did not start.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use glassbox_otelcol::{BinaryError, ConfigurationError, PortOwner};
use thiserror::Error;

use crate::ownership::OwnershipError;

/// Why a backend did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings say that there shall be none.
    #[error("the backend is switched off; set collector.enabled to true to start it")]
    Disabled,
    /// A setting cannot be used.
    #[error("the setting collector.{key} {reason}")]
    Config {
        /// The key in the section.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The data folder is in use or unusable.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
    /// An address that was set by hand cannot be listened on.
    #[error("cannot listen on {address} (collector.{setting}){}", Remedy(owner))]
    Bind {
        /// The setting, as in `collector.grpc`.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// Who listens there, where the system tells.
        owner: Option<PortOwner>,
        /// What the system says.
        source: io::Error,
    },
    /// No default port is free.
    #[error("none of the loopback ports {first} to {last} is free")]
    NoFreePort {
        /// The first port that was tried.
        first: u16,
        /// The last port that was tried.
        last: u16,
        /// What the system said about the last one.
        source: io::Error,
    },
    /// The program that is named as the collector is none.
    #[error(
        "the setting collector.otelcol names no collector: {source}; name one, or set it to auto or off"
    )]
    Binary {
        /// What is wrong with it.
        source: BinaryError,
    },
    /// The collector has no configuration that it accepts.
    #[error(transparent)]
    Collector(#[from] ConfigurationError),
    /// What keeps a collector running cannot be set up.
    #[error("a collector cannot be run as a child of this process")]
    Supervision {
        /// What the system says.
        source: io::Error,
    },
    /// The store in the data folder cannot be read.
    #[error("the store in {directory} cannot be read")]
    Store {
        /// The folder.
        directory: String,
        /// What the system says.
        source: io::Error,
    },
}

/// Who has a port and what to do about it, as the end of a sentence.
struct Remedy<'a>(&'a Option<PortOwner>);

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(owner) => write!(f, ": {owner} does; stop it or choose another address"),
            None => f.write_str("; stop what uses it or choose another address"),
        }
    }
}
