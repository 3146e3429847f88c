//! Notices by mail, to a server that takes them over TLS, STARTTLS or in the clear.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pool;

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use himekuri_coordinator::{Mail, MailConfig, Notifier, Receiver};
use himekuri_protocol::{Outcome, TaskError};
use himekuri_store::MemoryStore;
use himekuri_testkit::Authority;
use jiff::SignedDuration;
use pool::Pool;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A mail server.
#[derive(Clone, Default)]
struct Server {
    heard: Arc<Mutex<Heard>>,
}

/// What came.
#[derive(Default)]
struct Heard {
    mails: Vec<String>,
    /// Commands, and what was said to them of TLS.
    commands: Vec<String>,
    is_closed: bool,
}

/// When the conversation becomes secret.
#[derive(Clone, Copy, PartialEq)]
enum Secrecy {
    AtOnce,
    WhenAsked,
    Never,
}

impl Server {
    /// Listens; returns the port.
    async fn open(&self, secrecy: Secrecy, tls: Option<TlsAcceptor>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, tls) = (server.clone(), tls.clone());
                tokio::spawn(async move { server.talk(stream, secrecy, tls).await });
            }
        });
        port
    }

    async fn talk(
        &self,
        stream: tokio::net::TcpStream,
        secrecy: Secrecy,
        tls: Option<TlsAcceptor>,
    ) -> Option<()> {
        if secrecy == Secrecy::AtOnce {
            let mut stream = BufStream::new(tls?.accept(stream).await.ok()?);
            return self.converse(&mut stream, true, false).await.map(drop);
        }
        let mut plain = BufStream::new(stream);
        let offers = secrecy == Secrecy::WhenAsked;
        if self.converse(&mut plain, true, offers).await? {
            let mut stream = BufStream::new(tls?.accept(plain.into_inner()).await.ok()?);
            self.converse(&mut stream, false, false).await?;
        }
        Some(())
    }

    /// Answers until the end, or until TLS is asked for: then `true`.
    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufStream<S>,
        greet: bool,
        offers_tls: bool,
    ) -> Option<bool> {
        if greet {
            say(stream, "220 here").await?;
        }
        loop {
            let line = line(stream).await?;
            self.heard.lock().unwrap().commands.push(line.clone());
            match line.split_whitespace().next()? {
                "EHLO" if offers_tls => say(stream, "250-here\r\n250 STARTTLS").await?,
                "EHLO" => say(stream, "250-here\r\n250 AUTH PLAIN").await?,
                "STARTTLS" => {
                    say(stream, "220 go on").await?;
                    return Some(true);
                }
                "AUTH" => say(stream, "235 known").await?,
                "RCPT" if self.heard.lock().unwrap().is_closed => say(stream, "450 later").await?,
                "DATA" => {
                    say(stream, "354 go on").await?;
                    let mut mail = String::new();
                    while let Some(line) = line_of_data(stream).await {
                        mail += &line;
                    }
                    self.heard.lock().unwrap().mails.push(mail);
                    say(stream, "250 taken").await?;
                }
                "QUIT" => {
                    say(stream, "221 bye").await?;
                    return Some(false);
                }
                _ => say(stream, "250 well").await?,
            }
        }
    }

    fn mails(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap().mails)
    }

    fn commands(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap().commands)
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, words: &str) -> Option<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn line<S: AsyncBufReadExt + Unpin>(stream: &mut S) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then_some(line)
}

async fn line_of_data<S: AsyncBufReadExt + Unpin>(stream: &mut S) -> Option<String> {
    line(stream).await.filter(|line| line != ".\r\n")
}

fn acceptor(authority: &Authority) -> TlsAcceptor {
    let issued = authority.server().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config).into()
}

fn mail(server: &str, password: Option<&str>, authority: Option<&Authority>) -> Receiver {
    let config = MailConfig {
        server: server.parse().unwrap(),
        password: password.map(str::to_owned),
        authorities: authority.map(|authority| authority.certificate().into_bytes()),
        from: "Himekuri <himekuri@example.com>".to_owned(),
        to: vec!["team@example.com".to_owned(), "Kim <kim@example.com>".to_owned()],
    };
    Receiver::Mail(Box::new(Mail::new(config).unwrap()))
}

/// A pool with an attempt that has failed.
async fn failed() -> Pool {
    let mut pool = Pool::over(Arc::new(MemoryStore::new())).await;
    pool.push(&[("wf.dig", "+a:\n  echo>: x\n")]).await;
    let request =
        json!({"project": "title", "workflow": "wf", "from": "2026-01-02", "to": "2026-01-02"});
    pool.coordinator.start(&serde_json::from_value(request).unwrap()).await.unwrap();
    let message = "it broke".to_owned();
    let error = TaskError { reason: "r".to_owned(), message, job: None };
    pool.finish("x", Outcome::Failed { error }).await;
    pool
}

