//! All tasks of a plan at once: what they cost is asked of many in parallel.

use himekuri_coordinator::ScriptEvaluator;
use himekuri_protocol::{QueryJob, TableReference, Work};

use crate::arguments::{ExpressionArguments, SessionArguments};
use crate::project::LoadedProject;
use crate::simulate::{PlannedTask, planned_attempts, session_time, simulate};

/// A task of a plan, and its session.
pub(crate) struct Planned {
    pub(crate) session: String,
    pub(crate) task: PlannedTask,
}

impl Planned {
    /// The query that it runs, if it runs one.
    pub(crate) fn query(&self) -> Option<&QueryJob> {
        match &self.task.prepared.as_ref()?.work {
            Work::Bq(job) => Some(job),
            Work::BqLoad(_)
            | Work::BqExtract(_)
            | Work::BqDdl(_)
            | Work::BqWait(_)
            | Work::GcsWait(_)
            | Work::Echo { .. }
            | Work::HttpCall(_) => None,
        }
    }

    /// The table that it writes, without the partition.
    pub(crate) fn mart(&self) -> Option<TableReference> {
        let table = self.task.prepared.as_ref()?.destination()?.clone();
        Some(TableReference { partition: None, ..table })
    }
}

/// The tasks of the chosen sessions, in the order in which they would run.
///
/// # Errors
/// No such session, or a task that cannot be prepared.
pub(crate) fn collect(
    project: &LoadedProject,
    sessions: &SessionArguments,
    expressions: &ExpressionArguments,
) -> anyhow::Result<Vec<Planned>> {
    let mut evaluator = ScriptEvaluator::new(expressions.limits())?;
    let mut plan = Vec::new();
    for started in planned_attempts(project, sessions)? {
        let session = session_time(&started);
        simulate(project, started, &mut evaluator, &mut |task| {
            plan.push(Planned { session: session.clone(), task });
            Ok(())
        })?;
    }
    Ok(plan)
}
