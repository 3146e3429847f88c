use std::sync::Mutex;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use tokio::net::TcpListener;

use super::*;
use crate::generate::{Battles, Title};
use crate::progress::Silent;

/// Answers like BigQuery and remembers what it was asked.
#[derive(Clone, Default)]
struct Stub {
    asked: Arc<Mutex<Vec<(String, String)>>>,
    /// The error that every job ends with, if any.
    job_error: Option<Value>,
    /// The status of every request that creates something.
    create_status: Option<StatusCode>,
}

impl Stub {
    /// Starts to listen, and returns the address.
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// The bodies of the requests whose method and path are `start` and something after it.
    fn asked(&self, start: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|(line, _)| line.starts_with(start))
            .map(|(_, body)| body.clone())
            .collect()
    }
}

async fn answer(State(stub): State<Stub>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    stub.asked.lock().unwrap().push((line.clone(), body));
    let reference = json!({ "projectId": "title-b", "jobId": "job_1", "location": "US" });
    if line.starts_with("POST /upload/") {
        let status = json!({ "state": "RUNNING" });
        Json(json!({ "jobReference": reference, "status": status })).into_response()
    } else if line.starts_with("GET ") {
        let status = json!({ "state": "DONE", "errorResult": stub.job_error });
        Json(json!({ "jobReference": reference, "status": status })).into_response()
    } else {
        let status = stub.create_status.unwrap_or(StatusCode::OK);
        let error = json!({ "message": "stub says so", "errors": [{ "reason": "stubReason" }] });
        let body = if status.is_success() { json!({}) } else { json!({ "error": error }) };
        (status, Json(body)).into_response()
    }
}

fn logs() -> Arc<Logs> {
    let title = Title { name: "title_b".to_owned(), battles: Battles::Guilds };
    Arc::new(Logs::new(1, title, 20))
}

fn days() -> Vec<Day> {
    vec!["2019-09-01".parse().unwrap()]
}

async fn load_to(address: &str) -> Result<(), LoadError> {
    load_with(address, MartTables::Create).await
}

async fn load_with(address: &str, marts: MartTables) -> Result<(), LoadError> {
    let destination = Destination {
        address: address.to_owned(),
        project: "title-b".to_owned(),
        location: None,
        token: None,
        marts,
    };
    load(logs(), &destination, &days(), &Silent).await
}

#[tokio::test]
async fn each_day_is_one_job_that_truncates_its_partition() {
    let stub = Stub::default();

    load_to(&stub.start().await).await.unwrap();

    let uploads = stub.asked("POST /upload/bigquery/v2/projects/title-b/jobs?uploadType=multipart");
    assert_eq!(uploads.len(), Table::ALL.len());
    for (upload, table) in uploads.iter().zip(Table::ALL) {
        let parts: Vec<_> = upload.split("--himekuri-example-logs").collect();
        let content = |part: &str| part.split_once("\r\n\r\n").unwrap().1.to_owned();
        let job: Value = serde_json::from_str(&content(parts[1])).unwrap();
        let load = &job["configuration"]["load"];
        assert_eq!(load["destinationTable"]["tableId"], format!("{table}$20190901"));
        assert_eq!(load["writeDisposition"], "WRITE_TRUNCATE");
        assert_eq!(load["timePartitioning"], json!({ "type": "DAY", "field": "created_at" }));
        let mut rows = Vec::new();
        logs().write_day(table, days()[0], &mut rows).unwrap();
        assert_eq!(content(parts[2]).trim_end().as_bytes(), rows.trim_ascii_end(), "{table}");
        assert_eq!(parts[3], "--\r\n");
    }
}

#[tokio::test]
async fn the_datasets_and_the_mart_tables_are_created_first() {
    let stub = Stub::default();

    load_to(&stub.start().await).await.unwrap();

    assert_eq!(stub.asked("POST /bigquery/v2/projects/title-b/datasets").len(), 2 + MARTS.len());
    let tables = stub.asked("POST /bigquery/v2/projects/title-b/datasets/summary/tables");
    assert_eq!(tables.len(), MARTS.len());
    assert!(tables[0].contains(r#""timePartitioning":{"type":"DAY"}"#), "{}", tables[0]);
}

#[tokio::test]
async fn mart_tables_are_left_alone_unless_asked_for() {
    let stub = Stub::default();

    load_with(&stub.start().await, MartTables::Leave).await.unwrap();

    assert_eq!(stub.asked("POST /bigquery/v2/projects/title-b/datasets").len(), 2);
}

#[tokio::test]
async fn what_exists_already_is_no_error() {
    let stub = Stub { create_status: Some(StatusCode::CONFLICT), ..Stub::default() };

    load_to(&stub.start().await).await.unwrap();
}

#[tokio::test]
async fn a_refusal_names_address_reason_and_cure() {
    let stub = Stub { create_status: Some(StatusCode::FORBIDDEN), ..Stub::default() };
    let address = stub.start().await;

    let message = load_to(&address).await.unwrap_err().to_string();

    for part in
        [&*address, "create dataset `raw_log`", "403", "stubReason", "stub says so", "token"]
    {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn a_job_that_fails_stops_the_load_with_its_reason() {
    let error = json!({ "reason": "invalid", "message": "no such field: x" });
    let stub = Stub { job_error: Some(error), ..Stub::default() };

    let message = load_to(&stub.start().await).await.unwrap_err().to_string();

    assert!(message.contains("`job_1` failed with `invalid`: no such field: x"), "{message}");
    assert_eq!(stub.asked("POST /upload/").len(), 1, "nothing is loaded after it");
}

#[tokio::test]
async fn an_address_without_a_server_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);

    let message = load_to(&address).await.unwrap_err().to_string();

    assert!(
        message.contains(&address) && message.contains("is the warehouse running"),
        "{message}"
    );
}

#[tokio::test]
async fn what_is_not_an_address_is_refused_before_any_request() {
    let error = load_to("127.0.0.1:9050").await.unwrap_err();

    assert!(matches!(error, LoadError::Client { .. }), "{error}");
}
