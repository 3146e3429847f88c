//! Trees of tasks by digdag's rules (`WorkflowFile`, `WorkflowCompiler`), with every problem of a
//! file reported at once.

mod directives;
mod name;
mod order;
mod sla;
mod task;
mod top;

use std::sync::Arc;

use serde_json::Value;

use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics, MAX_PROBLEMS, Severity, in_file_order};
use crate::files::{ProjectFiles, WORKFLOW_SUFFIX, folder_of, resolve};
use crate::position::Position;
use crate::suggest::did_you_mean;
use crate::task::{TaskDefinition, TaskKind, Workflow};
use crate::yaml::{self, Node, Span};

pub use self::name::{NameProblem, check_project_name};
use self::task::Compiler;

/// Name of a group made from a called file or a body, as in digdag.
pub(crate) const SUBTASK_NAME: &str = "^sub";

/// Validates and compiles the workflow `name` (the file `name.dig`) with all its includes.
///
/// # Errors
/// Everything that is wrong with the file, in file order; warnings too, if there are errors.
pub fn compile_workflow(files: &ProjectFiles, name: &str) -> Result<Workflow, Diagnostics> {
    let path = format!("{name}{WORKFLOW_SUFFIX}");
    if !files.contains(&path) {
        return Err(no_workflow(files, name).into());
    }
    let root = yaml::load(files, &path)?;
    let mut compiler = Compiler::new("");
    name::check_workflow(name, &Position::start_of(path.as_str()), &mut compiler.problems);
    let workflow = top::compile(name, &root, &mut compiler);
    let warnings = compiler.finish(files)?;
    Ok(Workflow { warnings, ..workflow })
}

/// The tree of the file that `call>: target` names, as a group to be placed at `^sub`. Its
/// `timezone`, `schedule` and `sla` have no effect, as in digdag.
///
/// `target` is taken as written (`.dig` may be left out), relative to `workdir` of the calling
/// task.
///
/// # Errors
/// The file is missing or outside the project (without a position: the caller knows the place), or
/// does not compile.
pub fn compile_called(
    files: &ProjectFiles,
    workdir: &str,
    target: &str,
) -> Result<TaskDefinition, Diagnostics> {
    let path = called_path(files, workdir, target)?;
    let root = yaml::load(files, &path)?;
    let mut compiler = Compiler::new(folder_of(&path));
    let name = path.strip_suffix(WORKFLOW_SUFFIX).unwrap_or(&path);
    name::check_workflow(name, &Position::start_of(path.as_str()), &mut compiler.problems);
    let definition = top::compile_called(SUBTASK_NAME, &root, &mut compiler);
    compiler.finish(files)?;
    Ok(definition)
}

/// Path of a `call>`ed file, from the project's folder.
pub(crate) fn called_path(
    files: &ProjectFiles,
    workdir: &str,
    target: &str,
) -> Result<String, Diagnostics> {
    let suffix = if target.ends_with(WORKFLOW_SUFFIX) { "" } else { WORKFLOW_SUFFIX };
    let path = resolve(workdir, &format!("{target}{suffix}")).map_err(|problem| {
        let message = format!("cannot call `{target}`: {}", problem.reason());
        Diagnostic::error(codes::BAD_CALL_TARGET, message)
    })?;
    files.text(&path).map_err(|error| {
        Diagnostic::error(
            codes::BAD_CALL_TARGET,
            format!("cannot call `{target}`: {}", error.summary()),
        )
        .with_suggestion(error.similar())
    })?;
    Ok(path)
}

/// The body at `key` of a task (`_do`, `_else_do`, `_error`, `_check`) as a task named `name`, with
/// its places in the files.
///
/// # Errors
/// There is no such body, or it does not compile.
pub fn compile_body(
    parent: &TaskDefinition,
    key: &str,
    name: &str,
) -> Result<TaskDefinition, Diagnostics> {
    let body = match (key, &parent.kind) {
        ("_error", _) => parent.error.as_ref(),
        ("_check", _) => parent.check.as_ref(),
        (_, TaskKind::Operator { config, .. }) => config.get(key),
        (_, TaskKind::Group { .. }) => None,
    };
    let Some(body) = body.filter(|body| !body.is_null()) else {
        return Err(no_body(parent, key).into());
    };
    let pointer = format!("/{key}");
    let key_position = parent.positions.key(&pointer).unwrap_or_else(|| parent.position.clone());
    let key_span = Span::from(key_position);
    let node = Node::from_value(body, &pointer, &parent.positions, &key_span);
    compile_node(name, &key_span, &node, parent)
}

fn compile_node(
    name: &str,
    key_span: &Span,
    node: &Node,
    parent: &TaskDefinition,
) -> Result<TaskDefinition, Diagnostics> {
    let mut compiler = Compiler::new(&parent.workdir);
    let full_name = format!("{}{name}", parent.name);
    let definition = compiler.body(name, &full_name, key_span, node);
    compiler.finish(&ProjectFiles::default())?;
    // Without a problem there is a definition; the other arm only spares a panic.
    definition.ok_or_else(|| no_body(parent, name).into())
}

fn no_body(parent: &TaskDefinition, key: &str) -> Diagnostic {
    Diagnostic::error(codes::NO_BODY, format!("the task has no `{key}`"))
        .at(parent.position.clone())
        .in_task(parent.name.clone())
        .with_help(format!("write `{key}:` with the tasks to run below it"))
}

fn no_workflow(files: &ProjectFiles, name: &str) -> Diagnostic {
    let names = files.workflow_names();
    let diagnostic = Diagnostic::error(
        codes::FILE_UNREADABLE,
        format!(
            "the project has no workflow `{name}` (no file `{name}{WORKFLOW_SUFFIX}` in its folder)"
        ),
    );
    match did_you_mean(name, names.iter().copied()) {
        Some(similar) => diagnostic.with_suggestion(Some(similar)),
        None if names.is_empty() => diagnostic,
        None => diagnostic.with_help(format!("it has {}", quoted_list(&names))),
    }
}

fn quoted_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Compiler {
    /// Whether no further problem is looked for.
    fn is_full(&self) -> bool {
        self.problems.len() > MAX_PROBLEMS
    }

    /// Warnings, or all problems if there is an error among them; in file order.
    fn finish(self, files: &ProjectFiles) -> Result<Vec<Diagnostic>, Diagnostics> {
        let problems = in_file_order(self.problems);
        let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
        let problems = Diagnostics(problems).with_sources(files);
        if failed { Err(problems) } else { Ok(problems.0) }
    }
}

/// `true`, `false`, their texts, and numbers, as digdag's JSON reader takes them for a boolean.
fn as_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(text) => match text.trim() {
            "true" | "True" => Some(true),
            "false" | "False" | "null" | "" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number as digdag's JSON reader takes it for a 32-bit integer: fractions are cut, texts read, an
/// empty text is 0.
fn as_int(value: &Value) -> Option<i32> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => i32::try_from(whole).ok(),
            None => {
                number.as_f64().and_then(|fraction| format!("{:.0}", fraction.trunc()).parse().ok())
            }
        },
        Value::String(text) => match text.trim() {
            "" | "null" => Some(0),
            digits => digits.parse().ok(),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn file_span(node: &Node) -> Span {
    Span::start_of(&Arc::clone(&node.span.file))
}
