//! Sessions are started.

use himekuri_engine::Resume;
use himekuri_project::Limits;
use himekuri_store::{Creation, NewAttempt};
use himekuri_workflow::{Workflow, compile_workflow};

use super::{Coordinator, ProjectRecord, StartError, StartRequest, Started};
use crate::driver::{BeginAttempt, Command};
use crate::revision::ProjectRevision;
use crate::session::{SessionChoice, plan_sessions};
use crate::summary::AttemptSummary;
use crate::trace;

/// Days of one request: ten years and a bit.
const DAYS_MAX: i64 = 4_000;

/// Refuses ranges whose sessions would take long to plan.
pub(super) fn bounded(sessions: SessionChoice) -> Result<(), StartError> {
    let days = i64::from(sessions.from.until(sessions.to).map_or(i32::MAX, |span| span.get_days()));
    match days < DAYS_MAX {
        true => Ok(()),
        false => Err(StartError::TooManyDays { days: days.saturating_add(1), most: DAYS_MAX }),
    }
}

impl Coordinator {
    /// Starts the sessions of a workflow on the given dates, oldest first.
    ///
    /// # Errors
    /// See [`StartError`]. Sessions before the failing one are started; asking again finds them.
    pub async fn start(&self, request: &StartRequest) -> Result<Vec<Started>, StartError> {
        let revision = self.revision(&request.project).await?;
        revision.must_be(request.revision.as_deref())?;
        let workflow = Self::workflow_of(&revision, &request.workflow)?;
        let requested_at = self.clock.now();
        let mut started = Vec::new();
        bounded(request.sessions)?;
        for session in plan_sessions(&workflow, request.sessions, requested_at)? {
            let summary = AttemptSummary {
                attempt_name: request.attempt_name.clone(),
                params: request.params.clone(),
                overrides: request.overrides.clone(),
                ..AttemptSummary::new(&revision, &workflow.name, session, requested_at)
            };
            started.push(self.start_one(&revision, summary).await?);
        }
        Ok(started)
    }

    /// Starts one session, unless it already has an attempt of the summary's name.
    pub(crate) async fn start_one(
        &self,
        revision: &ProjectRevision,
        summary: AttemptSummary,
    ) -> Result<Started, StartError> {
        self.start_resumed(revision, summary, None).await
    }

    /// As `start_one`, with what the attempt takes over from an earlier one.
    pub(super) async fn start_resumed(
        &self,
        revision: &ProjectRevision,
        mut summary: AttemptSummary,
        resumed: Option<Box<Resume>>,
    ) -> Result<Started, StartError> {
        summary.trace = trace::of_new_attempt(self.trace_ratio);
        let session_time = summary.session_time;
        let session_local_time = summary.session_local_time.clone();
        let request = NewAttempt {
            session_key: summary.session_key(),
            attempt_name: summary.attempt_name.clone(),
            summary: serde_json::to_string(&summary)?,
        };
        let (attempt, number) = match self.store.create_attempt(self.epoch, &request).await? {
            Creation::Exists { attempt, number } => {
                // Perhaps the answer to its creation was lost, and with it its beginning.
                let looked = self.commands.send(Command::Look(attempt)).await;
                looked.map_err(|_| StartError::Stopping)?;
                return Ok(Started {
                    attempt,
                    number,
                    session_time,
                    session_local_time,
                    created: false,
                });
            }
            Creation::Created { attempt, number } => (attempt, number),
        };
        summary.attempt = attempt;
        let begin = BeginAttempt {
            attempt,
            number: u32::try_from(number).unwrap_or(u32::MAX).saturating_add(self.number_base),
            revision: revision.clone(),
            summary,
            resumed,
        };
        let sent = self.commands.send(Command::Begin(Box::new(begin))).await;
        sent.map_err(|_| StartError::Stopping)?;
        Ok(Started { attempt, number, session_time, session_local_time, created: true })
    }

    /// A workflow of a revision.
    pub(crate) fn workflow_of(
        revision: &ProjectRevision,
        name: &str,
    ) -> Result<Workflow, StartError> {
        let known = revision.files.workflow_names();
        if !known.contains(&name) {
            return Err(StartError::UnknownWorkflow {
                project: revision.project.clone(),
                workflow: name.to_owned(),
                known: known.join(", "),
            });
        }
        Ok(compile_workflow(&revision.files, name)?)
    }

    /// What was pushed last of a project.
    ///
    /// # Errors
    /// Nobody pushed it, or the store cannot be reached.
    pub async fn project(&self, name: &str) -> Result<ProjectRecord, StartError> {
        let unknown = || StartError::UnknownProject(name.to_owned());
        let record = self.store.project(name).await?.ok_or_else(unknown)?;
        let record: ProjectRecord = serde_json::from_str(&record)?;
        let paused = self.pauses().await?.remove(name);
        Ok(ProjectRecord { paused, ..record })
    }

    /// The archive of a revision.
    ///
    /// # Errors
    /// No such revision was pushed, or the store cannot be reached.
    pub async fn archive(&self, revision: &str) -> Result<Vec<u8>, StartError> {
        let archive = self.store.revision(revision).await?;
        archive.ok_or_else(|| StartError::UnknownRevision(revision.to_owned()))
    }

    /// What sessions of a project start from now.
    pub(super) async fn revision(&self, project: &str) -> Result<ProjectRevision, StartError> {
        self.revision_of(self.project(project).await?).await
    }

    /// The files of a pushed project.
    pub(crate) async fn revision_of(
        &self,
        record: ProjectRecord,
    ) -> Result<ProjectRevision, StartError> {
        let unknown = || StartError::UnknownProject(record.name.clone());
        let archive = self.store.revision(&record.revision).await?.ok_or_else(unknown)?;
        Ok(ProjectRevision {
            project: record.name,
            revision: record.revision,
            gcp_project: record.gcp_project,
            files: himekuri_project::unpack(&archive, Limits::default())?,
        })
    }
}
