//! `himekuri plan`.

use himekuri_coordinator::ScriptEvaluator;
use himekuri_engine::{Config, Prepared};
use serde::Serialize;

use crate::arguments::{ExpressionArguments, SessionArguments};
use crate::cost::{self, Cost, CostArguments, Planned, Totals, Writes};
use crate::failure::Usage;
use crate::output::{self, counted};
use crate::project::{LoadedProject, ProjectArguments, local_gcp_project};
use crate::simulate::{PlannedTask, planned_attempts, session_time, simulate};

/// Show every task that would run, rendered; contacts nothing.
///
/// With --cost, BigQuery is asked what each query would read, without running it: that costs nothing. Queries that it
/// refuses are shown with the line of their SQL, and destinations that cannot be written with what is wrong with them.
///
/// Exit code: 0 done, 1 errors, also of a query, 2 the command line cannot be read, 3 over --max-cost, --max-bytes or the
/// daily budget of a table.
///
/// Examples:
///   himekuri plan examples/title_a summary --from 2019-09-02 --to 2019-09-04
///   himekuri plan examples/title_a summary --session 2019-09-04 \
///       --override START_DATE=2019-09-01 --override END_DATE=2019-09-03 --json
///   himekuri plan examples/title_a summary --from 2017-01-01 --to 2019-12-31 \
///       --cost --max-cost 50 --gcp-project game-a-prod
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,
    #[command(flatten)]
    sessions: SessionArguments,
    #[command(flatten)]
    expressions: ExpressionArguments,
    /// Ask BigQuery what each query would read, and show what it would cost. A limit asks too.
    #[arg(long)]
    cost: bool,
    #[command(flatten)]
    costs: CostArguments,
    /// One JSON object a line for each task, with its configuration and rendered SQL; with costs, one more for their sum.
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
    /// Only if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'a Cost>,
}

/// The sum as the last JSON line.
#[derive(Debug, Serialize)]
struct TotalLine<'a> {
    total: &'a Totals,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.cost || arguments.costs.has_limit() {
        return run_with_costs(arguments).await;
    }
    let project = arguments.project.load(None)?;
    let sessions = planned_attempts(&project, &arguments.sessions)?;
    let count = sessions.len();
    let mut evaluator = ScriptEvaluator::new(arguments.expressions.limits())?;
    let (mut tasks, mut writes) = (0_usize, Writes::default());
    for started in sessions {
        let session = session_time(&started);
        show_session(arguments, &session);
        simulate(&project, started, &mut evaluator, &mut |task| {
            tasks += 1;
            if let Some(table) = task.prepared.as_ref().and_then(Prepared::destination) {
                writes.count(table);
            }
            show(arguments, &session, &task, None)
        })?;
    }
    show_count(arguments, tasks, count);
    writes.warnings().for_each(|warning| output::aside(format!("warning: {warning}")));
    Ok(())
}

async fn run_with_costs(arguments: &Arguments) -> anyhow::Result<()> {
    let project = load_with_gcp_project(arguments)?;
    let plan = cost::collect(&project, &arguments.sessions, &arguments.expressions)?;
    let asker = arguments.costs.connect().await?;
    let (price, extent) = (arguments.costs.price(), arguments.costs.extent());
    let measured = cost::measure(&asker, price, extent, &plan).await?;
    let totals = Totals::of(&plan, &measured);
    let mut sessions = 0_usize;
    let mut before = None;
    for (Planned { session, task }, cost) in plan.iter().zip(&measured.costs) {
        if before.replace(session) != Some(session) {
            sessions += 1;
            show_session(arguments, session);
        }
        show(arguments, session, task, Some(cost))?;
    }
    show_count(arguments, plan.len(), sessions);
    if arguments.json {
        output::json_line(&TotalLine { total: &totals })?;
    } else {
        cost::show(&totals);
    }
    cost::print_refused(&plan, &measured, &project.revision.files);
    cost::judge(&arguments.costs, &asker, &plan, &totals).await
}

/// Queries are measured in the title's own project.
fn load_with_gcp_project(arguments: &Arguments) -> anyhow::Result<LoadedProject> {
    if arguments.costs.is_local() {
        return arguments.project.load(Some(local_gcp_project));
    }
    if !arguments.project.names_gcp_project() {
        return Err(Usage(anyhow::anyhow!(
            "costs are asked of Google's BigQuery in the title's project: add `--gcp-project ID`, or name a local endpoint \
             with `--bigquery http://HOST:PORT`"
        ))
        .into());
    }
    arguments.project.load(None)
}

fn show_session(arguments: &Arguments, session: &str) {
    if !arguments.json {
        output::line(format!("session {session}"));
    }
}

fn show_count(arguments: &Arguments, tasks: usize, sessions: usize) {
    if !arguments.json {
        let (tasks, sessions) = (counted(tasks, "task"), counted(sessions, "session"));
        output::line(format!("{tasks} in {sessions}"));
    }
}

fn show(
    arguments: &Arguments,
    session: &str,
    task: &PlannedTask,
    cost: Option<&Cost>,
) -> anyhow::Result<()> {
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
            cost,
        });
    }
    let writes = destination.map(|table| format!(" -> {table}")).unwrap_or_default();
    let costs = cost.map(|cost| format!("  {}", cost::brief_cost(cost))).unwrap_or_default();
    let note = if task.note.is_empty() { String::new() } else { format!("  ({})", task.note) };
    output::line(format!("  {}  {}>{writes}{costs}{note}", task.name, task.operator));
    if let Some(query) = query.filter(|_| arguments.sql) {
        for line in query.lines() {
            output::line(format!("      {line}"));
        }
    }
    Ok(())
}
