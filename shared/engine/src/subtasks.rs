//! The children of a planned task: in which order they become ready, and which stores of their siblings they see
//! (digdag `WorkflowCompiler`, `TaskTree`; reference 1.5, 2.3).
//!
//! Order comes from a few numbers, so that 100,000 children need no lists of edges; only `_after` has them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use himekuri_protocol::{StoreParams, TaskId};
use himekuri_workflow::{Parallel, TaskDefinition};

/// The children and how far they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Subtasks {
    /// In order of creation: those planned together, then each that joined them (`^check`, `^error`, `^sla`).
    pub(crate) ids: Vec<TaskId>,
    /// How many at the front were planned together and follow the order; the others start at once.
    pub(crate) planned: usize,
    order: Order,
    /// How many of the planned run.
    active: usize,
    /// How many of the others run.
    joined_active: usize,
    /// The first one that failed for good, by its place.
    failed: Option<usize>,
    /// The first one that ran in this attempt, by its place; those before it were resumed, or have not ended.
    first_run: Option<usize>,
    /// What the first `stores_joined` children stored, in order: visible to those that follow.
    pub(crate) earlier_stores: StoreParams,
    /// See `earlier_stores`.
    pub(crate) stores_joined: usize,
    /// Whether `^check` has been made.
    pub(crate) checked: bool,
}

/// Who waits for whom among the planned children, all by place.
#[derive(Clone, Debug, PartialEq)]
enum Order {
    Sequence(Sequence),
    /// `_parallel`, with its limit.
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

/// One after another, except for `_background`: such a child waits for nobody, and those behind it wait for it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sequence {
    /// The next child in the foreground is here or behind.
    next: usize,
    /// Whether a child in the foreground runs.
    busy: bool,
    background: Vec<usize>,
    background_released: usize,
    background_open: BTreeSet<usize>,
}

#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// Children of these `definitions`, in the same order.
    pub(crate) fn planned<'a>(
        ids: Vec<TaskId>,
        parallel: Parallel,
        definitions: impl Iterator<Item = &'a Arc<TaskDefinition>> + Clone,
    ) -> Self {
        let limit = match parallel {
            Parallel::No | Parallel::Yes => None,
            // At least one: a window of none would never move.
            Parallel::Limit(limit) => Some(limit.max(1)),
        };
        let order = match parallel {
            Parallel::No => Order::Sequence(Sequence::new(definitions)),
            Parallel::Yes | Parallel::Limit(_) => {
                if definitions.clone().any(|child| !child.after.is_empty()) {
                    Order::After { limit, edges: Box::new(After::new(definitions)) }
                } else {
                    Order::Parallel { limit, released: 0 }
                }
            }
        };
        Self { planned: ids.len(), ids, order, ..Self::default() }
    }

    /// Adds a child that starts at once.
    pub(crate) fn join(&mut self, id: TaskId) {
        self.ids.push(id);
        self.joined_active += 1;
    }

    /// Takes the next child that waits for nothing any more.
    pub(crate) fn release(&mut self) -> Option<TaskId> {
        let (active, failed) = (self.active, self.failed.filter(|place| *place < self.planned));
        // Within a limit, nothing begins any more once one has failed.
        let room = |limit: Option<u32>| {
            limit.is_none_or(|limit| failed.is_none() && active < limit as usize)
        };
        let place = match &mut self.order {
            Order::Sequence(sequence) => sequence.release(self.planned, failed)?,
            Order::Parallel { limit, released } => {
                let next = Some(*released).filter(|next| *next < self.planned && room(*limit))?;
                *released += 1;
                next
            }
            Order::After { limit, edges } if room(*limit) => edges.free.pop_first()?,
            Order::After { .. } => return None,
        };
        self.active += 1;
        self.ids.get(place).copied()
    }

    /// Notes how a child ended.
    pub(crate) fn ended(&mut self, id: TaskId, succeeded: bool) {
        let Some(place) = self.place(id) else { return };
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
            self.first_run = Some(self.first_run.map_or(place, |first| first.min(place)));
        }
    }

    /// Whether a child before this one ran in this attempt.
    pub(crate) fn ran_before(&self, id: TaskId) -> bool {
        self.first_run.zip(self.place(id)).is_some_and(|(first, place)| first < place)
    }

    /// Those that were planned together, without `^check`, `^error` and `^sla`.
    pub(crate) fn planned_ids(&self) -> &[TaskId] {
        self.ids.get(..self.planned).unwrap_or_default()
    }

    /// How many of them run or may begin.
    pub(crate) fn in_progress(&self) -> usize {
        self.active.saturating_add(self.joined_active)
    }

    /// Whether none of them runs.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_progress() == 0
    }

    /// Whether one of them failed for good.
    pub(crate) fn have_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Place of a child; ids grow with the places.
    pub(crate) fn place(&self, id: TaskId) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    /// Those that the child at `place` waits for by `_after`, at once or through others, in the order in which digdag
    /// merges what they stored: each behind what it waits for itself (`TaskTree.walkUpstreamSiblings`).
    pub(crate) fn upstream(&self, id: TaskId) -> Vec<TaskId> {
        let (Order::After { edges, .. }, Some(place)) = (&self.order, self.place(id)) else {
            return Vec::new();
        };
        let places = edges.upstream_of(place);
        places.into_iter().filter_map(|place| self.ids.get(place).copied()).collect()
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
