//! The tree while it grows and ends: subtasks are planned, become tasks in their order, and tell their parent how they
//! ended.

use std::cmp::Reverse;
use std::mem::take;
use std::ops::Range;
use std::sync::Arc;

use himekuri_protocol::{TaskError, TaskId};
use himekuri_workflow::{Parallel, TaskDefinition, TaskKind};
use jiff::Timestamp;
use serde_json::Value;

use crate::Config;
use crate::attempt::{Attempt, Mover, Task, mover_of};
use crate::exported::Exported;
use crate::outcome::exported;
use crate::record::{Expansion, SlaStarted};
use crate::state::TaskState;
use crate::subtasks::{Failures, Plan, Released, Remains, Sight, Subtasks};

impl Attempt {
    pub(super) fn expand(&mut self, task: TaskId, at: Timestamp, expansion: &Expansion) {
        match expansion {
            Expansion::Children => {
                let Some(parent) = self.tasks.get(&task) else {
                    return;
                };
                let definition = Arc::clone(&parent.definition);
                if let TaskKind::Group { children, parallel } = &definition.kind {
                    let subtasks = Subtasks::listed(self.next_id, children, *parallel);
                    self.plan(task, at, subtasks);
                }
            }
            Expansion::Sub { definition } => {
                self.plan_sub(task, at, definition);
            }
            Expansion::Loop { count, parallel, body } => {
                let count = usize::try_from(*count).unwrap_or(usize::MAX);
                let plan = Plan::Loop { body: Arc::clone(body) };
                self.iterate(task, at, count, *parallel, plan);
            }
            Expansion::ForEach { entries, parallel, body } => {
                let count = Plan::combinations(entries);
                let plan = Plan::ForEach { entries: Arc::clone(entries), body: Arc::clone(body) };
                self.iterate(task, at, count, *parallel, plan);
            }
            Expansion::ForRange { from, to, step, parallel, body } => {
                let count = Plan::slices(*from, *to, *step);
                let (from, to, step, body) = (*from, *to, *step, Arc::clone(body));
                let plan = Plan::ForRange { from, to, step, body };
                self.iterate(task, at, count, *parallel, plan);
            }
        }
    }

    /// `^sub` of a task: its only planned child.
    fn plan_sub(
        &mut self,
        task: TaskId,
        at: Timestamp,
        definition: &Arc<TaskDefinition>,
    ) -> TaskId {
        let sub = self.next_id;
        self.plan(task, at, Subtasks::sub(sub, definition));
        sub
    }

    /// `^sub` with children that all have one body.
    fn iterate(
        &mut self,
        task: TaskId,
        at: Timestamp,
        count: usize,
        parallel: Parallel,
        plan: Plan,
    ) {
        let Some(body) = plan.body() else { return };
        let sub = self.plan_sub(task, at, &loop_group(body, parallel));
        self.plan(sub, at, Subtasks::iterations(self.next_id, count, parallel, plan));
    }

    /// Gives a task its planned children: ids for all of them, and those become tasks that are needed now.
    fn plan(&mut self, id: TaskId, at: Timestamp, subtasks: Subtasks) {
        self.index.expandable.remove(&id);
        let (first, planned) = (subtasks.first, subtasks.planned);
        self.next_id = subtasks.id(planned);
        if planned > 0 {
            self.index.unmade.insert(first, id);
        }
        self.update(id, |parent| {
            parent.state = TaskState::Planned;
            parent.started_at.get_or_insert(at);
            parent.subtasks = subtasks;
        });
        self.release_subtasks(id);
    }

    /// Makes a task of the planned child at `place`.
    fn make(&mut self, parent_id: TaskId, place: usize) -> Option<TaskId> {
        let task = self.planned_task(self.live(parent_id)?, place)?;
        let id = task.id;
        self.tasks.insert(id, Box::new(task));
        let subtasks = &mut self.tasks.get_mut(&parent_id)?.subtasks;
        subtasks.made.insert(place);
        if !subtasks.has_unmade() {
            self.index.unmade.remove(&subtasks.first);
        }
        Some(id)
    }

    /// Makes a task of an iteration that waits for nobody, because something happens to it now.
    pub(super) fn begin_task(&mut self, id: TaskId) {
        if self.tasks.contains_key(&id) {
            return;
        }
        let Some((parent, place)) = self.unmade(id) else {
            return;
        };
        let (parent_id, first) = (parent.id, parent.subtasks.first);
        let depth = self.path(parent).len();
        self.make(parent_id, place);
        self.make_ready(id);
        if self.live(id).map(Task::mover) == Some(Mover::Dispatch) {
            self.index.open_count = self.index.open_count.saturating_sub(1);
        }
        let next = self.live(parent_id).and_then(|parent| parent.subtasks.open().next());
        if next.is_none() {
            self.index.open_dispatchable.remove(&first);
            self.index.open_expandable.remove(&(Reverse(depth), parent_id));
        }
    }

