//! What an admin can do about a failed handshake.

use rustls::{AlertDescription, CertificateError, Error};

/// The cure of a failed handshake; `no_tls` is that of a port that does not speak TLS.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign list that grows; the last arm is for what has no cure of its own"
)]
#[must_use]
pub fn cure(error: &Error, no_tls: &'static str) -> &'static str {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "no authority that is trusted signed the server's certificate: name yours with `--tls-ca`"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is for another name: use that name in the address",
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server asks for a client certificate: give `--tls-cert` and `--tls-key`"
        }
        Error::InvalidMessage(_) => no_tls,
        _ => "check the certificates of both sides",
    }
}
