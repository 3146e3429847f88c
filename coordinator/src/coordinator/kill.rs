//! An attempt is killed.

use himekuri_protocol::AttemptId;
use himekuri_store::AttemptFilter;
use tokio::sync::oneshot;

use super::{Coordinator, KillRequest, Killed, StartError};
use crate::driver::{Command, KillAnswer, KillCommand};
use crate::summary::{AttemptState, AttemptSummary};

impl Coordinator {
    /// Kills an attempt: nothing of it begins any more, and its jobs are cancelled. Answers when that is written down, and
    /// before the jobs are over. An attempt that has ended stays as it is.
    ///
    /// # Errors
    /// There is no such attempt, it cannot be read, or the coordinator is stopping.
    pub async fn kill(
        &self,
        attempt: AttemptId,
        request: &KillRequest,
    ) -> Result<Killed, StartError> {
        let not_killed = |state| Killed { attempt, killed: false, state, canceling: Vec::new() };
        let state = self.attempt(attempt).await?.state;
        if state != AttemptState::Running {
            return Ok(not_killed(state));
        }
        let (sender, answer) = oneshot::channel();
        let command = KillCommand::new(attempt, request.by.clone(), sender);
        let sent = self.commands.send(Command::Kill(command)).await;
        sent.map_err(|_| StartError::Stopping)?;
        match answer.await.map_err(|_| StartError::Stopping)? {
            KillAnswer::Killed { now, canceling, ended } => {
                let state = if ended { AttemptState::Canceled } else { AttemptState::Running };
                Ok(Killed { attempt, killed: now, state, canceling })
            }
            KillAnswer::NotRunning => Ok(not_killed(self.attempt(attempt).await?.state)),
            KillAnswer::Unreadable => Err(StartError::Unreadable(attempt)),
        }
    }

    /// One attempt; also one that lists do not show any more.
    ///
    /// # Errors
    /// There is no such attempt, or the store or the archive cannot be reached.
    pub async fn attempt(&self, attempt: AttemptId) -> Result<AttemptSummary, StartError> {
        let before = Some(AttemptId(attempt.0.saturating_add(1)));
        let filter = AttemptFilter { before, limit: 1, ..AttemptFilter::default() };
        let found = self.store.attempts(&filter).await?;
        let found = found.into_iter().find(|(found, _)| *found == attempt);
        let Some((_, json)) = found else {
            return self.forgotten(attempt).await;
        };
        let summary: AttemptSummary = serde_json::from_str(&json)?;
        Ok(AttemptSummary { attempt, ..summary })
    }
}
