//! `himekuri schedules`.

use jiff::Timestamp;

use crate::arguments::ListArguments;
use crate::output;

/// List schedules with their last and next session.
///
/// With `depends_on_previous: true`, a session whose time has come waits until the one before has succeeded; the attempt
/// that it waits for is named, and `himekuri retry` runs it again.
///
/// Example:
///   himekuri schedules
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(flatten)]
    list: ListArguments,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let schedules = arguments.list.client().schedules().await?;
    if arguments.list.json {
        return schedules.iter().try_for_each(output::json_line);
    }
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let rows = schedules.into_iter().map(|view| {
        let waits_for = view.waits_for.map(|waits_for| format!("attempt {}", waits_for.attempt));
        [
            view.schedule,
            time(view.last_session_time),
            time(view.next_session_time),
            match view.disabled_at {
                Some(_) => "disabled".to_owned(),
                None => time(view.next_run_time),
            },
            waits_for.unwrap_or_default(),
        ]
    });
    output::table(["SCHEDULE", "LAST SESSION", "NEXT SESSION", "RUNS AT", "WAITS FOR"], rows);
    Ok(())
}
