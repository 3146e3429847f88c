//! Kills on request. The answer comes after the commit: what was answered survives a crash.

use himekuri_engine::KillReason;
use himekuri_protocol::AttemptId;
use tokio::sync::oneshot;

use super::round::Round;
use super::{Command, Driver};

/// A request to kill an attempt.
#[derive(Debug)]
pub(crate) struct KillCommand {
    pub(crate) attempt: AttemptId,
    /// Who asks, if they say so.
    pub(crate) by: Option<String>,
    pub(crate) answer: oneshot::Sender<KillAnswer>,
    /// Whether the store was looked at for an attempt that is not in memory.
    looked: bool,
    /// Whether this request is what killed it.
    killed: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KillAnswer {
    /// It is killed now.
    Killed {
        /// By this request, not by an earlier one.
        now: bool,
        /// Full names of the tasks whose jobs must end first.
        canceling: Vec<String>,
        /// Whether nothing of it runs any more.
        ended: bool,
    },
    /// It is not running: it has ended, as the store says.
    NotRunning,
    /// This program cannot read its log.
    Unreadable,
}

impl KillCommand {
    pub(crate) fn new(
        attempt: AttemptId,
        by: Option<String>,
        answer: oneshot::Sender<KillAnswer>,
    ) -> Self {
        Self { attempt, by, answer, looked: false, killed: false }
    }

    fn answer(self, answer: KillAnswer) {
        if self.answer.send(answer).is_err() {
            tracing::debug!(attempt.id = %self.attempt, "nobody waits for the answer to a kill any more");
        }
    }
}

impl Driver {
    pub(super) fn kill(&mut self, mut request: KillCommand, round: &mut Round) {
        let id = request.attempt;
        if self.broken.contains(&id) {
            return request.answer(KillAnswer::Unreadable);
        }
        if self.lost.contains(&id) {
            self.deferred.push(Command::Kill(request));
            return;
        }
        if !self.live.contains_key(&id) {
            if request.looked {
                return request.answer(KillAnswer::NotRunning);
            }
            // Created, and perhaps the answer to its creation was lost, and with it its beginning.
            request.looked = true;
            self.look(id, round.now);
            self.deferred.push(Command::Kill(request));
            return;
        }
        let (now, by) = (round.now, request.by.clone());
        let mut killed = false;
        self.decide(id, round, |attempt, context| {
            let records = attempt.kill(KillReason::Requested { by }, now, context)?;
            killed = !records.is_empty();
            Ok(records)
        });
        request.killed = killed;
        round.kills.push(request);
    }

    /// After the commit; a kill whose commit failed is taken again when the attempt has been replayed.
    pub(super) fn answer_kills(&mut self, kills: Vec<KillCommand>) {
        for request in kills {
            let id = request.attempt;
            if self.lost.contains(&id) {
                self.deferred.push(Command::Kill(request));
                continue;
            }
            let killed = request.killed;
            let answer = match self.live.get(&id) {
                Some(live) if live.attempt.killed().is_some() => {
                    let name = |task| live.attempt.task(task).map(|task| task.full_name.clone());
                    let canceling = live.attempt.canceling().filter_map(|job| name(job.task));
                    KillAnswer::Killed { now: killed, canceling: canceling.collect(), ended: false }
                }
                // Nothing of it ran.
                None if killed => {
                    KillAnswer::Killed { now: true, canceling: Vec::new(), ended: true }
                }
                // It had ended in this round, before the kill.
                Some(_) | None => KillAnswer::NotRunning,
            };
            request.answer(answer);
        }
    }
}