fn notifier(pool: &Pool, receivers: Vec<Receiver>) -> Notifier {
    Notifier::new(pool.coordinator.clone(), receivers, SignedDuration::from_mins(10)).unwrap()
}

#[tokio::test]
async fn a_failure_comes_as_one_mail_that_says_what_and_what_to_run() {
    let pool = failed().await;
    let server = Server::default();
    let port = server.open(Secrecy::Never, None).await;
    let receiver = mail(&format!("smtp://127.0.0.1:{port}?tls=none"), None, None);
    let mut notifier = notifier(&pool, vec![receiver]);
    let now = jiff::Timestamp::now();

    assert_eq!(notifier.look(now).await.unwrap(), 1);
    assert_eq!(notifier.look(now).await.unwrap(), 0);

    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    // Long lines come folded.
    let mail = mails[0].replace("=\r\n", "");
    for line in [
        "Subject: title/wf 2026-01-02 failed",
        "From: Himekuri <himekuri@example.com>",
        "To: team@example.com, Kim <kim@example.com>",
        "Auto-Submitted: auto-generated",
        "  himekuri why 1",
        "  himekuri log 1",
    ] {
        assert!(mail.lines().any(|found| found == line), "{line}: {mail}");
    }
    assert!(mail.contains("it broke") && mail.contains("Message-ID: <"), "{mail}");
    let commands = server.commands();
    let recipients = commands.iter().filter(|line| line.starts_with("RCPT")).count();
    assert_eq!(recipients, 2, "{commands:?}");
}

#[tokio::test]
async fn a_password_goes_over_tls_only_and_to_a_server_that_an_authority_knows() {
    let authority = Authority::new("himekuri tests").unwrap();
    let other = Authority::new("somebody else").unwrap();
    let now = jiff::Timestamp::now();
    for (scheme, secrecy) in [("smtps", Secrecy::AtOnce), ("smtp", Secrecy::WhenAsked)] {
        let pool = failed().await;
        let server = Server::default();
        let port = server.open(secrecy, Some(acceptor(&authority))).await;
        let address = format!("{scheme}://kim%40example.com@127.0.0.1:{port}");

        let unknown = mail(&address, Some("hunter2"), Some(&other));
        let error = format!("{:#}", notifier(&pool, vec![unknown]).look(now).await.unwrap_err());
        assert!(error.contains("mail server") && error.contains("UnknownIssuer"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert!(!server.commands().iter().any(|line| line.starts_with("AUTH")));

        let known = mail(&address, Some("hunter2"), Some(&authority));
        assert_eq!(notifier(&pool, vec![known]).look(now).await.unwrap(), 1);
        assert_eq!(server.mails().len(), 1);
        let login = STANDARD.encode("\0kim@example.com\0hunter2");
        let commands = server.commands();
        assert!(commands.iter().any(|line| line.contains(&login)), "{commands:?}");
    }
}

#[tokio::test]
async fn a_server_that_offers_no_tls_gets_nothing() {
    let pool = failed().await;
    let server = Server::default();
    let port = server.open(Secrecy::Never, None).await;
    let receiver = mail(&format!("smtp://kim@127.0.0.1:{port}"), Some("hunter2"), None);

    assert!(notifier(&pool, vec![receiver]).look(jiff::Timestamp::now()).await.is_err());

    assert_eq!(server.mails(), Vec::<String>::new());
    let commands = server.commands();
    assert!(!commands.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
}

#[tokio::test]
async fn who_has_taken_a_notice_is_not_told_again_because_another_has_not() {
    let pool = failed().await;
    let (first, second) = (Server::default(), Server::default());
    first.heard.lock().unwrap().is_closed = true;
    let mut receivers = Vec::new();
    for server in [&first, &second] {
        let port = server.open(Secrecy::Never, None).await;
        receivers.push(mail(&format!("smtp://127.0.0.1:{port}?tls=none"), None, None));
    }
    let mut notifier = notifier(&pool, receivers);
    let now = jiff::Timestamp::now();

    let error = format!("{:#}", notifier.look(now).await.unwrap_err());

    assert!(error.contains("the mail server did not take a notice"), "{error}");
    assert_eq!((first.mails().len(), second.mails().len()), (0, 1));
    first.heard.lock().unwrap().is_closed = false;
    assert_eq!(notifier.look(now).await.unwrap(), 1);
    assert_eq!((first.mails().len(), second.mails().len()), (1, 0));
}
