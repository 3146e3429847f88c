//! From the address of a mail server to a connection that nobody can read.

use std::time::Duration;

use himekuri_service::Secret;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};

use super::MailError;

/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(10);

/// What sends to the server. Nobody is asked yet.
pub(super) fn transport(
    server: Secret,
    password: Option<String>,
    authorities: Option<&[u8]>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let refused = |why: &str| MailError::Server(why.to_owned());
    let url = reqwest::Url::parse(&server.reveal());
    let url = url.map_err(|error| MailError::Server(error.to_string()))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if host.is_empty() {
        return Err(refused("it names no host"));
    }
    let is_plain = match url.query() {
        None => false,
        Some("tls=none") => true,
        Some(_) => return Err(refused("it has a parameter other than `tls=none`")),
    };
    let user = decoded(url.username()).ok_or_else(|| refused("its user is no text"))?;
    let password = match (password, url.password()) {
        (Some(password), _) => Some(password),
        (None, Some(password)) => {
            Some(decoded(password).ok_or_else(|| refused("its password is no text"))?)
        }
        (None, None) => None,
    };
    let credentials = match (user.is_empty(), password) {
        (true, None) => None,
        (false, Some(_)) if is_plain => {
            return Err(refused("without TLS everybody on the way could read the password"));
        }
        (false, Some(password)) => Some(Credentials::new(user, password)),
        (true, Some(_)) => return Err(refused("there is a password, and it names no user")),
        (false, None) => {
            return Err(refused(
                "it names a user, and there is no password (`--notify-smtp-password-file`)",
            ));
        }
    };
    let trusted = || trusted(host.clone(), authorities);
    let (tls, port) = match (url.scheme(), is_plain) {
        ("smtps", false) => (Tls::Wrapper(trusted()?), 465),
        ("smtp", false) => (Tls::Required(trusted()?), 587),
        ("smtp", true) => (Tls::None, 25),
        _ => return Err(refused("it begins with neither `smtps://` nor `smtp://`")),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(url.port().unwrap_or(port))
        .tls(tls)
        .timeout(Some(ANSWER));
    Ok(match credentials {
        Some(credentials) => builder.credentials(credentials).build(),
        None => builder.build(),
    })
}

/// With authorities of one's own no others are trusted, as everywhere in the pool.
fn trusted(host: String, authorities: Option<&[u8]>) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(host);
    let given = himekuri_tls::Tls { authorities: authorities.map(<[u8]>::to_vec), client: None };
    if let Some(authorities) = given.own_authorities()? {
        builder = builder.certificate_store(CertificateStore::None);
        for authority in authorities {
            let authority = Certificate::from_der(authority.to_vec()).map_err(MailError::Tls)?;
            builder = builder.add_root_certificate(authority);
        }
    }
    builder.build_rustls().map_err(MailError::Tls)
}

/// A part of an address without its escapes.
fn decoded(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text).decode_utf8().ok().map(String::from)
}
