//! A project comes in.

use himekuri_project::Limits;
use himekuri_workflow::{Diagnostic, ProjectFiles, Severity};

use super::{Coordinator, GitState, ProjectRecord, PushError};
use crate::check::{Checked, check};

impl Coordinator {
    /// Checks and stores a project's archive; it is what sessions start from now on.
    ///
    /// # Errors
    /// See [`PushError`]; nothing is stored then.
    pub async fn push(
        &self,
        name: &str,
        archive: &[u8],
        gcp_project: Option<String>,
    ) -> Result<ProjectRecord, PushError> {
        self.push_commit(name, archive, gcp_project, None).await
    }

    /// The same, with what Git says of it.
    pub(crate) async fn push_commit(
        &self,
        name: &str,
        archive: &[u8],
        gcp_project: Option<String>,
        git: Option<GitState>,
    ) -> Result<ProjectRecord, PushError> {
        if !is_project_name(name) {
            return Err(PushError::Name { name: name.to_owned() });
        }
        let gcp_project = match gcp_project {
            Some(given) => given,
            None => self.earlier_gcp_project(name).await?,
        };
        let files =
            himekuri_project::unpack(archive, Limits::default()).map_err(PushError::Archive)?;
        let checked = check_aside(files.clone()).await?;
        let problems = checked.problems.into_iter();
        let errors: Vec<Diagnostic> =
            problems.filter(|problem| problem.severity == Severity::Error).collect();
        if !errors.is_empty() {
            return Err(PushError::Invalid(errors));
        }
        let revision = himekuri_project::revision_id(&files);
        // Packed anew: the archive is then the same for the same content, whoever made it.
        let archive = himekuri_project::pack(&files).map_err(PushError::Archive)?;
        self.store.put_revision(&revision, &archive).await.map_err(PushError::Store)?;
        let record = ProjectRecord {
            name: name.to_owned(),
            revision,
            gcp_project: Some(gcp_project),
            pushed_at: self.clock.now(),
            workflows: checked.workflows.into_iter().map(|workflow| workflow.name).collect(),
            git,
            paused: None,
        };
        let json = serde_json::to_string(&record).map_err(PushError::Json)?;
        self.store.put_project(name, &json).await.map_err(PushError::Store)?;
        let paused = self.pauses().await.map_err(PushError::Store)?.remove(name);
        Ok(ProjectRecord { paused, ..record })
    }

    /// A later push need not say it again.
    async fn earlier_gcp_project(&self, name: &str) -> Result<String, PushError> {
        let earlier = self.store.project(name).await.map_err(PushError::Store)?;
        let earlier: Option<ProjectRecord> = earlier
            .map(|record| serde_json::from_str(&record))
            .transpose()
            .map_err(PushError::Json)?;
        let known = earlier.and_then(|record| record.gcp_project);
        known.ok_or_else(|| PushError::NoGcpProject { name: name.to_owned() })
    }
}

/// Safe in a URL, a label and a task's log.
fn is_project_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && !name.is_empty()
        && name.chars().all(allowed)
}

/// Checks beside the runtime: it compiles every workflow and expression, and the lease must be renewed meanwhile.
async fn check_aside(files: ProjectFiles) -> Result<Checked, PushError> {
    let checked = tokio::task::spawn_blocking(move || check(&files)).await;
    checked.map_err(PushError::Check)?.map_err(PushError::Script)
}
