//! `himekuri tasks`.

use console::Style;
use himekuri_engine::{TaskView, TreeStyle, render_views};
use jiff::Timestamp;
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::output;

/// Show the tasks of an attempt as a tree, with states, durations, destinations and errors.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  himekuri tasks 17                 # iterations that stand in a row and look alike are one line
  himekuri tasks 17 --all           # each iteration
  himekuri tasks 17 --json | jq 'select(.state == \"error\") | .name, .error'")]
pub(crate) struct Arguments {
    /// Number of the attempt, from `himekuri attempts`.
    attempt: u64,
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
    let request = client.get(&format!("/v1/attempts/{}/tasks", arguments.attempt));
    let list: TaskList = client.call(request).await?;
    if arguments.json {
        return list.tasks.iter().try_for_each(output::json_line);
    }
    let style = TreeStyle { now: Some(Timestamp::now()), fold: !arguments.all, paint: painted };
    output::line(render_views(&list.tasks, &style).trim_end());
    Ok(())
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
