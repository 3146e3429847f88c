//! Runs an attempt through the real engine with tasks that succeed at once: what would run, without running it.

use himekuri_coordinator::{ScriptEvaluator, plan_attempt, plan_sessions};
use himekuri_engine::{
    Attempt, AttemptStarted, Context, OPERATOR_NOT_RUN, Prepared, Record, Reported, Requirement,
};
use himekuri_protocol::{
    JobStatistics, Outcome, PROTOCOL_VERSION, Report, StoreParams, TaskId, Work,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::arguments::SessionArguments;
use crate::project::LoadedProject;

/// A task that would run.
pub(crate) struct PlannedTask {
    pub(crate) name: String,
    pub(crate) operator: String,
    /// What a worker would do, if one would.
    pub(crate) prepared: Option<Prepared>,
    /// Why none would; empty otherwise.
    pub(crate) note: String,
}

/// Note of a task whose operator exists in digdag only.
const NOT_RUN: &str = "this version does not run it";

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

/// Calls `visit` with every task of one attempt that a worker would run, and with those that nobody here runs, in the
/// engine's order. A `wait>` is over at once, so is a `require>`, whose session is named; no `sla` counts, and a `fail>` ends the plan. So does what needs the stores of
/// a task that nobody here runs.
///
/// # Errors
/// A task that cannot be prepared: a broken expression, a missing file.
pub(crate) fn simulate(
    project: &LoadedProject,
    mut started: AttemptStarted,
    evaluator: &mut ScriptEvaluator,
    visit: &mut dyn FnMut(PlannedTask) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut now = started.now;
    started.sla.clear();
    let mut attempt = Attempt::begin(started);
    let mut context = Context { files: &project.revision.files, evaluator };
    let mut records = attempt.advance(now, &mut context)?;
    // Whether a task was left out that might have stored something.
    let mut partial = false;
    // A failure ends the plan: what `_error` would run then is no part of it.
    while !records.iter().any(is_failure) {
        attempt.forget_ended();
        let required = attempt.required_sessions().next();
        if let Some(required) = required {
            let note = waits_for(&attempt, &required.requirement);
            records = attempt.skip(required.task, now, &mut context)?;
            visit(planned(&attempt, required.task, None, note))?;
            continue;
        }
        let Some(id) = attempt.dispatchable().next() else {
            let Some(deadline) = attempt.next_deadline() else { break };
            now = now.max(deadline);
            records = attempt.tick(now, &mut context)?;
            continue;
        };
        records = match attempt.prepare(id, &mut context) {
            Ok(prepared) => {
                let records = succeed(&mut attempt, prepared.clone(), now, &mut context)?;
                let note = note_of(&prepared.work);
                partial |= !note.is_empty();
                visit(planned(&attempt, id, Some(prepared), note.to_owned()))?;
                records
            }
            Err(error) if error.reason == OPERATOR_NOT_RUN => {
                partial = true;
                let records = attempt.skip(id, now, &mut context)?;
                visit(planned(&attempt, id, None, NOT_RUN.to_owned()))?;
                records
            }
            Err(error) => attempt.refuse(id, error, now, &mut context)?,
        };
    }
    let Some(failed) = attempt.first_failure() else {
        return Ok(());
    };
    let message = failed.error.message;
    let note = match failed.operator.as_deref() {
        // The workflow says so itself: nothing is broken.
        Some("fail") => format!("ends the workflow: {message}"),
        Some(_) | None if partial => format!("the plan ends here: {message}"),
        Some(_) | None => anyhow::bail!("task `{}` cannot run: {message}", failed.full_name),
    };
    let (name, operator) = (failed.full_name, failed.operator.unwrap_or_default());
    visit(PlannedTask { name, operator, prepared: None, note })
}

fn planned(attempt: &Attempt, id: TaskId, prepared: Option<Prepared>, note: String) -> PlannedTask {
    let task = attempt
        .task(id)
        .map(|task| (task.full_name.clone(), task.operator().unwrap_or_default().to_owned()));
    let (name, operator) = task.unwrap_or_default();
    PlannedTask { name, operator, prepared, note }
}

/// The session is another one's plan.
fn waits_for(attempt: &Attempt, required: &Requirement) -> String {
    let own = attempt.started();
    let time = match required.session_time == own.session_time {
        true => session_time(own),
        false => required.session_time.to_string(),
    };
    format!("waits for {}/{} session {time}", required.project, required.workflow)
}

/// Dispatches a task and reports at once that it ended well.
fn succeed(
    attempt: &mut Attempt,
    prepared: Prepared,
    now: Timestamp,
    context: &mut Context<'_>,
) -> anyhow::Result<Vec<Record>> {
    let store_params = store_params(&prepared.work);
    let dispatch = attempt.dispatch(prepared, now)?;
    let report = Report {
        version: PROTOCOL_VERSION,
        attempt: dispatch.message.attempt,
        task: dispatch.message.task,
        try_no: dispatch.message.try_no,
        task_name: None,
        worker: "plan".to_owned(),
        outcome: Outcome::Succeeded { store_params, job: None },
    };
    match attempt.report(&report, now, context)? {
        Reported::Decided(records) => Ok(records),
        Reported::Late => anyhow::bail!("task {} was decided twice", report.task),
    }
}

fn is_failure(record: &Record) -> bool {
    matches!(record, Record::Failing { .. } | Record::Failed { .. } | Record::GroupFailed { .. })
}

/// What a plan cannot know.
fn note_of(work: &Work) -> &'static str {
    match work {
        Work::HttpCall(_) => "its tasks are known when it runs",
        Work::Bq(_)
        | Work::BqLoad(_)
        | Work::BqExtract(_)
        | Work::BqDdl(_)
        | Work::BqWait(_)
        | Work::GcsWait(_)
        | Work::Echo { .. } => "",
    }
}

/// What the task would store; the job's id is known before the job.
fn store_params(work: &Work) -> StoreParams {
    if let Work::GcsWait(wait) = work {
        let last = json!({"metadata": {"bucket": wait.bucket, "name": wait.object}});
        return StoreParams::from_iter([("gcs_wait".to_owned(), json!({"last_object": last}))]);
    }
    let Some(job) = work.job() else { return StoreParams::new() };
    // What it will take is not known.
    let statistics = JobStatistics {
        job: job.reference().clone(),
        total_bytes_processed: None,
        total_bytes_billed: None,
        rows: None,
        total_slot_ms: None,
        duration_ms: None,
        cache_hit: None,
    };
    statistics.store_params()
}
