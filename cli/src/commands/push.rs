//! `himekuri push`.

use std::path::PathBuf;

use anyhow::Context;
use himekuri_coordinator::ProjectRecord;

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::{git, output, project};

/// Check a project and upload it; sessions started from now on use it.
///
/// Example:
///   himekuri push examples/title_a --gcp-project title-a
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Folder of the project; it is called as its folder.
    #[arg(value_name = "PROJECT")]
    folder: PathBuf,
    /// GCP project in which the title's jobs run and its tables are; needed once, later pushes keep it.
    #[arg(long, value_name = "ID")]
    gcp_project: Option<String>,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let revision = project::read(&arguments.folder)?;
    project::check_and_print(&revision)?;
    let archive = himekuri_project::pack(&revision.files).context("could not pack the project")?;
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let mut request = client.put(&format!("/v1/projects/{}", revision.project)).body(archive);
    if let Some(gcp_project) = &arguments.gcp_project {
        request = request.query(&[("gcp_project", gcp_project)]);
    }
    if let Some(git) = git::state_of(&arguments.folder) {
        if git.dirty {
            output::aside(
                "some of these files are not as committed; the revision has them as they are",
            );
        }
        request = request.header("himekuri-git", serde_json::to_string(&git)?);
    }
    let pushed: ProjectRecord = client.call(request).await?;
    if arguments.json {
        return output::json_line(&pushed);
    }
    let short = pushed.revision.get(..12).unwrap_or(&pushed.revision);
    output::line(format!(
        "pushed {} revision {short}: {}",
        pushed.name,
        pushed.workflows.join(", ")
    ));
    Ok(())
}
