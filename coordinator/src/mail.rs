//! Notices by mail: SMTP with TLS. One message for each notice, to all who get them.

use std::fmt;
use std::time::Duration;

use himekuri_service::Secret;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use sha2::{Digest, Sha256};

use crate::notices::Notice;

mod server;
mod words;

use server::transport;
use words::{body, subject};

/// Longest wait for one message to be taken: some servers look at it for a while.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// `smtps://user@host`, or `smtp://user@host` for STARTTLS; `smtp://host?tls=none` for a relay that needs neither.
    pub server: Secret,
    /// Of the user in the address; it replaces one that stands there.
    pub password: Option<String>,
    /// Certificates of the authorities to trust, PEM; those of the system when missing.
    pub authorities: Option<Vec<u8>>,
    /// Who sends.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
}

/// Why mail cannot be sent as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The address of the server. It may hold a password, and is not repeated.
    #[error(
        "the mail server's address cannot be used: {0}; write it as `smtps://USER@HOST`, or `smtp://USER@HOST` for STARTTLS"
    )]
    Server(String),
    /// The address of a person.
    #[error(
        "`{address}` is no address for mail; write it as `team@example.com` or `Team <team@example.com>`"
    )]
    Address {
        /// As given.
        address: String,
        /// Why.
        #[source]
        source: lettre::address::AddressError,
    },
    /// Nobody would get anything.
    #[error("nobody gets the mail; name somebody with `--notify-mail-to`")]
    Nobody,
    /// The authorities that were given.
    #[error(transparent)]
    Authorities(#[from] himekuri_tls::TlsError),
    /// TLS with them, or with those of the system.
    #[error("the mail server cannot be spoken to over TLS")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// Sends notices by mail. Cheap to clone; it shows no password.
#[derive(Clone)]
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl Mail {
    /// Connects to nobody yet.
    ///
    /// # Errors
    /// See [`MailError`].
    pub fn new(config: MailConfig) -> Result<Self, MailError> {
        let from = mailbox(&config.from)?;
        let to = config.to.iter().map(|to| mailbox(to)).collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err(MailError::Nobody);
        }
        let transport = transport(config.server, config.password, config.authorities.as_deref())?;
        Ok(Self { transport, from, to })
    }

    /// Sends one notice; it has been taken when this returns.
    pub(crate) async fn send(&self, notice: &Notice) -> anyhow::Result<()> {
        let message = self.message(notice)?;
        tokio::time::timeout(TIMEOUT, self.transport.send(message)).await??;
        Ok(())
    }

    fn message(&self, notice: &Notice) -> anyhow::Result<Message> {
        let to = self.to.iter().cloned();
        let builder =
            to.fold(Message::builder().from(self.from.clone()), |builder, to| builder.to(to));
        // Sent twice after a crash, it is the same message, and mailboxes that look show one.
        let same = Sha256::digest(format!("{}/{}", notice.key(), notice.at));
        let id: String = same.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let message = builder
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(AutoSubmitted)
            .subject(subject(notice))
            .header(ContentType::TEXT_PLAIN)
            .body(body(notice))?;
        Ok(message)
    }
}

/// Keeps others from answering that they are on holiday (RFC 3834).
#[derive(Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn mailbox(address: &str) -> Result<Mailbox, MailError> {
    let parsed = address.trim().parse();
    parsed.map_err(|source| MailError::Address { address: address.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_before_the_first_mail_without_the_password() {
        let config = |server: &str, password: Option<&str>| MailConfig {
            server: server.parse().unwrap(),
            password: password.map(str::to_owned),
            authorities: None,
            from: "Himekuri <himekuri@example.com>".to_owned(),
            to: vec!["team@example.com".to_owned()],
        };
        for (server, password, told) in [
            ("https://host", None, "neither `smtps://` nor `smtp://`"),
            ("smtps://", None, "no host"),
            ("smtp://host?tls=maybe", None, "other than `tls=none`"),
            ("smtps://host?tls=none", None, "neither `smtps://` nor"),
            ("smtp://user:hunter2@host?tls=none", None, "could read the password"),
            ("smtps://user@host", None, "`--notify-smtp-password-file`"),
            ("smtps://host", Some("hunter2"), "names no user"),
            ("hunter2", None, "cannot be used"),
        ] {
            let refused = Mail::new(config(server, password)).unwrap_err();
            let refused = format!("{refused} {refused:?}");
            assert!(refused.contains(told), "{server}: {refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        for server in ["smtps://u%40x.com@host", "smtp://u@[::1]:2525", "smtps://u:old@host"] {
            let mail = Mail::new(config(server, Some("hunter2"))).unwrap();
            assert!(!format!("{mail:?}").contains("hunter2"));
        }
        assert!(Mail::new(config("smtp://host?tls=none", None)).is_ok());
        let nobody = MailConfig { to: Vec::new(), ..config("smtps://host", None) };
        assert!(matches!(Mail::new(nobody), Err(MailError::Nobody)));
        let odd = MailConfig { to: vec!["team".to_owned()], ..config("smtps://host", None) };
        assert!(Mail::new(odd).unwrap_err().to_string().contains("`team` is no address"));
        let odd = MailConfig { authorities: Some(b"x".to_vec()), ..config("smtps://host", None) };
        assert!(matches!(Mail::new(odd), Err(MailError::Authorities(_))));
    }
}
