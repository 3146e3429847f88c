//! `himekuri schedules`.

use himekuri_coordinator::ScheduleView;
use jiff::Timestamp;
use serde::Deserialize;

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::output;

/// List schedules with their last and next session.
///
/// With `depends_on_previous: true`, a session whose time has come waits until the one before has succeeded; the attempt
/// that it waits for is named, and `himekuri retry` runs it again.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct ScheduleList {
    schedules: Vec<ScheduleView>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let list: ScheduleList = client.call(client.get("/v1/schedules")).await?;
    if arguments.json {
        return list.schedules.iter().try_for_each(output::json_line);
    }
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let rows = list.schedules.into_iter().map(|view| {
        let waits_for = view.waits_for.map(|waits_for| format!("attempt {}", waits_for.attempt));
        [
            view.schedule,
            time(view.last_session_time),
            time(view.next_session_time),
            time(view.next_run_time),
            waits_for.unwrap_or_default(),
        ]
    });
    output::table(["SCHEDULE", "LAST SESSION", "NEXT SESSION", "RUNS AT", "WAITS FOR"], rows);
    Ok(())
}
