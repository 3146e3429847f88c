//! What digdag would only find at run time: unknown operators, missing files, policies that cannot
//! be read.

mod commands;
mod include_order;
mod numbers;
mod operators;
mod options;

use std::collections::BTreeSet;

use serde_json::Value;

pub use include_order::replaced_by_later_keys;

use crate::codes;
use crate::diagnostic::{Diagnostic, MAX_PROBLEMS, in_file_order};
use crate::files::{FileError, ProjectFiles, resolve};
use crate::operators::DIGDAG_OPERATORS;
use crate::position::escape;
use crate::retry::RetryPolicy;
use crate::suggest::did_you_mean;
use crate::task::{Config, TaskDefinition, TaskKind, Workflow};
use crate::visit::{
    ReachableTree, Workdir, literal, operator_pointer, operator_position, reachable,
};

/// Checks the workflow's tree, the files it calls and the bodies of its loops. `known` are the
/// operators that run here, without `>`. The lines of text are not filled in. Templates are the
/// caller's: it has [`crate::reachable`] and [`crate::visit_strings`] for them. At most the first
/// hundred problems come back, with a note that there are more.
#[must_use]
pub fn lint(files: &ProjectFiles, workflow: &Workflow, known: &[&str]) -> Vec<Diagnostic> {
    let found = reachable(files, workflow);
    let exported = exported_names(&found.trees);
    let plugins = found.trees.iter().any(|found| names_plugins(&found.tree));
    let lines = numbers::Lines::default();
    let problems = found.problems;
    let mut lint = Lint { files, known, exported: &exported, plugins, lines, problems };
    for found in &found.trees {
        lint.task(&found.full_name, &found.tree, found.workdir);
    }
    in_file_order(lint.problems)
}

/// `plugin:` in an `_export` or in a task: digdag loads operators from a Maven repository then.
fn names_plugins(task: &TaskDefinition) -> bool {
    let own = match &task.kind {
        TaskKind::Operator { config, .. } => config.contains_key(PLUGIN_KEY),
        TaskKind::Group { children, .. } => children.iter().any(|child| names_plugins(child)),
    };
    own || task.export.contains_key(PLUGIN_KEY)
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

struct Lint<'a> {
    files: &'a ProjectFiles,
    known: &'a [&'a str],
    /// Names that any `_export` of the workflow defines.
    exported: &'a BTreeSet<String>,
    /// Whether the workflow names plugins, which could bring any operator.
    plugins: bool,
    lines: numbers::Lines<'a>,
    problems: Vec<Diagnostic>,
}

impl Lint<'_> {
    fn task(&mut self, full_name: &str, task: &TaskDefinition, workdir: Workdir) {
        if self.problems.len() > MAX_PROBLEMS {
            return;
        }
        let workdir = workdir.within(task);
        self.retry(full_name, task);
        self.problems.extend(numbers::check(full_name, task, self.files, &mut self.lines));
        match &task.kind {
            TaskKind::Group { children, .. } => {
                self.problems.extend(check_on_group(full_name, task));
                for child in children {
                    self.task(&format!("{full_name}{}", child.name), child, workdir);
                }
            }
            TaskKind::Operator { operator, command, config } => {
                self.operator(full_name, task, operator);
                self.directives(full_name, task, config);
                let around =
                    options::Around { files: self.files, exported: self.exported, workdir };
                self.problems.extend(options::check(full_name, task, around));
                self.problems.extend(retry_on_bq(full_name, task, operator));
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
                .at(position.unwrap_or_else(|| task.position.clone()))
                .in_task(full_name)
                .with_suggestion(similar),
            );
        }
    }

    fn operator(&mut self, full_name: &str, task: &TaskDefinition, operator: &str) {
        if self.known.contains(&operator) || task.dynamic_operator().is_some() {
            return;
        }
        let problem = unknown_operator(operator, self.known, self.plugins);
        self.problems.push(at_operator(problem, task).in_task(full_name));
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
        if let Some(problem) = missing_file(self.files, &task.workdir, target) {
            self.problems.push(problem.at(operator_position(task)).in_task(full_name));
        }
    }
}

/// Variable that lists digdag's plugins, whose operators nobody here knows.
const PLUGIN_KEY: &str = "plugin";

