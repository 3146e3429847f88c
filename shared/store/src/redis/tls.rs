//! Whom to trust over TLS, and who we are.

use std::{error::Error, fmt, io, sync::Arc};

use redis::{Client, ClientTlsConfig, ConnectionInfo, RedisError, TlsCertificates};
use rustls::{
    AlertDescription, CertificateError,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::StoreError;

/// Settings for addresses with `rediss://`; others ignore them.
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
    /// A client for an address with `rediss://`. Reads everything, so that a broken file is an error at the start.
    pub(super) fn client(&self, info: ConnectionInfo) -> Result<Client, StoreError> {
        const OWN: &str = "the file of authorities";
        const CLIENT: &str = "the client certificate";
        if let Some(pem) = &self.authorities {
            certificates(pem, OWN)?;
        }
        if let Some(client) = &self.client {
            certificates(&client.chain, CLIENT)?;
            PrivateKeyDer::from_pem_slice(&client.key)
                .map_err(|error| failed("the client key", error))?;
        }
        // The client library takes the provider of the process. A program that has chosen another one keeps it.
        let _chosen = ring::default_provider().install_default();
        let certificates = TlsCertificates {
            client_tls: self.client.as_ref().map(|client| ClientTlsConfig {
                client_cert: client.chain.clone(),
                client_key: client.key.clone(),
            }),
            root_cert: self.authorities.clone(),
        };
        Client::build_with_tls(info, certificates).map_err(|error| failed(OWN, error))
    }
}

fn certificates(pem: &[u8], what: &'static str) -> Result<(), StoreError> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    if found.map_err(|error| failed(what, error))?.is_empty() {
        return Err(failed(what, io::Error::other("it holds no certificate in PEM form")));
    }
    Ok(())
}

fn failed(what: &'static str, error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::Certificates { what, source: Box::new(error) }
}

/// What an admin can do about a failed handshake, if that is what failed.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign list that grows; the last arm is for what has no cure of its own"
)]
pub(super) fn cure(error: &RedisError) -> Option<&'static str> {
    Some(match of_rustls(error)? {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "no authority that is trusted signed the server's certificate: name yours with `--tls-ca`"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is for another name: use that name in the address",
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server asks for a client certificate: give `--tls-cert` and `--tls-key`"
        }
        rustls::Error::InvalidMessage(_) => {
            "there is no TLS on this port: use `redis://`, or the server's `tls-port`"
        }
        _ => "check the certificates of both sides",
    })
}

/// The error of the handshake inside: the client library shares the error of the stream, which holds it.
fn of_rustls(error: &RedisError) -> Option<&rustls::Error> {
    let shared = error.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    shared.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref()
}

#[cfg(test)]
mod tests {
    use redis::IntoConnectionInfo;

    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_by_name() {
        let tls = Tls { authorities: Some(b"hello".to_vec()), client: None };

        let info = "rediss://127.0.0.1".into_connection_info().unwrap();
        let error = tls.client(info).unwrap_err();

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
