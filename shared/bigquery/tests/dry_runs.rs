//! Dry runs and tables against a scripted endpoint, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use himekuri_bigquery::{BigQueryConfig, DryRun, Endpoint, Estimator, JobError, position_in};
use himekuri_cost::Partitioning;
use himekuri_protocol::{JobReference, QueryJob, TableReference};
use serde_json::{Value, json};

/// What the endpoint answers to dry runs, last first, and what it was sent.
#[derive(Default)]
struct Script {
    answers: Vec<(u16, Value)>,
    sent: Vec<Value>,
}

type Shared = Arc<Mutex<Script>>;

async fn start(mut answers: Vec<(u16, Value)>) -> (Shared, Estimator) {
    answers.reverse();
    let script = Arc::new(Mutex::new(Script { answers, sent: Vec::new() }));
    let project = "/bigquery/v2/projects/{project}";
    let router = Router::new()
        .route(&format!("{project}/jobs"), post(insert))
        .route(&format!("{project}/datasets/{{dataset}}/tables/{{table}}"), get(table))
        .with_state(Arc::clone(&script));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::Local(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (script, Estimator::connect(&BigQueryConfig::new(endpoint)).await.unwrap())
}

async fn insert(State(script): State<Shared>, body: Json<Value>) -> Response {
    let mut script = script.lock().unwrap();
    script.sent.push(body.0);
    let (status, body) = script.answers.pop().unwrap();
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

async fn table(Path((project, dataset, table)): Path<(String, String, String)>) -> Response {
    let mut resource = json!({
        "tableReference": { "projectId": project, "datasetId": dataset, "tableId": table },
        "schema": { "fields": [{ "name": "day", "type": "DATE" }] },
    });
    match table.as_str() {
        "whole" => {}
        "by_load" => resource["timePartitioning"] = json!({ "type": "DAY" }),
        "by_column" => resource["timePartitioning"] = json!({ "type": "DAY", "field": "day" }),
        "by_number" => {
            let range = json!({ "start": "0", "end": "9", "interval": "1" });
            resource["rangePartitioning"] = json!({ "field": "day", "range": range });
        }
        _ => return (StatusCode::NOT_FOUND, Json(error(404, "notFound", "no"))).into_response(),
    }
    Json(resource).into_response()
}

fn error(code: u16, reason: &str, message: &str) -> Value {
    json!({ "error": {
        "code": code, "message": message, "status": "X",
        "errors": [{ "reason": reason, "message": message }],
    }})
}

fn job() -> QueryJob {
    QueryJob {
        query: "SELECT 1".to_owned(),
        use_query_cache: Some(true),
        labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        destination: Some(TableReference::parse("p.summary.access$20190901", None).unwrap()),
        job: JobReference {
            project: Some("p".to_owned()),
            location: Some("asia-northeast1".to_owned()),
            job_id: "himekuri_1".to_owned(),
        },
        ..serde_json::from_value(json!({
            "job": { "job_id": "" }, "fingerprint": "f", "query": "", "use_legacy_sql": false,
            "labels": {},
        }))
        .unwrap()
    }
}

#[tokio::test]
async fn a_dry_run_has_no_id_and_no_cache_and_says_what_would_be_read() {
    let answer = json!({
        "jobReference": { "projectId": "p", "location": "asia-northeast1" },
        "statistics": { "totalBytesProcessed": "1234", "query": {
            "totalBytesProcessed": "1234",
            "totalBytesProcessedAccuracy": "PRECISE",
            "referencedTables": [{ "projectId": "p", "datasetId": "raw_log", "tableId": "access" }],
        }},
    });
    let (script, estimator) = start(vec![(200, answer)]).await;

    let reads = estimator.dry_run(&job()).await.unwrap();

    let table = TableReference::parse("p.raw_log.access", None).unwrap();
    let expected = DryRun { bytes: 1_234, tables: Some(vec![table]), may_be_more: false };
    assert_eq!(reads, expected);
    let sent = &script.lock().unwrap().sent[0];
    assert_eq!(sent["configuration"]["dryRun"], true);
    assert_eq!(sent["configuration"]["query"]["useQueryCache"], false);
    assert_eq!(sent["jobReference"]["jobId"], Value::Null);
    assert_eq!(sent["jobReference"]["location"], "asia-northeast1");
}

#[tokio::test]
async fn an_endpoint_that_names_no_tables_is_not_one_that_reads_none() {
    let answer = json!({ "statistics": {
        "totalBytesProcessed": "7", "query": { "totalBytesProcessedAccuracy": "LOWER_BOUND" },
    }});
    let (_, estimator) = start(vec![(200, answer)]).await;

    let reads = estimator.dry_run(&job()).await.unwrap();

    assert_eq!(reads, DryRun { bytes: 7, tables: None, may_be_more: true });
}

#[tokio::test]
async fn an_answer_that_is_not_clear_is_asked_for_again() {
    let (script, estimator) = start(vec![
        (503, error(503, "backendError", "later")),
        (403, error(403, "rateLimitExceeded", "slower")),
        (200, json!({})),
    ])
    .await;

    estimator.dry_run(&job()).await.unwrap();

    assert_eq!(script.lock().unwrap().sent.len(), 3);
}

#[tokio::test]
async fn a_query_that_is_wrong_is_refused_with_its_place() {
    let words = "Unrecognized name: amout at [2:3]";
    let (script, estimator) = start(vec![(400, error(400, "invalidQuery", words))]).await;

    let refused = estimator.dry_run(&job()).await.unwrap_err();

    let JobError::Rejected(error) = refused else { panic!("{refused:?}") };
    assert_eq!(
        (error.reason.as_str(), position_in(&error.message)),
        ("invalidQuery", Some((2, 3)))
    );
    assert_eq!(script.lock().unwrap().sent.len(), 1);
}

#[tokio::test]
async fn each_kind_of_table_is_told_from_the_others() {
    let (_, estimator) = start(Vec::new()).await;
    let cases = [
        ("whole", Some(Partitioning::None)),
        ("by_load", Some(Partitioning::IngestionTime)),
        ("by_column", Some(Partitioning::Column)),
        ("by_number", Some(Partitioning::Column)),
        ("missing", None),
    ];

    for (name, expected) in cases {
        let table = TableReference::parse(&format!("summary.{name}"), None).unwrap();
        assert_eq!(estimator.partitioning(&table, "p").await.unwrap(), expected, "{name}");
    }
}