/// A word close to an operator's is an error; anything else may be an operator of digdag or of a
/// plugin, and a project that holds one still loads and plans.
fn unknown_operator(operator: &str, known: &[&str], has_plugins: bool) -> Diagnostic {
    if operator.is_empty() {
        return Diagnostic::error(codes::UNKNOWN_OPERATOR, "the operator has no name")
            .with_help("write it before the `>`, as in `bq>:`");
    }
    if DIGDAG_OPERATORS.contains(&operator) {
        let message = format!("`{operator}>` is an operator of digdag that does not run here");
        return Diagnostic::warning(codes::NOT_RUN_YET, message)
            .with_help("the task fails when it is reached; everything else of the workflow runs");
    }
    let message = format!("unknown operator `{operator}>`");
    match did_you_mean(operator, known.iter().chain(DIGDAG_OPERATORS).copied()) {
        Some(near) if !has_plugins => Diagnostic::error(codes::UNKNOWN_OPERATOR, message)
            .with_help(format!("did you mean `{near}>`?")),
        Some(_) | None => Diagnostic::warning(codes::UNKNOWN_OPERATOR, message).with_help(
            "the task fails when it is reached; operators of digdag's plugins do not run here",
        ),
    }
}

fn retry_on_bq(full_name: &str, task: &TaskDefinition, operator: &str) -> Option<Diagnostic> {
    let is_job = matches!(operator, "bq" | "bq_load" | "bq_extract");
    if !is_job || task.retry.is_none() {
        return None;
    }
    let message = format!("`_retry` on `{operator}>` starts a new BigQuery job here");
    let problem = Diagnostic::info(codes::RETRY_ON_BQ, message).with_help(
        "digdag looks at the failed job again and fails at once; there, `_retry` belongs on the group around the task",
    );
    Some(at_key(problem, task, "/_retry").in_task(full_name))
}

fn check_on_group(full_name: &str, task: &TaskDefinition) -> Option<Diagnostic> {
    task.check.as_ref()?;
    let problem = Diagnostic::info(codes::CHECK_ON_GROUP, "`_check` of a group runs here")
        .with_help("digdag ignores it without a word; there, put it on an operator task");
    Some(at_key(problem, task, "/_check").in_task(full_name))
}

/// Why the file that a task names cannot be read, with the cure.
fn missing_file(files: &ProjectFiles, workdir: &str, target: &str) -> Option<Diagnostic> {
    let problem = |message: String| Diagnostic::error(codes::FILE_UNREADABLE, message);
    let path = match resolve(workdir, target) {
        Ok(path) => path,
        Err(reason) => {
            let message = format!("cannot read `{target}`: {}", reason.fact());
            return Some(problem(message).with_help(reason.cure()));
        }
    };
    let error = files.text(&path).err()?;
    let problem = problem(error.summary());
    Some(match (&error, error.similar()) {
        (FileError::NotUtf8 { .. }, _) => problem.with_help("save it as UTF-8"),
        (FileError::Missing { .. }, Some(near)) => {
            problem.with_help(format!("did you mean `{near}`?"))
        }
        (FileError::Missing { .. }, None) => problem
            .with_help("create it, or correct the path: it is read from the folder of this file"),
    })
}

fn exported_names(trees: &[ReachableTree]) -> BTreeSet<String> {
    fn add(task: &TaskDefinition, names: &mut BTreeSet<String>) {
        for (key, value) in &task.export {
            names.insert(key.clone());
            // `bq: {dataset: x}` gives defaults to all operators of the family.
            names.extend(value.as_object().into_iter().flatten().map(|(key, _)| key.clone()));
        }
        for child in task.children() {
            add(child, names);
        }
    }
    let mut names = BTreeSet::new();
    for tree in trees {
        add(&tree.tree, &mut names);
    }
    names
}

fn at_key(problem: Diagnostic, task: &TaskDefinition, pointer: &str) -> Diagnostic {
    let position = task.positions.key(pointer);
    problem.at(position.unwrap_or_else(|| task.position.clone()))
}

fn at_value(problem: Diagnostic, task: &TaskDefinition, pointer: &str) -> Diagnostic {
    let position = task.positions.nearest(pointer);
    problem.at(position.unwrap_or_else(|| task.position.clone()))
}

/// At the operator's key.
fn at_operator(problem: Diagnostic, task: &TaskDefinition) -> Diagnostic {
    at_key(problem, task, &operator_pointer(task).unwrap_or_default())
}

/// At what stands behind the operator.
fn at_command(problem: Diagnostic, task: &TaskDefinition) -> Diagnostic {
    let pointer = operator_pointer(task).unwrap_or_default();
    let pointer = if pointer == "/_type" { "/_command".to_owned() } else { pointer };
    at_value(problem, task, &pointer)
}
