//! Which ready task goes out next (design D6, D7). Pure: the coordinator tells it what is ready, what started and what
//! ended.
//!
//! **Windows.** A task takes a place in the windows of the pool, its class and its title, and if it is a job in those of
//! its GCP project and location and of the table that it writes. Where one is full, nothing goes out. The place in the
//! table's window is kept for a while after the end, as BigQuery counts writes over time. A title that has spent its money
//! sends no job, and one that somebody has paused sends nothing.
//!
//! **Turns.** Scheduled runs before backfills, which have a guaranteed share; in each class titles by weight; in each title
//! its attempts in turn (`fair.rs`); in an attempt the order of creation.
//!
//! **Partitions.** A partition has one live job. Of the attempts of one session only the oldest that is not over writes
//! anything: whatever a newer one writes, an older one does not overwrite. Other tasks that wait for a partition go in the
//! order in which their attempts were made, whatever their class.
//!
//! **Waiting.** What a task needs is known only once it is evaluated, so a task that meets an obstacle is *parked* with what
//! it needs. When a place is free, one task of each title and class that waits for it is *woken*: it is a candidate
//! again, and is evaluated only if the place is still there when its turn comes.
//!
//! ```text
//! begin ──► look_again ──► asked, offer ──► next ──► (evaluate) ──► admit ──► Out ───────► ended
//!                                            ▲                        └──► Parked ──┐
//!                                            └────────── woken ◄────────────────────┘
//! ```
//!
//! A decision costs O(log n) in titles, attempts and waiting tasks; beside that, each title that waits for the same crowded
//! window costs one comparison.

use std::collections::{BTreeMap, BTreeSet};

use himekuri_protocol::{AttemptId, TableReference, TaskId};

mod budgets;
mod candidates;
mod demand;
mod fair;
mod interval;
mod limits;
mod line;
mod partitions;
mod titles;
mod usage;
mod waiting;
mod windows;

pub use demand::{Class, Demand, GcpRegion, Obstacle};
pub use limits::{Limits, LimitsError, WEIGHT_MAX};
pub use usage::Usage;

use budgets::Budgets;
use candidates::Candidates;
use interval::Counted;
use line::Line;
use partitions::{ByPartition, TableKey};
use titles::Titles;
use windows::Windows;

/// A task of the pool.
type TaskKey = (AttemptId, TaskId);

/// A class of a title: what has a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    class: Class,
    title: u32,
}

/// What counts about an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptFacts {
    /// Title: the project's name.
    pub title: String,
    /// Class.
    pub class: Class,
    /// Its session, as one text.
    pub session: String,
}

/// Whether a task goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is out: its places and its partition are taken.
    Out,
    /// It waits, and comes back from [`Dispatcher::next`].
    Parked(Obstacle),
}

/// The pool's view of what is out and what waits.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    limits: Limits,
    passes: u32,
    /// Tasks that are out, with what they hold.
    live: BTreeMap<TaskKey, Demand>,
    titles: Titles,
    attempts: BTreeMap<AttemptId, Candidates>,
    /// Attempts that should say what is ready.
    asked: BTreeSet<AttemptId>,
    /// Tasks that are ready although they hold their places: their way out was lost, and they need no place to go again.
    again: BTreeSet<TaskKey>,
    /// Attempts that are not over, by session.
    sessions: BTreeMap<String, BTreeSet<AttemptId>>,
    partitions: ByPartition<Partition>,
    tables: Windows<TableKey>,
    regions: Windows<GcpRegion>,
    budgets: Budgets,
    counted: Counted,
    /// Where a task left its place to another: it is looked at again when everybody else had his turn.
    yielded: BTreeSet<(Obstacle, Demand)>,
}

