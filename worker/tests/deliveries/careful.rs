//! A job of which the coordinator cannot know whether it is alone (decision 0023).

use std::time::Duration;

use himekuri_protocol::{
    AttemptId, FIRST_VERSION, JobReference, Outcome, QueryJob, TableReference, TaskId, TaskMessage,
    TryNo, Work, WorkerMessage,
};
use serde_json::{Value, json};

use crate::endpoint::{Rule, error, run};

const MINUTE: Duration = Duration::from_secs(60);

const LIST: &str = "GET /bigquery/v2/projects/game-a/jobs?maxResults=1000&projection=full&stateFilter=pending&stateFilter=running&fields=";
const OURS: &str = "GET /bigquery/v2/projects/game-a/jobs/ours";
const OTHER: &str = "GET /bigquery/v2/projects/game-a/jobs/other";
const SEND: &str = "POST /bigquery/v2/projects/game-a/jobs";

fn message(careful: Option<u64>) -> WorkerMessage {
    let job = QueryJob {
        job: JobReference {
            project: Some("game-a".to_owned()),
            location: None,
            job_id: "ours".to_owned(),
        },
        fingerprint: "f".to_owned(),
        query: "SELECT 1".to_owned(),
        default_dataset: None,
        destination: Some(TableReference::parse("summary.access$20190901", None).unwrap()),
        create_disposition: None,
        write_disposition: None,
        priority: None,
        use_legacy_sql: false,
        use_query_cache: None,
        settings: serde_json::Map::new(),
        limits: himekuri_protocol::JobLimits::default(),
        labels: [("himekuri_fingerprint".to_owned(), "f".to_owned())].into(),
    };
    WorkerMessage::Task(TaskMessage {
        version: FIRST_VERSION,
        attempt: AttemptId(1),
        task: TaskId(2),
        try_no: TryNo::FIRST,
        project: "title_a".to_owned(),
        workflow: "wf".to_owned(),
        session_time: "2019-09-01T00:00:00Z".parse().unwrap(),
        task_name: "+wf+a".to_owned(),
        careful,
        work: Work::Bq(Box::new(job)),
    })
}

fn job(id: &str, state: &str) -> Value {
    json!({
        "jobReference": {"projectId": "game-a", "jobId": id, "location": "US"},
        "status": {"state": state},
        "statistics": {},
        "configuration": {"labels": {"himekuri_fingerprint": "f"}},
    })
}

/// A list with one job that writes a table.
fn writing(id: &str, table_id: &str, label: &str) -> Value {
    let table = json!({"projectId": "game-a", "datasetId": "summary", "tableId": table_id});
    json!({"jobs": [{
        "jobReference": {"projectId": "game-a", "jobId": id, "location": "US"},
        "configuration": {"labels": {label: "title_a"}, "query": {"destinationTable": table}},
    }]})
}

async fn outcome_of(careful: Option<u64>, rules: &[Rule]) -> (Outcome, Vec<String>) {
    let (mut reports, calls) = run(&[message(careful)], 1, rules, MINUTE).await;
    (reports.remove(0).outcome, calls)
}

fn sent(calls: &[String]) -> usize {
    calls.iter().filter(|call| call.starts_with(SEND)).count()
}

fn succeeded(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Succeeded { .. })
}

#[tokio::test]
async fn a_job_is_sent_when_the_one_that_wrote_its_partition_is_over() {
    let rules: [Rule; 6] = [
        (LIST, 200, writing("other", "access$20190901", "himekuri_project")),
        (LIST, 200, json!({})),
        (OURS, 404, error(404, "notFound", "no job")),
        (OURS, 200, job("ours", "DONE")),
        (OTHER, 200, job("other", "DONE")),
        (SEND, 200, job("ours", "DONE")),
    ];

    let (outcome, calls) = outcome_of(Some(7), &rules).await;

    assert!(succeeded(&outcome), "{outcome:?}");
    let place = |begin: &str| calls.iter().rposition(|call| call.starts_with(begin)).unwrap();
    assert!(place(OTHER) < place(LIST) && place(LIST) < place(SEND), "{calls:?}");
    assert_eq!(sent(&calls), 1);
}

#[tokio::test]
async fn a_job_is_not_sent_while_another_one_writes_its_partition() {
    let rules: [Rule; 3] = [
        (LIST, 200, writing("other", "access$20190901", "himekuri_project")),
        (OURS, 404, error(404, "notFound", "no job")),
        (OTHER, 200, job("other", "RUNNING")),
    ];

    let (outcome, calls) = outcome_of(Some(7), &rules).await;

    assert_eq!(outcome, Outcome::NotYet);
    assert_eq!(sent(&calls), 0, "{calls:?}");
}

