//! The life of a job against a scripted endpoint: every answer that BigQuery may give to a submission, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use himekuri_bigquery::{BigQuery, BigQueryConfig, Endpoint, JobError, JobState};
use himekuri_protocol::{JobLimits, JobReference, QueryJob, TableReference, WriteDisposition};
use serde_json::{Map, Value, json};

/// Long enough for the retries that a test expects, short enough to wait for its end.
const PATIENCE: Duration = Duration::from_secs(2);

const FINGERPRINT: &str = "0123456789abcdef";

/// What the endpoint answers, in order; the last answer is repeated.
#[derive(Default)]
struct Script {
    inserts: VecDeque<(u16, Value)>,
    gets: VecDeque<(u16, Value)>,
    inserted: Vec<Value>,
}

type Shared = Arc<Mutex<Script>>;

struct Server {
    script: Shared,
    bigquery: BigQuery,
}

impl Server {
    async fn start(inserts: &[(u16, Value)], gets: &[(u16, Value)]) -> Self {
        let script = Script {
            inserts: inserts.iter().cloned().collect(),
            gets: gets.iter().cloned().collect(),
            ..Script::default()
        };
        let script = Arc::new(Mutex::new(script));
        let router = Router::new()
            .route("/bigquery/v2/projects/{project}/jobs", post(insert))
            .route("/bigquery/v2/projects/{project}/jobs/{job}", get(look_up))
            .with_state(Arc::clone(&script));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::Local(format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = BigQueryConfig::new(endpoint);
        Self { script, bigquery: BigQuery::connect(&config).await.unwrap() }
    }

    fn inserted_ids(&self) -> Vec<String> {
        let script = self.script.lock().unwrap();
        let id = |body: &Value| body["jobReference"]["jobId"].as_str().unwrap().to_owned();
        script.inserted.iter().map(id).collect()
    }
}

async fn insert(State(script): State<Shared>, body: axum::Json<Value>) -> Response {
    let mut script = script.lock().unwrap();
    script.inserted.push(body.0);
    answer(&mut script.inserts)
}

async fn look_up(State(script): State<Shared>) -> Response {
    let mut script = script.lock().unwrap();
    answer(&mut script.gets)
}

fn answer(answers: &mut VecDeque<(u16, Value)>) -> Response {
    let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
    let (status, body) = next.unwrap();
    let status = StatusCode::from_u16(status).unwrap();
    match body.as_str() {
        Some(page) => (status, page.to_owned()).into_response(),
        None => (status, axum::Json(body)).into_response(),
    }
}

fn job() -> QueryJob {
    QueryJob {
        job: JobReference {
            project: Some("title-a".to_owned()),
            location: Some("asia-northeast1".to_owned()),
            job_id: "himekuri_x_1_1".to_owned(),
        },
        fingerprint: FINGERPRINT.to_owned(),
        query: "SELECT 1".to_owned(),
        default_dataset: None,
        destination: Some(TableReference::parse("summary.access$20190901", None).unwrap()),
        create_disposition: None,
        write_disposition: Some(WriteDisposition::WriteTruncate),
        priority: None,
        use_legacy_sql: false,
        use_query_cache: None,
        settings: Map::new(),
        limits: JobLimits::default(),
        labels: BTreeMap::from([("himekuri_fingerprint".to_owned(), FINGERPRINT.to_owned())]),
    }
}

fn stored(state: &str, fingerprint: &str) -> Value {
    json!({
        "configuration": {"labels": {"himekuri_fingerprint": fingerprint}},
        "status": {"state": state},
        "statistics": {"startTime": "1000", "endTime": "1250", "totalBytesProcessed": "42", "totalSlotMs": "7"},
    })
}

fn failed(reason: &str) -> Value {
    let error = json!({"reason": reason, "message": "it went wrong"});
    json!({
        "configuration": {"labels": {"himekuri_fingerprint": FINGERPRINT}},
        "status": {"state": "DONE", "errorResult": error, "errors": [error]},
    })
}

fn error(code: u16, reason: &str) -> (u16, Value) {
    let errors = json!([{"reason": reason, "message": "m", "domain": "global"}]);
    (code, json!({"error": {"code": code, "message": "m", "status": "S", "errors": errors}}))
}

#[tokio::test]
async fn a_new_job_is_sent_with_its_fixed_id_location_destination_and_disposition() {
    let server = Server::start(&[(200, stored("RUNNING", FINGERPRINT))], &[]).await;

    let state = server.bigquery.submit(&job(), PATIENCE).await.unwrap();

    assert_eq!(state, JobState::Running(job().job));
    let script = server.script.lock().unwrap();
    let sent = &script.inserted[0];
    assert_eq!(
        sent["jobReference"],
        json!({"jobId": "himekuri_x_1_1", "location": "asia-northeast1", "projectId": "title-a"})
    );
    let query = &sent["configuration"]["query"];
    assert_eq!(
        query["destinationTable"],
        json!({"projectId": "title-a", "datasetId": "summary", "tableId": "access$20190901"})
    );
    assert_eq!(query["writeDisposition"], "WRITE_TRUNCATE");
    assert_eq!(query["useLegacySql"], false);
}

#[tokio::test]
async fn a_job_that_an_earlier_delivery_sent_is_adopted() {
    let server =
        Server::start(&[error(409, "duplicate")], &[(200, stored("DONE", FINGERPRINT))]).await;

    let state = server.bigquery.submit(&job(), PATIENCE).await.unwrap();

    let JobState::Succeeded(statistics) = state else { panic!("{state:?}") };
    assert_eq!(statistics.total_bytes_processed, Some(42));
    assert_eq!(statistics.duration_ms, Some(250));
}

#[tokio::test]
async fn a_job_of_the_same_id_that_does_something_else_is_not_adopted() {
    let server = Server::start(&[error(409, "duplicate")], &[(200, stored("DONE", "other"))]).await;

    let refused = server.bigquery.submit(&job(), PATIENCE).await.unwrap_err();

    let JobError::Rejected(why) = refused else { panic!("{refused:?}") };
    assert_eq!(why.reason, "foreignJob");
}

#[tokio::test]
async fn a_job_that_cannot_be_read_yet_after_a_conflict_is_asked_for_again() {
    let gets = [error(404, "notFound"), error(404, "notFound"), (200, stored("DONE", FINGERPRINT))];
    let server = Server::start(&[error(409, "duplicate")], &gets).await;

    let state = server.bigquery.submit(&job(), PATIENCE).await.unwrap();

    assert!(matches!(state, JobState::Succeeded(_)), "{state:?}");
}

#[tokio::test]
async fn answers_that_leave_open_what_happened_are_asked_again_with_the_same_id() {
    let unclear = [
        error(503, "backendError"),
        error(403, "rateLimitExceeded"),
        (502, json!("<html>a proxy's page</html>")),
        (200, stored("RUNNING", FINGERPRINT)),
    ];
    let server = Server::start(&unclear, &[]).await;

    let state = server.bigquery.submit(&job(), Duration::from_secs(10)).await.unwrap();

    assert_eq!(state, JobState::Running(job().job));
    assert_eq!(server.inserted_ids(), ["himekuri_x_1_1"; 4]);
}

#[tokio::test]
async fn an_outage_longer_than_the_patience_is_unreachable_and_never_a_failure() {
    let server = Server::start(&[error(503, "backendError")], &[]).await;

    let unclear = server.bigquery.submit(&job(), PATIENCE).await.unwrap_err();

    let JobError::Unreachable(why) = unclear else { panic!("{unclear:?}") };
    assert_eq!(why.reason, "backendError");
    assert_eq!(why.job, Some(job().job));
}

#[tokio::test]
async fn a_refused_job_fails_at_once_with_bigquerys_reason() {
    for (code, reason) in [(400, "invalidQuery"), (403, "accessDenied"), (404, "notFound")] {
        let server = Server::start(&[error(code, reason)], &[]).await;

        let refused = server.bigquery.submit(&job(), PATIENCE).await.unwrap_err();

        let JobError::Rejected(why) = refused else { panic!("{refused:?}") };
        assert_eq!(why.reason, reason);
        assert_eq!(server.inserted_ids().len(), 1, "{reason} is not asked twice");
    }
}

#[tokio::test]
async fn done_with_an_error_result_is_a_failure_with_its_reason() {
    let server = Server::start(&[], &[(200, failed("resourcesExceeded"))]).await;

    let state = server.bigquery.look_up(&job().job, PATIENCE).await.unwrap();

    let JobState::Failed(error) = state else { panic!("{state:?}") };
    assert_eq!(error.reason, "resourcesExceeded");
    assert_eq!(
        error.message,
        "it went wrong\n\
         job: https://console.cloud.google.com/bigquery?project=title-a&j=bq:asia-northeast1:himekuri_x_1_1&page=queryresults\n\
         not tried again by itself; the query needs more memory than BigQuery gives, so make it smaller"
    );
}

#[tokio::test]
async fn an_unknown_job_is_missing() {
    let server = Server::start(&[], &[error(404, "notFound")]).await;

    let missing = server.bigquery.look_up(&job().job, PATIENCE).await.unwrap_err();

    assert!(matches!(missing, JobError::Missing(_)), "{missing:?}");
}

#[tokio::test]
async fn waiting_ends_with_the_job() {
    let gets = [(200, stored("RUNNING", FINGERPRINT)), (200, stored("DONE", FINGERPRINT))];
    let server = Server::start(&[], &gets).await;

    let state = server.bigquery.wait(&job().job, Duration::from_secs(10)).await.unwrap();

    assert!(matches!(state, JobState::Succeeded(_)), "{state:?}");
}

#[tokio::test]
async fn waiting_ends_with_the_patience_and_the_job_runs_on() {
    let server = Server::start(&[], &[(200, stored("RUNNING", FINGERPRINT))]).await;

    let state = server.bigquery.wait(&job().job, Duration::from_millis(500)).await.unwrap();

    assert_eq!(state, JobState::Running(job().job));
}

#[tokio::test]
async fn a_job_without_a_project_is_refused_with_the_cure() {
    let server = Server::start(&[], &[]).await;
    let unnamed = JobReference { project: None, ..job().job };

    let refused = server.bigquery.look_up(&unnamed, PATIENCE).await.unwrap_err();

    let JobError::Rejected(why) = refused else { panic!("{refused:?}") };
    assert!(why.message.contains("--gcp-project"), "{why:?}");
}

#[tokio::test]
async fn the_location_that_bigquery_chose_is_kept() {
    let mut answer = stored("RUNNING", FINGERPRINT);
    answer["jobReference"] =
        json!({"projectId": "title-a", "location": "europe-west1", "jobId": "himekuri_x_1_1"});
    let server = Server::start(&[(200, answer)], &[]).await;
    let mut unplaced = job();
    unplaced.job.location = None;

    let state = server.bigquery.submit(&unplaced, PATIENCE).await.unwrap();

    let JobState::Running(reference) = state else { panic!("{state:?}") };
    assert_eq!(reference.location.as_deref(), Some("europe-west1"));
}

#[tokio::test]
async fn a_job_that_may_have_been_sent_is_found_only_if_it_is_ours() {
    let mine = Server::start(&[], &[(200, stored("RUNNING", FINGERPRINT))]).await;
    let foreign = Server::start(&[], &[(200, stored("RUNNING", "other"))]).await;

    let found = mine.bigquery.find(&job(), PATIENCE).await;
    let refused = foreign.bigquery.find(&job(), PATIENCE).await;

    assert_eq!(found, Ok(JobState::Running(job().job)));
    assert!(matches!(refused, Err(JobError::Rejected(_))), "{refused:?}");
}

#[tokio::test]
async fn a_finished_job_stores_what_it_took() {
    let mut done = stored("DONE", FINGERPRINT);
    done["statistics"]["query"] =
        json!({"totalBytesBilled": "10485760", "cacheHit": false, "numDmlAffectedRows": "3"});
    let server = Server::start(&[(200, done)], &[]).await;

    let JobState::Succeeded(statistics) = server.bigquery.submit(&job(), PATIENCE).await.unwrap()
    else {
        panic!("the job is done")
    };

    let stored = Value::Object(statistics.store_params());
    assert_eq!(
        stored["bq"],
        json!({
            "last_job_id": "title-a:himekuri_x_1_1",
            "last_jobid": "title-a:himekuri_x_1_1",
            "last_job": {
                "bytes_processed": 42,
                "bytes_billed": 10_485_760,
                "slot_ms": 7,
                "duration_ms": 250,
                "rows": 3,
                "cache_hit": false,
            },
        })
    );
}
