//! `himekuri attempts`.

use himekuri_coordinator::{AttemptState, AttemptSummary};
use jiff::Timestamp;

use crate::api_client::Wanted;
use crate::arguments::{self, ListArguments};
use crate::output::{self, Target};
use crate::times;
use crate::watch::{Look, WatchArguments};

/// List attempts, newest first.
///
/// STARTED is when an attempt was asked for, TOOK how long it took from then to its end.
///
/// Examples:
///   himekuri attempts
///   himekuri attempts --limit 20 --watch
///   himekuri attempts --limit 1000 --json | jq 'select(.state == "error") | .attempt'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Most attempts to show.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = arguments::count)]
    limit: usize,
    #[command(flatten)]
    watch: WatchArguments,
    #[command(flatten)]
    list: ListArguments,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = arguments.list.client();
    let ask = || client.attempts(Wanted::default(), arguments.limit);
    if arguments.list.json {
        return ask().await?.iter().try_for_each(output::json_line);
    }
    let look = async || Ok(Look::for_now(text(&ask().await?, arguments.watch.target())));
    arguments.watch.show(look).await
}

fn text(attempts: &[AttemptSummary], target: Target) -> String {
    let (now, zone) = (Timestamp::now(), times::machine_zone());
    let rows = attempts.iter().map(|attempt| {
        [
            attempt.attempt.to_string(),
            attempt.project.clone(),
            attempt.workflow.clone(),
            attempt.session_local_time.clone(),
            state_name(attempt).to_owned(),
            times::clock(attempt.requested_at, &zone),
            took(attempt, now),
            attempt.error.clone().unwrap_or_default(),
        ]
    });
    let header = ["ATTEMPT", "PROJECT", "WORKFLOW", "SESSION", "STATE", "STARTED", "TOOK", "ERROR"];
    output::table_text(header, rows, target)
}

/// From the request to the end, or how long it has run.
pub(super) fn took(attempt: &AttemptSummary, now: Timestamp) -> String {
    match attempt.ended_at {
        Some(ended_at) => times::between(attempt.requested_at, ended_at),
        None => format!("{} so far", times::between(attempt.requested_at, now)),
    }
}

/// The name that people see.
pub(super) fn state_name(attempt: &AttemptSummary) -> &'static str {
    match attempt.state {
        AttemptState::Running if attempt.kill.is_some() => "canceling",
        AttemptState::Running => "running",
        AttemptState::Success => "success",
        AttemptState::Error => "error",
        AttemptState::Canceled => "canceled",
    }
}