    fn add(
        &mut self,
        parent: TaskId,
        name: &str,
        definition: Arc<TaskDefinition>,
        exported: Exported,
        sight: Sight,
    ) -> TaskId {
        let id = self.next_id;
        self.next_id = TaskId(id.0.saturating_add(1));
        let mut task = Task::new(id, self.live(parent), name, definition);
        task.exported = exported;
        task.sight = sight;
        self.tasks.insert(id, Box::new(task));
        id
    }

    /// `^check`, which sees what all other subtasks stored.
    pub(super) fn add_check(&mut self, id: TaskId, at: Timestamp, check: &Arc<TaskDefinition>) {
        self.plan_again(id, at);
        self.update(id, |task| task.subtasks.checked = true);
        self.join(id, "^check", Arc::clone(check), Exported::Nothing, Sight::Earlier);
    }

    /// `^error`.
    pub(super) fn add_error(
        &mut self,
        id: TaskId,
        at: Timestamp,
        error: &Arc<TaskDefinition>,
        export: &Config,
    ) {
        self.plan_again(id, at);
        let exported = Exported::Given(Box::new(export.clone()));
        self.join(id, "^error", Arc::clone(error), exported, Sight::Nothing);
    }

    /// `^sla` and its kin, below the root. The alert is this record, so its task has ended already; so has `^sla^fail`,
    /// which makes the attempt end as an error and stops nothing (digdag `addSlaMonitorTasks`).
    pub(super) fn add_sla(&mut self, number: u32, at: Timestamp, sla: &SlaStarted) {
        // digdag has one entry at most; those that follow must have other names.
        let name = if number == 0 { "^sla".to_owned() } else { format!("^sla-{}", number + 1) };
        if sla.alert {
            let alert = self.add_notice(&format!("{name}^alert"), "notify");
            self.end(alert, at, TaskState::Success);
        }
        if sla.fail {
            let message = "the attempt did not end by the time of its `sla`".to_owned();
            let error = TaskError { reason: "sla".to_owned(), message, job: None };
            let fail = self.add_notice(&format!("{name}^fail"), "fail");
            self.end(fail, at, TaskState::Error { error });
        }
        if let Some(body) = &sla.body {
            self.join(TaskId::ROOT, &name, Arc::clone(body), Exported::Nothing, Sight::Nothing);
        }
        self.release_subtasks(TaskId::ROOT);
    }

    fn add_notice(&mut self, name: &str, operator: &str) -> TaskId {
        let root = &self.started.root;
        let mut definition = TaskDefinition::empty_group(
            name,
            root.position.clone(),
            root.workdir.clone(),
            Parallel::No,
        );
        definition.kind = TaskKind::Operator {
            operator: operator.to_owned(),
            command: Value::from("SLA violation"),
            config: Config::new(),
        };
        self.join(TaskId::ROOT, name, Arc::new(definition), Exported::Nothing, Sight::Nothing)
    }

    /// A task that had ended its work, or nothing of which ran, is planned for one more child.
    fn plan_again(&mut self, id: TaskId, at: Timestamp) {
        self.leave_indexes(id);
        self.update(id, |task| {
            task.state = TaskState::Planned;
            task.started_at.get_or_insert(at);
        });
    }

    fn join(
        &mut self,
        parent: TaskId,
        name: &str,
        definition: Arc<TaskDefinition>,
        exported: Exported,
        sight: Sight,
    ) -> TaskId {
        let id = self.add(parent, name, definition, exported, sight);
        self.index.settled.remove(&parent);
        self.update(parent, |parent| parent.subtasks.join(id));
        self.make_ready(id);
        id
    }

    /// Lets those children begin that wait for nothing any more; notes a parent of which nothing runs.
    fn release_subtasks(&mut self, parent: TaskId) {
        let is_killed = self.killed.is_some();
        loop {
            let Some(node) = self.tasks.get_mut(&parent) else {
                return;
            };
            let next = if is_killed { None } else { node.subtasks.release() };
            match next {
                Some(Released::One(place)) => {
                    if let Some(id) = self.make(parent, place) {
                        self.make_ready(id);
                    }
                }
                Some(Released::Range(places)) => self.open(parent, places),
                None => {
                    if node.subtasks.is_idle() {
                        self.index.settled.insert(parent);
                    }
                    return;
                }
            }
        }
    }

