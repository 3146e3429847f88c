//! A project as the pool has it.

use anyhow::{Context, ensure};
use himekuri_coordinator::{ProjectRecord, ProjectRevision, check};
use himekuri_project::{Limits, revision_id, unpack};

use crate::api_client::ApiClient;
use crate::arguments::{ExpressionArguments, SessionArguments};
use crate::cost::{self, CostArguments};
use crate::project::{LoadedProject, choose};

/// Sessions that somebody wants to run.
pub(crate) struct Asked<'a> {
    pub(crate) project: &'a str,
    pub(crate) workflow: &'a str,
    pub(crate) sessions: &'a SessionArguments,
    pub(crate) expressions: &'a ExpressionArguments,
    pub(crate) costs: &'a CostArguments,
}

/// Makes sure that sessions cost no more than they may; the revision that was measured, if there is a limit.
///
/// # Errors
/// As [`cost::guard`] and [`fetch`].
pub(crate) async fn within_limits(
    client: &ApiClient,
    asked: &Asked<'_>,
) -> anyhow::Result<Option<String>> {
    if !asked.costs.has_limit() {
        return Ok(None);
    }
    let project = fetch(client, asked.project, asked.workflow).await?;
    let plan = cost::collect(&project, asked.sessions, asked.expressions)?;
    cost::guard(asked.costs, &project, &plan).await?;
    Ok(Some(project.revision.revision))
}

/// Fetches the files that were pushed last: what is planned from them is what the pool would run.
///
/// # Errors
/// The coordinator cannot be reached, or there is no such project or workflow.
pub(crate) async fn fetch(
    client: &ApiClient,
    project: &str,
    workflow: &str,
) -> anyhow::Result<LoadedProject> {
    let record: ProjectRecord = client.call(client.get(&format!("/v1/projects/{project}"))).await?;
    let request = client.get(&format!("/v1/revisions/{}", record.revision));
    let archive = client.bytes(request.query(&[("project", &record.name)])).await?;
    let files = unpack(&archive, Limits::default())
        .with_context(|| format!("could not read the archive of `{project}`"))?;
    // Another version of this program could pack or name files otherwise.
    ensure!(
        revision_id(&files) == record.revision,
        "the coordinator's files of `{project}` are not those of revision {}; use the `himekuri` of the coordinator's version",
        record.revision
    );
    let workflows = check(&files)?.workflows;
    let workflow = choose(Some(workflow), project, workflows)?;
    let revision = ProjectRevision {
        project: record.name,
        revision: record.revision,
        gcp_project: record.gcp_project,
        files,
    };
    Ok(LoadedProject { revision, workflow })
}

/// Makes sure that a project is the one that the coordinator spoke of.
///
/// # Errors
/// Somebody pushed it meanwhile.
pub(crate) fn must_be(project: &LoadedProject, revision: &str) -> anyhow::Result<()> {
    let LoadedProject { revision: found, .. } = project;
    ensure!(found.revision == revision, "somebody pushed `{}` meanwhile; ask again", found.project);
    Ok(())
}
