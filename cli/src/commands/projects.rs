//! `himekuri projects`.

use anyhow::bail;
use himekuri_coordinator::ProjectRecord;
use himekuri_workflow::did_you_mean;

use crate::api_client::ApiClient;
use crate::arguments::ListArguments;
use crate::commands::pause;
use crate::{output, times};

/// List the pushed projects with what was pushed last.
///
/// Example:
///   himekuri projects
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(flatten)]
    list: ListArguments,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let projects = arguments.list.client().projects().await?;
    if arguments.list.json {
        return projects.iter().try_for_each(output::json_line);
    }
    let zone = times::machine_zone();
    let rows = projects.into_iter().map(|project| {
        [
            project.name,
            project.gcp_project.unwrap_or_default(),
            project.revision.chars().take(12).collect(),
            times::clock(project.pushed_at, &zone),
            project.workflows.join(", "),
            project.paused.as_ref().map(pause::sentence).unwrap_or_default(),
        ]
    });
    output::table(["PROJECT", "GCP PROJECT", "REVISION", "PUSHED", "WORKFLOWS", "NOTE"], rows);
    Ok(())
}

/// Makes sure that a project and a workflow of it, or of any, were pushed.
///
/// # Errors
/// One was not; the nearest name is told.
pub(super) fn known(
    projects: &[ProjectRecord],
    project: Option<&str>,
    workflow: Option<&str>,
) -> anyhow::Result<()> {
    let names = || projects.iter().map(|record| record.name.as_str());
    if let Some(project) = project.filter(|project| names().all(|name| name != *project)) {
        match did_you_mean(project, names()) {
            Some(near) => bail!("there is no project `{project}`; did you mean `{near}`?"),
            None => bail!("there is no project `{project}`; `himekuri projects` lists all of them"),
        }
    }
    let here = || projects.iter().filter(|record| project.is_none_or(|name| record.name == name));
    let names = || here().flat_map(|record| &record.workflows).map(String::as_str);
    if let Some(workflow) = workflow.filter(|workflow| names().all(|name| name != *workflow)) {
        match did_you_mean(workflow, names()) {
            Some(near) => bail!("there is no workflow `{workflow}`; did you mean `{near}`?"),
            None => {
                bail!("there is no workflow `{workflow}`; `himekuri workflows` lists all of them")
            }
        }
    }
    Ok(())
}

/// The error of a request about a project or a workflow of it. If one was never pushed: with the nearest name that was, as
/// far as the caller may see names.
pub(super) async fn or_nearest(
    client: &ApiClient,
    project: &str,
    workflow: Option<&str>,
    error: anyhow::Error,
) -> anyhow::Error {
    match client.projects().await {
        Ok(projects) => known(&projects, Some(project), workflow).err().unwrap_or(error),
        Err(_) => error,
    }
}
