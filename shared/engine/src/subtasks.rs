//! The children of a planned task: in which order they become ready, and which stores of their siblings they see
//! (digdag `WorkflowCompiler`, `TaskTree`; reference 1.5, 2.3).
//!
//! Order comes from a few numbers, so that 100,000 children need no lists of edges; only `_after` has them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use himekuri_protocol::{StoreParams, TaskId};
use himekuri_workflow::{Parallel, TaskDefinition};
use serde::{Deserialize, Serialize};

use crate::state::TaskState;

mod ended;
mod places;
mod plan;

pub use ended::FailedTask;
pub(crate) use ended::{Ended, Failures, Remains};
pub(crate) use places::Places;
pub(crate) use plan::Plan;

/// The children and how far they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subtasks {
    /// Those planned together. They follow the order.
    pub(crate) plan: Plan,
    /// Their ids follow on from this one.
    pub(crate) first: TaskId,
    pub(crate) planned: usize,
    /// Each that joined them and started at once: `^check`, `^error`, `^sla`.
    pub(crate) joined: Vec<TaskId>,
    pub(crate) parallel: Parallel,
    order: Order,
    /// Whether those that may run and are no tasks yet never will be.
    pub(crate) open_canceled: bool,
    /// The planned ones that became tasks.
    pub(crate) made: Places,
    /// How many of the planned may run or run.
    active: usize,
    /// How many of the others run.
    joined_active: usize,
    /// The first one that failed for good, by its place.
    failed: Option<usize>,
    /// Those that ran in this attempt; the others were resumed, or have not ended.
    ran: Places,
    ended: Ended,
    /// Whether `^check` has been made.
    pub(crate) checked: bool,
}

/// Who waits for whom among the planned children, all by place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Order {
    Sequence(Sequence),
    /// `_parallel`, with its limit: those before `released` wait for nobody.
    Parallel {
        limit: Option<u32>,
        released: usize,
    },
    /// `_parallel`, and somebody has `_after`.
    After {
        limit: Option<u32>,
        edges: Box<After>,
    },
}

/// Children that wait for nobody any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Released {
    One(usize),
    Range(Range<usize>),
}

/// One after another, except for `_background`: such a child waits for nobody, and those behind it wait for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sequence {
    /// The next child in the foreground is here or behind.
    next: usize,
    /// Whether a child in the foreground runs.
    busy: bool,
    background: Vec<usize>,
    background_released: usize,
    background_open: BTreeSet<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct After {
    /// For each child, those that it names.
    upstream: Vec<Vec<usize>>,
    /// For each child, those that name it.
    downstream: Vec<Vec<usize>>,
    /// For each child, how many of those that it names have not succeeded.
    unmet: Vec<usize>,
    /// Children that wait for nobody any more and have not been released.
    free: BTreeSet<usize>,
}

/// Which stores of its siblings a task sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Sight {
    /// None: it waits for no sibling.
    #[default]
    Nothing,
    /// Of all before it.
    Earlier,
    /// Of those that it waits for by `_after`, at once or through others.
    After,
}

impl Sight {
    /// Of a child planned in this order.
    pub(crate) fn of(child: &TaskDefinition, parallel: Parallel) -> Self {
        match parallel {
            Parallel::No if !child.background => Self::Earlier,
            Parallel::Yes | Parallel::Limit(_) if !child.after.is_empty() => Self::After,
            Parallel::No | Parallel::Yes | Parallel::Limit(_) => Self::Nothing,
        }
    }
}

impl Subtasks {
    /// The children that a group's definition lists.
    pub(crate) fn listed(
        first: TaskId,
        children: &[Arc<TaskDefinition>],
        parallel: Parallel,
    ) -> Self {
        let order = match parallel {
            Parallel::No => Order::Sequence(Sequence::new(children.iter())),
            Parallel::Yes | Parallel::Limit(_)
                if children.iter().any(|child| !child.after.is_empty()) =>
            {
                let edges = Box::new(After::new(children.iter()));
                Order::After { limit: limit(parallel), edges }
            }
            Parallel::Yes | Parallel::Limit(_) => {
                Order::Parallel { limit: limit(parallel), released: 0 }
            }
        };
        Self { first, planned: children.len(), parallel, order, ..Self::default() }
    }

    /// `^sub`, alone.
    pub(crate) fn sub(first: TaskId, definition: &Arc<TaskDefinition>) -> Self {
        let order = Order::Parallel { limit: None, released: 0 };
        let plan = Plan::Sub(Arc::clone(definition));
        Self { plan, first, planned: 1, parallel: Parallel::Yes, order, ..Self::default() }
    }

    /// So many children with one body.
    pub(crate) fn iterations(first: TaskId, count: usize, parallel: Parallel, plan: Plan) -> Self {
        let background = plan.body().is_some_and(|body| body.background);
        let order = match parallel {
            Parallel::No if !background => Order::Sequence(Sequence::default()),
            // Iterations in the background wait for nobody.
            Parallel::No | Parallel::Yes | Parallel::Limit(_) => {
                Order::Parallel { limit: limit(parallel), released: 0 }
            }
        };
        Self { plan, first, planned: count, parallel, order, ..Self::default() }
    }

