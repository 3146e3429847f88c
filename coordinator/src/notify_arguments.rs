//! `--notify-webhook`, `--notify-slack`, `--notify-mail-to`: who is told.

use std::path::PathBuf;

use anyhow::Context as _;
use himekuri_coordinator::{Mail, MailConfig, Receiver};
use himekuri_service::{Secret, file, password_in};
use jiff::SignedDuration;

/// Who is told of failures and late sessions.
#[derive(Debug, clap::Args)]
pub(crate) struct NotifyArguments {
    /// Gets every notice as JSON: failures, missed `sla`, sessions that did not start; one for each workflow, date and cause.
    #[arg(long, env = "HIMEKURI_NOTIFY_WEBHOOK", value_name = "URL", hide_env_values = true)]
    notify_webhook: Option<Secret>,
    /// The same for an incoming webhook of Slack.
    #[arg(long, env = "HIMEKURI_NOTIFY_SLACK", value_name = "URL", hide_env_values = true)]
    notify_slack: Option<Secret>,
    /// Who gets the same as mail. May be given several times.
    #[arg(
        long,
        env = "HIMEKURI_NOTIFY_MAIL_TO",
        value_name = "ADDRESS",
        value_delimiter = ',',
        requires_all = ["notify_mail_from", "notify_smtp"]
    )]
    notify_mail_to: Vec<String>,
    /// Who sends the mail: `himekuri@example.com`, or `Himekuri <himekuri@example.com>`.
    #[arg(
        long,
        env = "HIMEKURI_NOTIFY_MAIL_FROM",
        value_name = "ADDRESS",
        requires = "notify_mail_to"
    )]
    notify_mail_from: Option<String>,
    /// Server that takes the mail: `smtps://USER@HOST` (TLS, port 465), `smtp://USER@HOST` (STARTTLS, port 587), or
    /// `smtp://HOST?tls=none` (port 25, without a login).
    #[arg(
        long,
        env = "HIMEKURI_NOTIFY_SMTP",
        value_name = "URL",
        hide_env_values = true,
        requires = "notify_mail_to"
    )]
    notify_smtp: Option<Secret>,
    /// File with the password of the server's user.
    #[arg(
        long,
        env = "HIMEKURI_NOTIFY_SMTP_PASSWORD_FILE",
        value_name = "FILE",
        requires = "notify_smtp"
    )]
    notify_smtp_password_file: Option<PathBuf>,
    /// Certificates of the authorities that sign the mail server's, PEM. Without it the system's are trusted, with it no others.
    #[arg(long, env = "HIMEKURI_NOTIFY_SMTP_CA", value_name = "FILE", requires = "notify_smtp")]
    notify_smtp_ca: Option<PathBuf>,
    /// Minutes after its time that a session is late that has not started.
    #[arg(long, env = "HIMEKURI_LATE_AFTER", value_name = "MINUTES", default_value_t = 10)]
    late_after: u32,
}

impl NotifyArguments {
    pub(crate) fn receivers(&self) -> anyhow::Result<Vec<Receiver>> {
        let webhook = self.notify_webhook.clone().map(Receiver::Webhook);
        let slack = self.notify_slack.clone().map(Receiver::Slack);
        let mail = self.mail()?.map(Box::new).map(Receiver::Mail);
        Ok([webhook, slack, mail].into_iter().flatten().collect())
    }

    fn mail(&self) -> anyhow::Result<Option<Mail>> {
        let Some((server, from)) = self.notify_smtp.as_ref().zip(self.notify_mail_from.as_ref())
        else {
            return Ok(None);
        };
        let config = MailConfig {
            server: server.clone(),
            password: self.notify_smtp_password_file.as_deref().map(password_in).transpose()?,
            authorities: self.notify_smtp_ca.as_deref().map(file).transpose()?,
            from: from.clone(),
            to: self.notify_mail_to.clone(),
        };
        Ok(Some(Mail::new(config).context("notices cannot be sent by mail")?))
    }

    pub(crate) fn grace(&self) -> SignedDuration {
        SignedDuration::from_mins(self.late_after.into())
    }
}