#[tokio::test]
async fn a_job_that_was_sent_before_is_met_whatever_writes_its_partition() {
    let rules: [Rule; 3] = [
        (LIST, 200, writing("other", "access$20190901", "himekuri_project")),
        (OURS, 200, job("ours", "DONE")),
        (SEND, 409, error(409, "duplicate", "Already Exists: Job game-a:US.ours")),
    ];

    let (outcome, calls) = outcome_of(Some(7), &rules).await;

    assert!(succeeded(&outcome), "{outcome:?}");
    assert!(!calls.iter().any(|call| call.starts_with(OTHER)), "{calls:?}");
}

#[tokio::test]
async fn jobs_on_other_partitions_and_of_other_programs_and_our_own_are_no_obstacle() {
    for list in [
        writing("other", "access$20190902", "himekuri_project"),
        writing("other", "access$20190901", "somebody"),
        writing("ours", "access$20190901", "himekuri_project"),
    ] {
        let rules: [Rule; 2] = [(LIST, 200, list), (SEND, 200, job("ours", "DONE"))];

        let (outcome, calls) = outcome_of(Some(7), &rules).await;

        assert!(succeeded(&outcome), "{outcome:?}");
        assert_eq!(calls.len(), 2, "{calls:?}");
    }
}

#[tokio::test]
async fn a_job_on_the_whole_table_is_an_obstacle() {
    let rules: [Rule; 3] = [
        (LIST, 200, writing("other", "access", "himekuri_project")),
        (OURS, 404, error(404, "notFound", "no job")),
        (OTHER, 200, job("other", "RUNNING")),
    ];

    assert_eq!(outcome_of(Some(7), &rules).await.0, Outcome::NotYet);
}

#[tokio::test]
async fn without_the_right_to_list_a_job_is_sent_all_the_same() {
    let rules: [Rule; 2] =
        [(LIST, 403, error(403, "accessDenied", "no list")), (SEND, 200, job("ours", "DONE"))];

    let (outcome, calls) = outcome_of(Some(7), &rules).await;

    assert!(succeeded(&outcome), "{outcome:?}");
    assert_eq!(sent(&calls), 1);
}

#[tokio::test]
async fn without_an_answer_nothing_is_sent() {
    let rules: [Rule; 1] = [(LIST, 503, error(503, "backendError", "later"))];

    let (outcome, calls) = outcome_of(Some(7), &rules).await;

    assert!(matches!(outcome, Outcome::Unreachable { .. }), "{outcome:?}");
    assert_eq!(sent(&calls), 0, "{calls:?}");
}

#[tokio::test]
async fn nobody_lists_jobs_for_a_task_that_needs_no_care() {
    let (outcome, calls) = outcome_of(None, &[(SEND, 200, job("ours", "DONE"))]).await;

    assert!(succeeded(&outcome), "{outcome:?}");
    assert!(!calls.iter().any(|call| call.starts_with(LIST)), "{calls:?}");
}

#[tokio::test]
async fn once_no_delivery_of_before_can_send_a_job_one_list_does_for_all() {
    let list = writing("other", "access$20190902", "himekuri_project");
    let rules: [Rule; 2] = [(LIST, 200, list), (SEND, 200, job("ours", "DONE"))];
    let messages = [message(Some(7)), message(Some(7)), message(Some(7)), message(Some(8))];

    let (reports, calls) = run(&messages, 4, &rules, Duration::ZERO).await;

    assert!(reports.iter().all(|report| succeeded(&report.outcome)), "{reports:?}");
    let lists = calls.iter().filter(|call| call.starts_with(LIST)).count();
    // The next leader may not know what this one has sent.
    assert_eq!(lists, 2, "{calls:?}");
}

#[tokio::test]
async fn a_job_of_a_list_that_is_over_stands_in_nobodys_way_again() {
    let list = writing("other", "access$20190901", "himekuri_project");
    let rules: [Rule; 4] = [
        (LIST, 200, list),
        (OURS, 404, error(404, "notFound", "no job")),
        (OTHER, 200, job("other", "DONE")),
        (SEND, 200, job("ours", "DONE")),
    ];

    let (reports, calls) =
        run(&[message(Some(7)), message(Some(7))], 2, &rules, Duration::ZERO).await;

    assert!(reports.iter().all(|report| succeeded(&report.outcome)), "{reports:?}");
    let looks = calls.iter().filter(|call| call.starts_with(OTHER)).count();
    assert_eq!(looks, 1, "{calls:?}");
}
