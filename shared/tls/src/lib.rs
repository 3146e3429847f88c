//! Whom to trust over TLS, and who we are. The clients of RabbitMQ and Redis make of it what their libraries take.

mod cure;

use std::{error::Error, fmt, io};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

pub use cure::cure;

/// Settings for addresses with `amqps://` and `rediss://`; others ignore them.
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

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("could not use {what} for TLS")]
pub struct TlsError {
    /// Which one.
    pub what: &'static str,
    /// What is wrong with it; it never repeats a key.
    #[source]
    pub source: Box<dyn Error + Send + Sync + 'static>,
}

impl TlsError {
    /// Of one certificate or key.
    pub fn new(what: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self { what, source: Box::new(source) }
    }
}

/// A certificate with those that lead to its authority, and its key.
pub type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// How errors call the authorities that were given.
pub const OWN_AUTHORITIES: &str = "the file of authorities";

impl Tls {
    /// The authorities that were given, if any were.
    ///
    /// # Errors
    /// They are no certificates in PEM.
    pub fn own_authorities(&self) -> Result<Option<Vec<CertificateDer<'static>>>, TlsError> {
        self.authorities.as_deref().map(|pem| certificates(pem, OWN_AUTHORITIES)).transpose()
    }

    /// What to show to a server that asks, if anything was given.
    ///
    /// # Errors
    /// It is no certificate, or no key, in PEM.
    pub fn identity(&self) -> Result<Option<Identity>, TlsError> {
        let Some(client) = &self.client else { return Ok(None) };
        let chain = certificates(&client.chain, "the client certificate")?;
        let key = PrivateKeyDer::from_pem_slice(&client.key);
        Ok(Some((chain, key.map_err(|error| TlsError::new("the client key", error))?)))
    }
}

fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| TlsError::new(what, error))?;
    if found.is_empty() {
        let none = io::Error::other("it holds no certificate in PEM form");
        return Err(TlsError::new(what, none));
    }
    Ok(found)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_by_name() {
        let tls = Tls { authorities: Some(b"hello".to_vec()), client: None };

        let error = tls.own_authorities().unwrap_err();

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
