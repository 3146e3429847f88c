//! TLS as the client library of Redis takes it.

use std::{error::Error, io, sync::Arc};

use himekuri_tls::{OWN_AUTHORITIES, Tls, TlsError};
use redis::{Client, ClientTlsConfig, ConnectionInfo, RedisError, TlsCertificates};
use rustls::crypto::ring;

/// A client for an address with `rediss://`. Reads everything, so that a broken file is an error at the start.
pub(super) fn client(tls: &Tls, info: ConnectionInfo) -> Result<Client, TlsError> {
    tls.own_authorities()?;
    tls.identity()?;
    // The client library takes the provider of the process. A program that has chosen another one keeps it.
    let _chosen = ring::default_provider().install_default();
    let certificates = TlsCertificates {
        client_tls: tls.client.as_ref().map(|client| ClientTlsConfig {
            client_cert: client.chain.clone(),
            client_key: client.key.clone(),
        }),
        root_cert: tls.authorities.clone(),
    };
    Client::build_with_tls(info, certificates)
        .map_err(|error| TlsError::new(OWN_AUTHORITIES, error))
}

/// What an admin can do about a failed handshake, if that is what failed.
pub(super) fn cure(error: &RedisError) -> Option<&'static str> {
    const NO_TLS: &str = "there is no TLS on this port: use `redis://`, or the server's `tls-port`";
    Some(himekuri_tls::cure(of_rustls(error)?, NO_TLS))
}

/// The error of the handshake inside: the client library shares the error of the stream, which holds it.
fn of_rustls(error: &RedisError) -> Option<&rustls::Error> {
    let shared = error.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    shared.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref()
}
