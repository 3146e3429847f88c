//! The tree while it grows and ends: subtasks are made, released in their order, and tell their parent how they ended.

use std::mem::take;
use std::sync::Arc;

use himekuri_protocol::{StoreParams, TaskError, TaskId};
use himekuri_workflow::{Parallel, TaskDefinition, TaskKind};
use jiff::Timestamp;
use serde_json::Value;

use crate::Config;
use crate::attempt::{Attempt, Task};
use crate::exported::{Exported, combination_name, combinations};
use crate::merge::merge;
use crate::record::{Expansion, SlaStarted};
use crate::state::TaskState;
use crate::subtasks::{Sight, Subtasks};

impl Attempt {
    pub(super) fn expand(&mut self, task: TaskId, at: Timestamp, expansion: &Expansion) {
        match expansion {
            Expansion::Children => {
                let Some(parent) = self.tasks.get(&task) else {
                    return;
                };
                let definition = Arc::clone(&parent.definition);
                if let TaskKind::Group { children, parallel } = &definition.kind {
                    let parallel = *parallel;
                    let ids = children
                        .iter()
                        .map(|child| {
                            let sight = Sight::of(child, parallel);
                            self.add(task, &child.name, Arc::clone(child), Exported::Nothing, sight)
                        })
                        .collect();
                    self.plan(task, at, Subtasks::planned(ids, parallel, children.iter()));
                }
            }
            Expansion::Sub { definition } => {
                self.plan_sub(task, at, definition);
            }
            Expansion::Loop { count, parallel, body } => {
                let iterations = (0..*count).map(|i| (format!("+loop-{i}"), Exported::Loop(i)));
                self.iterate(task, at, iterations, *parallel, body);
            }
            Expansion::ForEach { entries, parallel, body } => {
                let numbers = 0..combinations(entries).unwrap_or(0);
                let iterations = numbers.map(|number| {
                    let entries = Arc::clone(entries);
                    (combination_name(&entries, number), Exported::ForEach { entries, number })
                });
                self.iterate(task, at, iterations, *parallel, body);
            }
            Expansion::ForRange { from, to, step, parallel, body } => {
                let starts = std::iter::successors(Some(*from), |start| start.checked_add(*step));
                let slices = starts.take_while(|start| start < to).zip(0..);
                let iterations = slices.map(|(from, index)| {
                    let to = from.checked_add(*step).map_or(*to, |end| end.min(*to));
                    (format!("+range-from={from}&to={to}"), Exported::Range { from, to, index })
                });
                self.iterate(task, at, iterations, *parallel, body);
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
        let sub = self.add(task, "^sub", Arc::clone(definition), Exported::Nothing, Sight::Nothing);
        let alone = Subtasks::planned(vec![sub], Parallel::Yes, std::iter::once(definition));
        self.plan(task, at, alone);
        sub
    }

    /// `^sub` with children that all have one body.
    fn iterate(
        &mut self,
        task: TaskId,
        at: Timestamp,
        iterations: impl Iterator<Item = (String, Exported)>,
        parallel: Parallel,
        body: &Arc<TaskDefinition>,
    ) {
        let sub = self.plan_sub(task, at, &loop_group(body, parallel));
        let sight = Sight::of(body, parallel);
        let ids: Vec<TaskId> = iterations
            .map(|(name, exported)| self.add(sub, &name, Arc::clone(body), exported, sight))
            .collect();
        let definitions = std::iter::repeat_n(body, ids.len());
        self.plan(sub, at, Subtasks::planned(ids, parallel, definitions));
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
        let mut task = Task::new(id, self.task(parent), name, definition);
        task.exported = exported;
        task.sight = sight;
        self.tasks.insert(id, Box::new(task));
        id
    }

    fn plan(&mut self, task: TaskId, at: Timestamp, subtasks: Subtasks) {
        self.index.expandable.remove(&task);
        self.update(task, |parent| {
            parent.state = TaskState::Planned;
            parent.started_at.get_or_insert(at);
            parent.subtasks = subtasks;
        });
        self.release_subtasks(task);
    }

    /// `^check`, which sees what all other subtasks stored.
    pub(super) fn add_check(&mut self, id: TaskId, at: Timestamp, check: &Arc<TaskDefinition>) {
        self.plan_again(id, at);
        let planned = self.tasks.get(&id).map_or(0, |task| task.subtasks.planned);
        self.join_stores(id, planned);
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

    /// Makes those children ready that wait for nothing any more; notes a parent of which nothing runs.
    fn release_subtasks(&mut self, parent: TaskId) {
        let is_killed = self.killed.is_some();
        loop {
            let Some(node) = self.tasks.get_mut(&parent) else {
                return;
            };
            let next = if is_killed { None } else { node.subtasks.release() };
            let Some(next) = next else {
                if node.subtasks.is_idle() {
                    self.index.settled.insert(parent);
                }
                return;
            };
            let place = node.subtasks.place(next);
            if self.tasks.get(&next).is_some_and(|next| next.sight == Sight::Earlier) {
                self.join_stores(parent, place.unwrap_or(0));
            }
            self.make_ready(next);
        }
    }

    /// Ends a task and tells its parent.
    pub(super) fn end(&mut self, id: TaskId, at: Timestamp, state: TaskState) {
        self.leave_indexes(id);
        let succeeded = state == TaskState::Success;
        let stored = if succeeded { self.collect_stores(id) } else { StoreParams::new() };
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        task.state = state;
        task.ended_at = Some(at);
        task.subtree_store = stored;
        let resumed = task.resumed;
        let Some(parent_id) = task.parent else { return };
        let Some(parent) = self.tasks.get_mut(&parent_id) else {
            return;
        };
        if !resumed {
            parent.subtasks.ran(id);
        }
        // How `^error` ends changes nothing.
        parent.subtasks.ended(id, succeeded || parent.failure.is_some());
        self.release_subtasks(parent_id);
    }

    /// What a task and everything below it stored, taken from its subtasks: depth first, in order of definition, so
    /// that of parallel tasks the last defined wins, whichever ended last (digdag reference 2.3).
    fn collect_stores(&mut self, id: TaskId) -> StoreParams {
        self.join_stores(id, usize::MAX);
        let Some(task) = self.tasks.get_mut(&id) else {
            return StoreParams::new();
        };
        let mut stored = task.store.clone();
        merge(&mut stored, &take(&mut task.subtasks.earlier_stores));
        stored
    }

    /// Merges what the children before `place` stored, in order.
    fn join_stores(&mut self, id: TaskId, place: usize) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        let ids = take(&mut task.subtasks.ids);
        let mut stores = take(&mut task.subtasks.earlier_stores);
        let end = place.min(ids.len());
        for child in ids.get(task.subtasks.stores_joined..end).into_iter().flatten() {
            self.update(*child, |child| merge(&mut stores, &take(&mut child.subtree_store)));
        }
        self.update(id, |task| {
            let subtasks = &mut task.subtasks;
            subtasks.stores_joined = subtasks.stores_joined.max(end);
            subtasks.ids = ids;
            subtasks.earlier_stores = stores;
        });
    }

    /// Takes the subtasks of a failed run away, remembering their tries so that no job id comes twice.
    pub(super) fn drop_subtasks(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        for child in take(&mut task.subtasks).ids {
            self.drop_subtasks(child);
            if let Some(child) = self.tasks.remove(&child)
                && let Some(last) = child.last_try
            {
                let known = self.index.earlier_tries.entry(child.full_name).or_insert(last);
                *known = last.max(*known);
            }
        }
    }
}

/// The synthetic group around a loop's iterations: digdag's generated `^sub`.
fn loop_group(body: &TaskDefinition, parallel: Parallel) -> Arc<TaskDefinition> {
    let position = body.position.clone();
    Arc::new(TaskDefinition::empty_group("^sub", position, body.workdir.clone(), parallel))
}
