//! `himekuri pause` and `resume`: a title that sends nothing out for a while.

use himekuri_coordinator::{Pause, PauseRequest, ProjectRecord};
use reqwest::RequestBuilder;

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::commands::projects;
use crate::{output, times};

/// Keep all tasks of a title from starting.
///
/// Jobs that run go on to their end, and schedules start sessions, whose tasks wait. Other titles are not held up. The pause
/// lasts until `himekuri resume`, whatever is restarted meanwhile; `himekuri status` shows it.
///
/// Example:
///   himekuri pause title_a --reason 'the logs of today come again at 10:00'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PauseArguments {
    #[command(flatten)]
    which: Which,
    /// What for: those read it who wait for the title's data.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Let a title go on that was paused.
///
/// Example:
///   himekuri resume title_a
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    which: Which,
}

/// A title.
#[derive(Debug, clap::Args)]
struct Which {
    /// The title.
    project: String,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn pause(arguments: &PauseArguments) -> anyhow::Result<()> {
    let which = &arguments.which;
    let client = ApiClient::new(&which.coordinator.coordinator);
    let body = PauseRequest { reason: arguments.reason.clone() };
    let request = client.post(&format!("/v1/projects/{}/pause", which.project)).json(&body);
    told(which, asked(&client, which, request).await?)
}

pub(crate) async fn resume(arguments: &ResumeArguments) -> anyhow::Result<()> {
    let which = &arguments.which;
    let client = ApiClient::new(&which.coordinator.coordinator);
    let request = client.post(&format!("/v1/projects/{}/resume", which.project));
    told(which, asked(&client, which, request).await?)
}

/// A title of a similar name is told, if there is none of this one.
async fn asked(
    client: &ApiClient,
    which: &Which,
    request: RequestBuilder,
) -> anyhow::Result<ProjectRecord> {
    match client.call(request).await {
        Ok(project) => Ok(project),
        Err(error) => Err(projects::or_nearest(client, &which.project, None, error).await),
    }
}

fn told(which: &Which, project: ProjectRecord) -> anyhow::Result<()> {
    if which.json {
        return output::json_line(&project);
    }
    let name = &project.name;
    output::line(match &project.paused {
        Some(pause) => format!(
            "{name}: {}\njobs that run go on; `himekuri resume {name}` lets the rest go on",
            sentence(pause)
        ),
        None => format!("{name}: goes on"),
    });
    Ok(())
}

/// Who paused a title, since when and why.
pub(super) fn sentence(pause: &Pause) -> String {
    let since = times::full_clock(pause.at, &times::machine_zone());
    let reason = pause.reason.as_ref().map(|reason| format!(": {reason}"));
    format!("paused by {} since {since}{}", pause.by, reason.unwrap_or_default())
}
