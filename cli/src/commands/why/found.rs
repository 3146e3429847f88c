//! What is known of an attempt that helps to answer: why is it as it is?

use himekuri_coordinator::{AttemptState, AttemptSummary, Kill};
use himekuri_cost::Bytes;
use himekuri_engine::{KillReason, TaskView};
use himekuri_protocol::AttemptId;
use jiff::Timestamp;
use serde::Serialize;

use super::failures::Failures;

/// Tasks that are named of those that share a fate; the others are counted.
const NAMED: usize = 3;

/// Where an attempt is, for somebody who waits for its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Ended well.
    Succeeded,
    /// Ended with a failed task.
    Failed,
    /// Has a failed task, and others that still run.
    Failing,
    /// Was killed, and nothing of it runs.
    Killed,
    /// Is killed, and waits for the end of its jobs.
    Canceling,
    /// A task failed and runs again later.
    WaitingForRetry,
    /// Has work left, and nothing failed.
    Running,
}

/// The answer, but for what to do.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub(super) attempt: AttemptId,
    pub(super) project: String,
    pub(super) workflow: String,
    /// In the workflow's zone.
    pub(super) session: String,
    pub(super) attempt_name: String,
    pub(super) gcp_project: Option<String>,
    pub(super) verdict: Verdict,
    pub(super) requested_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) kill: Option<KillFound>,
    /// The first task that failed by itself, or that waits for its retry.
    pub(super) cause: Option<Cause>,
    /// The attempt's error if no task is known to have caused it: its log is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// Other tasks that failed by themselves.
    pub(super) also_failed: Named,
    /// Tasks that have not begun.
    pub(super) not_begun: Named,
    /// Tasks that a kill ended.
    pub(super) stopped: Named,
    /// Tasks that run, that wait for a time or a session, or whose job is being cancelled.
    pub(super) open: Vec<Open>,
    /// Tasks that may begin when there is a place for them.
    pub(super) ready: usize,
    /// Tasks that ended well.
    pub(super) succeeded: usize,
    pub(super) bytes_read: Bytes,
    pub(super) bytes_billed: Bytes,
}

/// A task that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Cause {
    pub(super) task: String,
    pub(super) operator: Option<String>,
    pub(super) reason: String,
    pub(super) error: String,
    /// 0 for one that failed before it was tried.
    pub(super) tries: u32,
    pub(super) destination: Option<String>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) failed_at: Option<Timestamp>,
    pub(super) retry_at: Option<Timestamp>,
}

/// A task that has begun and not ended.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Open {
    pub(super) task: String,
    pub(super) operator: Option<String>,
    pub(super) state: String,
    pub(super) destination: Option<String>,
    pub(super) started_at: Option<Timestamp>,
    /// When its wait is over.
    pub(super) until: Option<Timestamp>,
}

/// That the attempt was killed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct KillFound {
    pub(super) at: Timestamp,
    /// Who asked for it, if anybody did and said so.
    pub(super) by: Option<String>,
    /// The limit that it was killed by, if nobody asked for it.
    pub(super) limit: Option<String>,
}

/// How many tasks, and the first of them.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Named {
    pub(super) count: usize,
    pub(super) first: Vec<String>,
}

impl Named {
    fn of<'a>(tasks: impl IntoIterator<Item = &'a TaskView>) -> Self {
        let mut named = Self::default();
        for task in tasks {
            if named.count < NAMED {
                named.first.push(task.name.clone());
            }
            named.count += 1;
        }
        named
    }
}

