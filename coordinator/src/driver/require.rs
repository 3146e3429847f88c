//! `require>`: starts the sessions that live attempts need, or finds their attempts, and looks at these until they have
//! ended.
//!
//! What is needed stands in the attempt's log, so a new leader goes on from there. A look is idempotent: a session has
//! one attempt of a name, and the summary of a started attempt says which task started it, so the look after a crash
//! recognises it and starts nothing twice.
//!
//! Looks run beside the rounds; their answers come back as commands. An attempt that is live here needs no look: when
//! it has ended, those that wait for it look at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use himekuri_engine::{Required, RequiredAnswer};
use himekuri_protocol::{AttemptId, TaskId};
use jiff::Timestamp;

use super::round::Round;
use super::{Command, Driver, Live};
use crate::coordinator::Coordinator;
use crate::summary::RequiredBy;

/// Wait before the second look; doubles each time, as in digdag.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Longest wait between looks, as in digdag.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(10);

/// A task that waits for a session.
type Waiting = (AttemptId, TaskId);

/// When a session is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// When next.
    due: Timestamp,
    /// Looks so far.
    times: u32,
    /// Whether the store is being asked.
    asking: bool,
}

impl Driver {
    /// Lets tasks fail that wait in a circle: none of them would ever end.
    pub(super) fn break_circles(&mut self, round: &mut Round) {
        let due: Vec<(AttemptId, Required, AttemptId)> = self
            .requirements()
            .filter(|((id, asked), _)| self.is_due((*id, asked.task), round.now))
            .filter_map(|((id, asked), target)| Some((id, asked, target?)))
            .collect();
        for (id, asked, target) in due {
            // One after another: the first failure may have broken the circle of the next.
            if let Some(message) = self.circle(id, target) {
                self.answer(id, &asked, RequiredAnswer::Refused { message }, round);
            }
        }
    }

    /// Looks at the sessions that are due. Only after the round is committed: what is started has been decided then.
    pub(super) fn look_at_required(&mut self, now: Timestamp) {
        let mut looks = BTreeMap::new();
        let mut due = Vec::new();
        for ((id, asked), target) in self.requirements() {
            let key = (id, asked.task);
            let first = Look { due: now, times: 0, asking: false };
            let mut look = self.looks.get(&key).copied().unwrap_or(first);
            if !look.asking && look.due <= now {
                match target.filter(|target| self.live.contains_key(target)) {
                    Some(_) => look = look.again(now),
                    None => {
                        look.asking = true;
                        due.push((id, asked));
                    }
                }
            }
            looks.insert(key, look);
        }
        self.looks = looks;
        for (id, asked) in due {
            self.ask(id, asked);
        }
    }

    /// Looks beside the rounds.
    fn ask(&self, id: AttemptId, asked: Required) {
        let coordinator = Coordinator::of(&self.parts);
        let sender = self.parts.sender.clone();
        tokio::spawn(async move {
            let by = RequiredBy { attempt: id, task: asked.task, try_no: asked.try_no };
            let answer = coordinator.require(by, &asked.requirement).await;
            let answered = Command::Required { attempt: id, asked: Box::new(asked), answer };
            if sender.send(answered).await.is_err() {
                tracing::debug!("the driver ended before a required session was looked at");
            }
        });
    }

    /// What a look found; `None` when the store could not be asked.
    pub(super) fn looked(
        &mut self,
        id: AttemptId,
        asked: &Required,
        answer: Option<RequiredAnswer>,
        round: &mut Round,
    ) {
        if let Some(look) = self.looks.get_mut(&(id, asked.task)) {
            *look = look.again(round.now);
        }
        let Some(answer) = answer else { return };
        let circle = match &answer {
            RequiredAnswer::Attempt { attempt, .. } => self.circle(id, *attempt),
            RequiredAnswer::Refused { .. } => None,
        };
        let answer = circle.map_or(answer, |message| RequiredAnswer::Refused { message });
        self.answer(id, asked, answer, round);
    }

    fn answer(
        &mut self,
        id: AttemptId,
        asked: &Required,
        answer: RequiredAnswer,
        round: &mut Round,
    ) {
        let (before, now) = (self.asks(id, asked.task), round.now);
        self.decide(id, round, |attempt, context| attempt.required(asked, answer, now, context));
        // Something else is asked for now: it need not wait.
        if self.asks(id, asked.task).map(|asked| asked.requirement)
            != before.map(|asked| asked.requirement)
        {
            self.looks.remove(&(id, asked.task));
        }
    }

