//! Sends ready tasks out, within the window and in turns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use himekuri_engine::Context;
use himekuri_protocol::{AttemptId, TaskError, TaskId, WorkerMessage};

use super::round::Round;
use super::{Driver, Outgoing};

/// Longest query that is sent: BigQuery takes 1 MB of SQL ("Quotas and limits", query jobs).
const QUERY_MAX_BYTES: usize = 1 << 20;

/// A task of the pool.
type TaskKey = (AttemptId, TaskId);

impl Driver {
    pub(super) fn dispatch(&mut self, round: &mut Round) {
        // Nobody knows yet which partitions their jobs write (design D6).
        if !self.lost.is_empty() {
            return;
        }
        self.dispatch_again(round);
        // A task that fails while being prepared may make others ready, so the titles are looked at again.
        while self.dispatcher.room() > 0 && self.dispatch_ready(round) {}
    }

    /// Tries that BigQuery could not be asked about; they keep their place in the window.
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

    /// One pass over what is ready; whether something was sent or decided.
    fn dispatch_ready(&mut self, round: &mut Round) -> bool {
        let mut waiting = self.ready_by_title();
        let mut any = false;
        while self.dispatcher.room() > 0 && !waiting.is_empty() {
            let titles: BTreeSet<String> = waiting.keys().cloned().collect();
            let Some(title) = self.dispatcher.next_title(&titles) else {
                break;
            };
            let next = waiting.get_mut(&title).and_then(VecDeque::pop_front);
            match next {
                Some(key) => any |= self.send_out(key, round),
                None => {
                    waiting.remove(&title);
                }
            }
        }
        any
    }

    fn ready_by_title(&self) -> BTreeMap<String, VecDeque<TaskKey>> {
        let room = self.dispatcher.room();
        let mut ready: BTreeMap<String, VecDeque<TaskKey>> = BTreeMap::new();
        for (id, live) in &self.live {
            let tasks = live
                .attempt
                .dispatchable()
                .map(|task| (*id, task))
                .filter(|key| !self.dispatcher.is_parked(*key))
                .take(room)
                .peekable();
            for key in tasks {
                ready.entry(live.summary.project.clone()).or_default().push_back(key);
            }
        }
        ready
    }

    /// Prepares and sends one task; whether anything was decided.
    fn send_out(&mut self, (id, task): TaskKey, round: &mut Round) -> bool {
        let Some(live) = self.live.get_mut(&id) else {
            return false;
        };
        let mut context = Context { files: &live.files, evaluator: &mut self.evaluator };
        let prepared = match live.attempt.prepare(task, &mut context) {
            Ok(prepared) => prepared,
            Err(error) => {
                let now = round.now;
                self.decide(id, round, |attempt, context| {
                    attempt.refuse(task, error, now, context)
                });
                return true;
            }
        };
        let destination = prepared.destination().cloned();
        let message_bytes = prepared.query_bytes();
        if message_bytes > QUERY_MAX_BYTES {
            let now = round.now;
            let error = too_large(message_bytes);
            self.decide(id, round, |attempt, context| attempt.refuse(task, error, now, context));
            return true;
        }
        let again = self.dispatcher.is_live((id, task));
        if let Some(taken) = destination.as_ref().filter(|d| !again && !self.dispatcher.is_free(d))
        {
            self.dispatcher.park((id, task), taken.clone());
            return false;
        }
        let expected = live.attempt.log_length();
        // A try that goes out again is another entry of the outbox: the first one may still be waiting to be cleared.
        let entry = |message: &WorkerMessage| format!("{}@{expected}", message.id());
        match live.attempt.dispatch(prepared, round.now) {
            Ok(dispatch) => {
                let message = WorkerMessage::Task(dispatch.message);
                let draft = round.draft(id, expected);
                draft.records.extend(dispatch.records);
                match message.encode() {
                    Ok(body) => {
                        let outgoing = Outgoing { attempt: Some(id), id: entry(&message), body };
                        draft.messages.push(outgoing);
                    }
                    // Nothing is committed: the attempt is replayed as it was.
                    Err(error) => {
                        tracing::error!(attempt.id = %id, "could not write a task message: {error}");
                        round.drafts.remove(&id);
                        self.lose(id);
                        return true;
                    }
                }
                self.dispatcher.started((id, task), destination);
            }
            Err(error) => {
                tracing::error!(attempt.id = %id, "attempt {id} is replayed: {error}");
                round.drafts.remove(&id);
                self.lose(id);
            }
        }
        true
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
