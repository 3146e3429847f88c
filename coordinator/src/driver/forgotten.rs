//! Tries that this leader knows of and the store does not: it lost its last seconds, and what was committed in them.
//!
//! Their jobs may run. Until the same try goes out again and meets its job, which it will as its job id is the same
//! (design D5), the job's partition is kept from other attempts. The attempt's own tasks pass, and those of older attempts
//! of its session: whatever they do before that try they have done already, and only meet their jobs again.
//!
//! Known by name: what the log has lost may come again under other ids. Known to nobody but this leader: a store that goes
//! back and a leader that dies are more than this can bear.

use himekuri_engine::{Attempt, Prepared, Record};
use himekuri_protocol::{AttemptId, TableReference, TaskId, TryNo};

use super::Driver;
use crate::summary::AttemptSummary;

/// A try that was out when the attempt's memory was dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutTry {
    task: TaskId,
    full_name: String,
    try_no: TryNo,
    destination: Option<TableReference>,
    /// Whether it has gone out more than once.
    is_again: bool,
}

impl OutTry {
    fn all(attempt: &Attempt) -> impl Iterator<Item = Self> + '_ {
        attempt.running().map(|(task, try_no, _)| Self {
            task: task.id,
            full_name: task.full_name.clone(),
            try_no,
            destination: task.destination.clone(),
            is_again: task.goes_again(),
        })
    }

    /// Whether a message of this try has gone out, if these records have not been committed.
    fn was_sent(&self, unsent: &[Record]) -> bool {
        let is_first = |record: &Record| {
            matches!(record, Record::Dispatched { task, try_no, .. }
                if *task == self.task && *try_no == self.try_no)
        };
        self.is_again || !unsent.iter().any(is_first)
    }

    /// Whether the attempt, as its log has it, is as far as this try or further.
    fn is_known_to(&self, attempt: &Attempt) -> bool {
        let is_out = |other: Self| other.full_name == self.full_name && other.try_no >= self.try_no;
        attempt.has_ended(self.task) || Self::all(attempt).any(is_out)
    }
}

impl Driver {
    /// Before an attempt's memory is dropped: notes what is out. It keeps its places until the attempt is read again. What
    /// was only decided, and not committed, is not out, unless the same try had gone out before.
    pub(super) fn note_out(&mut self, id: AttemptId, attempt: &Attempt, unsent: &[Record]) {
        let sent = OutTry::all(attempt).filter(|out| out.was_sent(unsent));
        self.out.entry(id).or_default().extend(sent);
    }

    /// An attempt was read again, or has lost all of its log: what it has out takes its places, and what it has forgotten
    /// its partitions.
    pub(super) fn take_places(
        &mut self,
        id: AttemptId,
        attempt: Option<(&Attempt, &AttemptSummary)>,
    ) {
        let mut forgotten = self.forgotten.get(&id).cloned().unwrap_or_default();
        forgotten.extend(self.out.get(&id).cloned().unwrap_or_default());
        self.forget(id);
        if let Some((attempt, summary)) = attempt {
            self.enter_dispatcher(id, summary);
            for (task, _, _) in attempt.running() {
                self.dispatcher.restore((id, task.id), task.demand());
            }
            forgotten.retain(|out| !out.is_known_to(attempt));
        }
        self.reserve(id, forgotten);
    }

    fn reserve(&mut self, id: AttemptId, forgotten: Vec<OutTry>) {
        for destination in forgotten.iter().filter_map(|out| out.destination.as_ref()) {
            self.dispatcher.reserve(destination);
        }
        if !forgotten.is_empty() {
            self.forgotten.insert(id, forgotten);
        }
    }

    /// A task whose attempt's own forgotten try keeps the partition goes out all the same; the try itself, or a later one
    /// of it, is forgotten no more.
    pub(super) fn meet_forgotten(&mut self, id: AttemptId, full_name: &str, prepared: &Prepared) {
        let demand = prepared.demand();
        let session = |id: AttemptId| self.live.get(&id).map(|live| live.summary.session_key());
        let passes = |of: AttemptId| of == id || of > id && session(of) == session(id);
        let is_kept = self.forgotten.iter().any(|(of, forgotten)| {
            forgotten.iter().any(|out| out.destination == demand.destination) && passes(*of)
        });
        if is_kept && demand.destination.is_some() {
            self.dispatcher.restore((id, prepared.task), demand);
        }
        let Some(forgotten) = self.forgotten.get_mut(&id) else { return };
        let met = |out: &mut OutTry| out.full_name == full_name && out.try_no <= prepared.try_no;
        let met: Vec<OutTry> = forgotten.extract_if(.., met).collect();
        for destination in met.iter().filter_map(|out| out.destination.as_ref()) {
            self.dispatcher.give_back(destination);
        }
    }

    /// An attempt is over, or is read again: it has no places any more.
    pub(super) fn forget(&mut self, id: AttemptId) {
        self.dispatcher.forget(id);
        self.out.remove(&id);
        for out in self.forgotten.remove(&id).unwrap_or_default() {
            if let Some(destination) = &out.destination {
                self.dispatcher.give_back(destination);
            }
        }
    }
}

/// What the messages of a task say beside its id, which may be another task's after such a loss.
pub(super) fn full_name(attempt: &Attempt, task: TaskId) -> Option<String> {
    attempt.task(task).map(|task| task.full_name.clone())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn out(is_again: bool) -> OutTry {
        OutTry {
            task: TaskId(3),
            full_name: "+wf+a".to_owned(),
            try_no: TryNo::FIRST,
            destination: None,
            is_again,
        }
    }

    fn dispatched(try_no: TryNo) -> Record {
        Record::Dispatched {
            task: TaskId(3),
            at: Timestamp::UNIX_EPOCH,
            try_no,
            destination: None,
            job: None,
            timeout_at: None,
        }
    }

    #[test]
    fn a_try_whose_only_dispatch_was_not_committed_was_never_sent() {
        assert!(!out(false).was_sent(&[dispatched(TryNo::FIRST)]));
        assert!(out(false).was_sent(&[dispatched(TryNo(2))]));
        assert!(out(false).was_sent(&[]));
    }

    #[test]
    fn a_try_that_was_about_to_go_out_again_was_sent() {
        assert!(out(true).was_sent(&[dispatched(TryNo::FIRST)]));
    }
}