    fn asks(&self, id: AttemptId, task: TaskId) -> Option<Required> {
        self.live.get(&id)?.attempt.required_sessions().find(|asked| asked.task == task)
    }

    /// An attempt has ended: those that wait for it look at once.
    pub(super) fn required_ended(&mut self, ended: AttemptId, now: Timestamp) {
        let waiting: Vec<Waiting> = self
            .requirements()
            .filter(|(_, target)| *target == Some(ended))
            .map(|((id, asked), _)| (id, asked.task))
            .collect();
        for key in waiting {
            if let Some(look) = self.looks.get_mut(&key) {
                (look.due, look.times) = (now, 0);
            }
        }
    }

    /// Looks at every session at once.
    pub(super) fn look_now(&mut self, now: Timestamp) {
        self.looks.values_mut().for_each(|look| look.due = now);
    }

    /// When the next session is looked at.
    pub(super) fn next_look(&self) -> Option<Timestamp> {
        self.looks.values().filter(|look| !look.asking).map(|look| look.due).min()
    }

    /// All that live attempts require, with the attempt that each waits for if it is known.
    fn requirements(
        &self,
    ) -> impl Iterator<Item = ((AttemptId, Required), Option<AttemptId>)> + '_ {
        let live = self.live.iter().filter(|(_, live)| live.attempt.requires_sessions());
        live.flat_map(|(id, live)| {
            live.attempt.required_sessions().map(|asked| {
                let target = asked.attempt;
                ((*id, asked), target)
            })
        })
    }

    fn is_due(&self, key: Waiting, now: Timestamp) -> bool {
        self.looks.get(&key).is_none_or(|look| look.due <= now)
    }

    /// The sentence about a circle, if `target` waits, at once or through others, for `id`.
    fn circle(&self, id: AttemptId, target: AttemptId) -> Option<String> {
        let mut from = BTreeMap::new();
        let mut open = vec![target];
        let mut seen = BTreeSet::from([target]);
        while let Some(next) = open.pop() {
            if next == id {
                return Some(self.circle_message(id, target, &from));
            }
            let Some(live) = self.live.get(&next) else { continue };
            for required in live.attempt.required_sessions().filter_map(|asked| asked.attempt) {
                if seen.insert(required) {
                    from.insert(required, next);
                    open.push(required);
                }
            }
        }
        None
    }

    fn circle_message(
        &self,
        id: AttemptId,
        target: AttemptId,
        from: &BTreeMap<AttemptId, AttemptId>,
    ) -> String {
        let name = |id: &AttemptId| match self.live.get(id) {
            Some(Live { summary, .. }) => {
                format!("`{}/{}`", summary.project, summary.workflow)
            }
            None => format!("attempt {id}"),
        };
        let mut way: Vec<String> = std::iter::successors(Some(id), |id| from.get(id).copied())
            .map(|id| name(&id))
            .collect();
        // From the last link back to `target`, so turned round.
        way.push(name(&id));
        way.reverse();
        let what = name(&target);
        let circle = way.join(" -> ");
        format!(
            "{what} waits for this attempt, so neither would ever end ({circle}); take one `require>` out of the circle"
        )
    }
}

impl Look {
    /// After a look at `now`.
    fn again(self, now: Timestamp) -> Self {
        let wait = LOOK_EVERY.saturating_mul(2_u32.saturating_pow(self.times)).min(LOOK_EVERY_MAX);
        Self {
            due: now.checked_add(wait).unwrap_or(now),
            times: self.times.saturating_add(1),
            asking: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, Timestamp};

    #[test]
    fn the_wait_between_looks_doubles_up_to_ten_seconds() {
        let mut look = Look { due: Timestamp::UNIX_EPOCH, times: 0, asking: true };
        let waits = [1, 2, 4, 8, 10, 10].map(|expected| {
            let before = look.due;
            look = look.again(before);
            (look.due.duration_since(before).as_secs(), expected)
        });

        assert!(waits.iter().all(|(wait, expected)| wait == expected), "{waits:?}");
    }
}