    /// Iterations that wait for nobody any more become tasks when somebody asks for them, other children now.
    fn open(&mut self, parent_id: TaskId, places: Range<usize>) {
        let Some(parent) = self.live(parent_id) else {
            return;
        };
        let (first, depth) = (parent.subtasks.first, self.path(parent).len());
        let resumed = self.resumed_iterations(parent, places.clone());
        match parent.subtasks.plan.body().map(|body| mover_of(body, None)) {
            Some(Mover::Dispatch) => {
                self.index.open_count = self.index.open_count.saturating_add(places.len());
                self.index.open_dispatchable.insert(first, parent_id);
            }
            Some(Mover::Advance) => {
                self.index.open_expandable.insert((Reverse(depth), parent_id));
            }
            None => {
                for place in places {
                    if let Some(id) = self.make(parent_id, place) {
                        self.make_ready(id);
                    }
                }
            }
        }
        for id in resumed {
            self.begin_task(id);
        }
    }

    /// Iterations that an earlier attempt has done: `advance` looks at each.
    fn resumed_iterations(&self, parent: &Task, places: Range<usize>) -> Vec<TaskId> {
        if self.started.resumed.is_none() || parent.subtasks.plan.body().is_none() {
            return Vec::new();
        }
        let iterations = places.filter_map(|place| self.planned_task(parent, place));
        let resumed = iterations.filter(|task| self.resumed_task(task).is_some());
        resumed.map(|task| task.id).collect()
    }

    /// Iterations that wait for nobody and are no tasks yet will be none.
    pub(super) fn cancel_open(&mut self) {
        let open = take(&mut self.index.open_dispatchable).into_values();
        let open = open.chain(take(&mut self.index.open_expandable).into_iter().map(|(_, id)| id));
        self.index.open_count = 0;
        for id in open {
            if let Some(parent) = self.tasks.get_mut(&id) {
                parent.subtasks.cancel_open();
                if parent.subtasks.is_idle() {
                    self.index.settled.insert(id);
                }
            }
        }
    }

    /// Ends a task, tells its parent, and takes it out of what is left to do. The root stays: it is how the attempt
    /// ends.
    pub(super) fn end(&mut self, id: TaskId, at: Timestamp, state: TaskState) {
        self.leave_indexes(id);
        let succeeded = state == TaskState::Success;
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        task.state = state;
        task.ended_at = Some(at);
        let resumed = task.resumed;
        self.index.unmade.remove(&task.subtasks.first);
        let Some(parent_id) = task.parent else { return };
        let remains = remains(task);
        if let (true, Some(last)) = (task.below_retry, task.last_try) {
            self.index.earlier_tries.insert(task.full_name.clone(), last);
        }
        if let Some(task) = self.tasks.remove(&id) {
            self.history.0.insert(id, task);
        }
        let Some(parent) = self.tasks.get_mut(&parent_id) else {
            return;
        };
        if !resumed {
            parent.subtasks.ran(id);
        }
        // How `^error` ends changes nothing.
        parent.subtasks.ended(id, succeeded || parent.failure.is_some(), remains);
        self.release_subtasks(parent_id);
    }

    /// Takes the subtasks of a failed run away. Their tries are remembered since they ended, so that no job id comes
    /// twice.
    pub(super) fn drop_subtasks(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        self.index.unmade.remove(&task.subtasks.first);
        let mut dropped = vec![take(&mut task.subtasks)];
        while let Some(subtasks) = dropped.pop() {
            let planned = subtasks.first..subtasks.id(subtasks.planned);
            let planned: Vec<TaskId> = self.history.0.range(planned).map(|(id, _)| *id).collect();
            for id in planned.into_iter().chain(subtasks.joined) {
                dropped.extend(self.history.0.remove(&id).map(|task| task.subtasks));
            }
        }
    }
}

/// What a task that ends leaves to its parent: of what was stored, depth first, in order of definition, so that of
/// parallel tasks the last defined wins, whichever ended last (digdag reference 2.3).
pub(crate) fn remains(task: &Task) -> Remains {
    let failures = task.failed().map(|first| {
        let (error, merged) = (first.error.clone(), exported(&first.error));
        Box::new(Failures { error, merged, first })
    });
    let mut remains = Remains { stores: task.store.clone(), failures };
    for below in task.subtasks.remains() {
        remains.append(below);
    }
    remains
}

/// The synthetic group around a loop's iterations: digdag's generated `^sub`.
fn loop_group(body: &TaskDefinition, parallel: Parallel) -> Arc<TaskDefinition> {
    let position = body.position.clone();
    Arc::new(TaskDefinition::empty_group("^sub", position, body.workdir.clone(), parallel))
}
