//! `--notify-webhook`, `--notify-slack`: who is told.

use himekuri_coordinator::Receiver;
use himekuri_service::Secret;
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
    /// Minutes after its time that a session is late that has not started.
    #[arg(long, env = "HIMEKURI_LATE_AFTER", value_name = "MINUTES", default_value_t = 10)]
    late_after: u32,
}

impl NotifyArguments {
    pub(crate) fn receivers(&self) -> Vec<Receiver> {
        let webhook = self.notify_webhook.clone().map(Receiver::Webhook);
        webhook.into_iter().chain(self.notify_slack.clone().map(Receiver::Slack)).collect()
    }

    pub(crate) fn grace(&self) -> SignedDuration {
        SignedDuration::from_mins(self.late_after.into())
    }
}
