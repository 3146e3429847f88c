//! Every task that a workflow can reach, with the variables around it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use himekuri_workflow::{
    Config, Position, ProjectFiles, TaskDefinition, TaskKind, Workdir, compile_body, compile_called,
};
use serde_json::Value;

use super::facts::escape;
use super::scope::Scope;

/// Levels of tasks within tasks, through called files: an end for files that call one another.
const DEPTH_MAX: usize = 300;

/// Sets of variables with which one called file is looked at. Real files are called with a handful.
const VARIANTS_MAX: usize = 20;

/// A task on the way.
pub(super) struct Visited<'a> {
    pub(super) full_name: &'a str,
    pub(super) task: &'a TaskDefinition,
    /// Variables around the task with those of its own `_export`.
    pub(super) scope: &'a Rc<Scope>,
    /// Variables of the loops around it, outermost first.
    pub(super) loops: &'a [LoopVariable],
    pub(super) workdir: Workdir,
}

/// A variable that a loop sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoopVariable {
    pub(super) name: String,
    /// Place of the loop.
    pub(super) position: Position,
}

/// Walks from a root.
pub(super) struct Walk<'a, 'v> {
    files: &'a ProjectFiles,
    visit: &'v mut dyn FnMut(&Visited<'_>),
    /// Called files with the variables they were called with.
    called: BTreeMap<String, BTreeSet<Vec<(String, bool)>>>,
    compiled: BTreeMap<(String, String), Option<Rc<TaskDefinition>>>,
    /// Tasks that may still be looked at.
    left: usize,
}

/// What is inherited.
#[derive(Clone)]
struct Around {
    scope: Rc<Scope>,
    loops: Vec<LoopVariable>,
    workdir: Workdir,
    depth: usize,
}

impl<'a, 'v> Walk<'a, 'v> {
    /// Looks at no more than `left` tasks. Called files are looked at again where other variables are around them.
    pub(super) fn new(
        files: &'a ProjectFiles,
        left: usize,
        visit: &'v mut dyn FnMut(&Visited<'_>),
    ) -> Self {
        Walk { files, visit, called: BTreeMap::new(), compiled: BTreeMap::new(), left }
    }

    /// Tasks that may still be looked at.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Visits a tree with everything below it.
    pub(super) fn tree(&mut self, full_name: &str, root: &TaskDefinition, scope: &Rc<Scope>) {
        let scope = Rc::clone(scope);
        let around = Around { scope, loops: Vec::new(), workdir: Workdir::OfFile, depth: 0 };
        self.task(full_name, root, &around);
    }

    fn task(&mut self, full_name: &str, task: &TaskDefinition, around: &Around) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        if around.depth >= DEPTH_MAX {
            return;
        }
        let place = |name: &str| task.positions.key(&format!("/_export/{}", escape(name)));
        let around = Around {
            scope: around.scope.with(&task.export, place),
            loops: around.loops.clone(),
            workdir: around.workdir.within(task),
            depth: around.depth + 1,
        };
        (self.visit)(&Visited {
            full_name,
            task,
            scope: &around.scope,
            loops: &around.loops,
            workdir: around.workdir,
        });
        self.handlers(full_name, task, &around);
        match &task.kind {
            TaskKind::Group { children, .. } => {
                for child in children {
                    self.task(&format!("{full_name}{}", child.name), child, &around);
                }
            }
            TaskKind::Operator { operator, command, config } => {
                let full_name = format!("{full_name}^sub");
                if operator == "call" {
                    self.call(&full_name, task, command, &around);
                }
                self.bodies(&full_name, task, config, &around.inside(task));
            }
        }
    }

    fn handlers(&mut self, full_name: &str, task: &TaskDefinition, around: &Around) {
        let error = task.error.is_some().then(|| {
            let scope = around.scope.with_known(["error"]);
            ("_error", "^error", Around { scope, ..around.clone() })
        });
        let check = task.check.is_some().then(|| ("_check", "^check", around.clone()));
        for (key, name, around) in [error, check].into_iter().flatten() {
            if let Ok(body) = compile_body(task, key, name) {
                self.task(&format!("{full_name}{name}"), &body, &around);
            }
        }
    }

    fn bodies(&mut self, full_name: &str, task: &TaskDefinition, config: &Config, around: &Around) {
        for key in ["_do", "_else_do"] {
            let is_written = config.get(key).is_some_and(|body| !body.is_null());
            if is_written && let Ok(body) = compile_body(task, key, "^sub") {
                self.task(full_name, &body, around);
            }
        }
    }

    fn call(&mut self, full_name: &str, task: &TaskDefinition, command: &Value, around: &Around) {
        let Some(target) = command.as_str().filter(|target| !target.contains("${")) else { return };
        if around.workdir == Workdir::Variable {
            return;
        }
        let key = (task.workdir.clone(), target.to_owned());
        let files = self.files;
        let compiled = self
            .compiled
            .entry(key)
            .or_insert_with(|| compile_called(files, &task.workdir, target).ok().map(Rc::new));
        let Some(called) = compiled.clone() else { return };
        let file = called.position.file.to_string();
        // The same file with the same variables has the same problems; this ends circles as well.
        let variants = self.called.entry(file).or_default();
        if variants.len() < VARIANTS_MAX && variants.insert(around.scope.fingerprint()) {
            self.task(full_name, &called, around);
        }
    }
}

impl Around {
    /// What is inherited by the body of an operator.
    fn inside(&self, task: &TaskDefinition) -> Self {
        let names = sets(task);
        let mut inside = self.clone();
        inside.scope = self.scope.with_known(names.iter().copied());
        let variable =
            |name: &str| LoopVariable { name: name.to_owned(), position: task.position.clone() };
        inside.loops.extend(names.into_iter().map(variable));
        inside
    }
}

/// Variables that the operator of a task sets for its body.
pub(super) fn sets(task: &TaskDefinition) -> Vec<&str> {
    match &task.kind {
        TaskKind::Operator { operator, command, .. } => match (operator.as_str(), command) {
            ("loop", _) => vec!["i"],
            ("for_range", _) => vec!["range"],
            ("for_each", Value::Object(variables)) => {
                variables.keys().map(String::as_str).collect()
            }
            _ => Vec::new(),
        },
        TaskKind::Group { .. } => Vec::new(),
    }
}
