//! `himekuri backfills`.

use clap::Subcommand;
use himekuri_coordinator::{Backfill, BackfillState};
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::output;

/// List backfills, newest first; pause, resume or kill one.
///
/// Examples:
///   himekuri backfills
///   himekuri backfills pause 3      what runs ends, and nothing else starts
///   himekuri backfills resume 3
///   himekuri backfills kill 3       what runs is killed, and nothing else starts
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Let what runs end, and start nothing else.
    ///
    /// Example:
    ///   himekuri backfills pause 3
    #[command(verbatim_doc_comment)]
    Pause(One),
    /// Go on after a pause.
    ///
    /// Example:
    ///   himekuri backfills resume 3
    #[command(verbatim_doc_comment)]
    Resume(One),
    /// Give up the sessions that have not started, and kill the attempts that run.
    ///
    /// Example:
    ///   himekuri backfills kill 3
    #[command(verbatim_doc_comment)]
    Kill(One),
}

#[derive(Debug, clap::Args)]
struct One {
    /// Number of the backfill.
    backfill: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct BackfillList {
    backfills: Vec<Backfill>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (one, action) = match &arguments.action {
        None => return list(&arguments.common).await,
        Some(Action::Pause(one)) => (one, "pause"),
        Some(Action::Resume(one)) => (one, "resume"),
        Some(Action::Kill(one)) => (one, "kill"),
    };
    let client = ApiClient::new(&one.common.coordinator.coordinator);
    let path = format!("/v1/backfills/{}/{action}", one.backfill);
    let backfill: Backfill = client.call(client.post(&path)).await?;
    show(&[backfill], one.common.json)
}

async fn list(common: &Common) -> anyhow::Result<()> {
    let client = ApiClient::new(&common.coordinator.coordinator);
    let list: BackfillList = client.call(client.get("/v1/backfills")).await?;
    show(&list.backfills, common.json)
}

fn show(backfills: &[Backfill], json: bool) -> anyhow::Result<()> {
    if json {
        return backfills.iter().try_for_each(output::json_line);
    }
    let rows = backfills.iter().map(|backfill| {
        [
            backfill.id.to_string(),
            backfill.project.clone(),
            backfill.workflow.clone(),
            format!("{}..{}", backfill.dates.from, backfill.dates.to),
            state(backfill),
            backfill.sessions.to_string(),
            backfill.running.len().to_string(),
            backfill.succeeded.to_string(),
            backfill.failed.to_string(),
            backfill.name.clone(),
        ]
    });
    let head = [
        "BACKFILL", "PROJECT", "WORKFLOW", "DATES", "STATE", "SESSIONS", "RUNNING", "SUCCESS",
        "ERROR", "NAME",
    ];
    output::table(head, rows);
    Ok(())
}

fn state(backfill: &Backfill) -> String {
    match (backfill.state, backfill.waits_for) {
        (BackfillState::Running, Some(waits_for)) => format!("waits for {}", waits_for.attempt),
        (BackfillState::Running, None) => "running".to_owned(),
        (BackfillState::Paused, _) => "paused".to_owned(),
        (BackfillState::Done, _) => "done".to_owned(),
        (BackfillState::Killed, _) => "killed".to_owned(),
    }
}
