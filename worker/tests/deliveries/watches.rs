//! Jobs that outlived their first delivery: many are looked at with few calls (decision 0020).

use std::time::Duration;

use himekuri_protocol::{
    AttemptId, FIRST_VERSION, JobReference, Outcome, Report, TaskId, TryNo, WatchMessage,
    WatchedJob, WorkerMessage,
};
use serde_json::{Value, json};

use crate::endpoint::{Rule, error, run};

const MINUTE: Duration = Duration::from_secs(60);

const LIST: &str = "GET /bigquery/v2/projects/game-a/jobs?maxResults=1000&projection=minimal&stateFilter=pending&stateFilter=running";
const DONE: &str = "GET /bigquery/v2/projects/game-a/jobs?maxResults=200&projection=full&stateFilter=done&minCreationTime=";
const ONE: &str = "GET /bigquery/v2/projects/game-a/jobs/";

fn watch(jobs: std::ops::Range<u32>) -> WorkerMessage {
    let watched = |number: u32| WatchedJob {
        attempt: AttemptId(1),
        task: TaskId(number),
        try_no: TryNo::FIRST,
        task_name: None,
        job: JobReference {
            project: Some("game-a".to_owned()),
            location: None,
            job_id: format!("job-{number}"),
        },
    };
    WorkerMessage::Watch(WatchMessage { version: FIRST_VERSION, jobs: jobs.map(watched).collect() })
}

fn job(number: u32, state: &str) -> Value {
    json!({
        "jobReference": {"projectId": "game-a", "jobId": format!("job-{number}"), "location": "US"},
        "status": {"state": state},
        "statistics": {"creationTime": (1_000 + number).to_string(), "totalSlotMs": "7"},
    })
}

fn page(jobs: impl Iterator<Item = u32>, state: &str) -> Value {
    json!({"jobs": jobs.map(|number| job(number, state)).collect::<Vec<Value>>()})
}

fn ended(reports: &[Report]) -> Vec<u32> {
    let success =
        |report: &Report| matches!(report.outcome, Outcome::Succeeded { job: Some(_), .. });
    assert!(reports.iter().all(success), "{reports:?}");
    let mut tasks: Vec<u32> = reports.iter().map(|report| report.task.0).collect();
    tasks.sort_unstable();
    tasks
}

#[tokio::test]
async fn jobs_on_the_list_of_those_that_run_are_left_alone_and_the_others_are_looked_up() {
    let rules: [Rule; 2] = [(LIST, 200, page(0..498, "RUNNING")), (ONE, 200, job(0, "DONE"))];

    let (reports, calls) = run(&[watch(0..500)], 2, &rules, MINUTE).await;

    assert_eq!(ended(&reports), [498, 499]);
    let made: Vec<bool> = calls.iter().map(|call| call.starts_with(LIST)).collect();
    assert_eq!(made, [true, false, false], "{calls:?}");
}

#[tokio::test]
async fn a_list_has_as_many_pages_as_it_needs() {
    let mut first = page(0..3, "RUNNING");
    first["nextPageToken"] = json!("more");
    let second = "GET /bigquery/v2/projects/game-a/jobs?maxResults=1000&projection=minimal&stateFilter=pending&stateFilter=running&pageToken=more";
    let rules: [Rule; 3] =
        [(second, 200, page(3..5, "RUNNING")), (LIST, 200, first), (ONE, 200, job(5, "DONE"))];

    let (reports, calls) = run(&[watch(0..6)], 1, &rules, MINUTE).await;

    assert_eq!(ended(&reports), [5]);
    assert_eq!(calls.len(), 3, "{calls:?}");
}

#[tokio::test]
async fn messages_of_a_project_share_a_list() {
    let rules: [Rule; 2] = [(LIST, 200, page(0..9, "RUNNING")), (ONE, 200, job(9, "DONE"))];

    let (reports, calls) = run(&[watch(0..5), watch(5..9), watch(4..10)], 1, &rules, MINUTE).await;

    assert_eq!(ended(&reports), [9]);
    assert_eq!(calls.iter().filter(|call| call.starts_with(LIST)).count(), 1, "{calls:?}");
}

#[tokio::test]
async fn a_few_jobs_are_looked_up_without_a_list() {
    let (reports, calls) = run(&[watch(0..3)], 3, &[(ONE, 200, job(0, "DONE"))], MINUTE).await;

    assert_eq!(ended(&reports), [0, 1, 2]);
    assert!(calls.iter().all(|call| call.starts_with(ONE)), "{calls:?}");
}

#[tokio::test]
async fn without_the_right_to_list_every_job_is_looked_up() {
    let denied = error(403, "accessDenied", "no list for you");
    let rules: [Rule; 2] = [(LIST, 403, denied), (ONE, 200, job(0, "DONE"))];

    let (reports, _) = run(&[watch(0..20)], 20, &rules, MINUTE).await;

    assert_eq!(ended(&reports), (0..20).collect::<Vec<u32>>());
}

#[tokio::test]
async fn many_ended_jobs_whose_time_is_not_known_are_looked_up() {
    let rules: [Rule; 2] = [(LIST, 200, page(0..0, "RUNNING")), (ONE, 200, job(0, "DONE"))];

    let (reports, calls) = run(&[watch(0..30)], 30, &rules, MINUTE).await;

    assert_eq!(ended(&reports).len(), 30);
    assert!(!calls.iter().any(|call| call.starts_with(DONE)), "{calls:?}");
}

#[tokio::test]
async fn many_jobs_that_ended_since_the_list_before_are_read_from_one_list() {
    let done = "GET /bigquery/v2/projects/game-a/jobs?maxResults=200&projection=full&stateFilter=done&minCreationTime=1005&maxCreationTime=1029";
    let rules: [Rule; 4] = [
        (LIST, 200, page(0..30, "RUNNING")),
        (LIST, 200, page(0..5, "RUNNING")),
        (done, 200, page((5..29).chain(70..80), "DONE")),
        (ONE, 200, job(29, "DONE")),
    ];

    let (reports, calls) = run(&[watch(0..30), watch(0..30)], 25, &rules, Duration::ZERO).await;

    assert_eq!(ended(&reports), (5..30).collect::<Vec<u32>>());
    assert_eq!(
        calls.len(),
        4,
        "two lists of those that run, one of those that ended, one look-up: {calls:?}"
    );
}
