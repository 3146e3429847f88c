//! Sends ready tasks out; which and when, the engine's dispatcher says.

use himekuri_engine::{Admission, AttemptFacts, Class, Context};
use himekuri_protocol::{AttemptId, TaskError, TaskId, TaskMessage, WorkerMessage};

use super::round::Round;
use super::{Driver, Outgoing};
use crate::summary::AttemptSummary;

/// Longest query that is sent: BigQuery takes 1 MB of SQL ("Quotas and limits", query jobs).
const QUERY_MAX_BYTES: usize = 1 << 20;

/// Tasks looked at in one round. Each is evaluated: a thousand take some 50 ms, and reports should not wait for longer.
const LOOKS_MAX: usize = 1_000;

/// A task of the pool.
type TaskKey = (AttemptId, TaskId);

impl Driver {
    pub(super) fn dispatch(&mut self, round: &mut Round) {
        self.more_to_dispatch = false;
        // Nobody knows yet which partitions their jobs write (design D6).
        if !self.lost.is_empty() {
            return;
        }
        self.dispatch_again(round);
        for _ in 0..LOOKS_MAX {
            while let Some(id) = self.dispatcher.asked() {
                match self.live.get(&id) {
                    Some(live) => self.dispatcher.offer(id, live.attempt.dispatchable()),
                    None => self.dispatcher.suspend(id),
                }
            }
            let Some(key) = self.dispatcher.next() else {
                return;
            };
            self.send_out(key, round);
        }
        self.more_to_dispatch = true;
    }

    /// Tries that BigQuery could not be asked about; they keep their places in the windows.
    fn dispatch_again(&mut self, round: &mut Round) {
        let due: Vec<TaskKey> = self
            .live
            .iter()
            .flat_map(|(id, live)| {
                live.attempt.due_again(round.now).into_iter().map(|task| (*id, task))
            })
            .collect();
        for key in due {
            self.send_out(key, round);
        }
    }

    /// Lets an attempt take part in dispatch.
    pub(super) fn enter_dispatcher(&mut self, id: AttemptId, summary: &AttemptSummary) {
        let class = match summary.required_by {
            // It is waited for as the one is that waits for it.
            Some(by) => self.dispatcher.class(by.attempt).unwrap_or(Class::Scheduled),
            None => summary.started_by.class(),
        };
        let facts =
            AttemptFacts { title: summary.project.clone(), class, session: summary.session_key() };
        self.dispatcher.begin(id, &facts);
    }

    /// Prepares a task, and sends it or lets it wait.
    fn send_out(&mut self, (id, task): TaskKey, round: &mut Round) {
        let Some(live) = self.live.get_mut(&id) else {
            self.dispatcher.suspend(id);
            return;
        };
        let mut context = Context { files: &live.files, evaluator: self.evaluator.as_mut() };
        let prepared = match live.attempt.prepare(task, &mut context) {
            Ok(prepared) => prepared,
            Err(error) => {
                let now = round.now;
                self.decide(id, round, |attempt, context| {
                    attempt.refuse(task, error, now, context)
                });
                return;
            }
        };
        let message_bytes = prepared.query_bytes();
        if message_bytes > QUERY_MAX_BYTES {
            let now = round.now;
            let error = too_large(message_bytes);
            self.decide(id, round, |attempt, context| attempt.refuse(task, error, now, context));
            return;
        }
        if !self.forgotten.is_empty() {
            let full_name = live.attempt.peek(task).map(|task| task.full_name.clone());
            self.meet_forgotten(id, &full_name.unwrap_or_default(), &prepared);
        }
        match self.dispatcher.admit((id, task), prepared.demand()) {
            Admission::Out => {}
            Admission::Parked(obstacle) => {
                tracing::debug!(attempt.id = %id, "task {task} of attempt {id} waits: {obstacle}");
                return;
            }
        }
        let Some(live) = self.live.get_mut(&id) else { return };
        let expected = live.attempt.log_length();
        // A try that goes out again is another entry of the outbox: the first one may still be waiting to be cleared.
        let entry = |message: &WorkerMessage| format!("{}@{expected}", message.id());
        match live.attempt.dispatch(prepared, round.now) {
            Ok(dispatch) => {
                let is_careful = round.now < self.careful_until;
                let careful = is_careful.then_some(self.parts.epoch.0);
                let message = WorkerMessage::Task(TaskMessage { careful, ..dispatch.message });
                round.sent += 1;
                let order = round.sent;
                let draft = round.draft(id, expected);
                draft.records.extend(dispatch.records);
                match message.encode() {
                    Ok(body) => {
                        let outgoing =
                            Outgoing { attempt: Some(id), id: entry(&message), body, order };
                        draft.messages.push(outgoing);
                    }
                    // Nothing is committed: the attempt is replayed as it was.
                    Err(error) => {
                        tracing::error!(attempt.id = %id, "could not write a task message: {error}");
                        self.lose(id, &round.withdraw(id));
                    }
                }
            }
            Err(error) => {
                tracing::error!(attempt.id = %id, "attempt {id} is replayed: {error}");
                self.lose(id, &round.withdraw(id));
            }
        }
    }
}

fn too_large(bytes: usize) -> TaskError {
    TaskError {
        reason: "tooLarge".to_owned(),
        message: format!(
            "the rendered SQL has {bytes} bytes, and BigQuery takes {QUERY_MAX_BYTES} at most; split the query, or put lists into a table"
        ),
        job: None,
    }
}
