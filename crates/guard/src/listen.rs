//! Addresses on which listening is allowed.

use crate::Keys;
use std::net::SocketAddr;

/// The settings that an error names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    key: &'static str,
    anonymous: &'static str,
}

impl Settings {
    /// How to set a key, and how to allow anonymous access.
    ///
    /// ```
    /// use glassbox_guard::{Keys, Settings, may_listen};
    ///
    /// const SETTINGS: Settings = Settings::new(
    ///     "GLASSBOX_HOST_KEY or host.key_file",
    ///     "--allow-anonymous or host.allow_anonymous = true",
    /// );
    /// let every_address = "0.0.0.0:8080".parse()?;
    /// let error = may_listen(every_address, &Keys::none(), false, SETTINGS).unwrap_err();
    /// assert!(error.to_string().contains("GLASSBOX_HOST_KEY"));
    /// assert!(error.to_string().contains("--allow-anonymous"));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub const fn new(key: &'static str, anonymous: &'static str) -> Self {
        Self { key, anonymous }
    }
}

/// An address beyond loopback has no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "other machines can reach {address}, and no key is set: set {} so that every request needs the key, \
     or allow everyone with {}",
    settings.key,
    settings.anonymous
)]
pub struct Exposed {
    address: SocketAddr,
    settings: Settings,
}

impl Exposed {
    /// The address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Checks whether listening on an address is allowed: it is loopback, there is a key, or anonymous
/// access is allowed.
///
/// # Errors
/// If none of these applies. The error names both settings.
pub fn may_listen(
    address: SocketAddr,
    keys: &Keys,
    allow_anonymous: bool,
    settings: Settings,
) -> Result<(), Exposed> {
    let is_loopback = address.ip().to_canonical().is_loopback();
    if is_loopback || allow_anonymous || !keys.is_empty() {
        return Ok(());
    }
    Err(Exposed { address, settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings::new("KEY", "ANYONE");

    #[test]
    fn beyond_loopback_a_key_or_consent_is_needed() {
        let keys = Keys::try_new(["a"]).unwrap();
        for (address, is_loopback) in [
            ("127.0.0.1:1", true),
            ("127.1.2.3:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("192.168.0.1:1", false),
            ("[::ffff:10.0.0.1]:1", false),
        ] {
            let address = address.parse().unwrap();
            let without = may_listen(address, &Keys::none(), false, SETTINGS);
            assert_eq!(without.is_ok(), is_loopback, "{address}");
            assert!(may_listen(address, &keys, false, SETTINGS).is_ok());
            assert!(may_listen(address, &Keys::none(), true, SETTINGS).is_ok());
        }
    }
}
