//! TLS: the trusted authorities and the client certificate.
//!
//! Trusts the roots in the binary and those of the system, or only the configured ones.

use crate::{InitError, config::Identity};
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore,
    client::WantsClientCert,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};
use std::{path::Path, sync::Arc};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A client that trusts the authorities of the file; without one, the public ones and the system's.
pub(super) fn client_config(
    certificate: Option<&Path>,
    identity: Option<&Identity>,
) -> Result<ClientConfig, InitError> {
    let trusting = trusting(roots(certificate)?)?;
    match identity {
        Some(identity) => with_identity(trusting, identity),
        None => Ok(trusting.with_no_client_auth()),
    }
}

/// A configuration for endpoints without TLS, which do not use it.
pub(super) fn empty_config() -> Result<ClientConfig, InitError> {
    Ok(trusting(RootCertStore::empty())?.with_no_client_auth())
}

fn roots(certificate: Option<&Path>) -> Result<RootCertStore, InitError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = certificate {
        let wrong = |error| InitError::Certificate(path.to_owned(), error);
        for certificate in certificates(path).map_err(wrong)? {
            roots
                .add(certificate)
                .map_err(|error| wrong(error.into()))?;
        }
        return Ok(roots);
    }
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // A system without certificates is not an error, because the binary contains roots.
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    Ok(roots)
}

fn trusting(
    roots: RootCertStore,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, InitError> {
    Ok(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| InitError::Tls(error.into()))?
            .with_root_certificates(roots),
    )
}

/// A client with a certificate.
fn with_identity(
    client: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: &Identity,
) -> Result<ClientConfig, InitError> {
    let chain = certificates(&identity.certificate)
        .map_err(|error| InitError::ClientCertificate(identity.certificate.clone(), error))?;
    let key = private_key(&identity.key)
        .map_err(|error| InitError::ClientKey(identity.key.clone(), error))?;
    client
        .with_client_auth_cert(chain, key)
        .map_err(|error| InitError::ClientPair {
            certificate: identity.certificate.clone(),
            key: identity.key.clone(),
            source: error.into(),
        })
}

/// The certificates of a file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Cause> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?;
    match found.is_empty() {
        true => Err("it contains no certificate".into()),
        false => Ok(found),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Cause> {
    match PrivateKeyDer::from_pem_file(path) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err("it contains no unencrypted private key".into()),
        Err(error) => Err(error.into()),
    }
}
