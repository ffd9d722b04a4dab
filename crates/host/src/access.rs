//! Who may call the service, and the keys with which it calls others.

use crate::{HostSettings, ServeError, endpoint::Endpoint};
use glassbox_guard::{Guard, Keys, Settings, may_listen};
use std::net::SocketAddr;

/// The settings that allow calls from other machines.
const SETTINGS: Settings = Settings::new(
    "GLASSBOX_HOST_KEY (or host.key or host.key_file)",
    "--allow-anonymous (or GLASSBOX_HOST_ALLOW_ANONYMOUS=true, host.allow_anonymous = true)",
);

/// The paths that need no key, because probes have none.
const OPEN: &[&str] = &["/health", "/ready", "/metrics"];

/// The keys of a service.
#[derive(Debug)]
pub(crate) struct Access {
    keys: Keys,
}

impl Access {
    /// Reads the key file, and checks that the address may be listened on.
    ///
    /// # Errors
    /// If the file has no keys, or the address is not loopback and there is neither a key nor permission
    /// to run without one.
    pub(crate) fn of(settings: &HostSettings) -> Result<Self, ServeError> {
        let keys = match &settings.key_file {
            Some(file) => (settings.key.clone().with_file(file)).map_err(|error| {
                let reason = glassbox_core::sentence(&error);
                ServeError::Settings {
                    key: "key_file",
                    reason,
                }
            })?,
            None => settings.key.clone(),
        };
        may_listen(settings.bind, &keys, settings.allow_anonymous, SETTINGS).map_err(
            |exposed| ServeError::Settings {
                key: "bind",
                reason: exposed.to_string(),
            },
        )?;
        Ok(Self { keys })
    }

    /// The check of every request to the listener at this address.
    pub(crate) fn guard(&self, bound: SocketAddr, settings: &HostSettings) -> Guard {
        let endpoint = settings.endpoint.as_deref();
        let own = endpoint.and_then(|endpoint| Endpoint::parse(endpoint).ok());
        Guard::new(bound)
            .with_words("service", "host.allowed_hosts")
            .with_hosts(&settings.allowed_hosts)
            .with_hosts(own.map(|endpoint| endpoint.host))
            .with_keys(self.keys.clone())
            .with_exempt(OPEN)
    }

    /// The keys for calls to other services.
    #[cfg(feature = "client")]
    pub(crate) fn credentials(
        &self,
        settings: &HostSettings,
    ) -> Result<crate::Credentials, ServeError> {
        let key = match settings.peer_key.is_empty() {
            true => &self.keys,
            false => &settings.peer_key,
        };
        let none = crate::Credentials::none();
        let mut peers = settings.peers.iter();
        let all = peers.try_fold(none, |all: crate::Credentials, peer| all.with(peer, key));
        all.map_err(|problem| ServeError::Settings {
            key: "peers",
            reason: problem.message().to_owned(),
        })
    }
}
