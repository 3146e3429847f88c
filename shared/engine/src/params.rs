//! The parameters that a task sees (digdag reference 2.3, `WorkflowExecutor.collectParams`).
//!
//! From weak to strong: attempt parameters; for each ancestor from the root, what the siblings it waits for stored, its
//! `_export`, what it stored itself; the task's own `_export`; session variables; overrides (ours, design D13). The
//! task's local keys come last and are not in here.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use himekuri_protocol::{TaskError, TaskId};
use himekuri_workflow::{Position, TaskKind};
use serde_json::Value;

use crate::attempt::{Attempt, Task};
use crate::context::{Context, EvaluateError};
use crate::exported::Exported;
use crate::merge::merge;
use crate::subtasks::Sight;
use crate::{Config, operators};

/// Parameters that all children of a task have in common: of 100,000 iterations, each would merge the same again. Kept
/// for the tasks from the root down to the last one asked for.
///
/// They cannot change while the task has children: what it sees of its siblings is settled when it starts, and so is
/// what those above it see. Only a retry and `^check` begin anew; then they are dropped. They are no part of the state:
/// attempts are equal whatever they hold.
#[derive(Clone, Default)]
pub(crate) struct CommonParams {
    levels: RefCell<Vec<(TaskId, Arc<Config>)>>,
}

impl CommonParams {
    pub(crate) fn clear(&mut self) {
        self.levels.take();
    }
}

impl PartialEq for CommonParams {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for CommonParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommonParams")
    }
}

impl Attempt {
    /// Unevaluated parameters of a task.
    pub(crate) fn params(&self, task: &Task) -> Config {
        let mut params = match task.parent.and_then(|parent| self.live(parent)) {
            Some(above) => {
                let mut params = Config::clone(&self.common_params(above));
                self.add_sibling_stores(&mut params, above, task);
                params
            }
            None => self.common_base(),
        };
        self.add_layer(&mut params, &task.definition.export);
        self.add_exported(&mut params, task);
        params.insert("task_name".to_owned(), Value::from(task.full_name.clone()));
        merge(&mut params, &self.started.overrides);
        params
    }

    /// What the children of `above` have in common.
    fn common_params(&self, above: &Task) -> Arc<Config> {
        let mut levels = self.common_params.levels.borrow_mut();
        if let Some((of, params)) = levels.last()
            && *of == above.id
        {
            return Arc::clone(params);
        }
        let path = self.path(above);
        let known = path.iter().zip(levels.iter()).take_while(|(task, (id, _))| task.id == *id);
        let known = known.count();
        levels.truncate(known);
        let mut params = match levels.last() {
            Some((_, params)) => Arc::clone(params),
            None => Arc::new(self.common_base()),
        };
        for task in path.into_iter().skip(known) {
            let level = Arc::make_mut(&mut params);
            if let Some(above) = task.parent.and_then(|above| self.live(above)) {
                self.add_sibling_stores(level, above, task);
            }
            self.add_layer(level, &task.definition.export);
            self.add_exported(level, task);
            self.add_layer(level, &task.store);
            levels.push((task.id, Arc::clone(&params)));
        }
        params
    }

    /// What every task begins with: what is weakest, and the session variables, which stay as they are.
    fn common_base(&self) -> Config {
        let mut params = self.started.params.clone();
        merge(&mut params, &self.started.variables);
        params
    }

    /// Merges what is weaker than session variables, which may be in `params` already.
    fn add_layer(&self, params: &mut Config, layer: &Config) {
        merge(params, layer);
        for key in layer.keys() {
            if let Some(variable) = self.started.variables.get(key) {
                params.insert(key.clone(), variable.clone());
            }
        }
    }

    fn add_exported(&self, params: &mut Config, task: &Task) {
        if task.exported != Exported::Nothing {
            self.add_layer(params, &task.exported.config());
        }
    }

    /// What those of its siblings stored that a task sees.
    fn add_sibling_stores(&self, params: &mut Config, above: &Task, task: &Task) {
        match task.sight {
            Sight::Nothing => {}
            Sight::Earlier => {
                for stores in above.subtasks.earlier_stores(task.id) {
                    self.add_layer(params, stores);
                }
            }
            Sight::After => {
                for stores in above.subtasks.upstream_stores(task.id) {
                    self.add_layer(params, stores);
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
        let params = self.params(task);
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
        let mut path = self.path(task);
        path.reverse();
        local
            .or_else(|| path.iter().find_map(|task| task.definition.positions.value(&export)))
            .or_else(|| task.definition.positions.nearest(pointer))
            .unwrap_or_else(|| task.definition.position.clone())
    }
}
