//! The tree while it grows and ends: subtasks are made, released in their order, and tell their parent how they ended.

use std::mem::take;
use std::sync::Arc;

use himekuri_protocol::{StoreParams, TaskId};
use himekuri_workflow::{Parallel, TaskDefinition, TaskKind};
use jiff::Timestamp;
use serde_json::Value;

use crate::Config;
use crate::attempt::{Attempt, Subtasks, Task};
use crate::merge::merge;
use crate::record::Expansion;
use crate::state::TaskState;

impl Attempt {
    pub(super) fn expand(&mut self, task: TaskId, at: Timestamp, expansion: &Expansion) {
        match expansion {
            Expansion::Children => {
                let Some(parent) = self.tasks.get(&task) else {
                    return;
                };
                let definition = Arc::clone(&parent.definition);
                if let TaskKind::Group { children, parallel } = &definition.kind {
                    let ids = children
                        .iter()
                        .map(|child| self.add(task, &child.name, Arc::clone(child), Config::new()))
                        .collect();
                    self.plan(task, at, ids, *parallel);
                }
            }
            Expansion::Sub { definition } => {
                let sub = self.add(task, "^sub", Arc::clone(definition), Config::new());
                self.plan(task, at, vec![sub], Parallel::No);
            }
            Expansion::Loop { count, parallel, body } => {
                let sub = self.add(task, "^sub", loop_group(body, *parallel), Config::new());
                let iterations = (0..*count).map(|i| {
                    let export = Config::from_iter([("i".to_owned(), Value::from(i))]);
                    self.add(sub, &format!("+loop-{i}"), Arc::clone(body), export)
                });
                let iterations = iterations.collect();
                self.plan(task, at, vec![sub], Parallel::No);
                self.plan(sub, at, iterations, *parallel);
            }
        }
    }

    fn add(
        &mut self,
        parent: TaskId,
        name: &str,
        definition: Arc<TaskDefinition>,
        export: Config,
    ) -> TaskId {
        let id = self.next_id;
        self.next_id = TaskId(id.0.saturating_add(1));
        let mut task = Task::new(id, self.tasks.get(&parent), name, definition);
        task.export = export;
        self.tasks.insert(id, task);
        id
    }

    fn plan(&mut self, task: TaskId, at: Timestamp, ids: Vec<TaskId>, parallel: Parallel) {
        self.index.expandable.remove(&task);
        self.update(task, |parent| {
            parent.state = TaskState::Planned;
            parent.started_at.get_or_insert(at);
            parent.subtasks = Subtasks { ids, parallel, ..Subtasks::default() };
        });
        self.release_subtasks(task);
    }

    /// Makes those children ready that wait for nothing any more; notes a parent of which nothing runs.
    fn release_subtasks(&mut self, parent: TaskId) {
        loop {
            let Some(node) = self.tasks.get_mut(&parent) else {
                return;
            };
            let subtasks = &mut node.subtasks;
            let Some(next) = subtasks.next_to_release() else {
                if subtasks.active == 0 {
                    self.index.settled.insert(parent);
                }
                return;
            };
            subtasks.released += 1;
            subtasks.active += 1;
            self.make_ready(next);
        }
    }

    /// Ends a task and tells its parent.
    pub(super) fn end(&mut self, id: TaskId, at: Timestamp, state: TaskState) {
        self.leave_indexes(id);
        let succeeded = state == TaskState::Success;
        let stored = self.collect_stores(id);
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        task.state = state;
        task.ended_at = Some(at);
        let Some(parent_id) = task.parent else { return };
        let Some(parent) = self.tasks.get_mut(&parent_id) else {
            return;
        };
        let subtasks = &mut parent.subtasks;
        subtasks.active = subtasks.active.saturating_sub(1);
        subtasks.failed |= !succeeded;
        if succeeded {
            match subtasks.parallel {
                Parallel::No => merge(&mut subtasks.earlier_stores, &stored),
                Parallel::Yes | Parallel::Limit(_) => {
                    self.update(id, |task| task.subtree_store = stored);
                }
            }
        }
        self.release_subtasks(parent_id);
    }

    /// What a task and everything below it stored, taken from its subtasks: depth first, in order of definition, so
    /// that of parallel tasks the last defined wins, whichever ended last (digdag reference 2.3).
    fn collect_stores(&mut self, id: TaskId) -> StoreParams {
        let Some(task) = self.tasks.get_mut(&id) else {
            return StoreParams::new();
        };
        let mut stored = task.store.clone();
        merge(&mut stored, &take(&mut task.subtasks.earlier_stores));
        if task.subtasks.parallel != Parallel::No {
            let ids = take(&mut task.subtasks.ids);
            for child in &ids {
                self.update(*child, |child| merge(&mut stored, &take(&mut child.subtree_store)));
            }
            self.update(id, |task| task.subtasks.ids = ids);
        }
        stored
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

impl Subtasks {
    /// The next child in order, if there is room for it and no other failed.
    fn next_to_release(&self) -> Option<TaskId> {
        let room = match self.parallel {
            Parallel::No => self.active == 0,
            Parallel::Yes => true,
            // At least one: a window of none would never move.
            Parallel::Limit(limit) => self.active < limit.max(1) as usize,
        };
        let next = self.ids.get(self.released).copied();
        next.filter(|_| room && !self.failed)
    }
}

/// The synthetic group around a loop's iterations: digdag's generated `^sub`.
fn loop_group(body: &TaskDefinition, parallel: Parallel) -> Arc<TaskDefinition> {
    let position = body.position.clone();
    Arc::new(TaskDefinition::empty_group("^sub", position, body.workdir.clone(), parallel))
}
