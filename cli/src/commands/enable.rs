//! `himekuri enable`, `disable` and `reschedule`: what a schedule starts by itself.

use himekuri_coordinator::ScheduleView;
use jiff::Timestamp;
use serde_json::json;

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::commands::projects::or_nearest;
use crate::output;

/// Keep a schedule from starting sessions. Those that run go on.
///
/// Example:
///   himekuri disable title_a summary
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DisableArguments {
    #[command(flatten)]
    which: Which,
}

/// Let a schedule go on that was disabled.
///
/// Sessions that were due meanwhile start as the schedule's `catch_up` says, or not at all with `--skip-missed`.
///
/// Example:
///   himekuri enable title_a summary --skip-missed
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct EnableArguments {
    #[command(flatten)]
    which: Which,
    /// Leave out what was due meanwhile.
    #[arg(long)]
    skip_missed: bool,
}

/// Leave out the sessions of a schedule before a time.
///
/// Example:
///   himekuri reschedule title_a summary --skip-to 2026-02-01T00:00:00+09:00
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RescheduleArguments {
    #[command(flatten)]
    which: Which,
    /// The first session that starts by itself.
    #[arg(long, value_name = "TIME", value_parser = time)]
    skip_to: Timestamp,
    /// When that one starts, if not at its own time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    run_at: Option<Timestamp>,
}

/// A schedule.
#[derive(Debug, clap::Args)]
struct Which {
    /// The title.
    project: String,
    /// The workflow.
    workflow: String,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn disable(arguments: &DisableArguments) -> anyhow::Result<()> {
    order(&arguments.which, "disable", None).await
}

pub(crate) async fn enable(arguments: &EnableArguments) -> anyhow::Result<()> {
    let body = json!({"skip_missed": arguments.skip_missed});
    order(&arguments.which, "enable", Some(body)).await
}

pub(crate) async fn reschedule(arguments: &RescheduleArguments) -> anyhow::Result<()> {
    let body = json!({"to": arguments.skip_to, "run_at": arguments.run_at});
    order(&arguments.which, "skip", Some(body)).await
}

async fn order(which: &Which, verb: &str, body: Option<serde_json::Value>) -> anyhow::Result<()> {
    let client = ApiClient::new(&which.coordinator.coordinator);
    let path = format!("/v1/schedules/{}/{}/{verb}", which.project, which.workflow);
    let request = match body {
        Some(body) => client.post(&path).json(&body),
        None => client.post(&path),
    };
    let view: ScheduleView = match client.call(request).await {
        Ok(view) => view,
        Err(error) => {
            return Err(or_nearest(&client, &which.project, Some(&which.workflow), error).await);
        }
    };
    if which.json {
        return output::json_line(&view);
    }
    output::line(sentence(&view));
    Ok(())
}

fn sentence(view: &ScheduleView) -> String {
    let schedule = &view.schedule;
    match (view.disabled_at, view.next_session_time.zip(view.next_run_time)) {
        (Some(_), _) => {
            format!("{schedule}: starts nothing until `himekuri enable`; what runs goes on")
        }
        (None, Some((session, run_time))) => {
            format!("{schedule}: session {session} is next, at {run_time}")
        }
        (None, None) => format!("{schedule}: has ended"),
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        "not a time; write it with its offset, such as 2026-02-01T00:00:00+09:00".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(disabled: bool, next: Option<&str>) -> ScheduleView {
        let next: Option<Timestamp> = next.map(|next| next.parse().unwrap());
        serde_json::from_value(json!({
            "schedule": "title_a/summary",
            "last_session_time": null,
            "next_session_time": next,
            "next_run_time": next,
            "disabled_at": disabled.then_some("2026-01-01T00:00:00Z"),
        }))
        .unwrap()
    }

    #[test]
    fn the_sentence_says_what_comes_next() {
        let next = Some("2026-02-01T00:00:00Z");

        assert_eq!(
            sentence(&view(false, next)),
            "title_a/summary: session 2026-02-01T00:00:00Z is next, at 2026-02-01T00:00:00Z"
        );
        assert!(sentence(&view(true, next)).contains("starts nothing until `himekuri enable`"));
        assert_eq!(sentence(&view(false, None)), "title_a/summary: has ended");
    }

    #[test]
    fn a_time_without_its_offset_is_refused_with_an_example() {
        assert!(time("2026-02-01").unwrap_err().contains("+09:00"));
        assert!(time("2026-02-01T00:00:00+09:00").is_ok());
    }
}
