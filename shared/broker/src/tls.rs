//! Whom to trust over TLS, and who we are.

use std::{fmt, io, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::BrokerError;

/// Settings for addresses with `amqps://`; others ignore them.
#[derive(Clone, Default)]
pub struct Tls {
    /// Certificates of the authorities to trust, in PEM. Without them those of the system are trusted; with them no others.
    pub authorities: Option<Vec<u8>>,
    /// What to show to a server that asks who we are.
    pub client: Option<ClientCertificate>,
}

/// A certificate and its private key, both in PEM.
#[derive(Clone)]
pub struct ClientCertificate {
    /// The certificate, and behind it those that lead to the authority.
    pub chain: Vec<u8>,
    /// The key, without a password.
    pub key: Vec<u8>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("own_authorities", &self.authorities.is_some())
            .field("client", &self.client)
            .finish()
    }
}

impl fmt::Debug for ClientCertificate {
    /// Leaves out the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads everything, so that a broken file is an error at the start.
    pub(crate) fn client_config(&self) -> Result<Arc<ClientConfig>, BrokerError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed("the protocol versions", error))?
            .with_root_certificates(self.roots()?);
        let config = match &self.client {
            None => builder.with_no_client_auth(),
            Some(client) => {
                let chain = certificates(&client.chain, "the client certificate")?;
                let key = PrivateKeyDer::from_pem_slice(&client.key)
                    .map_err(|error| failed("the client key", error))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| failed("the client certificate with its key", error))?
            }
        };
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, BrokerError> {
        const OWN: &str = "the file of authorities";
        const SYSTEM: &str = "the system's authorities";
        let mut roots = RootCertStore::empty();
        match &self.authorities {
            Some(pem) => {
                for authority in certificates(pem, OWN)? {
                    roots.add(authority).map_err(|error| failed(OWN, error))?;
                }
            }
            None => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
                if roots.is_empty() {
                    let none = || io::Error::other("there are none; name your own").into();
                    let error = found.errors.into_iter().next();
                    let source = error.map_or_else(none, |error| Box::new(error) as _);
                    return Err(BrokerError::Certificates { what: SYSTEM, source });
                }
            }
        }
        Ok(roots)
    }
}

fn certificates(
    pem: &[u8],
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, BrokerError> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| failed(what, error))?;
    if found.is_empty() {
        return Err(failed(what, io::Error::other("it holds no certificate in PEM form")));
    }
    Ok(found)
}

fn failed(
    what: &'static str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> BrokerError {
    BrokerError::Certificates { what, source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_by_name() {
        let tls = Tls { authorities: Some(b"hello".to_vec()), client: None };

        let error = tls.client_config().unwrap_err();

        assert_eq!(error.to_string(), "could not use the file of authorities for TLS");
    }

    #[test]
    fn a_key_is_never_shown() {
        let client = ClientCertificate { chain: b"chain".to_vec(), key: b"hunter2".to_vec() };
        let tls = Tls { authorities: None, client: Some(client) };

        assert!(!format!("{tls:?}").contains("hunter2"));
        assert!(!format!("{tls:?}").contains(&format!("{:?}", b"hunter2")));
    }
}
