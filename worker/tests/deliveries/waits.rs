//! `bq_wait>`, `gcs_wait>` and `bq_ddl>`.

use std::time::Duration;

use himekuri_protocol::{
    AttemptId, DatasetReference, DdlOperation, DdlWork, JOBS_VERSION, ObjectWait, Outcome,
    StoreParams, TableReference, TableWait, TaskId, TaskMessage, TryNo, Work, WorkerMessage,
};
use serde_json::{Value, json};

use crate::endpoint::{Rule, error, run};

/// What a worker reports of this work, and the calls that it made.
async fn outcome_of(work: Work, rules: &[Rule]) -> (Outcome, Vec<String>) {
    let message = WorkerMessage::Task(TaskMessage {
        version: JOBS_VERSION,
        attempt: AttemptId(1),
        task: TaskId(2),
        try_no: TryNo::FIRST,
        project: "title_a".to_owned(),
        workflow: "wf".to_owned(),
        session_time: "2019-09-01T00:00:00Z".parse().unwrap(),
        task_name: "+wf+a".to_owned(),
        careful: None,
        work,
    });
    let (mut reports, calls) = run(&[message], 1, rules, Duration::ZERO).await;
    (reports.remove(0).outcome, calls)
}

fn done(store_params: StoreParams) -> Outcome {
    Outcome::Succeeded { store_params, job: None }
}

fn table(name: &str) -> Work {
    let table = TableReference::parse(name, None).unwrap();
    Work::BqWait(Box::new(TableWait { project: Some("game-a".to_owned()), table }))
}

fn object() -> Work {
    Work::GcsWait(Box::new(ObjectWait {
        project: Some("game-a".to_owned()),
        bucket: "logs".to_owned(),
        object: "day/done".to_owned(),
    }))
}

#[tokio::test]
async fn a_table_that_is_there_ends_the_wait() {
    let (outcome, calls) = outcome_of(table("ds.t"), &[("GET", 200, json!({}))]).await;

    assert_eq!(outcome, done(StoreParams::new()));
    assert_eq!(calls, ["GET /bigquery/v2/projects/game-a/datasets/ds/tables/t"]);
}

#[tokio::test]
async fn a_partition_is_there_when_it_has_rows() {
    let (empty, _) =
        outcome_of(table("ds.t$20190901"), &[("GET", 200, json!({"numRows": "0"}))]).await;
    let (full, _) =
        outcome_of(table("ds.t$20190901"), &[("GET", 200, json!({"numRows": "2"}))]).await;

    assert_eq!(empty, Outcome::NotYet);
    assert_eq!(full, done(StoreParams::new()));
}

#[tokio::test]
async fn what_is_not_there_is_not_there_yet() {
    for work in [table("ds.t"), object()] {
        let (outcome, _) = outcome_of(work, &[("GET", 404, error(404, "notFound", "no"))]).await;

        assert_eq!(outcome, Outcome::NotYet);
    }
}

#[tokio::test]
async fn an_object_that_is_there_is_stored_for_the_tasks_that_follow() {
    let metadata = json!({"name": "day/done", "size": "0"});

    let (outcome, _) = outcome_of(object(), &[("GET", 200, metadata.clone())]).await;

    let stored = json!({"gcs_wait": {"last_object": {"metadata": metadata}}});
    let Outcome::Succeeded { store_params, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(Value::Object(store_params), stored);
}

#[tokio::test]
async fn a_wait_that_is_not_allowed_fails_and_one_that_cannot_be_asked_comes_again() {
    let denied = error(403, "accessDenied", "not you");

    let (refused, _) = outcome_of(table("ds.t"), &[("GET", 403, denied)]).await;
    let (unclear, _) = outcome_of(table("ds.t"), &[("GET", 503, json!("down"))]).await;

    let Outcome::Failed { error } = refused else { panic!("{refused:?}") };
    assert_eq!((error.reason.as_str(), error.message.as_str()), ("accessDenied", "ds.t: not you"));
    assert!(matches!(unclear, Outcome::Unreachable { .. }), "{unclear:?}");
}

#[tokio::test]
async fn a_ddl_that_is_done_twice_is_no_failure() {
    let exists = error(409, "duplicate", "it is");
    let dataset = DatasetReference { project: None, dataset: "d".to_owned() };
    let operations = vec![
        DdlOperation::DeleteDataset { dataset: dataset.clone() },
        DdlOperation::CreateDataset { dataset, resource: serde_json::Map::new() },
    ];
    let work = DdlWork { project: Some("game-a".to_owned()), operations };

    let answers = [("DELETE", 404, error(404, "notFound", "no")), ("POST", 409, exists)];
    let (outcome, calls) = outcome_of(Work::BqDdl(Box::new(work)), &answers).await;

    assert_eq!(outcome, done(StoreParams::new()));
    assert_eq!(calls.len(), 2, "{calls:?}");
}
