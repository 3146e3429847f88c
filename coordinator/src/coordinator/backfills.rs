//! Backfills are asked for, listed, paused, resumed and given up.

use std::collections::BTreeMap;
use std::sync::Arc;

use himekuri_engine::Config;
use himekuri_project::Limits;
use himekuri_store::RecordKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::start::bounded;
use super::{Coordinator, KillRequest, StartError};
use crate::backfill::{Backfill, BackfillOrder, BackfillState, Backfills};
use crate::revision::ProjectRevision;
use crate::session::{SessionChoice, plan_sessions, schedule_of};

/// Sessions to run a few at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BackfillRequest {
    /// Project.
    pub project: String,
    /// Workflow.
    pub workflow: String,
    /// Session dates.
    #[serde(flatten)]
    pub sessions: SessionChoice,
    /// Which sessions come first.
    #[serde(default)]
    pub order: BackfillOrder,
    /// How many sessions may run at once.
    #[serde(default = "one")]
    pub concurrency: u32,
    /// `-p`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub params: Config,
    /// `--override`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub overrides: Config,
    /// Name of the attempts; a unique one if there is none.
    #[serde(default)]
    pub attempt_name: Option<String>,
    /// Says what would run, and begins nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Hash of the files that the caller has looked at: with others nothing begins.
    #[serde(default)]
    pub revision: Option<String>,
}

/// digdag's: one session after another.
fn one() -> u32 {
    1
}

/// A backfill that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BackfillPlan {
    /// The backfill; number 0 if it was only planned.
    pub backfill: Backfill,
    /// Its sessions in its order, in the workflow's zone.
    pub sessions: Vec<String>,
}

/// What somebody wants of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackfillAction {
    /// Starts nothing more until it is resumed.
    Pause,
    /// Goes on.
    Resume,
    /// Gives up what has not started, and kills what runs.
    Kill,
}

impl Coordinator {
    /// Begins a backfill. Its sessions start with the next look of the [`crate::Backfiller`].
    ///
    /// # Errors
    /// See [`StartError`]. Nothing is begun if a session has an attempt of the backfill's name.
    pub async fn backfill(&self, request: &BackfillRequest) -> Result<BackfillPlan, StartError> {
        let revision = self.revision(&request.project).await?;
        revision.must_be(request.revision.as_deref())?;
        let workflow = Self::workflow_of(&revision, &request.workflow)?;
        let now = self.now();
        bounded(request.sessions)?;
        let mut sessions = plan_sessions(&workflow, request.sessions, now)?;
        if request.order == BackfillOrder::NewestFirst {
            sessions.reverse();
        }
        let schedule = schedule_of(&workflow)?;
        let depends = schedule.is_some_and(|schedule| schedule.depends_on_previous());
        let name = request.attempt_name.clone().filter(|name| !name.is_empty());
        let given = name.is_some();
        let mut backfill = Backfill {
            id: 0,
            name: name.unwrap_or_else(|| Uuid::now_v7().to_string()),
            project: revision.project.clone(),
            revision: revision.revision.clone(),
            gcp_project: revision.gcp_project.clone(),
            workflow: workflow.name.clone(),
            dates: request.sessions,
            order: request.order,
            concurrency: request.concurrency.max(1),
            depends_on_previous: depends && request.order == BackfillOrder::OldestFirst,
            params: request.params.clone(),
            overrides: request.overrides.clone(),
            requested_at: now,
            state: BackfillState::Running,
            sessions: sessions.len(),
            started: 0,
            running: Vec::new(),
            succeeded: 0,
            failed: 0,
            bytes_billed: 0,
            last: None,
            waits_for: None,
        };
        let mut known = self.backfills.known.lock().await;
        let known = self.known_backfills(&mut known).await?;
        if given {
            let is_same = |other: &&Backfill| {
                (&other.project, &other.workflow, &other.name)
                    == (&backfill.project, &backfill.workflow, &backfill.name)
            };
            if let Some(other) = known.values().find(is_same) {
                return Err(StartError::BackfillExists { name: backfill.name, id: other.id });
            }
            for session in &sessions {
                let attempts =
                    self.attempts_of(&backfill.project, &backfill.workflow, session.session_time);
                let taken = attempts.await?;
                if let Some(taken) = taken.iter().find(|taken| taken.attempt_name == backfill.name)
                {
                    return Err(StartError::NameTaken {
                        name: backfill.name,
                        session: session.local_time.clone(),
                        attempt: taken.attempt,
                    });
                }
            }
        }
        let local_times = sessions.into_iter().map(|session| session.local_time).collect();
        if !request.dry_run {
            backfill.id = known.keys().next_back().map_or(1, |last| last.saturating_add(1));
            self.put_backfill(&backfill).await?;
            known.insert(backfill.id, backfill.clone());
            self.backfills.attempt_ended();
        }
        Ok(BackfillPlan { backfill, sessions: local_times })
    }

