//! `himekuri attempts`.

use himekuri_coordinator::{AttemptState, AttemptSummary};
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::output;

/// List attempts, newest first.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Most attempts to show.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct AttemptList {
    attempts: Vec<AttemptSummary>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let request = client.get("/v1/attempts").query(&[("limit", arguments.limit)]);
    let list: AttemptList = client.call(request).await?;
    if arguments.json {
        return list.attempts.iter().try_for_each(output::json_line);
    }
    let rows = list.attempts.iter().map(|attempt| {
        [
            attempt.attempt.to_string(),
            attempt.project.clone(),
            attempt.workflow.clone(),
            attempt.session_local_time.clone(),
            state_name(attempt).to_owned(),
            attempt.error.clone().unwrap_or_default(),
        ]
    });
    output::table(["ATTEMPT", "PROJECT", "WORKFLOW", "SESSION", "STATE", "ERROR"], rows);
    Ok(())
}

fn state_name(attempt: &AttemptSummary) -> &'static str {
    match attempt.state {
        AttemptState::Running if attempt.kill.is_some() => "canceling",
        AttemptState::Running => "running",
        AttemptState::Success => "success",
        AttemptState::Error => "error",
        AttemptState::Canceled => "canceled",
    }
}
