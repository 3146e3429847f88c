//! What is remembered of a backfill, and what it does next: pure, so that every order of events can be tried.

use std::ops::Range;

use himekuri_engine::Config;
use himekuri_protocol::AttemptId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::session::SessionChoice;
use crate::summary::SessionAttempt;

/// A range of sessions that run a few at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Backfill {
    /// Number, from 1.
    pub id: u64,
    /// Name of its attempts.
    pub name: String,
    /// Project.
    pub project: String,
    /// Revision, that of its start.
    pub revision: String,
    /// GCP project of the title.
    pub gcp_project: Option<String>,
    /// Workflow.
    pub workflow: String,
    /// Session dates.
    #[serde(flatten)]
    pub dates: SessionChoice,
    /// Which sessions come first.
    #[serde(default)]
    pub order: BackfillOrder,
    /// How many sessions may run at once, from 1.
    pub concurrency: u32,
    /// Whether a session waits until the one before it has succeeded (`depends_on_previous` of the schedule).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub depends_on_previous: bool,
    /// `-p`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub params: Config,
    /// `--override`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub overrides: Config,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Where it is.
    pub state: BackfillState,
    /// How many sessions it has.
    pub sessions: usize,
    /// How many of them have been started: the first ones of its order.
    pub started: usize,
    /// Those that were started and are not known to have ended.
    #[serde(default)]
    pub running: Vec<SessionAttempt>,
    /// How many ended well.
    pub succeeded: usize,
    /// How many ended otherwise.
    pub failed: usize,
    /// Bytes that BigQuery billed for the jobs of those that ended.
    #[serde(default)]
    pub bytes_billed: u64,
    /// The session that was started last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<SessionAttempt>,
    /// Why nothing starts though there is room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<SessionAttempt>,
}

/// Which sessions of a backfill come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackfillOrder {
    /// As time goes.
    #[default]
    OldestFirst,
    /// What people look at first.
    NewestFirst,
}

/// Where a backfill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackfillState {
    /// Sessions start as others end.
    Running,
    /// What runs ends, and nothing starts until somebody resumes it.
    Paused,
    /// All sessions have ended.
    Done,
    /// Somebody killed it: the sessions that had not started never will.
    Killed,
}

/// How an attempt of a backfill ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Otherwise,
}

/// How the session that was started last is, for one that depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Previous {
    /// There is none, or it succeeded, in whichever attempt.
    Succeeded,
    /// It runs, or failed.
    NotYet,
}

impl Backfill {
    /// Whether it has anything left to do or to wait for.
    pub(crate) fn is_open(&self) -> bool {
        match self.state {
            BackfillState::Running | BackfillState::Paused => true,
            BackfillState::Done => false,
            BackfillState::Killed => !self.running.is_empty(),
        }
    }

    /// Notes that an attempt has ended, and what it was billed.
    pub(crate) fn ended(&mut self, attempt: AttemptId, ended: Ended, bytes_billed: u64) {
        let before = self.running.len();
        self.running.retain(|running| running.attempt != attempt);
        if self.running.len() == before {
            return;
        }
        self.bytes_billed = self.bytes_billed.saturating_add(bytes_billed);
        match ended {
            Ended::Well => self.succeeded += 1,
            Ended::Otherwise => self.failed += 1,
        }
    }

    /// Which sessions start now, by their places in its order.
    pub(crate) fn starts(&self, previous: Previous) -> Range<usize> {
        let nothing = self.started..self.started;
        if self.state != BackfillState::Running {
            return nothing;
        }
        let allowed = usize::try_from(self.concurrency.max(1)).unwrap_or(usize::MAX);
        let mut room = allowed.saturating_sub(self.running.len());
        if self.depends_on_previous {
            room = match previous {
                Previous::Succeeded => room.min(1),
                Previous::NotYet => 0,
            };
        }
        self.started..self.sessions.min(self.started.saturating_add(room))
    }

    /// Notes that the next session of its order has been started.
    pub(crate) fn start(&mut self, session: SessionAttempt) {
        self.started += 1;
        self.running.push(session);
        self.last = Some(session);
    }

