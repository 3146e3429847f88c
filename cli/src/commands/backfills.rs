//! `himekuri backfills`.

use clap::Subcommand;
use himekuri_coordinator::{Backfill, BackfillState};
use himekuri_cost::Bytes;
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::{self, ListArguments};
use crate::output::{self, Target};
use crate::watch::{Look, WatchArguments};

mod pace;
mod wait;

pub(super) use wait::follow;

/// List backfills, newest first; pause, resume or kill one.
///
/// Examples:
///   himekuri backfills
///   himekuri backfills --watch
///   himekuri backfills wait 3       shows how far it is until it has ended
///   himekuri backfills pause 3      what runs ends, and nothing else starts
///   himekuri backfills resume 3
///   himekuri backfills kill 3       what runs is killed, and nothing else starts
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    watch: WatchArguments,
    #[command(flatten)]
    list: ListArguments,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show how far one is until it has ended. May be left and begun again.
    ///
    /// Exit code: 0 done, 1 a session failed, 130 left with Ctrl-C; the backfill goes on then.
    ///
    /// Example:
    ///   himekuri backfills wait 3
    #[command(verbatim_doc_comment)]
    Wait(One),
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
    #[arg(value_parser = arguments::backfill)]
    backfill: u64,
    #[command(flatten)]
    list: ListArguments,
}

#[derive(Debug, Deserialize)]
struct BackfillList {
    backfills: Vec<Backfill>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (one, action) = match &arguments.action {
        None => return list(arguments).await,
        Some(Action::Wait(one)) => {
            return follow(&one.list.client(), one.backfill, one.list.json).await;
        }
        Some(Action::Pause(one)) => (one, "pause"),
        Some(Action::Resume(one)) => (one, "resume"),
        Some(Action::Kill(one)) => (one, "kill"),
    };
    let client = one.list.client();
    let path = format!("/v1/backfills/{}/{action}", one.backfill);
    let backfill: Backfill = client.call(client.post(&path)).await?;
    if one.list.json {
        return output::json_line(&backfill);
    }
    output::line(text(&[backfill], Target::of_output()));
    Ok(())
}

async fn list(arguments: &Arguments) -> anyhow::Result<()> {
    let client = arguments.list.client();
    if arguments.list.json {
        return all(&client).await?.iter().try_for_each(output::json_line);
    }
    let target = arguments.watch.target();
    let look = async || Ok(Look::for_now(text(&all(&client).await?, target)));
    arguments.watch.show(look).await
}

async fn all(client: &ApiClient) -> anyhow::Result<Vec<Backfill>> {
    let list: BackfillList = client.call(client.get("/v1/backfills")).await?;
    Ok(list.backfills)
}

fn text(backfills: &[Backfill], target: Target) -> String {
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
            Bytes(backfill.bytes_billed).to_string(),
            backfill.name.clone(),
        ]
    });
    let head = [
        "BACKFILL", "PROJECT", "WORKFLOW", "DATES", "STATE", "SESSIONS", "RUNNING", "SUCCESS",
        "ERROR", "BILLED", "NAME",
    ];
    output::table_text(head, rows, target)
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
