//! Titles that somebody keeps from sending tasks out.

use std::collections::BTreeMap;

use himekuri_store::{RecordKind, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Coordinator, ProjectRecord, StartError};
use crate::driver::Command;

/// That a title is paused: schedules start its sessions, jobs that run go on to their end, and nothing else goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pause {
    /// Since when.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why a title is paused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    /// What for: those read it who wait for the title's data.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Coordinator {
    /// Pauses a title. One that is paused keeps the words of who paused it first.
    ///
    /// # Errors
    /// There is no such project, the store cannot be reached, or the coordinator is stopping.
    pub async fn pause(
        &self,
        title: &str,
        by: &str,
        request: PauseRequest,
    ) -> Result<ProjectRecord, StartError> {
        let project = self.project(title).await?;
        if project.paused.is_some() {
            return Ok(project);
        }
        let pause = Pause { at: self.now(), by: by.to_owned(), reason: request.reason };
        self.put_pause(title, Some(&pause)).await?;
        Ok(ProjectRecord { paused: Some(pause), ..project })
    }

    /// Lets a title go on.
    ///
    /// # Errors
    /// There is no such project, the store cannot be reached, or the coordinator is stopping.
    pub async fn resume(&self, title: &str) -> Result<ProjectRecord, StartError> {
        let project = self.project(title).await?;
        self.put_pause(title, None).await?;
        Ok(ProjectRecord { paused: None, ..project })
    }

    /// Titles that are paused. A record that cannot be read is of a newer version, and pauses all the same.
    pub(super) async fn pauses(&self) -> Result<BTreeMap<String, Pause>, StoreError> {
        let stored = self.store.records(RecordKind::Pause).await?;
        let unreadable = || Pause { at: self.now(), by: "somebody".to_owned(), reason: None };
        let read = |json: &str| serde_json::from_str(json).unwrap_or_else(|_| unreadable());
        Ok(stored.into_iter().map(|(title, json)| (title, read(&json))).collect())
    }

    /// Written down first: a leader that comes after us knows it.
    async fn put_pause(&self, title: &str, pause: Option<&Pause>) -> Result<(), StartError> {
        let json = pause.map(serde_json::to_string).transpose()?;
        self.store.put_record(self.epoch, RecordKind::Pause, title, json.as_deref()).await?;
        let command = Command::Pause { title: title.to_owned(), paused: pause.is_some() };
        self.commands.send(command).await.map_err(|_| StartError::Stopping)
    }
}
