//! `himekuri backfills`.

use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use himekuri_coordinator::{Backfill, BackfillState};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::failure::SaidAlready;
use crate::output;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Dates that are done, their rate, and how long the rest will take.
const BAR: &str = "{bar:30} {pos}/{len} sessions, {per_sec}, {eta} to go; {msg}";

/// List backfills, newest first; pause, resume or kill one.
///
/// Examples:
///   himekuri backfills
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
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show how far one is until it has ended. May be left and begun again. Exit code 1 when a session failed.
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
        Some(Action::Wait(one)) => return wait(one).await,
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
    show(&all(&client).await?, common.json)
}

async fn all(client: &ApiClient) -> anyhow::Result<Vec<Backfill>> {
    let list: BackfillList = client.call(client.get("/v1/backfills")).await?;
    Ok(list.backfills)
}

async fn wait(one: &One) -> anyhow::Result<()> {
    let client = ApiClient::new(&one.common.coordinator.coordinator);
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(BAR)?);
    let ended = loop {
        let found = all(&client).await?.into_iter().find(|found| found.id == one.backfill);
        let backfill = found.with_context(|| {
            format!("there is no backfill {}; `himekuri backfills` lists them", one.backfill)
        })?;
        bar.set_length(backfill.sessions as u64);
        bar.set_position((backfill.succeeded + backfill.failed) as u64);
        bar.set_message(format!(
            "{}: {} running, {} failed",
            state(&backfill),
            backfill.running.len(),
            backfill.failed
        ));
        let is_over = matches!(backfill.state, BackfillState::Done | BackfillState::Killed);
        if is_over && backfill.running.is_empty() {
            break backfill;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    bar.finish_and_clear();
    if one.common.json {
        output::json_line(&ended)?;
    } else {
        output::line(sentence(&ended));
    }
    if ended.failed > 0 { Err(SaidAlready.into()) } else { Ok(()) }
}

fn sentence(backfill: &Backfill) -> String {
    let Backfill { id, sessions, succeeded, failed, .. } = backfill;
    let not_begun = sessions.saturating_sub(succeeded + failed);
    let mut text = format!(
        "backfill {id} is {}: {succeeded} of {sessions} sessions succeeded",
        state(backfill)
    );
    if *failed > 0 {
        text = format!("{text}, {failed} did not; `himekuri attempts` lists them");
    }
    if not_begun > 0 {
        text = format!("{text}, {not_begun} never began");
    }
    text
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
