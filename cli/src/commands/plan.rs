//! `himekuri plan`.

use himekuri_coordinator::ScriptEvaluator;
use himekuri_engine::{Config, Prepared};
use serde::Serialize;

use crate::arguments::{ExpressionArguments, SessionArguments};
use crate::output;
use crate::project::ProjectArguments;
use crate::simulate::{PlannedTask, planned_attempts, session_time, simulate};

/// Show every task that would run, rendered; contacts nothing.
///
/// Examples:
///   himekuri plan examples/title_a summary --from 2019-09-02 --to 2019-09-04
///   himekuri plan examples/title_a summary --session 2019-09-04 \
///       --override START_DATE=2019-09-01 --override END_DATE=2019-09-03 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,
    #[command(flatten)]
    sessions: SessionArguments,
    #[command(flatten)]
    expressions: ExpressionArguments,
    /// One JSON object a line for each task, with its configuration and rendered SQL.
    #[arg(long)]
    json: bool,
    /// Show the rendered SQL below each task.
    #[arg(long, conflicts_with = "json")]
    sql: bool,
}

/// A task as a JSON line.
#[derive(Debug, Serialize)]
struct PlanLine<'a> {
    session_time: &'a str,
    task: &'a str,
    operator: &'a str,
    /// `null` for a task that no worker would run.
    config: Option<&'a Config>,
    query: Option<&'a str>,
    destination: Option<String>,
    /// Why no worker would run it.
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let project = arguments.project.load(None)?;
    let sessions = planned_attempts(&project, &arguments.sessions)?;
    let count = sessions.len();
    let mut evaluator = ScriptEvaluator::new(arguments.expressions.limits())?;
    let mut tasks = 0_usize;
    for started in sessions {
        let session = session_time(&started);
        if !arguments.json {
            output::line(format!("session {session}"));
        }
        simulate(&project, started, &mut evaluator, &mut |task| {
            tasks += 1;
            show(arguments, &session, &task)
        })?;
    }
    if !arguments.json {
        output::line(format!("{tasks} tasks in {count} sessions"));
    }
    Ok(())
}

fn show(arguments: &Arguments, session: &str, task: &PlannedTask) -> anyhow::Result<()> {
    let prepared = task.prepared.as_ref();
    let destination = prepared.and_then(Prepared::destination).map(ToString::to_string);
    let query = prepared.and_then(|prepared| prepared.work.query());
    if arguments.json {
        return output::json_line(&PlanLine {
            session_time: session,
            task: &task.name,
            operator: &task.operator,
            config: prepared.map(|prepared| &prepared.config),
            query,
            destination,
            note: &task.note,
        });
    }
    let writes = destination.map(|table| format!(" -> {table}")).unwrap_or_default();
    let note = if task.note.is_empty() { String::new() } else { format!("  ({})", task.note) };
    output::line(format!("  {}  {}>{writes}{note}", task.name, task.operator));
    if let Some(query) = query.filter(|_| arguments.sql) {
        for line in query.lines() {
            output::line(format!("      {line}"));
        }
    }
    Ok(())
}
