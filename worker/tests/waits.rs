//! `bq_wait>`, `gcs_wait>` and `bq_ddl>` on a worker, against an endpoint that says what is there.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use himekuri_bigquery::{BigQuery, BigQueryConfig, Endpoint};
use himekuri_broker::{Broker, MemoryBroker, OutgoingMessage, Queue};
use himekuri_protocol::{
    AttemptId, DatasetReference, DdlOperation, DdlWork, JOBS_VERSION, ObjectWait, Outcome, Report,
    StoreParams, TableReference, TableWait, TaskId, TaskMessage, TryNo, Work, WorkerMessage,
};
use himekuri_worker::{Worker, WorkerConfig};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Calls as they came, and the answers to them, by what the call begins with.
#[derive(Default)]
struct Script {
    answers: Vec<(&'static str, u16, Value)>,
    calls: Vec<String>,
}

type Shared = Arc<Mutex<Script>>;

async fn answer(State(script): State<Shared>, method: Method, uri: Uri) -> Response {
    let call = format!("{method} {}", uri.path());
    let mut script = script.lock().unwrap();
    let found = script.answers.iter().find(|(begin, ..)| call.starts_with(begin));
    let (status, body) =
        found.map_or((200, json!({})), |(_, status, body)| (*status, body.clone()));
    script.calls.push(call);
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

/// What a worker reports of this work, and the calls that it made.
async fn run(work: Work, answers: &[(&'static str, u16, Value)]) -> (Outcome, Vec<String>) {
    let script = Arc::new(Mutex::new(Script { answers: answers.to_vec(), calls: Vec::new() }));
    let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::Local(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let bigquery = BigQuery::connect(&BigQueryConfig::new(endpoint)).await.unwrap();
    script.lock().unwrap().calls.clear();
    let broker = Arc::new(MemoryBroker::default());
    let message = WorkerMessage::Task(TaskMessage {
        version: JOBS_VERSION,
        attempt: AttemptId(1),
        task: TaskId(2),
        try_no: TryNo::FIRST,
        project: "title_a".to_owned(),
        workflow: "wf".to_owned(),
        session_time: "2019-09-01T00:00:00Z".parse().unwrap(),
        task_name: "+wf+a".to_owned(),
        work,
    });
    let message = OutgoingMessage::new(Queue::Tasks, message.id(), message.encode().unwrap());
    broker.publish(vec![message]).await.into_iter().collect::<Result<(), _>>().unwrap();
    let mut reports = broker.consume(Queue::Reports, 1).await.unwrap();
    // Less than the pause between two looks: one look.
    let config = WorkerConfig {
        job_wait: Duration::from_millis(100),
        patience: Duration::from_millis(500),
        ..WorkerConfig::new()
    };
    let stop = CancellationToken::new();
    let worker = Worker::new(Arc::new(broker.connect()), bigquery, config, stop.clone());
    let working = tokio::spawn(worker.run());
    let report = Report::decode(&reports.next().await.unwrap().body).unwrap();
    stop.cancel();
    working.await.unwrap().unwrap();
    let calls = script.lock().unwrap().calls.clone();
    (report.outcome, calls)
}

fn not_found() -> Value {
    let errors = json!([{"reason": "notFound"}]);
    json!({"error": {"code": 404, "message": "no", "status": "NOT_FOUND", "errors": errors}})
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
    let (outcome, calls) = run(table("ds.t"), &[("GET", 200, json!({}))]).await;

    assert_eq!(outcome, done(StoreParams::new()));
    assert_eq!(calls, ["GET /bigquery/v2/projects/game-a/datasets/ds/tables/t"]);
}

#[tokio::test]
async fn a_partition_is_there_when_it_has_rows() {
    let (empty, _) = run(table("ds.t$20190901"), &[("GET", 200, json!({"numRows": "0"}))]).await;
    let (full, _) = run(table("ds.t$20190901"), &[("GET", 200, json!({"numRows": "2"}))]).await;

    assert_eq!(empty, Outcome::NotYet);
    assert_eq!(full, done(StoreParams::new()));
}

#[tokio::test]
async fn what_is_not_there_is_not_there_yet() {
    for work in [table("ds.t"), object()] {
        let (outcome, _) = run(work, &[("GET", 404, not_found())]).await;

        assert_eq!(outcome, Outcome::NotYet);
    }
}

#[tokio::test]
async fn an_object_that_is_there_is_stored_for_the_tasks_that_follow() {
    let metadata = json!({"name": "day/done", "size": "0"});

    let (outcome, _) = run(object(), &[("GET", 200, metadata.clone())]).await;

    let stored = json!({"gcs_wait": {"last_object": {"metadata": metadata}}});
    let Outcome::Succeeded { store_params, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(Value::Object(store_params), stored);
}

#[tokio::test]
async fn a_wait_that_is_not_allowed_fails_and_one_that_cannot_be_asked_comes_again() {
    let errors = json!([{"reason": "accessDenied"}]);
    let denied = json!({"error": {"code": 403, "message": "not you", "status": "PERMISSION_DENIED", "errors": errors}});

    let (refused, _) = run(table("ds.t"), &[("GET", 403, denied)]).await;
    let (unclear, _) = run(table("ds.t"), &[("GET", 503, json!("down"))]).await;

    let Outcome::Failed { error } = refused else { panic!("{refused:?}") };
    assert_eq!((error.reason.as_str(), error.message.as_str()), ("accessDenied", "ds.t: not you"));
    assert!(matches!(unclear, Outcome::Unreachable { .. }), "{unclear:?}");
}

#[tokio::test]
async fn a_ddl_that_is_done_twice_is_no_failure() {
    let exists = json!({"error": {"code": 409, "message": "it is", "status": "ALREADY_EXISTS", "errors": [{"reason": "duplicate"}]}});
    let dataset = DatasetReference { project: None, dataset: "d".to_owned() };
    let operations = vec![
        DdlOperation::DeleteDataset { dataset: dataset.clone() },
        DdlOperation::CreateDataset { dataset, resource: serde_json::Map::new() },
    ];
    let work = DdlWork { project: Some("game-a".to_owned()), operations };

    let answers = [("DELETE", 404, not_found()), ("POST", 409, exists)];
    let (outcome, calls) = run(Work::BqDdl(Box::new(work)), &answers).await;

    assert_eq!(outcome, done(StoreParams::new()));
    assert_eq!(calls.len(), 2, "{calls:?}");
}