    /// Adds a child that starts at once.
    pub(crate) fn join(&mut self, id: TaskId) {
        self.joined.push(id);
        self.joined_active += 1;
    }

    /// Takes the next children that wait for nothing any more.
    pub(crate) fn release(&mut self) -> Option<Released> {
        let (active, failed) = (self.active, self.failed.filter(|place| *place < self.planned));
        // Within a limit, nothing begins any more once one has failed.
        let room = |limit: Option<u32>| match limit {
            None => usize::MAX,
            Some(_) if failed.is_some() => 0,
            Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(active),
        };
        let free = match &mut self.order {
            Order::Sequence(sequence) => Released::One(sequence.release(self.planned, failed)?),
            Order::Parallel { limit, released } => {
                let from = *released;
                *released = from.saturating_add(room(*limit)).min(self.planned);
                Some(from..*released).filter(|free| !free.is_empty()).map(Released::Range)?
            }
            Order::After { limit, edges } if room(*limit) > 0 => {
                Released::One(edges.free.pop_first()?)
            }
            Order::After { .. } => return None,
        };
        self.active += match &free {
            Released::One(_) => 1,
            Released::Range(places) => places.len(),
        };
        Some(free)
    }

    /// Notes how a child ended and what it left.
    pub(crate) fn ended(&mut self, id: TaskId, succeeded: bool, remains: Remains) {
        let Some(place) = self.place(id) else { return };
        match &self.order {
            Order::After { .. } if place < self.planned => self.ended.add_alone(place, remains),
            Order::After { .. } | Order::Sequence(_) | Order::Parallel { .. } => {
                self.ended.add(place, remains, self.planned);
            }
        }
        if !succeeded {
            self.failed = Some(self.failed.map_or(place, |first| first.min(place)));
        }
        if place >= self.planned {
            self.joined_active = self.joined_active.saturating_sub(1);
            return;
        }
        self.active = self.active.saturating_sub(1);
        match &mut self.order {
            Order::Sequence(sequence) => sequence.ended(place, succeeded),
            Order::Parallel { .. } => {}
            Order::After { edges, .. } if succeeded => edges.succeeded(place),
            Order::After { .. } => {}
        }
    }

    /// Notes that a child has ended which no earlier attempt had done.
    pub(crate) fn ran(&mut self, id: TaskId) {
        if let Some(place) = self.place(id) {
            self.ran.insert(place);
        }
    }

    /// Whether a child before this one ran in this attempt.
    pub(crate) fn ran_before(&self, id: TaskId) -> bool {
        self.ran.first().zip(self.place(id)).is_some_and(|(first, place)| first < place)
    }

    /// Whether a child that this one waits for by `_after` ran in this attempt.
    pub(crate) fn ran_upstream(&self, id: TaskId) -> bool {
        self.upstream(id).into_iter().any(|place| self.ran.contains(place))
    }

    /// How many of them run or may begin.
    pub(crate) fn in_progress(&self) -> usize {
        self.active.saturating_add(self.joined_active)
    }

    /// Whether none of them runs or may run.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_progress() == 0
    }

    /// Whether one of them failed for good.
    pub(crate) fn have_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Places that wait for nobody and are no task yet.
    pub(crate) fn open(&self) -> impl Iterator<Item = usize> + '_ {
        self.made.gaps(self.open_end())
    }

    /// How many [`Subtasks::open`] are.
    pub(crate) fn open_count(&self) -> usize {
        self.made.missing(self.open_end())
    }

    fn open_end(&self) -> usize {
        match &self.order {
            Order::Parallel { released, .. } if !self.open_canceled => *released,
            // These become tasks when they are released.
            Order::Parallel { .. } | Order::Sequence(_) | Order::After { .. } => 0,
        }
    }

    /// Where the child at `place` is, which is no task yet.
    pub(crate) fn waiting_state(&self, place: usize) -> TaskState {
        match &self.order {
            Order::Parallel { released, .. } if place < *released && self.open_canceled => {
                TaskState::Canceled
            }
            Order::Parallel { released, .. } if place < *released => TaskState::Ready,
            Order::Parallel { .. } | Order::Sequence(_) | Order::After { .. } => TaskState::Blocked,
        }
    }

    /// Those that wait for nobody and are no tasks yet will be none.
    pub(crate) fn cancel_open(&mut self) {
        let (first, count) = (self.open().next(), self.open_count());
        self.active = self.active.saturating_sub(count);
        self.failed = first.into_iter().chain(self.failed).min();
        self.open_canceled = true;
    }

    /// Whether there are planned children that are no tasks yet.
    pub(crate) fn has_unmade(&self) -> bool {
        self.made.gaps(self.planned).next().is_some()
    }

    /// Place of a child.
    pub(crate) fn place(&self, id: TaskId) -> Option<usize> {
        let planned = id.0.checked_sub(self.first.0).and_then(|place| usize::try_from(place).ok());
        planned.filter(|place| *place < self.planned).or_else(|| {
            let place = self.joined.iter().position(|joined| *joined == id)?;
            Some(self.planned + place)
        })
    }

    /// Id of the planned child at `place`.
    pub(crate) fn id(&self, place: usize) -> TaskId {
        TaskId(self.first.0.saturating_add(u32::try_from(place).unwrap_or(u32::MAX)))
    }

    /// What the planned children before the one of this id stored, in order.
    pub(crate) fn earlier_stores(&self, id: TaskId) -> impl Iterator<Item = &StoreParams> {
        let place = self.place(id).unwrap_or(0).min(self.planned);
        self.ended.stores_before(place)
    }

    /// What all children that have ended left, in order.
    pub(crate) fn remains(&self) -> impl Iterator<Item = &Remains> {
        self.ended.all()
    }

    /// Places of those that a child waits for by `_after`, at once or through others, in the order in which digdag
    /// merges what they stored: each behind what it waits for itself (`TaskTree.walkUpstreamSiblings`).
    pub(crate) fn upstream(&self, id: TaskId) -> Vec<usize> {
        match (&self.order, self.place(id)) {
            (Order::After { edges, .. }, Some(place)) => edges.upstream_of(place),
            (Order::After { .. } | Order::Sequence(_) | Order::Parallel { .. }, _) => Vec::new(),
        }
    }

    /// What those stored that a child waits for by `_after`.
    pub(crate) fn upstream_stores(&self, id: TaskId) -> impl Iterator<Item = &StoreParams> {
        self.upstream(id).into_iter().filter_map(|place| self.ended.stores_at(place))
    }
}