impl Found {
    pub(super) fn of(summary: &AttemptSummary, tasks: &[TaskView]) -> Self {
        let failures = Failures::among(tasks);
        let failed = failures.in_order();
        let retrying = tasks.iter().filter(|task| task.state == "retry_waiting");
        let retrying = retrying.min_by_key(|task| task.retry_at);
        let verdict = verdict(summary, !failed.is_empty(), retrying.is_some());
        let cause = match verdict {
            Verdict::WaitingForRetry => retrying,
            Verdict::Succeeded => None,
            Verdict::Failed
            | Verdict::Failing
            | Verdict::Killed
            | Verdict::Canceling
            | Verdict::Running => failed.first().copied(),
        };
        let has = |states: &'static [&str]| {
            tasks.iter().filter(move |task| states.contains(&task.state.as_str()))
        };
        let canceled = || has(&["canceled"]).filter(|task| task.operator.is_some());
        let never = has(&["blocked"]).chain(canceled().filter(|task| task.started_at.is_none()));
        let open = has(&["running", "waiting", "requiring", "canceling"]);
        let done = || has(&["success"]).filter(|task| task.operator.is_some() && !task.resumed);
        let jobs = || tasks.iter().filter(|task| !task.resumed).filter_map(|t| t.job.as_ref());
        Self {
            attempt: summary.attempt,
            project: summary.project.clone(),
            workflow: summary.workflow.clone(),
            session: summary.session_local_time.clone(),
            attempt_name: summary.attempt_name.clone(),
            gcp_project: summary.gcp_project.clone(),
            verdict,
            requested_at: summary.requested_at,
            ended_at: summary.ended_at,
            kill: summary.kill.as_ref().map(|kill| KillFound::of(kill, tasks)),
            error: summary.error.clone().filter(|_| cause.is_none() && summary.kill.is_none()),
            cause: cause.map(|task| {
                // A group runs again because of a task below it, which is what somebody can mend.
                let below = failures.first_below(task.id);
                let first = below.filter(|_| verdict == Verdict::WaitingForRetry).unwrap_or(task);
                Cause { retry_at: task.retry_at, ..Cause::of(first, failures.time_of(first)) }
            }),
            also_failed: match verdict {
                Verdict::Succeeded => Named::default(),
                Verdict::WaitingForRetry => Named::of(failed),
                Verdict::Failed
                | Verdict::Failing
                | Verdict::Killed
                | Verdict::Canceling
                | Verdict::Running => Named::of(failed.into_iter().skip(1)),
            },
            not_begun: Named::of(never),
            stopped: Named::of(canceled().filter(|task| task.started_at.is_some())),
            open: open.map(Open::of).collect(),
            ready: has(&["ready"]).count(),
            succeeded: done().count(),
            bytes_read: Bytes(jobs().filter_map(|job| job.total_bytes_processed).sum()),
            bytes_billed: Bytes(jobs().filter_map(|job| job.total_bytes_billed).sum()),
        }
    }
}

fn verdict(summary: &AttemptSummary, has_failed: bool, has_retry: bool) -> Verdict {
    match summary.state {
        AttemptState::Success => Verdict::Succeeded,
        AttemptState::Error => Verdict::Failed,
        AttemptState::Canceled => Verdict::Killed,
        AttemptState::Running if summary.kill.is_some() => Verdict::Canceling,
        AttemptState::Running if has_failed => Verdict::Failing,
        AttemptState::Running if has_retry => Verdict::WaitingForRetry,
        AttemptState::Running => Verdict::Running,
    }
}

impl Cause {
    fn of(task: &TaskView, failed_at: Option<Timestamp>) -> Self {
        Self {
            task: task.name.clone(),
            operator: task.operator.clone(),
            reason: task.reason.clone().unwrap_or_default(),
            error: task.error.clone().unwrap_or_default(),
            tries: task.try_no.map_or(0, |try_no| try_no.0),
            destination: task.destination.clone(),
            started_at: task.started_at,
            failed_at,
            retry_at: task.retry_at,
        }
    }
}

impl Open {
    fn of(task: &TaskView) -> Self {
        Self {
            task: task.name.clone(),
            operator: task.operator.clone(),
            state: task.state.clone(),
            destination: task.destination.clone(),
            started_at: task.started_at,
            until: task.retry_at,
        }
    }
}

impl KillFound {
    fn of(kill: &Kill, tasks: &[TaskView]) -> Self {
        let (by, limit) = match &kill.reason {
            KillReason::Requested { by } => (by.clone(), None),
            KillReason::AttemptTimeLimit => {
                let limit =
                    "it took longer than an attempt may (`--attempt-ttl` of the coordinator)";
                (None, Some(limit.to_owned()))
            }
            KillReason::TaskTimeLimit { task } => {
                let name = tasks.iter().find(|view| view.id == *task).map(|view| &view.name);
                let name = name.map(|name| format!(" `{name}`")).unwrap_or_default();
                let limit = format!(
                    "its task{name} took longer than a task may (`--task-ttl` of the coordinator)"
                );
                (None, Some(limit))
            }
        };
        Self { at: kill.at, by, limit }
    }
}

#[cfg(test)]
mod tests;
