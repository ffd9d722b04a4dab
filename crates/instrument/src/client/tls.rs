//! The TLS provider and its trust anchors.

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};
use std::{error::Error, sync::Arc};

type Failure = Arc<dyn Error + Send + Sync>;

/// Trusts Mozilla's roots, the system's where there are any, and `more`, each in DER.
pub(super) fn with_roots(more: &[Vec<u8>]) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // A system without CA files, or with one that cannot be read, is no failure: Mozilla's stay.
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    for certificate in more {
        let certificate = CertificateDer::from_slice(certificate);
        let added = roots.add(certificate.into_owned());
        added.map_err(|error| Arc::new(error) as Failure)?;
    }
    config(roots)
}

/// Trusts no authority: for `http://`, where reqwest requires a TLS configuration that it never uses.
pub(super) fn without_roots() -> Result<ClientConfig, Failure> {
    config(RootCertStore::empty())
}

fn config(roots: RootCertStore) -> Result<ClientConfig, Failure> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Arc::new(error) as Failure)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_configurations_can_be_made_without_a_process_wide_provider() {
        assert!(with_roots(&[]).is_ok());
        assert!(without_roots().is_ok());
    }

    #[test]
    fn a_root_that_is_no_certificate_is_an_error() {
        assert!(with_roots(&[vec![1, 2, 3]]).is_err());
    }
}
