//! One upload of a project, in memory.

use himekuri_workflow::ProjectFiles;

/// A project's files with what names them.
#[derive(Clone, Debug)]
pub struct ProjectRevision {
    /// Project: the title.
    pub project: String,
    /// Hash of the files.
    pub revision: String,
    /// GCP project in which the title's jobs run.
    pub gcp_project: Option<String>,
    /// The files.
    pub files: ProjectFiles,
}
