//! Everything that can be said about a project before it runs.

use himekuri_engine::{CONTROL_OPERATORS, WORKER_OPERATORS};
use himekuri_template::{Evaluator, Limits, expressions, find_unclosed};
use himekuri_workflow::{
    Diagnostic, Diagnostics, Position, ProjectFiles, TaskDefinition, TaskKind, Workflow, codes,
    compile_workflow, lint, reachable, visit_strings,
};
use serde_json::Value;

use crate::session::{SessionError, schedule_of, zone_of};

/// What [`check`] found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Workflows that compile.
    pub workflows: Vec<Workflow>,
    /// Errors and warnings, placed, with their line of text.
    pub problems: Vec<Diagnostic>,
}

/// Load and compile errors of every workflow, unknown operators, missing files, broken expressions, schedules and zones.
///
/// # Errors
/// The JavaScript engine, which reads the expressions, does not start.
pub fn check(files: &ProjectFiles) -> Result<Checked, himekuri_template::StartError> {
    let mut evaluator = Evaluator::new(Limits::default())?;
    let mut checked = Checked::default();
    for name in files.workflow_names() {
        match compile_workflow(files, name) {
            Ok(workflow) => {
                checked.problems.extend(workflow.warnings.iter().cloned());
                checked.problems.extend(check_workflow(files, &workflow, &mut evaluator));
                checked.workflows.push(workflow);
            }
            Err(Diagnostics(errors)) => checked.problems.extend(errors),
        }
    }
    let placed = checked.problems.into_iter().map(|problem| problem.with_source(files));
    checked.problems = placed.collect();
    // A file that two workflows include or call is reported once.
    let mut seen = std::collections::BTreeSet::new();
    checked.problems.retain(|problem| seen.insert(problem.to_string()));
    Ok(checked)
}

fn check_workflow(
    files: &ProjectFiles,
    workflow: &Workflow,
    evaluator: &mut Evaluator,
) -> Vec<Diagnostic> {
    let known: Vec<&str> = CONTROL_OPERATORS.iter().chain(WORKER_OPERATORS).copied().collect();
    let mut problems = lint(files, workflow, &known);
    let schedule = [zone_of(workflow).err(), schedule_of(workflow).err()];
    problems.extend(schedule.into_iter().flatten().map(session_problem));
    let mut expressions = Expressions { files, evaluator, problems: Vec::new() };
    for tree in reachable(files, workflow).trees {
        expressions.check_tree(&tree.tree);
    }
    problems.extend(expressions.problems);
    problems
}

fn session_problem(error: SessionError) -> Diagnostic {
    match error {
        SessionError::Invalid { position, message } => {
            Diagnostic::error(codes::BAD_SCHEDULE, message).at(position)
        }
        other @ (SessionError::EmptyRange { .. }
        | SessionError::NoSession { .. }
        | SessionError::Calendar(_)) => Diagnostic::error(codes::BAD_SCHEDULE, other.to_string()),
    }
}

/// Reads every `${...}` without running it.
struct Expressions<'a> {
    files: &'a ProjectFiles,
    evaluator: &'a mut Evaluator,
    problems: Vec<Diagnostic>,
}

impl Expressions<'_> {
    fn check_tree(&mut self, task: &TaskDefinition) {
        visit_strings(task, &mut |_, position, text| {
            self.check_text(text, |_| position.clone());
        });
        self.check_queries(task);
    }

    /// The SQL files that tasks name literally.
    fn check_queries(&mut self, task: &TaskDefinition) {
        for child in task.children() {
            self.check_queries(child);
        }
        let TaskKind::Operator { operator, command: Value::String(path), .. } = &task.kind else {
            return;
        };
        if operator != "bq" || path.contains("${") {
            return;
        }
        let files = self.files;
        // A missing file is reported by `lint`.
        if let Ok(path) = himekuri_workflow::resolve(&task.workdir, path)
            && let Ok(text) = files.text(&path)
        {
            self.check_text(text, |offset| Position::in_text(path.as_str(), text, offset));
        }
    }

    fn check_text(&mut self, text: &str, place: impl Fn(usize) -> Position) {
        if let Some(offset) = find_unclosed(text) {
            let problem = Diagnostic::error(codes::BROKEN_EXPRESSION, "`${` without its `}`");
            let help = "close the expression; braces in quotes count as well, as in digdag";
            self.problems.push(problem.at(place(offset)).with_help(help));
        }
        for (offset, expression) in expressions(text) {
            if let Err(error) = self.evaluator.check_syntax(expression) {
                let problem = Diagnostic::error(codes::BROKEN_EXPRESSION, error.to_string());
                self.problems.push(problem.at(place(offset)));
            }
        }
    }
}
