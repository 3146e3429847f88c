//! `himekuri tasks`.

use himekuri_engine::TaskView;
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::output;

/// List the tasks of an attempt.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Number of the attempt, from `himekuri attempts`.
    attempt: u64,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a line.
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
    let rows = list.tasks.into_iter().map(|task| {
        let tries = task.try_no.map(|try_no| try_no.to_string());
        [
            task.name,
            if task.resumed { format!("{} (resumed)", task.state) } else { task.state },
            tries.unwrap_or_default(),
            task.destination.unwrap_or_default(),
            task.error.unwrap_or_default(),
        ]
    });
    output::table(["TASK", "STATE", "TRY", "DESTINATION", "ERROR"], rows);
    Ok(())
}
