//! `himekuri why`.

use himekuri_coordinator::{AttemptSummary, Pause};
use himekuri_engine::TaskView;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api_client::ApiClient;
use crate::arguments::{self, CoordinatorArguments};
use crate::commands::pause;
use crate::{output, times};

mod access;
mod failures;
mod found;
mod next;
#[cfg(test)]
mod sample;
mod text;

use found::{Found, Verdict};
use next::Next;

/// Say why an attempt is as it is, and what to do.
///
/// Names the first task that failed, with its tries, its destination and BigQuery's words; who killed it; what runs and
/// since when; or what it cost. The last lines are the commands that help.
///
/// With --json, one object: the verdict (succeeded, failed, failing, killed, canceling, waiting_for_retry, running), the
/// cause, the other tasks, and `next` with text and commands.
///
/// Examples:
///   himekuri why 17
///   himekuri why 17 --json | jq -r '.cause.reason, .next.commands[]'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Number of the attempt, from `himekuri attempts`.
    #[arg(value_parser = arguments::attempt)]
    attempt: u64,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct TaskList {
    tasks: Vec<TaskView>,
}

/// The answer for programs.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    found: &'a Found,
    next: &'a Next,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let path = format!("/v1/attempts/{}", arguments.attempt);
    let summary: AttemptSummary = client.call(client.get(&path)).await?;
    let list: TaskList = client.call(client.get(&format!("{path}/tasks"))).await?;
    let (now, zone) = (Timestamp::now(), times::machine_zone());
    let found = Found::of(&summary, &list.tasks);
    let next = match pause_of(&client, &found).await? {
        Some(pause) => next::paused(&found, &pause::sentence(&pause)),
        None => next::next(&found, now, &zone),
    };
    if arguments.json {
        return output::json_line(&Answer { found: &found, next: &next });
    }
    output::line(text::text(&found, &next, now, &zone));
    Ok(())
}

/// The pause of its title, if it is what the attempt waits for.
async fn pause_of(client: &ApiClient, found: &Found) -> anyhow::Result<Option<Pause>> {
    match found.verdict {
        Verdict::Running | Verdict::WaitingForRetry => {
            let all = client.projects().await?;
            Ok(all.into_iter().find(|one| one.name == found.project).and_then(|one| one.paused))
        }
        Verdict::Succeeded
        | Verdict::Failed
        | Verdict::Failing
        | Verdict::Canceling
        | Verdict::Killed => Ok(None),
    }
}
