//! The session of an ended attempt runs again, whole or from where it stopped.

use himekuri_engine::{Attempt, Config, Record, Resume, ResumeError};
use himekuri_project::Limits;
use himekuri_protocol::AttemptId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Coordinator, StartError, Started};
use crate::history::History;
use crate::revision::ProjectRevision;
use crate::session::StartedBy;
use crate::summary::{AttemptState, AttemptSummary};

/// Another attempt of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RetryRequest {
    /// What runs.
    pub mode: RetryMode,
    /// Of which files.
    #[serde(default)]
    pub revision: RetryRevision,
    /// `-p`, over those of the earlier attempt.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub params: Config,
    /// `--override`, over those of the earlier attempt.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub overrides: Config,
    /// Name of the new attempt; a unique one if there is none.
    #[serde(default)]
    pub attempt_name: Option<String>,
}

/// What a retry runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryMode {
    /// Everything.
    All,
    /// What did not succeed.
    Resume,
    /// The task whose full name ends so, and what does not come before it.
    ResumeFrom(String),
}

/// Whose files a retry runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryRevision {
    /// Those of the earlier attempt.
    #[default]
    Keep,
    /// Those pushed last.
    Latest,
    /// Those of a revision, by its hash.
    Revision(String),
}

/// The attempt that another one retries: after a crash, the new one begins from this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetryOf {
    /// The earlier attempt.
    pub attempt: AttemptId,
    /// What runs.
    pub mode: RetryMode,
}

impl Coordinator {
    /// Starts another attempt of an ended attempt's session. It has the same times and parameters; what it skips is in its
    /// first record.
    ///
    /// # Errors
    /// See [`StartError`]: above all, the attempt still runs, or there is nothing to resume.
    pub async fn retry(
        &self,
        attempt: AttemptId,
        request: &RetryRequest,
    ) -> Result<Started, StartError> {
        let earlier = self.attempt(attempt).await?;
        if earlier.state == AttemptState::Running {
            return Err(ResumeError::NotEnded(attempt).into());
        }
        let revision = self.retried_revision(&earlier, &request.revision).await?;
        // It must have the workflow, and it must compile.
        Self::workflow_of(&revision, &earlier.workflow)?;
        let retry_of = RetryOf { attempt, mode: request.mode.clone() };
        let resumed = resume_of(&self.history, &retry_of).await?;
        let name = request.attempt_name.clone().filter(|name| !name.is_empty());
        let started_by = match earlier.started_by {
            // Still behind what people and schedules wait for, and still without `sla`.
            StartedBy::Backfill => StartedBy::Backfill,
            StartedBy::Request | StartedBy::Schedule => StartedBy::Request,
        };
        let summary = AttemptSummary {
            params: merged(&earlier.params, &request.params),
            overrides: merged(&earlier.overrides, &request.overrides),
            attempt_name: name.unwrap_or_else(|| Uuid::now_v7().to_string()),
            required_by: None,
            retry_of: Some(retry_of),
            last_executed_session_time: earlier.last_executed_session_time,
            ..AttemptSummary::new(
                &revision,
                &earlier.workflow,
                crate::session::SessionPlan { started_by, ..earlier.session() },
                self.now(),
            )
        };
        self.start_resumed(&revision, summary, resumed).await
    }

    async fn retried_revision(
        &self,
        earlier: &AttemptSummary,
        choice: &RetryRevision,
    ) -> Result<ProjectRevision, StartError> {
        let revision = match choice {
            RetryRevision::Latest => return self.revision(&earlier.project).await,
            RetryRevision::Keep => &earlier.revision,
            RetryRevision::Revision(revision) => revision,
        };
        let archive = self.store.revision(revision).await?;
        let archive = archive.ok_or_else(|| StartError::UnknownRevision(revision.clone()))?;
        Ok(ProjectRevision {
            project: earlier.project.clone(),
            revision: revision.clone(),
            gcp_project: earlier.gcp_project.clone(),
            files: himekuri_project::unpack(&archive, Limits::default())?,
        })
    }
}

/// What a new attempt takes over, from the log and the files of the earlier one, which may be archived.
pub(crate) async fn resume_of(
    history: &History,
    retry: &RetryOf,
) -> Result<Option<Box<Resume>>, StartError> {
    if retry.mode == RetryMode::All {
        return Ok(None);
    }
    let log = history.log(retry.attempt).await?;
    if log.is_empty() {
        tracing::warn!(attempt.id = %retry.attempt, "the log of attempt {} is lost: its retry runs everything", retry.attempt);
        return Ok(None);
    }
    let log = log.iter().map(|record| serde_json::from_str::<Record>(record));
    let earlier = Attempt::replay(log.collect::<Result<Vec<_>, _>>()?)?;
    let revision = &earlier.started().revision;
    let archive = history.store.revision(revision).await?;
    let archive = archive.ok_or_else(|| StartError::UnknownRevision(revision.clone()))?;
    let files = himekuri_project::unpack(&archive, Limits::default())?;
    Ok(Some(Box::new(match &retry.mode {
        RetryMode::All => return Ok(None),
        RetryMode::Resume => earlier.resume_all(&files)?,
        RetryMode::ResumeFrom(pattern) => earlier.resume_from(pattern, &files)?,
    })))
}

fn merged(below: &Config, above: &Config) -> Config {
    let mut merged = below.clone();
    merged.extend(above.clone());
    merged
}