/// At least one: a window of none would never move.
fn limit(parallel: Parallel) -> Option<u32> {
    match parallel {
        Parallel::No | Parallel::Yes => None,
        Parallel::Limit(limit) => Some(limit.max(1)),
    }
}

impl Default for Subtasks {
    fn default() -> Self {
        Self {
            plan: Plan::default(),
            first: TaskId::ROOT,
            planned: 0,
            joined: Vec::new(),
            parallel: Parallel::No,
            order: Order::default(),
            open_canceled: false,
            made: Places::default(),
            active: 0,
            joined_active: 0,
            failed: None,
            ended: Ended::default(),
            checked: false,
            ran: Places::default(),
        }
    }
}

impl Default for Order {
    fn default() -> Self {
        Self::Sequence(Sequence::default())
    }
}

impl Sequence {
    fn new<'a>(definitions: impl Iterator<Item = &'a Arc<TaskDefinition>>) -> Self {
        let background = definitions.enumerate().filter(|(_, child)| child.background);
        let background: Vec<usize> = background.map(|(place, _)| place).collect();
        let background_open = background.iter().copied().collect();
        Self { background, background_open, ..Self::default() }
    }

    fn release(&mut self, planned: usize, failed: Option<usize>) -> Option<usize> {
        if let Some(place) = self.background.get(self.background_released) {
            self.background_released += 1;
            return Some(*place);
        }
        while self.background.binary_search(&self.next).is_ok() {
            self.next += 1;
        }
        let place = self.next;
        let open = self.background_open.first().is_some_and(|open| *open < place);
        if place >= planned || self.busy || open || failed.is_some_and(|failed| failed < place) {
            return None;
        }
        self.busy = true;
        self.next += 1;
        Some(place)
    }

    fn ended(&mut self, place: usize, succeeded: bool) {
        if self.background.binary_search(&place).is_err() {
            self.busy = false;
        } else if succeeded {
            self.background_open.remove(&place);
        }
    }
}

impl After {
    /// A name that no earlier child has is refused when compiling; here it is nobody to wait for.
    fn new<'a>(definitions: impl Iterator<Item = &'a Arc<TaskDefinition>>) -> Self {
        let mut after = Self::default();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, child) in definitions.enumerate() {
            let named: BTreeSet<usize> =
                child.after.iter().filter_map(|name| places.get(name.as_str()).copied()).collect();
            for upstream in &named {
                if let Some(downstream) = after.downstream.get_mut(*upstream) {
                    downstream.push(place);
                }
            }
            if named.is_empty() {
                after.free.insert(place);
            }
            after.unmet.push(named.len());
            after.upstream.push(named.into_iter().collect());
            after.downstream.push(Vec::new());
            places.insert(&child.name, place);
        }
        after
    }

    fn succeeded(&mut self, place: usize) {
        for waiting in self.downstream.get(place).into_iter().flatten() {
            if let Some(unmet) = self.unmet.get_mut(*waiting) {
                *unmet = unmet.saturating_sub(1);
                if *unmet == 0 {
                    self.free.insert(*waiting);
                }
            }
        }
    }

    /// Depth first, without recursion: a chain may be as long as the group.
    fn upstream_of(&self, place: usize) -> Vec<usize> {
        let named = |place: usize| self.upstream.get(place).into_iter().flatten().rev().copied();
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        let mut stack: Vec<(usize, bool)> = named(place).map(|place| (place, false)).collect();
        while let Some((place, walked)) = stack.pop() {
            if walked {
                order.push(place);
            } else if seen.insert(place) {
                stack.push((place, true));
                stack.extend(named(place).map(|place| (place, false)));
            }
        }
        order
    }
}
