//! TLS as the client library of RabbitMQ takes it.

use std::{io, sync::Arc};

use himekuri_tls::{OWN_AUTHORITIES, Tls, TlsError};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Reads everything, so that a broken file is an error at the start.
pub(crate) fn client_config(tls: &Tls) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::new("the protocol versions", error))?
        .with_root_certificates(roots(tls)?);
    let config = match tls.identity()? {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| TlsError::new("the client certificate with its key", error))?,
    };
    Ok(Arc::new(config))
}

fn roots(tls: &Tls) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    match tls.own_authorities()? {
        Some(authorities) => {
            for authority in authorities {
                roots.add(authority).map_err(|error| TlsError::new(OWN_AUTHORITIES, error))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let none = || io::Error::other("there are none; name your own").into();
                let error = found.errors.into_iter().next();
                let source = error.map_or_else(none, |error| Box::new(error) as _);
                return Err(TlsError { what: "the system's authorities", source });
            }
        }
    }
    Ok(roots)
}
