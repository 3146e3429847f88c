//! `himekuri start`.

use himekuri_coordinator::{StartRequest, Started};
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::{CoordinatorArguments, ExpressionArguments, SessionArguments};
use crate::commands::projects::or_nearest;
use crate::cost::CostArguments;
use crate::failure::SaidAlready;
use crate::output;
use crate::pushed::{self, Asked};

/// Start sessions of a pushed workflow.
///
/// A session has one attempt; another one needs a name of its own (`--retry NAME`). Exit code 1 when a session had its
/// attempt already.
///
/// With a limit, BigQuery is first asked what the pushed files' queries would read. Above --max-cost, --max-bytes or the
/// daily budget of a table nothing starts, and the exit code is 3.
///
/// Examples:
///   himekuri start title_a summary --from 2019-09-02 --to 2019-09-08
///   himekuri start title_a summary --from 2019-09-02 --to 2019-09-08 --max-cost 5
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Project.
    project: String,
    /// Workflow.
    workflow: String,
    #[command(flatten)]
    sessions: SessionArguments,
    /// Name of a further attempt of sessions that have one.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    retry: String,
    #[command(flatten)]
    costs: CostArguments,
    #[command(flatten)]
    expressions: ExpressionArguments,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a line for each session.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct StartedList {
    started: Vec<Started>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let asked = Asked {
        project: &arguments.project,
        workflow: &arguments.workflow,
        sessions: &arguments.sessions,
        expressions: &arguments.expressions,
        costs: &arguments.costs,
    };
    let (project, workflow) = (asked.project, asked.workflow);
    let revision = match pushed::within_limits(&client, &asked).await {
        Ok(revision) => revision,
        Err(error) => return Err(or_nearest(&client, project, Some(workflow), error).await),
    };
    let request = StartRequest {
        project: arguments.project.clone(),
        workflow: arguments.workflow.clone(),
        sessions: arguments.sessions.sessions()?,
        params: arguments.sessions.params(),
        overrides: arguments.sessions.overrides(),
        attempt_name: arguments.retry.clone(),
        revision,
    };
    let list = client.call(client.post("/v1/attempts").json(&request)).await;
    let list: StartedList = match list {
        Ok(list) => list,
        Err(error) => return Err(or_nearest(&client, project, Some(workflow), error).await),
    };
    for started in &list.started {
        if arguments.json {
            output::json_line(started)?;
        } else {
            output::line(sentence(started));
        }
    }
    match list.started.iter().all(|started| started.created) {
        true => Ok(()),
        false => Err(SaidAlready.into()),
    }
}

fn sentence(started: &Started) -> String {
    let Started { attempt, session_local_time, .. } = started;
    if started.created {
        format!("attempt {attempt}: session {session_local_time} started")
    } else {
        format!(
            "attempt {attempt}: session {session_local_time} had it already; run it again with `--retry NAME`"
        )
    }
}
