//! The parameters that a task sees (digdag reference 2.3, `WorkflowExecutor.collectParams`).
//!
//! From weak to strong: attempt parameters; for each ancestor from the root, what the siblings it waits for stored, its
//! `_export`, what it stored itself; the task's own `_export`; session variables; overrides (ours, design D13). The
//! task's local keys come last and are not in here.

use himekuri_protocol::{TaskError, TaskId};
use himekuri_workflow::{Position, TaskKind};
use serde_json::Value;

use crate::attempt::{Attempt, Task};
use crate::context::{Context, EvaluateError};
use crate::merge::merge;
use crate::subtasks::Sight;
use crate::{Config, operators};

impl Attempt {
    /// Unevaluated parameters of a task.
    pub(crate) fn params(&self, id: TaskId) -> Config {
        let mut params = self.started.params.clone();
        let path = self.path(id);
        let mut above: Option<&Task> = None;
        for task in path {
            if let Some(above) = above {
                self.merge_sibling_stores(&mut params, above, task);
            }
            merge(&mut params, &task.definition.export);
            merge(&mut params, &task.exported.config());
            if task.id != id {
                merge(&mut params, &task.store);
            }
            above = Some(task);
        }
        merge(&mut params, &self.started.variables);
        if let Some(task) = self.task(id) {
            params.insert("task_name".to_owned(), Value::from(task.full_name.clone()));
        }
        merge(&mut params, &self.started.overrides);
        params
    }

    /// What those of its siblings stored that a task sees.
    fn merge_sibling_stores(&self, params: &mut Config, above: &Task, task: &Task) {
        match task.sight {
            Sight::Nothing => {}
            Sight::Earlier => merge(params, &above.subtasks.earlier_stores),
            Sight::After => {
                let upstream = above.subtasks.upstream(task.id);
                for sibling in upstream.into_iter().filter_map(|id| self.task(id)) {
                    merge(params, &sibling.subtree_store);
                }
            }
        }
    }

    /// Evaluated parameters and local keys of an operator task.
    pub(crate) fn evaluate(
        &self,
        task: &Task,
        context: &mut Context<'_>,
    ) -> Result<Config, TaskError> {
        let params = self.params(task.id);
        let empty = Config::new();
        let local = match &task.definition.kind {
            TaskKind::Operator { config, .. } => config,
            TaskKind::Group { .. } => &empty,
        };
        context
            .evaluator
            .evaluate(self.clock(), &params, local)
            .map_err(|error| self.expression_failed(task, &error))
    }

    fn expression_failed(&self, task: &Task, error: &EvaluateError) -> TaskError {
        let position = self.position_of(task, &error.pointer);
        operators::config_error(format!("{position}: {error}"))
    }

    /// Where a parameter is written: in the task, or in the `_export` of the nearest task above that has it.
    pub(crate) fn position_of(&self, task: &Task, pointer: &str) -> Position {
        let local = task.definition.positions.value(pointer);
        let export = format!("/_export{pointer}");
        let mut path = self.path(task.id);
        path.reverse();
        local
            .or_else(|| path.iter().find_map(|task| task.definition.positions.value(&export)))
            .or_else(|| task.definition.positions.nearest(pointer))
            .unwrap_or_else(|| task.definition.position.clone())
    }
}
