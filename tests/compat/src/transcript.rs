//! What happened, one line a record: seconds since the start, the task's full name, and what it did or saw.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use himekuri_engine::{Attempt, Record, TaskView};
use himekuri_protocol::{StoreParams, TaskId, Work};
use jiff::Timestamp;
use serde_json::Value;

use crate::world::World;

/// The run so far. A task that was never begun stands at the end with its state; iterations of a loop that were never
/// begun need not exist, and are left out.
///
/// # Panics
/// When the log does not replay.
#[must_use]
pub fn transcript(world: &World) -> String {
    let mut names: BTreeMap<TaskId, String> = BTreeMap::new();
    let mut text = String::new();
    let start = world.attempt.started().at;
    for (place, record) in world.log.iter().enumerate() {
        let attempt = Attempt::replay(world.log[..=place].iter().cloned()).unwrap();
        let joined = joined(&attempt, &names);
        names.extend(attempt.tasks().map(|task| (task.id, task.full_name.clone())));
        let json = serde_json::to_value(record).unwrap();
        let task = json.get("task").and_then(Value::as_u64).unwrap_or(0);
        let name = &names[&TaskId(u32::try_from(task).unwrap())];
        let at = json.get("at").and_then(Value::as_str).map(|at| at.parse().unwrap());
        let seconds = |at: Timestamp| at.duration_since(start).as_secs();
        if let Some(event) = event(record, sent(world, place), seconds) {
            let _ = writeln!(text, "{}s {name}: {event}", at.map_or(0, seconds));
        }
        if matches!(record, Record::SlaMissed { .. }) {
            text.push_str(&joined);
        }
        if matches!(record, Record::KillRequested { .. }) {
            for task in attempt.views().filter(|task| task.state == "canceled") {
                let _ = writeln!(text, "  canceled at once: {}", task.name);
            }
        }
    }
    // An iteration that was canceled before anybody asked for it has no end.
    let open = |task: &TaskView| task.ended_at.is_none() && task.state != "canceled";
    for task in world.attempt.views().filter(|task| open(task) && !is_iteration(task)) {
        let _ = writeln!(text, "{}: {}", task.name, task.state);
    }
    text
}

fn event(
    record: &Record,
    sent: Option<&Work>,
    seconds: impl Fn(Timestamp) -> i64,
) -> Option<String> {
    Some(match record {
        Record::AttemptStarted(_) => return None,
        Record::Expanded { .. } => "planned".to_owned(),
        Record::Resolved { operator, .. } => format!("is `{operator}>`"),
        Record::Waiting { until, .. } => format!("waits until {}s", seconds(*until)),
        Record::Requiring { required, .. } => {
            let params = if required.params.is_empty() {
                String::new()
            } else {
                format!(" with {}", Value::Object(required.params.clone()))
            };
            let own = if required.attempt_name.is_empty() { "" } else { ", an attempt of its own" };
            format!("requires {required}{params}{own}")
        }
        Record::Joined { kicked: true, .. } => "started it".to_owned(),
        Record::Joined { kicked: false, .. } => "found it".to_owned(),
        Record::Dispatched { try_no, .. } => {
            let try_no = if try_no.0 > 1 { format!(" try {try_no}") } else { String::new() };
            format!("runs{try_no}{}", sent.map_or(String::new(), work))
        }
        Record::Submitted { .. } => "submitted".to_owned(),
        Record::Unreachable { again_at, .. } => {
            format!("unreachable, again at {}s", seconds(*again_at))
        }
        Record::Succeeded { store_params, .. } => format!("success{}", stored(store_params)),
        Record::Checking { store_params, .. } => format!("checks{}", stored(store_params)),
        Record::RetryScheduled { retry_at, retry_count, error, .. } => {
            let at = seconds(*retry_at);
            format!("retry {retry_count} at {at}s: {}", error.message)
        }
        Record::Resumed { .. } => "success in the earlier attempt".to_owned(),
        Record::NotResumed { because, .. } => format!("runs again: {because:?}"),
        Record::Canceling { because, .. } => format!("its job is to end, {}", kind(because)),
        Record::KillRequested { reason, .. } => format!("killed, {}", kind(reason)),
        Record::Canceled { .. } => "canceled".to_owned(),
        Record::Retried { .. } => "begins again".to_owned(),
        Record::Failing { error: Some(error), .. } => format!("failing: {}", error.message),
        Record::Failing { error: None, .. } => "failing below".to_owned(),
        Record::Failed { error, .. } => format!("error: {}", error.message),
        Record::GroupFailed { .. } => "group_error".to_owned(),
        Record::SlaMissed { .. } => "late".to_owned(),
        Record::AttemptFinished { outcome, .. } => format!("attempt ends, {outcome:?}"),
    })
}

/// Tasks that are new, with their states.
fn joined(attempt: &Attempt, known: &BTreeMap<TaskId, String>) -> String {
    let new = attempt.tasks().filter(|task| !known.contains_key(&task.id));
    new.map(|task| format!("  joined by {}: {}\n", task.full_name, task.state.name())).collect()
}

/// The name of a reason in the log.
fn kind(reason: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(reason).unwrap();
    json["kind"].as_str().unwrap_or_default().to_owned()
}

fn sent(world: &World, place: usize) -> Option<&Work> {
    world.sent.iter().find(|(sent, _)| *sent == place).map(|(_, work)| work)
}

fn work(work: &Work) -> String {
    match work {
        Work::Echo { message } => format!(" «{message}»"),
        Work::HttpCall(request) => format!(" «{} {}»", request.method, request.uri),
        Work::Bq(job) => {
            let into = job.destination.as_ref().map(|table| format!(" -> {table}"));
            format!(" «{}»{}", job.query, into.unwrap_or_default())
        }
        other @ (Work::BqLoad(_)
        | Work::BqExtract(_)
        | Work::BqDdl(_)
        | Work::BqWait(_)
        | Work::GcsWait(_)) => format!(" «{other:?}»"),
    }
}

fn stored(params: &StoreParams) -> String {
    if params.is_empty() {
        return String::new();
    }
    format!(" {}", Value::Object(params.clone()))
}

fn is_iteration(task: &TaskView) -> bool {
    let own = task.name.rsplit_once("^sub+").map_or("", |(_, own)| own);
    let begins = ["loop-", "for-", "range-from="].iter().any(|word| own.starts_with(word));
    begins && task.state == "blocked"
}
