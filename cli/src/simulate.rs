//! Runs an attempt through the real engine with tasks that succeed at once: what would run, without running it.

use himekuri_coordinator::{ScriptEvaluator, plan_attempt, plan_sessions};
use himekuri_engine::{Attempt, AttemptStarted, Context, Prepared, Reported};
use himekuri_protocol::{Outcome, PROTOCOL_VERSION, Report, StoreParams, Work};
use jiff::Timestamp;
use serde_json::Value;

use crate::arguments::SessionArguments;
use crate::project::LoadedProject;

/// A task that would run.
pub(crate) struct PlannedTask {
    pub(crate) name: String,
    pub(crate) operator: String,
    pub(crate) prepared: Prepared,
}

/// The attempts that the chosen sessions would have.
///
/// # Errors
/// No such session, or a schedule that cannot be used.
pub(crate) fn planned_attempts(
    project: &LoadedProject,
    sessions: &SessionArguments,
) -> anyhow::Result<Vec<AttemptStarted>> {
    let plans = plan_sessions(&project.workflow, sessions.sessions()?, Timestamp::now())?;
    let (params, overrides) = (sessions.params(), sessions.overrides());
    let attempts = plans.into_iter().map(|session| {
        plan_attempt(
            &project.revision,
            &project.workflow,
            session,
            params.clone(),
            overrides.clone(),
        )
    });
    Ok(attempts.collect())
}

/// The session's time in the workflow's zone, as `${session_time}` prints it.
pub(crate) fn session_time(started: &AttemptStarted) -> String {
    match started.variables.get("session_time") {
        Some(Value::String(time)) => time.clone(),
        Some(_) | None => started.session_time.to_string(),
    }
}

/// Calls `visit` with every task of one attempt that a worker would run, in the engine's order.
///
/// # Errors
/// A task that cannot be prepared: a broken expression, a missing file.
pub(crate) fn simulate(
    project: &LoadedProject,
    started: AttemptStarted,
    evaluator: &mut ScriptEvaluator,
    visit: &mut dyn FnMut(PlannedTask) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let now = started.now;
    let mut attempt = Attempt::begin(started);
    let mut context = Context { files: &project.revision.files, evaluator };
    attempt.advance(now, &mut context)?;
    while attempt.outcome().is_none() {
        let Some(id) = attempt.dispatchable().next() else { break };
        let prepared =
            attempt.prepare(id, &mut context).map_err(|error| anyhow::Error::msg(error.message))?;
        let task = attempt
            .task(id)
            .map(|task| (task.full_name.clone(), task.operator().unwrap_or_default().to_owned()));
        let (name, operator) = task.unwrap_or_default();
        let store_params = store_params(&prepared.work);
        let dispatch = attempt.dispatch(prepared.clone(), now)?;
        visit(PlannedTask { name, operator, prepared })?;
        let report = Report {
            version: PROTOCOL_VERSION,
            attempt: dispatch.message.attempt,
            task: id,
            try_no: dispatch.message.try_no,
            worker: "plan".to_owned(),
            outcome: Outcome::Succeeded { store_params, job: None },
        };
        match attempt.report(&report, now, &mut context)? {
            Reported::Decided(_) => {}
            Reported::Late => anyhow::bail!("task {} was decided twice", report.task),
        }
    }
    match attempt.first_failure() {
        Some(task) => anyhow::bail!("task `{}` cannot run: {}", task.full_name, failure(task)),
        None => Ok(()),
    }
}

fn failure(task: &himekuri_engine::Task) -> String {
    himekuri_engine::TaskView::of(task).error.unwrap_or_default()
}

/// What the task would store; the job's id is known before the job.
fn store_params(work: &Work) -> StoreParams {
    match work {
        Work::Bq(job) => job.job.store_params(),
        Work::Echo { .. } => StoreParams::new(),
    }
}
