//! A session that a `require>` waits for is started, or its attempt found.

use himekuri_engine::{RequiredAnswer, RequiredState, Requirement};
use himekuri_workflow::did_you_mean;

use super::{Coordinator, StartError};
use crate::driver::Command;
use crate::session::plan_session_at;
use crate::summary::{AttemptState, AttemptSummary, RequiredBy};

impl Coordinator {
    /// Looks once. `None`: the store could not be asked, and the next look may do better.
    pub(crate) async fn require(
        &self,
        by: RequiredBy,
        requirement: &Requirement,
    ) -> Option<RequiredAnswer> {
        match self.start_or_find(by, requirement).await {
            Ok(answer) => answer,
            Err(error) if error.is_passing() || matches!(error, StartError::Store(_)) => {
                let error: anyhow::Error = error.into();
                tracing::warn!(attempt.id = %by.attempt, "could not look for the session that attempt {} requires; it is looked for again: {error:#}", by.attempt);
                None
            }
            Err(error) => {
                let message = self.cannot_start(requirement, error).await;
                Some(RequiredAnswer::Refused { message })
            }
        }
    }

    async fn start_or_find(
        &self,
        by: RequiredBy,
        requirement: &Requirement,
    ) -> Result<Option<RequiredAnswer>, StartError> {
        if let Some(found) = self.find(by, requirement).await? {
            return Ok(Some(found));
        }
        let revision = self.revision(&requirement.project).await?;
        let workflow = Self::workflow_of(&revision, &requirement.workflow)?;
        let now = self.clock.now();
        let session = plan_session_at(&workflow, requirement.session_time, now)?;
        let summary = AttemptSummary {
            attempt_name: requirement.attempt_name.clone(),
            params: requirement.params.clone(),
            required_by: Some(by),
            ..AttemptSummary::new(&revision, &workflow.name, session, now)
        };
        let started = self.start_one(&revision, summary).await?;
        if !started.created {
            // Somebody was faster, or an earlier look of ours whose answer was lost.
            return self.find(by, requirement).await;
        }
        let (attempt, state) = (started.attempt, RequiredState::Running);
        Ok(Some(RequiredAnswer::Attempt { attempt, kicked: true, state }))
    }

    /// The attempt that counts, if the session has one of the name: digdag takes this one, or where no name was asked
    /// for, the session's last.
    async fn find(
        &self,
        by: RequiredBy,
        requirement: &Requirement,
    ) -> Result<Option<RequiredAnswer>, StartError> {
        let Requirement { project, workflow, session_time, attempt_name, .. } = requirement;
        let attempts = self.attempts_of(project, workflow, *session_time).await?;
        let named = attempts.iter().find(|attempt| attempt.attempt_name == *attempt_name);
        let counts = match named {
            Some(_) if attempt_name.is_empty() => attempts.first(),
            named => named,
        };
        let Some(counts) = counts else {
            return Ok(None);
        };
        if counts.state == AttemptState::Running {
            // Perhaps the answer to its creation was lost, and with it its beginning.
            let looked = self.commands.send(Command::Look(counts.attempt)).await;
            looked.map_err(|_| StartError::Stopping)?;
        }
        let kicked = attempts.iter().any(|attempt| attempt.required_by == Some(by));
        let (attempt, state) = (counts.attempt, state_of(counts));
        Ok(Some(RequiredAnswer::Attempt { attempt, kicked, state }))
    }

    /// Why nothing can be waited for, with what is there and near.
    async fn cannot_start(&self, requirement: &Requirement, error: StartError) -> String {
        let (wanted, known) = match &error {
            StartError::UnknownProject(project) => {
                let projects = self.projects().await.unwrap_or_default();
                (project, projects.into_iter().map(|project| project.name).collect())
            }
            StartError::UnknownWorkflow { workflow, known, .. } => {
                (workflow, known.split(", ").map(str::to_owned).collect::<Vec<_>>())
            }
            StartError::Compile(_)
            | StartError::Session(_)
            | StartError::Store(_)
            | StartError::Json(_)
            | StartError::Archive(_)
            | StartError::History(_)
            | StartError::NotInArchive { .. }
            | StartError::Unreadable(_)
            | StartError::Resume(_)
            | StartError::Replay(_)
            | StartError::UnknownRevision(_)
            | StartError::OtherRevision { .. }
            | StartError::TooManyDays { .. }
            | StartError::UnknownSchedule(_)
            | StartError::UnknownBackfill(_)
            | StartError::BackfillExists { .. }
            | StartError::BackfillOver(_)
            | StartError::NameTaken { .. }
            | StartError::Stopping => {
                let error: anyhow::Error = error.into();
                return format!("could not start {requirement}: {error:#}");
            }
        };
        match did_you_mean(wanted, known.iter().map(String::as_str)) {
            Some(near) => format!("{error}; did you mean `{near}`?"),
            None => error.to_string(),
        }
    }
}

fn state_of(attempt: &AttemptSummary) -> RequiredState {
    match attempt.state {
        AttemptState::Running => RequiredState::Running,
        AttemptState::Success => RequiredState::Success,
        AttemptState::Error | AttemptState::Canceled => {
            let message = attempt.error.clone().unwrap_or_else(|| "it is late".to_owned());
            RequiredState::Error { message }
        }
    }
}
