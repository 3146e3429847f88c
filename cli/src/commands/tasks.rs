//! `himekuri tasks`.

use console::Style;
use himekuri_coordinator::{AttemptState, AttemptSummary};
use himekuri_engine::{TaskView, TreeStyle, render_views};
use jiff::Timestamp;
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::{self, CoordinatorArguments};
use crate::output;
use crate::watch::{Look, WatchArguments};

/// Show the tasks of an attempt as a tree, with states, durations, destinations and errors.
///
/// Iterations of a loop that stand in a row and look alike are one line; `--all` shows each.
///
/// Examples:
///   himekuri tasks 17
///   himekuri tasks 17 --all
///   himekuri tasks 17 --watch      until it has ended
///   himekuri tasks 17 --json | jq 'select(.state == "error") | .name, .error'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Number of the attempt, from `himekuri attempts`.
    #[arg(value_parser = arguments::attempt)]
    attempt: u64,
    #[command(flatten)]
    watch: WatchArguments,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// A line for each iteration, also of those that look alike.
    #[arg(long, conflicts_with = "json")]
    all: bool,
    /// One JSON object a line, for each task.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct TaskList {
    tasks: Vec<TaskView>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let path = format!("/v1/attempts/{}", arguments.attempt);
    if arguments.json {
        let TaskList { tasks } = client.call(client.get(&format!("{path}/tasks"))).await?;
        return tasks.iter().try_for_each(output::json_line);
    }
    let look = async || {
        // Asked first: the tasks of an attempt that has ended are all there.
        let attempt: AttemptSummary = client.call(client.get(&path)).await?;
        let TaskList { tasks } = client.call(client.get(&format!("{path}/tasks"))).await?;
        let style = TreeStyle { now: Some(Timestamp::now()), fold: !arguments.all, paint: painted };
        let text = render_views(&tasks, &style).trim_end().to_owned();
        Ok(Look { text, is_over: attempt.state != AttemptState::Running })
    };
    arguments.watch.show(look).await
}

/// In colour, if standard output takes it.
fn painted(state: &str) -> String {
    let style = match state {
        "success" => Style::new().green(),
        "error" | "group_error" => Style::new().red().bold(),
        "canceled" | "canceling" | "retry_waiting" => Style::new().yellow(),
        "running" | "waiting" | "requiring" => Style::new().cyan(),
        "blocked" => Style::new().dim(),
        _ => Style::new(),
    };
    style.apply_to(state).to_string()
}
