//! What time alone decides.

use himekuri_protocol::TaskId;
use jiff::Timestamp;

use crate::attempt::Attempt;
use crate::context::Context;
use crate::fold::ReplayError;
use crate::record::Record;
use crate::state::TaskState;

impl Attempt {
    /// Ends the waits that are over. Tasks that BigQuery could not be asked about are left for dispatch:
    /// [`Attempt::due_again`].
    ///
    /// # Errors
    /// A defect of the engine; the caller drops the attempt and replays its log.
    pub fn tick(
        &mut self,
        now: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Vec<Record>, ReplayError> {
        let mut records = Vec::new();
        for task in self.due(now, |state| matches!(state, TaskState::RetryWaiting { .. })) {
            let record = Record::Retried { task, at: now };
            self.apply(&record)?;
            records.push(record);
        }
        records.extend(self.advance(now, context)?);
        Ok(records)
    }

    /// Running tasks whose message goes out again now.
    #[must_use]
    pub fn due_again(&self, now: Timestamp) -> Vec<TaskId> {
        self.due(now, |state| matches!(state, TaskState::Running { .. }))
    }

    fn due(&self, now: Timestamp, wanted: impl Fn(&TaskState) -> bool) -> Vec<TaskId> {
        let timers = self.index.timers.iter().take_while(|(at, _)| *at <= now);
        timers
            .map(|(_, id)| *id)
            .filter(|id| self.task(*id).is_some_and(|task| wanted(&task.state)))
            .collect()
    }
}
