//! The keys that are sent, and the peers that get them.

use crate::{endpoint::Endpoint, peer::Peer};
use glassbox_core::{Category, Problem};
use glassbox_guard::Keys;
use glassbox_instrument::HttpRequest;
use std::{fmt, sync::Arc};

/// The keys for calls to other services, each with the endpoints that get it. Cheap to clone.
///
/// An endpoint from a registry gets a key only if it is one of these. Otherwise, anyone who can register
/// a service could collect keys.
///
/// ```
/// use glassbox_guard::Keys;
/// use glassbox_host::Credentials;
///
/// let key = Keys::try_new(["open-sesame"])?;
/// let credentials = Credentials::none().with("http://weather-tool:8080", &key)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Credentials(Arc<Vec<(Peer, Keys)>>);

impl Credentials {
    /// No keys.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Sends the first of these keys to `peer`: `http://host:port`, a host without scheme or port,
    /// `*.domain`, or a network such as `10.0.0.0/8`. If several peers match, the first is used.
    ///
    /// # Errors
    /// If `peer` has none of these forms.
    pub fn with(mut self, peer: &str, keys: &Keys) -> Result<Self, Problem> {
        let peer = Peer::parse(peer).map_err(|must| {
            let message = format!("'{peer}' is not a peer: it {must}");
            Problem::new(Category::Invalid, "credentials.invalid", message)
        })?;
        Arc::make_mut(&mut self.0).push((peer, keys.clone()));
        Ok(self)
    }

    /// Adds the key for this endpoint, if there is one.
    pub(super) fn sign(&self, request: HttpRequest, endpoint: &str) -> HttpRequest {
        let Ok(endpoint) = Endpoint::parse(endpoint) else {
            return request;
        };
        let found = self.0.iter().find(|(peer, _)| peer.is(&endpoint));
        match found.and_then(|(_, keys)| keys.first()) {
            Some(key) => request.bearer(key),
            None => request,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(peer, _)| peer))
            .finish()
    }
}