    /// Notes that it is done, if it is.
    pub(crate) fn finish(&mut self) {
        if self.state == BackfillState::Running
            && self.started == self.sessions
            && self.running.is_empty()
        {
            self.state = BackfillState::Done;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;

    use super::*;

    fn backfill(sessions: usize, concurrency: u32) -> Backfill {
        let day = date(2019, 9, 1);
        Backfill {
            id: 1,
            name: "b".to_owned(),
            project: "title".to_owned(),
            revision: "r".to_owned(),
            gcp_project: None,
            workflow: "wf".to_owned(),
            dates: SessionChoice { from: day, to: day },
            order: BackfillOrder::OldestFirst,
            concurrency,
            depends_on_previous: false,
            params: Config::new(),
            overrides: Config::new(),
            requested_at: Timestamp::UNIX_EPOCH,
            state: BackfillState::Running,
            sessions,
            started: 0,
            running: Vec::new(),
            succeeded: 0,
            failed: 0,
            bytes_billed: 0,
            last: None,
            waits_for: None,
        }
    }

    fn session(place: usize) -> SessionAttempt {
        let number = u64::try_from(place).unwrap();
        let session_time = Timestamp::from_second(i64::try_from(place).unwrap()).unwrap();
        SessionAttempt { attempt: AttemptId(number + 1), session_time }
    }

    fn start_all(backfill: &mut Backfill) {
        for place in backfill.starts(Previous::Succeeded) {
            backfill.start(session(place));
        }
    }

    #[test]
    fn the_next_session_starts_when_one_has_ended_however() {
        let mut one = backfill(3, 1);
        start_all(&mut one);
        assert_eq!(one.starts(Previous::NotYet), 1..1);

        one.ended(AttemptId(1), Ended::Otherwise, 10);

        assert_eq!(one.starts(Previous::NotYet), 1..2);
    }

    #[test]
    fn one_that_depends_on_the_previous_starts_after_its_success_only() {
        let mut one = Backfill { depends_on_previous: true, ..backfill(3, 5) };
        assert_eq!(one.starts(Previous::Succeeded), 0..1);
        one.start(session(0));

        assert_eq!(one.starts(Previous::NotYet), 1..1);
        one.ended(AttemptId(1), Ended::Otherwise, 10);
        assert_eq!(one.starts(Previous::NotYet), 1..1);
        assert_eq!(one.starts(Previous::Succeeded), 1..2);
    }

    #[test]
    fn a_paused_or_killed_one_starts_nothing_and_still_counts_what_ends() {
        for state in [BackfillState::Paused, BackfillState::Killed] {
            let mut one = backfill(3, 2);
            start_all(&mut one);
            one.state = state;

            one.ended(AttemptId(1), Ended::Well, 10);

            assert_eq!(one.starts(Previous::Succeeded), 2..2);
            assert_eq!((one.succeeded, one.running.len(), one.bytes_billed), (1, 1, 10));
        }
    }

    #[test]
    fn it_is_done_when_the_last_session_has_ended_and_not_while_it_is_paused() {
        let mut one = backfill(1, 1);
        start_all(&mut one);
        one.finish();
        assert_eq!(one.state, BackfillState::Running);
        one.ended(AttemptId(1), Ended::Well, 10);
        one.state = BackfillState::Paused;
        one.finish();
        assert_eq!(one.state, BackfillState::Paused);

        one.state = BackfillState::Running;
        one.finish();

        assert_eq!(one.state, BackfillState::Done);
    }

    /// Numbers without a library: the same for a seed, always (the constants of Knuth's MMIX).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % limit
        }
    }

    /// The attempts of a store, which a crash does not touch: by place, and whether they run.
    #[derive(Default)]
    struct World {
        attempts: BTreeMap<usize, Option<Ended>>,
        order: Vec<usize>,
    }

    impl World {
        /// A session that has an attempt keeps it.
        fn start(&mut self, place: usize) {
            self.attempts.entry(place).or_insert_with(|| {
                self.order.push(place);
                None
            });
        }

        fn running(&self) -> usize {
            self.attempts.values().filter(|ended| ended.is_none()).count()
        }

        fn previous(&self, one: &Backfill) -> Previous {
            let last = one.started.checked_sub(1).and_then(|place| self.attempts.get(&place));
            match last {
                None | Some(Some(Ended::Well)) => Previous::Succeeded,
                Some(None | Some(Ended::Otherwise)) => Previous::NotYet,
            }
        }
    }

    /// One look, which a crash may end before what was started is remembered.
    fn look(one: &mut Backfill, world: &mut World, crashes_after: Option<usize>) {
        let mut next = one.clone();
        for running in &one.running {
            let place = usize::try_from(running.attempt.0).unwrap() - 1;
            if let Some(ended) = world.attempts[&place] {
                next.ended(running.attempt, ended, 10);
            }
        }
        for (count, place) in next.starts(world.previous(&next)).enumerate() {
            if crashes_after == Some(count) {
                return;
            }
            world.start(place);
            next.start(session(place));
        }
        next.finish();
        if crashes_after.is_none() {
            *one = next;
        }
    }

    #[test]
    fn whatever_happens_each_session_starts_once_in_order_and_never_too_many_at_once() {
        for seed in 0..2_000 {
            let mut dice = Dice(seed);
            let concurrency = 1 + dice.below(4);
            let sessions = 1 + dice.below(12);
            let mut one = Backfill {
                depends_on_previous: dice.below(4) == 0,
                ..backfill(sessions, u32::try_from(concurrency).unwrap())
            };
            let mut world = World::default();
            for _ in 0..400 {
                let started = world.attempts.len();
                let was = one.state;
                match dice.below(8) {
                    0 => one.state = BackfillState::Paused,
                    1 | 2 if was == BackfillState::Paused => one.state = BackfillState::Running,
                    3 => look(&mut one, &mut world, Some(dice.below(3))),
                    4 | 5 => look(&mut one, &mut world, None),
                    _ => {
                        let place = dice.below(sessions);
                        let ended = if dice.below(3) == 0 { Ended::Otherwise } else { Ended::Well };
                        // A failed session may be run again, with success.
                        if let Some(attempt) = world.attempts.get_mut(&place)
                            && *attempt != Some(Ended::Well)
                        {
                            *attempt = Some(ended);
                        }
                    }
                }
                assert!(world.running() <= concurrency, "seed {seed}");
                if was == BackfillState::Paused {
                    assert_eq!(world.attempts.len(), started, "seed {seed}: paused");
                }
                if one.state == BackfillState::Done {
                    break;
                }
            }
            let in_order: Vec<usize> = (0..world.order.len()).collect();
            assert_eq!(world.order, in_order, "seed {seed}");
            assert!(world.order.len() <= sessions, "seed {seed}");
            if one.state == BackfillState::Done {
                assert_eq!(world.order.len(), sessions, "seed {seed}");
                assert_eq!(one.succeeded + one.failed, sessions, "seed {seed}");
            }
        }
    }
}
