//! A project on the command line: a folder, its name, its workflows.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use himekuri_coordinator::{Checked, ProjectRevision, check};
use himekuri_project::{ProjectError, read_folder, revision_id};
use himekuri_workflow::{Severity, Workflow, did_you_mean};

use crate::diagnostics;
use crate::failure::SaidAlready;

/// Which project and workflow.
#[derive(Debug, Args)]
pub(crate) struct ProjectArguments {
    /// Folder of the project: the title's repository.
    #[arg(value_name = "PROJECT")]
    folder: PathBuf,
    /// Workflow; may be left out when the project has one only.
    #[arg(value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// GCP project in which the title's jobs run and its tables are.
    #[arg(long, value_name = "ID")]
    gcp_project: Option<String>,
}

/// A project that was read and checked.
pub(crate) struct LoadedProject {
    pub(crate) revision: ProjectRevision,
    pub(crate) workflow: Workflow,
}

impl ProjectArguments {
    /// Reads and checks the project; its problems are printed. `default_gcp_project` makes a GCP project from the name when
    /// none was given.
    pub(crate) fn load(
        &self,
        default_gcp_project: Option<fn(&str) -> String>,
    ) -> anyhow::Result<LoadedProject> {
        let mut revision = read(&self.folder)?;
        let given = self.gcp_project.clone();
        revision.gcp_project =
            given.or_else(|| default_gcp_project.map(|make| make(&revision.project)));
        let checked = check_and_print(&revision)?;
        let workflow = choose(self.workflow.as_deref(), &revision.project, checked.workflows)?;
        Ok(LoadedProject { revision, workflow })
    }

    /// Whether a GCP project was named.
    pub(crate) fn names_gcp_project(&self) -> bool {
        self.gcp_project.is_some()
    }
}

/// The GCP project of a title on a local warehouse: BigQuery's project ids have no `_`.
pub(crate) fn local_gcp_project(project: &str) -> String {
    project.to_lowercase().replace('_', "-")
}

/// The workflow that was asked for, or the only one.
pub(crate) fn choose(
    wanted: Option<&str>,
    project: &str,
    workflows: Vec<Workflow>,
) -> anyhow::Result<Workflow> {
    let names: Vec<String> = workflows.iter().map(|workflow| workflow.name.clone()).collect();
    let Some(wanted) = wanted else {
        let mut workflows = workflows.into_iter();
        return match (workflows.next(), workflows.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => bail!("`{project}` has no workflow: no `.dig` file in its top folder"),
            (Some(_), Some(_)) => {
                bail!("`{project}` has several workflows: {}; name one", names.join(", "))
            }
        };
    };
    let hint = did_you_mean(wanted, names.iter().map(String::as_str)).map_or_else(
        || format!("it has: {}", names.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    workflows
        .into_iter()
        .find(|workflow| workflow.name == wanted)
        .with_context(|| format!("`{project}` has no workflow `{wanted}`; {hint}"))
}

/// Reads a project's folder.
pub(crate) fn read(folder: &Path) -> anyhow::Result<ProjectRevision> {
    let files = match read_folder(folder) {
        Err(error @ ProjectError::Open { .. }) => return Err(not_opened(folder, error)),
        read => read?,
    };
    Ok(ProjectRevision {
        project: name_of(folder)?,
        revision: revision_id(&files),
        gcp_project: None,
        files,
    })
}

/// A folder that is not there, or is none: a misspelt one, or the name of a project in place of its folder.
pub(crate) fn not_opened(folder: &Path, error: ProjectError) -> anyhow::Error {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    let beside = std::fs::read_dir(above.unwrap_or_else(|| Path::new("."))).into_iter().flatten();
    let folders = beside.flatten().filter(|entry| entry.path().is_dir());
    let names: Vec<String> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let wanted = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let cure = match did_you_mean(&wanted, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{}`?", folder.with_file_name(near).display()),
        None => "give the folder of the title's repository".to_owned(),
    };
    let reason = std::error::Error::source(&error).map(|source| format!(" ({source})"));
    anyhow::anyhow!("{error}{}; {cure}", reason.unwrap_or_default())
}

/// Prints all problems; fails when one of them is an error.
pub(crate) fn check_and_print(revision: &ProjectRevision) -> anyhow::Result<Checked> {
    let checked = check(&revision.files)?;
    // A remark that nothing is wrong would come with every run.
    for problem in checked.problems.iter().filter(|problem| problem.severity != Severity::Info) {
        diagnostics::print(problem, &revision.files);
    }
    if checked.problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(SaidAlready.into());
    }
    Ok(checked)
}

/// A project is called as its folder.
pub(crate) fn name_of(folder: &Path) -> anyhow::Result<String> {
    let full = folder
        .canonicalize()
        .with_context(|| format!("could not open the project folder `{}`", folder.display()))?;
    let name = full.file_name().map(|name| name.to_string_lossy().into_owned());
    name.with_context(|| {
        format!("`{}` has no name; give the project's own folder", folder.display())
    })
}
