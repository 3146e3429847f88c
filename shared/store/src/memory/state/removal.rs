//! What leaves of finished attempts.

use super::{Attempt, State};
use crate::{AttemptId, AttemptState, Epoch, Kept, NewAttempt, StoreError};

/// What is gone of an attempt.
#[derive(Clone, Debug)]
pub(super) enum Removed {
    Nothing,
    /// The log; it is at this place.
    Log(String),
    /// The summary too.
    Summary(String),
}

impl Removed {
    /// Where the log is, if not here.
    pub(super) fn location(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Log(location) | Self::Summary(location) => Some(location),
        }
    }

    /// What lists may show.
    pub(super) fn summary<'a>(&self, request: &'a NewAttempt) -> Option<&'a String> {
        match self {
            Self::Nothing | Self::Log(_) => Some(&request.summary),
            Self::Summary(_) => None,
        }
    }

    fn kept(&self) -> Option<Kept> {
        match self {
            Self::Nothing => Some(Kept::Log),
            Self::Log(_) => Some(Kept::Summary),
            Self::Summary(_) => None,
        }
    }
}

impl State {
    pub(in crate::memory) fn session_attempts(
        &self,
        session_key: &str,
    ) -> Vec<(AttemptId, Option<String>)> {
        let ids = self.sessions.get(session_key).into_iter().flatten().rev();
        ids.filter_map(|id| Some((*id, summary(self.attempts.get(id)?)))).collect()
    }

    pub(in crate::memory) fn finished_attempts(
        &self,
        kept: Kept,
        after: AttemptId,
        limit: usize,
    ) -> Vec<(AttemptId, Option<String>)> {
        let above = self.attempts.iter().filter(|(id, found)| {
            **id > after
                && found.state == AttemptState::Finished
                && found.removed.kept() == Some(kept)
        });
        above.take(limit).map(|(id, found)| (*id, summary(found))).collect()
    }

    pub(in crate::memory) fn remove_log(
        &mut self,
        attempt: AttemptId,
        epoch: Epoch,
        archived_at: &str,
    ) -> Result<(), StoreError> {
        let target = self.removable(attempt, epoch)?;
        match (target.state, &target.removed) {
            (AttemptState::Active, _) => Err(StoreError::active(attempt)),
            (AttemptState::Finished, Removed::Nothing) => {
                target.removed = Removed::Log(archived_at.to_owned());
                (target.log, target.snapshot, target.outbox) = Default::default();
                Ok(())
            }
            (AttemptState::Finished, Removed::Log(_) | Removed::Summary(_)) => Ok(()),
        }
    }

    pub(in crate::memory) fn remove_summary(
        &mut self,
        attempt: AttemptId,
        epoch: Epoch,
    ) -> Result<(), StoreError> {
        let target = self.removable(attempt, epoch)?;
        match &target.removed {
            Removed::Nothing => Err(StoreError::not_archived(attempt)),
            Removed::Log(location) | Removed::Summary(location) => {
                target.removed = Removed::Summary(location.clone());
                Ok(())
            }
        }
    }

    fn removable(&mut self, attempt: AttemptId, epoch: Epoch) -> Result<&mut Attempt, StoreError> {
        let target =
            self.attempts.get_mut(&attempt).ok_or(StoreError::UnknownAttempt { attempt })?;
        if target.fence > epoch {
            return Err(StoreError::Fenced { epoch, by: target.fence });
        }
        Ok(target)
    }
}

fn summary(found: &Attempt) -> Option<String> {
    found.removed.summary(&found.request).cloned()
}
