//! What the layer reads from a request.

use http::{Extensions, Request, header::HOST, uri::Authority};
use std::{borrow::Cow, net::SocketAddr};

/// The matched route as a template, `/v1/capabilities/{name}`, for services that are not axum's.
///
/// In the extensions of the request, where a sampler can see it; or of the response, where a router
/// inside the layer can put it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route(pub(super) Cow<'static, str>);

impl Route {
    /// A template, never a path.
    pub fn new(template: impl Into<Cow<'static, str>>) -> Self {
        Self(template.into())
    }
}

/// The other end of the connection, in the extensions of the request, for servers that are not
/// axum's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub(super) SocketAddr);

impl PeerAddress {
    /// The address that the connection was accepted from.
    pub const fn new(address: SocketAddr) -> Self {
        Self(address)
    }
}

/// The route, if it was determined outside of the layer.
pub(super) fn route(extensions: &Extensions) -> Option<Route> {
    let given = extensions.get::<Route>().cloned();
    #[cfg(feature = "axum")]
    let given = given.or_else(|| {
        let matched = extensions.get::<axum::extract::MatchedPath>()?;
        Some(Route::new(matched.as_str().to_owned()))
    });
    given
}

/// The other end of the connection.
pub(super) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    let given = extensions.get::<PeerAddress>().map(|peer| peer.0);
    #[cfg(feature = "axum")]
    let given = given.or_else(|| {
        let info = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>()?;
        Some(info.0)
    });
    given
}

/// The host that the request names.
pub(super) fn host<B>(request: &Request<B>) -> Option<Authority> {
    request.uri().authority().cloned().or_else(|| {
        let host = request.headers().get(HOST)?;
        Authority::try_from(host.as_bytes()).ok()
    })
}
