use himekuri_protocol::{JobReference, JobStatistics, TaskId};
use serde_json::json;

use super::*;
use crate::commands::why::sample::{at, failed, root, summary, task};

fn cause(tasks: &[TaskView]) -> String {
    Found::of(&summary("error"), tasks).cause.unwrap().task
}

#[test]
fn the_first_failure_is_the_one_that_ended_first_whatever_its_place_and_no_group() {
    let tasks = [
        TaskView { ended_at: Some(at("17:02:00")), ..root("group_error") },
        failed(1, "+summary+late", "17:09:00", "invalidQuery", "no"),
        failed(2, "+summary+early", "17:03:00", "invalidQuery", "no"),
        task(3, "+summary+next", "blocked"),
    ];

    let found = Found::of(&summary("error"), &tasks);

    assert_eq!(found.verdict, Verdict::Failed);
    assert_eq!(cause(&tasks), "+summary+early");
    let named = |name: &str| Named { count: 1, first: vec![name.to_owned()] };
    assert_eq!(found.also_failed, named("+summary+late"));
    assert_eq!(found.not_begun, named("+summary+next"));
}

#[test]
fn what_failed_in_an_error_task_is_not_the_cause_though_it_ended_first() {
    let after = TaskView { parent: Some(TaskId(1)), ..task(2, "+summary+a^error", "error") };
    let tasks = [
        root("group_error"),
        failed(1, "+summary+a", "17:09:00", "invalidQuery", "no"),
        TaskView { started_at: Some(at("17:02:00")), ended_at: Some(at("17:03:00")), ..after },
        failed(3, "+summary+b", "17:05:00", "invalidQuery", "no"),
    ];

    assert_eq!(cause(&tasks), "+summary+a", "it failed when its `^error` began");
}

#[test]
fn being_late_is_the_cause_only_if_nothing_else_is() {
    let late = failed(1, "+summary^sla^fail", "17:02:00", "sla", "late");
    let broken = failed(2, "+summary+a", "17:09:00", "invalidQuery", "no");

    assert_eq!(cause(&[root("group_error"), late.clone(), broken]), "+summary+a");
    assert_eq!(cause(&[root("group_error"), late]), "+summary^sla^fail");
}

#[test]
fn a_failure_below_a_group_that_runs_again_is_not_final() {
    let group = TaskView {
        operator: None,
        retry_at: Some(at("17:20:00")),
        reason: Some("invalidQuery".to_owned()),
        error: Some("no".to_owned()),
        ..task(1, "+summary+g", "retry_waiting")
    };
    let below = failed(2, "+summary+g+a", "17:05:00", "invalidQuery", "no");
    let below = TaskView { parent: Some(TaskId(1)), ..below };

    let found = Found::of(&summary("running"), &[root("planned"), group, below]);

    assert_eq!(found.verdict, Verdict::WaitingForRetry);
    let cause = found.cause.unwrap();
    assert_eq!((cause.task.as_str(), cause.retry_at), ("+summary+g+a", Some(at("17:20:00"))));
}

#[test]
fn a_failed_task_whose_error_task_runs_has_failed() {
    let tasks = [
        root("planned"),
        TaskView { ended_at: None, ..failed(1, "+summary+a", "17:02:00", "fail", "no logs") },
    ];
    let tasks = tasks.map(|task| TaskView { state: "planned".to_owned(), ..task });

    let found = Found::of(&summary("running"), &tasks);

    assert_eq!(found.verdict, Verdict::Failing);
    assert_eq!(found.cause.unwrap().error, "no logs");
}

#[test]
fn a_killed_attempt_says_who_killed_it_and_what_was_stopped() {
    let mut killed = summary("canceled");
    killed.kill = serde_json::from_value(json!({
        "at": "2019-09-01T17:10:00Z", "reason": { "kind": "requested", "by": "ann" },
    }))
    .unwrap();
    let ran = TaskView { started_at: Some(at("17:01:00")), ..task(1, "+summary+a", "canceled") };
    let tasks = [root("canceled"), ran, task(2, "+summary+b", "canceled")];

    let found = Found::of(&killed, &tasks);

    assert_eq!(found.verdict, Verdict::Killed);
    let kill = KillFound { at: at("17:10:00"), by: Some("ann".to_owned()), limit: None };
    assert_eq!(found.kill, Some(kill));
    assert_eq!(found.stopped.first, ["+summary+a"]);
    assert_eq!(found.not_begun.first, ["+summary+b"]);
    killed.state = AttemptState::Running;
    assert_eq!(Found::of(&killed, &tasks).verdict, Verdict::Canceling);
}

#[test]
fn bytes_are_those_of_the_jobs_of_this_attempt() {
    let job = |billed| {
        let job = JobReference { project: None, location: None, job_id: "j".to_owned() };
        Some(JobStatistics {
            job,
            total_bytes_processed: Some(billed / 2),
            total_bytes_billed: Some(billed),
            rows: None,
            total_slot_ms: None,
            duration_ms: None,
            cache_hit: None,
        })
    };
    let tasks = [
        root("success"),
        TaskView { job: job(100), ..task(1, "+summary+a", "success") },
        TaskView { job: job(20), ..task(2, "+summary+b", "success") },
        TaskView { job: job(7_000), resumed: true, ..task(3, "+summary+c", "success") },
    ];

    let found = Found::of(&summary("success"), &tasks);

    assert_eq!(found.verdict, Verdict::Succeeded);
    assert_eq!((found.bytes_read, found.bytes_billed), (Bytes(60), Bytes(120)));
    assert_eq!(found.succeeded, 2);
}

#[test]
fn only_the_first_tasks_of_many_are_named() {
    let mut tasks = vec![root("group_error"), failed(1, "+summary+a", "17:02:00", "fail", "no")];
    tasks.extend((2..50).map(|id| task(id, &format!("+summary+t{id}"), "blocked")));

    let found = Found::of(&summary("error"), &tasks);

    assert_eq!(found.not_begun.count, 48);
    assert_eq!(found.not_begun.first, ["+summary+t2", "+summary+t3", "+summary+t4"]);
}

#[test]
fn an_attempt_without_a_log_tells_the_error_of_its_summary() {
    let mut lost = summary("error");
    lost.error = Some("task +summary+a: no".to_owned());

    let found = Found::of(&lost, &[]);

    assert_eq!(found.cause, None);
    assert_eq!(found.error.as_deref(), Some("task +summary+a: no"));
}
