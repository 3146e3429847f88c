//! What digdag would only find at run time: unknown operators, missing files, policies that cannot
//! be read.

use serde_json::Value;

use crate::codes;
use crate::diagnostic::{Diagnostic, MAX_PROBLEMS, in_file_order};
use crate::files::{ProjectFiles, resolve};
use crate::operators::DIGDAG_OPERATORS;
use crate::position::escape;
use crate::retry::RetryPolicy;
use crate::suggest::did_you_mean;
use crate::task::{Config, TaskDefinition, TaskKind, Workflow};
use crate::visit::{
    Workdir, is_long_form, literal, operator_pointer, operator_position, reachable,
};

/// Checks the workflow's tree, the files it calls and the bodies of its loops. `known` are the
/// operators that run here, without `>`. Templates are the caller's: it has [`crate::reachable`]
/// and [`crate::visit_strings`] for them. At most the first hundred problems come back, with a note
/// that there are more.
#[must_use]
pub fn lint(files: &ProjectFiles, workflow: &Workflow, known: &[&str]) -> Vec<Diagnostic> {
    let found = reachable(files, workflow);
    let plugins = found.trees.iter().any(|found| names_plugins(&found.tree));
    let mut lint = Lint { files, known, plugins, problems: found.problems };
    for found in &found.trees {
        lint.task(&found.full_name, &found.tree, found.workdir);
    }
    let problems = in_file_order(lint.problems).into_iter();
    problems.map(|problem| problem.with_source(files)).collect()
}

/// Directives that an operator task can have; another key with `_` is accepted by digdag, but most
/// likely misspelt.
const OPERATOR_DIRECTIVES: &[&str] = &[
    "_type",
    "_command",
    "_export",
    "_retry",
    "_error",
    "_check",
    "_background",
    "_after",
    "_disable",
    "_do",
    "_else_do",
    "_parallel",
    "_secrets",
    "_env",
    "_workdir",
];

/// The cure for an operator that does not run here.
const INSTEAD: &str = "replace it by an operator that runs here, or keep this workflow on digdag";

/// `plugin:` in an `_export` or in a task: digdag loads operators from a Maven repository then.
fn names_plugins(task: &TaskDefinition) -> bool {
    let own = match &task.kind {
        TaskKind::Operator { config, .. } => config.contains_key("plugin"),
        TaskKind::Group { children, .. } => children.iter().any(|child| names_plugins(child)),
    };
    own || task.export.contains_key("plugin")
}

struct Lint<'a> {
    files: &'a ProjectFiles,
    known: &'a [&'a str],
    /// Whether the workflow names plugins, which could bring any operator.
    plugins: bool,
    problems: Vec<Diagnostic>,
}

impl Lint<'_> {
    fn task(&mut self, full_name: &str, task: &TaskDefinition, workdir: Workdir) {
        if self.problems.len() > MAX_PROBLEMS {
            return;
        }
        let workdir = workdir.within(task);
        self.retry(full_name, task);
        match &task.kind {
            TaskKind::Group { children, .. } => {
                for child in children {
                    self.task(&format!("{full_name}{}", child.name), child, workdir);
                }
            }
            TaskKind::Operator { operator, command, config } => {
                self.operator(full_name, task, operator);
                self.directives(full_name, task, config);
                match workdir {
                    Workdir::OfFile if operator == "bq" => self.sql_file(full_name, task, command),
                    Workdir::OfFile | Workdir::Variable => {}
                }
            }
        }
    }

    fn directives(&mut self, full_name: &str, task: &TaskDefinition, config: &Config) {
        for key in config.keys().filter(|key| key.starts_with('_')) {
            if OPERATOR_DIRECTIVES.contains(&key.as_str()) {
                continue;
            }
            let position = task.positions.key(&format!("/{}", escape(key)));
            let similar = did_you_mean(key, OPERATOR_DIRECTIVES.iter().copied());
            self.problems.push(
                Diagnostic::warning(
                    codes::UNKNOWN_KEY,
                    format!("unknown directive `{key}` has no effect"),
                )
                .at_text(position.unwrap_or_else(|| task.position.clone()), key)
                .in_task(full_name)
                .with_suggestion(similar),
            );
        }
    }

    /// What digdag has and this engine does not may stand in a branch that is never taken, so it is a
    /// warning; a name that nobody knows is an error.
    fn operator(&mut self, full_name: &str, task: &TaskDefinition, operator: &str) {
        if self.known.contains(&operator) || task.dynamic_operator().is_some() {
            return;
        }
        let candidates = self.known.iter().chain(DIGDAG_OPERATORS).copied();
        let similar = did_you_mean(operator, candidates).map(|name| format!("{name}>"));
        let not_run = |why: &str| {
            let message = format!("{why} `{operator}>`; the task fails when it is reached");
            Diagnostic::warning(codes::NOT_RUN_YET, message)
        };
        let problem = if operator.is_empty() {
            Diagnostic::error(codes::UNKNOWN_OPERATOR, "the operator has no name")
                .with_help("write it before the `>`, as in `bq>:`")
        } else if DIGDAG_OPERATORS.contains(&operator) {
            not_run("this engine does not run").with_help(INSTEAD)
        } else if self.plugins {
            not_run("this engine has no plugins, so it does not run")
                .with_help(INSTEAD)
                .with_suggestion(similar)
        } else {
            let message = format!("unknown operator `{operator}>`");
            Diagnostic::error(codes::UNKNOWN_OPERATOR, message).with_suggestion(similar)
        };
        let (position, text) = match operator_pointer(task) {
            Some(pointer) if is_long_form(task) => {
                (task.positions.value(&pointer), operator.to_owned())
            }
            Some(pointer) => (task.positions.key(&pointer), format!("{operator}>")),
            None => (None, String::new()),
        };
        let position = position.unwrap_or_else(|| task.position.clone());
        self.problems.push(problem.at_text(position, &text).in_task(full_name));
    }

    /// A group's `_retry` is read raw, so `${...}` in it never works; an operator's is evaluated
    /// first.
    fn retry(&mut self, full_name: &str, task: &TaskDefinition) {
        let Some(retry) = &task.retry else { return };
        let evaluated = match &task.kind {
            TaskKind::Operator { .. } => retry.to_string().contains("${"),
            TaskKind::Group { .. } => false,
        };
        if evaluated {
            return;
        }
        if let Err(error) = RetryPolicy::parse(retry) {
            let position = task.positions.value("/_retry").unwrap_or_else(|| task.position.clone());
            self.problems.push(
                Diagnostic::error(codes::BAD_RETRY, error.to_string())
                    .at(position)
                    .in_task(full_name)
                    .with_help("write `_retry: 3`, or `_retry: {limit: 3, interval: 60}`"),
            );
        }
    }

    fn sql_file(&mut self, full_name: &str, task: &TaskDefinition, command: &Value) {
        let Some(target) = literal(command) else {
            return;
        };
        let problem = match resolve(&task.workdir, target) {
            Err(problem) => Diagnostic::error(
                codes::FILE_UNREADABLE,
                format!("cannot read `{target}`: {}", problem.reason()),
            ),
            Ok(path) => match self.files.text(&path) {
                Ok(_) => return,
                Err(error) => {
                    let problem = Diagnostic::error(codes::FILE_UNREADABLE, error.summary());
                    match error.similar() {
                        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                        None => problem.with_help(
                            "create it, or correct the path: it is read from the folder of this file",
                        ),
                    }
                }
            },
        };
        self.problems.push(problem.at_text(operator_position(task), target).in_task(full_name));
    }
}
