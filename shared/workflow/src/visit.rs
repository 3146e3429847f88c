//! Walks over what can be known of a workflow before it runs: its tree, the files it calls, the
//! bodies of its loops.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::codes;
use crate::compile::{SUBTASK_NAME, called_path, compile_body, compile_called};
use crate::diagnostic::{Diagnostic, Diagnostics, MAX_PROBLEMS};
use crate::files::ProjectFiles;
use crate::position::{Position, escape};
use crate::task::{Config, TaskDefinition, TaskKind, Workflow};

/// Keys whose value is a task to run, with the name that the task gets, as in digdag.
const BODIES: &[(&str, &str)] = &[
    ("_do", SUBTASK_NAME),
    ("_else_do", SUBTASK_NAME),
    ("_error", "^error"),
    ("_check", "^check"),
];

/// Trees that a workflow can run, and what is wrong with those that do not compile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reachable {
    /// The workflow's own tree first.
    pub trees: Vec<ReachableTree>,
    /// Problems of called files and bodies, placed; the first hundred.
    pub problems: Vec<Diagnostic>,
}

/// A tree that a workflow can run.
#[derive(Clone, Debug, PartialEq)]
pub struct ReachableTree {
    /// Full name of the tree's root as far as it is known: `+daily`, `+daily+load^sub`.
    pub full_name: String,
    /// The tree.
    pub tree: TaskDefinition,
    /// Whether relative paths in it can be resolved.
    pub workdir: Workdir,
}

/// Whether `workdir` of a task is the base of its relative paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workdir {
    /// It is.
    OfFile,
    /// A `_workdir` variable replaces it, and is only known when it is evaluated.
    Variable,
}

impl Workdir {
    /// What holds within `task`, if this holds around it.
    #[must_use]
    pub fn within(self, task: &TaskDefinition) -> Self {
        let local = match &task.kind {
            TaskKind::Operator { config, .. } => config.contains_key(WORKDIR_KEY),
            TaskKind::Group { .. } => false,
        };
        if local || task.export.contains_key(WORKDIR_KEY) { Self::Variable } else { self }
    }
}

/// Variable that replaces the folder of the file.
const WORKDIR_KEY: &str = "_workdir";

/// Deepest nesting of calls and bodies that is looked at: the file of a `call>` may call itself, and
/// no real workflow calls ten deep.
const MAX_CALL_DEPTH: usize = 50;

/// Keys and values of all trees together that are looked at: bodies within bodies are compiled once
/// for each level, so they can multiply.
const MAX_PLACES: usize = 100_000;

/// The workflow's own tree, each file that a `call>` names literally (once), and each body, to any
/// depth that a real workflow has; a problem says where the walk stopped.
#[must_use]
pub fn reachable(files: &ProjectFiles, workflow: &Workflow) -> Reachable {
    let mut walk = Walk {
        files,
        found: Reachable::default(),
        called: BTreeSet::new(),
        places: MAX_PLACES,
        is_stopped: false,
    };
    let root = ReachableTree {
        full_name: workflow.root.name.clone(),
        tree: workflow.root.clone(),
        workdir: Workdir::OfFile,
    };
    let mut waiting = vec![(root, 0)];
    for sla in &workflow.sla {
        let workdir = Workdir::OfFile.within(&workflow.root);
        let body = sla.body.as_deref().cloned();
        waiting.extend(body.map(|body| (child_tree(&workflow.root.name, body, workdir), 1)));
    }
    while let Some((next, depth)) = waiting.pop() {
        let mut below = Vec::new();
        walk.definition(&next.full_name, &next.tree, next.workdir, depth, &mut below);
        waiting.extend(below.into_iter().map(|tree| (tree, depth + 1)));
        walk.found.trees.push(next);
    }
    walk.found
}

struct Walk<'a> {
    files: &'a ProjectFiles,
    found: Reachable,
    called: BTreeSet<String>,
    /// What is left of [`MAX_PLACES`].
    places: usize,
    is_stopped: bool,
}

