//! `himekuri log`.

use std::collections::BTreeSet;
use std::time::Duration;

use himekuri_coordinator::LogLine;
use himekuri_workflow::did_you_mean;
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::{self, CoordinatorArguments};
use crate::output;

/// Pause between looks with `--follow`.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Show what was decided about the tasks of an attempt, and when: tries, jobs, figures, errors, retries.
///
/// Examples:
///   himekuri log 17
///   himekuri log 17 --task +access
///   himekuri log 17 -f
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Number of the attempt, from `himekuri attempts`.
    #[arg(value_parser = arguments::attempt)]
    attempt: u64,
    /// Only tasks whose full name has this in it.
    #[arg(long, value_name = "TEXT")]
    task: Option<String>,
    /// Go on until the attempt has ended.
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct LogPage {
    lines: Vec<LogLine>,
    running: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let path = format!("/v1/attempts/{}/log", arguments.attempt);
    let (mut after, mut is_quiet) = (0, true);
    let mut tasks = BTreeSet::new();
    loop {
        let request = client.get(&path).query(&[("after", after)]);
        let page: LogPage = client.call(request).await?;
        for line in &page.lines {
            after = line.number;
            if arguments.task.as_ref().is_some_and(|text| !line.task.contains(text)) {
                tasks.insert(line.task.clone());
                continue;
            }
            is_quiet = false;
            if arguments.json {
                output::json_line(line)?;
            } else {
                output::line(line.sentence());
            }
        }
        if !arguments.follow || !page.running {
            if let Some(text) = arguments.task.as_ref().filter(|_| is_quiet) {
                output::aside(none_of(text, &tasks));
            }
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Why nothing is shown.
fn none_of(text: &str, tasks: &BTreeSet<String>) -> String {
    // The last name is what people write of a full name.
    let names = tasks.iter().filter_map(|task| task.rfind('+').and_then(|from| task.get(from..)));
    let cure = match did_you_mean(text, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`himekuri tasks ATTEMPT` shows their names".to_owned(),
    };
    format!("nothing was decided about a task with `{text}` in its name; {cure}")
}
