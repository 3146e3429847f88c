//! One upload of a project, in memory.

use himekuri_workflow::ProjectFiles;

use crate::coordinator::StartError;

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

impl ProjectRevision {
    /// Makes sure that the files are those that somebody has looked at before asking.
    pub(crate) fn must_be(&self, expected: Option<&str>) -> Result<(), StartError> {
        match expected.filter(|expected| *expected != self.revision) {
            None => Ok(()),
            Some(expected) => Err(StartError::OtherRevision {
                project: self.project.clone(),
                pushed: self.revision.clone(),
                expected: expected.to_owned(),
            }),
        }
    }
}
