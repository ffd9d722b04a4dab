//! Whom to trust: the roots in the binary, and those of the system where it has any; or whom the
//! application says.

use crate::InitError;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};

/// A client that trusts the authorities in the file; without one, the public ones and the system's.
pub(super) fn client_config(certificate: Option<&Path>) -> Result<ClientConfig, InitError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = certificate {
        for certificate in certificates(path)? {
            roots
                .add(certificate)
                .map_err(|error| InitError::Certificate(path.to_owned(), error.into()))?;
        }
        return with_roots(roots);
    }
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // An image without certificates is no error: the roots in the binary are there.
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    with_roots(roots)
}

/// The certificates in a file, of which there is at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, InitError> {
    let wrong = |error| InitError::Certificate(path.to_owned(), error);
    let read = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.into()))?;
    let found: Vec<_> = read
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(error.into()))?;
    match found.is_empty() {
        true => Err(wrong("there is no certificate in it".into())),
        false => Ok(found),
    }
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

/// The file as gRPC's client wants it, checked as for HTTP.
#[cfg(feature = "grpc")]
pub(super) fn grpc_certificate(path: &Path) -> Result<tonic::transport::Certificate, InitError> {
    certificates(path)?;
    let pem = std::fs::read(path);
    let pem = pem.map_err(|error| InitError::Certificate(path.to_owned(), error.into()))?;
    Ok(tonic::transport::Certificate::from_pem(pem))
}
