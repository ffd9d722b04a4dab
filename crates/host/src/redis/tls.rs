//! Trusted root certificates.

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;

/// Trusts Mozilla's roots, and the system's if there are any.
pub(super) fn config() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // Missing or unreadable system certificates are not an error: Mozilla's remain.
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