#[derive(Clone, Debug, Default)]
struct Partition {
    /// Live tasks that write it: one, or more if a leader before us let them.
    writers: usize,
    line: Line,
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Dispatcher {
    /// A dispatcher of an idle pool.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            passes: limits.passes(),
            titles: Titles::new(&limits),
            limits,
            live: BTreeMap::new(),
            attempts: BTreeMap::new(),
            asked: BTreeSet::new(),
            again: BTreeSet::new(),
            sessions: BTreeMap::new(),
            partitions: ByPartition::default(),
            tables: Windows::default(),
            regions: Windows::default(),
            budgets: Budgets::default(),
            counted: Counted::default(),
            yielded: BTreeSet::new(),
        }
    }

    /// How many more tasks of the pool may go out.
    #[must_use]
    pub fn room(&self) -> usize {
        self.limits.window.saturating_sub(self.live.len())
    }

    /// The class of an attempt that is not over.
    #[must_use]
    pub fn class(&self, attempt: AttemptId) -> Option<Class> {
        self.attempts.get(&attempt).map(|candidates| candidates.group.class)
    }

    /// An attempt begins, or was read again after [`Self::forget`].
    pub fn begin(&mut self, attempt: AttemptId, facts: &AttemptFacts) {
        if self.attempts.contains_key(&attempt) {
            return self.look_again(attempt);
        }
        let group = self.titles.group(&facts.title, facts.class, &self.limits);
        let candidates = Candidates::new(group, facts.session.clone());
        self.attempts.insert(attempt, candidates);
        self.sessions.entry(facts.session.clone()).or_default().insert(attempt);
        self.sync(attempt);
    }

    /// A task of an attempt that was read again is out already, whatever the windows say.
    pub fn restore(&mut self, task: TaskKey, demand: Demand) {
        let Some(group) = self.group(task.0) else {
            return;
        };
        if !self.live.contains_key(&task) {
            self.titles.restored(group);
            self.hold(task, demand, group.class);
        }
    }

    /// Somebody keeps a title from sending anything out, or lets it go on. What is out stays out.
    pub fn set_paused(&mut self, title: &str, paused: bool) {
        let title = self.titles.id(title, &self.limits);
        self.titles.set_paused(title, paused);
    }

    /// Keeps a partition from all tasks that are not out, for a job that no task stands for.
    pub fn reserve(&mut self, destination: &TableReference) {
        self.partitions.entry(destination).writers += 1;
    }

    /// Gives a partition back that was [reserved](Self::reserve).
    pub fn give_back(&mut self, destination: &TableReference) {
        self.release_partition(destination);
    }

    /// Something was decided about an attempt: other tasks of it may be ready.
    pub fn look_again(&mut self, attempt: AttemptId) {
        if let Some(candidates) = self.attempts.get_mut(&attempt) {
            candidates.look_again();
            self.sync(attempt);
        }
    }

    /// An attempt whose ready tasks must be [offered](Self::offer) before [`Self::next`] can choose.
    #[must_use]
    pub fn asked(&self) -> Option<AttemptId> {
        self.asked.first().copied()
    }

    /// All ready tasks of an attempt, in order of creation; as many as are needed are taken.
    pub fn offer(&mut self, attempt: AttemptId, ready: impl Iterator<Item = TaskId>) {
        let (live, again) = (&self.live, &mut self.again);
        let ready = ready.filter(|task| {
            let key = (attempt, *task);
            let is_out = live.contains_key(&key);
            if is_out {
                again.insert(key);
            }
            !is_out
        });
        if let Some(candidates) = self.attempts.get_mut(&attempt) {
            candidates.offer(ready);
        }
        self.asked.remove(&attempt);
        self.sync(attempt);
    }

    /// The task that should go out next. The caller evaluates it, and either [admits](Self::admit) it or says that it
    /// [ended](Self::ended).
    #[must_use = "the task is in the caller's hand now"]
    #[expect(
        clippy::should_implement_trait,
        reason = "what comes depends on what became of the last one"
    )]
    pub fn next(&mut self) -> Option<TaskKey> {
        if let Some(task) = self.again.pop_first() {
            return Some(task);
        }
        loop {
            if self.room() == 0 {
                return None;
            }
            let Some(attempt) = self.titles.next(self.passes) else {
                if self.reopen() {
                    continue;
                }
                return None;
            };
            let candidates = self.attempts.get_mut(&attempt)?;
            let group = candidates.group;
            let Some(task) = candidates.take() else {
                self.titles.set(group, attempt, false);
                continue;
            };
            self.sync(attempt);
            let key = (attempt, task);
            let waiter = self.attempts.get(&attempt).and_then(|known| known.waiter(task));
            let demand = waiter.map(|waiter| waiter.demand.clone());
            match demand.map(|demand| (self.obstacle(key, &demand), demand)) {
                Some((Some(obstacle), demand)) => self.park(key, demand, obstacle),
                Some((None, _)) | None => return Some(key),
            }
        }
    }

    /// Whether the task from [`Self::next`] goes out, now that it is known what it needs. One that is out goes out again: it
    /// has its places.
    pub fn admit(&mut self, task: TaskKey, demand: Demand) -> Admission {
        if self.live.contains_key(&task) {
            return Admission::Out;
        }
        let Some(group) = self.group(task.0) else {
            return Admission::Parked(Obstacle::OlderAttempt);
        };
        if let Some(obstacle) = self.obstacle(task, &demand) {
            self.titles.looked(group, task.0);
            self.park(task, demand, obstacle);
            return Admission::Parked(obstacle);
        }
        let left = self.leave(task);
        self.titles.started(group, task.0);
        self.hold(task, demand, group.class);
        if let Some(left) = left {
            self.wake(left.obstacle, &left.demand);
        }
        Admission::Out
    }

    /// A task's try is decided, or the task will not go out at all.
    pub fn ended(&mut self, task: TaskKey) {
        if let Some(left) = self.leave(task) {
            self.wake(left.obstacle, &left.demand);
        }
        self.again.remove(&task);
        if let Some(demand) = self.live.remove(&task) {
            if let Some(group) = self.group(task.0) {
                self.titles.ended(group);
            }
            self.release(&demand);
        }
    }

    /// An attempt will be read again: none of its tasks goes out until then. Those that are out keep their places and
    /// partitions, as their jobs may run.
    pub fn suspend(&mut self, attempt: AttemptId) {
        if let Some(candidates) = self.attempts.get_mut(&attempt) {
            candidates.look_no_more();
            self.again.retain(|task| task.0 != attempt);
            for task in candidates.waiting() {
                self.ended_waiting((attempt, task));
            }
            self.sync(attempt);
        }
    }

    /// Forgets everything about an attempt: it is over, or was read again and begins anew.
    pub fn forget(&mut self, attempt: AttemptId) {
        self.suspend(attempt);
        let all = (attempt, TaskId(0))..=(attempt, TaskId(u32::MAX));
        let live: Vec<TaskKey> = self.live.range(all).map(|(task, _)| *task).collect();
        for task in live {
            self.ended(task);
        }
        let Some(candidates) = self.attempts.remove(&attempt) else {
            return;
        };
        self.asked.remove(&attempt);
        self.titles.forget(candidates.group, attempt);
        self.leave_session(attempt, &candidates.session);
    }

    fn group(&self, attempt: AttemptId) -> Option<Group> {
        self.attempts.get(&attempt).map(|candidates| candidates.group)
    }

    /// Brings the queues in line with what an attempt has to send out.
    fn sync(&mut self, attempt: AttemptId) {
        let Some(candidates) = self.attempts.get(&attempt) else {
            return;
        };
        self.titles.set(candidates.group, attempt, candidates.has_candidate());
        if candidates.asks(self.limits.look_ahead) {
            self.asked.insert(attempt);
        } else {
            self.asked.remove(&attempt);
        }
    }
}
