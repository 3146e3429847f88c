//! Everything that can be said about a project before it runs.
//!
//! ```text
//! files ──► compile (himekuri-workflow) ──► lint: operators, options, files
//!                  │
//!                  └──► walk: every task with the variables around it ──► judge: syntax, names, traps, tables
//! ```
//!
//! What is not certain is no problem: a name that a script may store, a file whose name is computed, a workflow
//! that another one may call are not judged.

mod cures;
mod extent;
mod facts;
mod judge;
mod lines;
mod names;
mod reached;
mod scope;
mod source;
mod tables;
mod tokens;
mod traps;
mod unknown;
mod walk;
mod wording;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use himekuri_engine::{CONTROL_OPERATORS, WORKER_OPERATORS};
use himekuri_schedule::Schedule;
use himekuri_template::{Evaluator, Limits, StartError};
use himekuri_workflow::{
    Diagnostic, Diagnostics, Position, ProjectFiles, Workflow, codes, compile_workflow, lint,
    reachable, replaced_by_later_keys,
};

use crate::session::{SessionError, zone_of};

use self::facts::Facts;
use self::judge::Judge;
use self::lines::Texts;
use self::reached::Reached;
use self::scope::Scope;
use self::walk::Walk;

/// What [`check`] found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Workflows that compile.
    pub workflows: Vec<Workflow>,
    /// Errors, warnings and remarks with beginning and end, by file, line and column; each once.
    pub problems: Vec<Diagnostic>,
}

/// Tasks looked at in a project, each once for every way to it with other variables. The largest real projects have some
/// thousands.
const TASKS_MAX: usize = 100_000;

/// Trees looked at in a project: files and bodies, once for each workflow that reaches them.
const TREES_MAX: usize = 20_000;

/// Problems reported for one file. A person cures the first ones and asks again.
const PROBLEMS_OF_FILE_MAX: usize = 100;

/// Everything that is wrong, or looks wrong, with the workflows of a project and all files that they reach.
///
/// A project far beyond what people write is not looked at as a whole: of its last workflows only the compiler's
/// problems are found.
///
/// # Errors
/// The JavaScript engine, which reads the expressions, does not start.
pub fn check(files: &ProjectFiles) -> Result<Checked, StartError> {
    let reached = Reached::of(files);
    let texts = Texts::of(files);
    let mut project = Project {
        files,
        texts: &texts,
        reached: &reached,
        evaluator: Evaluator::new(Limits::default())?,
        tasks_left: TASKS_MAX,
        trees_left: TREES_MAX,
    };
    let mut workflows = Vec::new();
    let mut problems = reached.unreachable(files);
    for path in files.paths().filter(|path| may_include(path)) {
        problems.extend(replaced_by_later_keys(files, path));
    }
    for name in files.workflow_names() {
        match compile_workflow(files, name) {
            Ok(workflow) => {
                problems.extend(workflow.warnings.iter().cloned());
                problems.extend(project.workflow(&workflow));
                workflows.push(workflow);
            }
            Err(Diagnostics(errors)) => problems.extend(errors),
        }
    }
    Ok(Checked { workflows, problems: finished(problems, &texts) })
}

fn may_include(path: &str) -> bool {
    [".dig", ".yml", ".yaml"].iter().any(|end| path.ends_with(end))
}

/// In order, complete, and each problem once: two workflows may reach the same file.
fn finished(mut problems: Vec<Diagnostic>, texts: &Texts<'_>) -> Vec<Diagnostic> {
    problems.sort_by(|left, right| {
        let key = |problem: &Diagnostic| problem.position.clone();
        (key(left), left.code, &left.message).cmp(&(key(right), right.code, &right.message))
    });
    // The message may name the task, and one line may be reached as several tasks.
    problems.dedup_by(|later, earlier| {
        let is_same_place = (&later.position, later.end, later.code)
            == (&earlier.position, earlier.end, earlier.code);
        is_same_place && (later.position.is_some() || later.message == earlier.message)
    });
    let mut shown: HashMap<Option<Arc<str>>, usize> = HashMap::new();
    problems.retain(|problem| {
        let file = problem.position.as_ref().map(|position| Arc::clone(&position.file));
        let count = shown.entry(file).or_default();
        *count += 1;
        *count <= PROBLEMS_OF_FILE_MAX
    });
    let complete = problems.into_iter().map(|problem| extent::complete(problem, texts));
    complete.map(|problem| cures::with_cure(problem, texts)).collect()
}

/// A project that is being checked.
struct Project<'a, 'f> {
    files: &'a ProjectFiles,
    texts: &'a Texts<'f>,
    reached: &'a Reached,
    evaluator: Evaluator,
    tasks_left: usize,
    trees_left: usize,
}

impl Project<'_, '_> {
    fn workflow(&mut self, workflow: &Workflow) -> Vec<Diagnostic> {
        let mut problems: Vec<Diagnostic> =
            schedule_problem(workflow).into_iter().chain(zone_problem(workflow)).collect();
        if self.trees_left == 0 {
            return problems;
        }
        let known: Vec<&str> = CONTROL_OPERATORS.iter().chain(WORKER_OPERATORS).copied().collect();
        problems.extend(lint(self.files, workflow, &known));
        let found = reachable(self.files, workflow);
        self.trees_left = self.trees_left.saturating_sub(found.trees.len());
        let facts = Facts::of(&found);
        let mut judge = Judge {
            texts: self.texts,
            evaluator: &mut self.evaluator,
            facts: &facts,
            has_schedule: workflow.schedule.is_some(),
            is_closed: !self.reached.may_be_called(&workflow.name),
            problems: Vec::new(),
            known_syntax: HashMap::new(),
        };
        let mut visit = |visited: &walk::Visited<'_>| judge.visit(visited);
        let mut walk = Walk::new(self.files, self.tasks_left, &mut visit);
        let scope: Rc<Scope> = Rc::default();
        walk.tree(&workflow.root.name, &workflow.root, &scope);
        for body in workflow.sla.iter().filter_map(|sla| sla.body.as_ref()) {
            walk.tree(&format!("{}{}", workflow.root.name, body.name), body, &scope);
        }
        self.tasks_left = walk.left();
        problems.extend(judge.problems);
        problems
    }
}

fn schedule_problem(workflow: &Workflow) -> Option<Diagnostic> {
    let schedule = workflow.schedule.as_ref()?;
    let error = Schedule::parse(&schedule.value).err()?;
    let positions = &workflow.root.positions;
    let key = error.key().map(|key| format!("/schedule/{}", facts::escape(key)));
    let position = key.and_then(|key| positions.key(&key));
    let position = position.unwrap_or_else(|| schedule.position.clone());
    Some(session_problem(codes::BAD_SCHEDULE, &error.to_string()).at(position))
}

fn zone_problem(workflow: &Workflow) -> Option<Diagnostic> {
    let error = zone_of(workflow).err()?;
    Some(match error {
        SessionError::Invalid { position, message } => {
            session_problem(codes::BAD_SCHEDULE, &message).at(position)
        }
        other @ (SessionError::EmptyRange { .. }
        | SessionError::NoSession { .. }
        | SessionError::Calendar(_)) => session_problem(codes::BAD_SCHEDULE, &other.to_string())
            .at(Position::start_of(format!("{}.dig", workflow.name))),
    })
}

/// An error whose text ends with its cure.
fn session_problem(code: &'static str, text: &str) -> Diagnostic {
    match text.split_once("; ") {
        Some((message, help)) => Diagnostic::error(code, message).with_help(help),
        None => Diagnostic::error(code, text),
    }
}
