//! Whom to trust: the roots in the binary, and those of the system where it has any.

use crate::InitError;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;

/// A client that trusts the public certificate authorities and the system's.
pub(super) fn client_config() -> Result<ClientConfig, InitError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // An image without certificates is no error: the roots in the binary are there.
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    with_roots(roots)
}

/// For an endpoint without TLS, which never asks it for anything.
pub(super) fn empty_config() -> Result<ClientConfig, InitError> {
    with_roots(RootCertStore::empty())
}

fn with_roots(roots: RootCertStore) -> Result<ClientConfig, InitError> {
    Ok(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| InitError::Tls(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}