    /// All backfills, newest first.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn backfills(&self) -> Result<Vec<Backfill>, StartError> {
        let mut known = self.backfills.known.lock().await;
        let known = self.known_backfills(&mut known).await?;
        Ok(known.values().rev().cloned().collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// There is no such backfill, or the store cannot be reached.
    pub(crate) async fn one_backfill(&self, id: u64) -> Result<Backfill, StartError> {
        let mut known = self.backfills.known.lock().await;
        let known = self.known_backfills(&mut known).await?;
        known.get(&id).cloned().ok_or(StartError::UnknownBackfill(id))
    }

    /// Pauses, resumes or kills a backfill; one that is so already stays so. Of a killed one, the attempts that run are
    /// killed as well.
    ///
    /// # Errors
    /// There is no such backfill, or it is over. One that could not be killed in full may be killed again.
    pub async fn change_backfill(
        &self,
        id: u64,
        action: BackfillAction,
    ) -> Result<Backfill, StartError> {
        let changed = self.write_down(id, action).await?;
        if action == BackfillAction::Kill {
            let request = KillRequest { by: Some(format!("backfill {id}")) };
            for running in &changed.running {
                self.kill(running.attempt, &request).await?;
            }
        }
        Ok(changed)
    }

    async fn write_down(&self, id: u64, action: BackfillAction) -> Result<Backfill, StartError> {
        let mut known = self.backfills.known.lock().await;
        let known = self.known_backfills(&mut known).await?;
        let before = known.get(&id).ok_or(StartError::UnknownBackfill(id))?;
        let state = match (before.state, action) {
            (BackfillState::Running | BackfillState::Paused, BackfillAction::Pause) => {
                BackfillState::Paused
            }
            (BackfillState::Running | BackfillState::Paused, BackfillAction::Resume) => {
                BackfillState::Running
            }
            (
                BackfillState::Running | BackfillState::Paused | BackfillState::Killed,
                BackfillAction::Kill,
            ) => BackfillState::Killed,
            (BackfillState::Done, _)
            | (BackfillState::Killed, BackfillAction::Pause | BackfillAction::Resume) => {
                return Err(StartError::BackfillOver(id));
            }
        };
        let after = Backfill { state, ..before.clone() };
        self.put_backfill(&after).await?;
        known.insert(id, after.clone());
        self.backfills.attempt_ended();
        Ok(after)
    }

    pub(crate) fn shared_backfills(&self) -> Arc<Backfills> {
        Arc::clone(&self.backfills)
    }

    /// What is remembered; read from the store the first time.
    pub(crate) async fn known_backfills<'a>(
        &self,
        known: &'a mut Option<BTreeMap<u64, Backfill>>,
    ) -> Result<&'a mut BTreeMap<u64, Backfill>, StartError> {
        if known.is_none() {
            let stored = self.store.records(RecordKind::Backfill).await?;
            let parsed = stored.iter().map(|(_, json)| {
                let backfill: Backfill = serde_json::from_str(json)?;
                Ok((backfill.id, backfill))
            });
            *known = Some(parsed.collect::<Result<_, serde_json::Error>>()?);
        }
        Ok(known.get_or_insert_default())
    }

    pub(crate) async fn put_backfill(&self, backfill: &Backfill) -> Result<(), StartError> {
        let json = serde_json::to_string(backfill)?;
        let key = backfill.id.to_string();
        Ok(self.store.put_record(self.epoch, RecordKind::Backfill, &key, Some(&json)).await?)
    }

    pub(crate) async fn backfill_revision(
        &self,
        backfill: &Backfill,
    ) -> Result<ProjectRevision, StartError> {
        let revision = &backfill.revision;
        let archive = self.store.revision(revision).await?;
        let archive = archive.ok_or_else(|| StartError::UnknownRevision(revision.clone()))?;
        Ok(ProjectRevision {
            project: backfill.project.clone(),
            revision: revision.clone(),
            gcp_project: backfill.gcp_project.clone(),
            files: himekuri_project::unpack(&archive, Limits::default())?,
        })
    }
}