impl Walk<'_> {
    /// Adds the trees directly below `task`, at `depth` calls and bodies, to `below`.
    fn definition(
        &mut self,
        full_name: &str,
        task: &TaskDefinition,
        workdir: Workdir,
        depth: usize,
        below: &mut Vec<ReachableTree>,
    ) {
        if self.stops(full_name, task, depth) {
            return;
        }
        let workdir = workdir.within(task);
        match &task.kind {
            TaskKind::Group { children, .. } => {
                for child in children {
                    let name = format!("{full_name}{}", child.name);
                    self.definition(&name, child, workdir, depth, below);
                }
            }
            TaskKind::Operator { operator, command, .. } => {
                let found = match workdir {
                    Workdir::OfFile if operator == "call" => {
                        self.called_tree(full_name, task, command)
                    }
                    Workdir::OfFile | Workdir::Variable => None,
                };
                below.extend(found.map(|tree| child_tree(full_name, tree, workdir)));
            }
        }
        let bodies = self.bodies(full_name, task);
        below.extend(bodies.into_iter().map(|tree| child_tree(full_name, tree, workdir)));
    }

    /// Counts the task, and says once where a bound is reached.
    fn stops(&mut self, full_name: &str, task: &TaskDefinition, depth: usize) -> bool {
        let places = self.places.checked_sub(task.positions.len() + 1);
        self.places = places.unwrap_or(0);
        let message = if depth > MAX_CALL_DEPTH {
            format!("calls and bodies are nested deeper than {MAX_CALL_DEPTH} levels")
        } else if places.is_none() {
            format!(
                "the workflow with all it calls has more than {MAX_PLACES} keys and values, bodies \
                 counted for each level"
            )
        } else {
            return false;
        };
        if !self.is_stopped {
            self.is_stopped = true;
            let problem =
                Diagnostic::warning(codes::TOO_LARGE, format!("{message}; the checks stop here"))
                    .at(task.position.clone())
                    .in_task(full_name)
                    .with_help("split the workflow")
                    .with_source(self.files);
            self.found.problems.push(problem);
        }
        true
    }

    fn called_tree(
        &mut self,
        full_name: &str,
        task: &TaskDefinition,
        command: &Value,
    ) -> Option<TaskDefinition> {
        let target = literal(command)?;
        let tree = called_path(self.files, &task.workdir, target).and_then(|path| {
            // One report per file; and a file that calls itself is legal, under an `if>`.
            if !self.called.insert(path) {
                return Ok(None);
            }
            compile_called(self.files, &task.workdir, target).map(Some)
        });
        tree.unwrap_or_else(|problems| {
            self.report(full_name, task, problems);
            None
        })
    }

    fn bodies(&mut self, full_name: &str, task: &TaskDefinition) -> Vec<TaskDefinition> {
        let mut bodies = Vec::new();
        for (key, name) in BODIES.iter().filter(|(key, _)| has_body(task, key)) {
            match compile_body(task, key, name) {
                Ok(body) => bodies.push(body),
                Err(problems) => self.report(full_name, task, problems),
            }
        }
        bodies
    }

    /// Problems without a place belong to the operator's own line.
    fn report(&mut self, full_name: &str, task: &TaskDefinition, problems: Diagnostics) {
        let room = MAX_PROBLEMS.saturating_sub(self.found.problems.len());
        for mut problem in problems.0.into_iter().take(room) {
            if problem.position.is_none() {
                problem.position = Some(operator_position(task));
                problem.task = Some(full_name.to_owned());
            }
            self.found.problems.push(problem.with_source(self.files));
        }
    }
}

fn child_tree(parent: &str, tree: TaskDefinition, workdir: Workdir) -> ReachableTree {
    ReachableTree { full_name: format!("{parent}{}", tree.name), tree, workdir }
}

fn has_body(task: &TaskDefinition, key: &str) -> bool {
    let body = match (key, &task.kind) {
        ("_error", _) => task.error.as_ref(),
        ("_check", _) => task.check.as_ref(),
        (_, TaskKind::Operator { config, .. }) => config.get(key),
        (_, TaskKind::Group { .. }) => None,
    };
    body.is_some_and(|body| !body.is_null())
}

/// A command that needs no evaluation.
pub(crate) fn literal(command: &Value) -> Option<&str> {
    command.as_str().filter(|text| !text.contains("${"))
}

/// Where the command of an operator task stands.
pub(crate) fn operator_position(task: &TaskDefinition) -> Position {
    task.positions
        .value("/_command")
        .filter(|_| is_long_form(task))
        .or_else(|| task.positions.value(&operator_pointer(task)?))
        .unwrap_or_else(|| task.position.clone())
}

/// JSON pointer of the operator's key in its task.
pub(crate) fn operator_pointer(task: &TaskDefinition) -> Option<String> {
    match &task.kind {
        TaskKind::Operator { .. } if is_long_form(task) => Some("/_type".to_owned()),
        TaskKind::Operator { operator, .. } => {
            Some(format!("/{}", escape(&format!("{operator}>"))))
        }
        TaskKind::Group { .. } => None,
    }
}

/// Whether a `_type` names the operator.
pub(crate) fn is_long_form(task: &TaskDefinition) -> bool {
    match &task.kind {
        TaskKind::Operator { config, .. } => config.contains_key("_type"),
        TaskKind::Group { .. } => false,
    }
}

/// Calls `visit` with each text of `definition` and its children: JSON pointer within its task,
/// place, text. Bodies of loops are part of their task; keys are no texts.
pub fn visit_strings(definition: &TaskDefinition, visit: &mut dyn FnMut(&str, &Position, &str)) {
    let mut visitor = StringVisitor { task: definition, visit };
    visitor.fields("/_export", &definition.export);
    match &definition.kind {
        TaskKind::Operator { config, .. } => visitor.fields("", config),
        TaskKind::Group { children, .. } => {
            for child in children {
                visit_strings(child, visit);
            }
        }
    }
}

struct StringVisitor<'a> {
    task: &'a TaskDefinition,
    visit: &'a mut dyn FnMut(&str, &Position, &str),
}

impl StringVisitor<'_> {
    fn fields(&mut self, pointer: &str, fields: &Config) {
        for (key, value) in fields {
            self.value(&format!("{pointer}/{}", escape(key)), value);
        }
    }

    fn value(&mut self, pointer: &str, value: &Value) {
        match value {
            Value::String(text) => {
                let position = self.task.positions.nearest(pointer);
                (self.visit)(pointer, position.as_ref().unwrap_or(&self.task.position), text);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{pointer}/{index}"), item);
                }
            }
            Value::Object(fields) => self.fields(pointer, fields),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
