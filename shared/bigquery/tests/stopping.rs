//! Ending jobs for good, against an endpoint that keeps jobs as BigQuery does: an id is taken for ever, in one location.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use himekuri_bigquery::{BigQuery, BigQueryConfig, Endpoint, JobError, JobState};
use himekuri_protocol::{DatasetReference, JobLimits, JobReference, QueryJob};
use serde_json::{Map, Value, json};

const PATIENCE: Duration = Duration::from_secs(5);

/// Where the dataset `summary` is.
const SUMMARY: &str = "asia-northeast1";

/// How the endpoint's jobs go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Jobs run until they are cancelled.
    Slow,
    /// A cancel comes too late: the job ends well after it.
    LateCancel,
    /// Jobs are done at once.
    Quick,
    /// A cancel is accepted, and the job runs on.
    Stubborn,
    /// No job may be made.
    Forbidden,
}

struct World {
    pace: Pace,
    jobs: BTreeMap<(String, String), Value>,
    cancels: usize,
}

type Shared = Arc<Mutex<World>>;

struct Server {
    world: Shared,
    bigquery: BigQuery,
}

impl Server {
    async fn start(pace: Pace) -> Self {
        let world = Arc::new(Mutex::new(World { pace, jobs: BTreeMap::new(), cancels: 0 }));
        let base = "/bigquery/v2/projects/{project}";
        let router = Router::new()
            .route(&format!("{base}/jobs"), post(insert))
            .route(&format!("{base}/jobs/{{job}}"), get(look_up))
            .route(&format!("{base}/jobs/{{job}}/cancel"), post(cancel))
            .route(&format!("{base}/datasets/{{dataset}}"), get(dataset))
            .with_state(Arc::clone(&world));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::Local(format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let bigquery = BigQuery::connect(&BigQueryConfig::new(endpoint)).await.unwrap();
        Self { world, bigquery }
    }

    /// SQL and state of each job, by location.
    fn jobs(&self) -> Vec<(String, String, String)> {
        let world = self.world.lock().unwrap();
        let jobs = world.jobs.iter().map(|((location, _), job)| {
            let text = |pointer| job.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            (location.clone(), text("/configuration/query/query"), text("/status/state"))
        });
        jobs.collect()
    }
}

async fn insert(State(world): State<Shared>, Json(mut job): Json<Value>) -> Response {
    let mut world = world.lock().unwrap();
    if world.pace == Pace::Forbidden {
        return error(403, "accessDenied", "no");
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let id = text(&job["jobReference"]["jobId"]).unwrap();
    let location = text(&job["jobReference"]["location"]).unwrap_or_else(|| "US".to_owned());
    let key = (location.clone(), id.clone());
    if world.jobs.contains_key(&key) {
        return error(409, "duplicate", &format!("Already Exists: Job title-a:{location}.{id}"));
    }
    job["jobReference"]["location"] = json!(location);
    job["status"] = json!({"state": if world.pace == Pace::Quick { "DONE" } else { "RUNNING" }});
    world.jobs.insert(key, job.clone());
    Json(job).into_response()
}

async fn look_up(
    State(world): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let world = world.lock().unwrap();
    match world.jobs.get(&key(&query, &id)) {
        Some(job) => Json(job.clone()).into_response(),
        None => error(404, "notFound", "Not found: Job"),
    }
}

async fn cancel(
    State(world): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let mut world = world.lock().unwrap();
    world.cancels += 1;
    let pace = world.pace;
    let Some(job) = world.jobs.get_mut(&key(&query, &id)) else {
        return error(404, "notFound", "Not found: Job");
    };
    match pace {
        Pace::Slow => {
            let stopped = json!({"reason": "stopped", "message": "Job execution was cancelled"});
            job["status"] = json!({"state": "DONE", "errorResult": stopped});
        }
        Pace::LateCancel => job["status"] = json!({"state": "DONE"}),
        Pace::Quick | Pace::Stubborn | Pace::Forbidden => {}
    }
    Json(json!({"kind": "bigquery#jobCancelResponse", "job": job})).into_response()
}

async fn dataset(Path((_, dataset)): Path<(String, String)>) -> Response {
    if dataset != "summary" {
        return error(404, "notFound", "Not found: Dataset");
    }
    let reference = json!({"projectId": "title-a", "datasetId": dataset});
    Json(json!({"datasetReference": reference, "location": SUMMARY})).into_response()
}

fn key(query: &BTreeMap<String, String>, id: &str) -> (String, String) {
    (query.get("location").cloned().unwrap_or_else(|| "US".to_owned()), id.to_owned())
}

fn error(code: u16, reason: &str, message: &str) -> Response {
    let errors = json!([{"reason": reason, "message": message, "domain": "global"}]);
    let body =
        json!({"error": {"code": code, "message": message, "status": "S", "errors": errors}});
    (StatusCode::from_u16(code).unwrap(), Json(body)).into_response()
}

fn job(location: Option<&str>) -> QueryJob {
    QueryJob {
        job: JobReference {
            project: Some("title-a".to_owned()),
            location: location.map(str::to_owned),
            job_id: "himekuri_x_1_1".to_owned(),
        },
        fingerprint: "f".to_owned(),
        query: "SELECT * FROM big".to_owned(),
        default_dataset: None,
        destination: None,
        create_disposition: None,
        write_disposition: None,
        priority: None,
        use_legacy_sql: false,
        use_query_cache: None,
        settings: Map::new(),
        limits: JobLimits::default(),
        labels: BTreeMap::from([("himekuri_fingerprint".to_owned(), "f".to_owned())]),
    }
}

fn reason(state: &JobState) -> Option<&str> {
    match state {
        JobState::Failed(error) => Some(&error.reason),
        JobState::Running(_) | JobState::Succeeded(_) => None,
    }
}

#[tokio::test]
async fn a_job_that_has_not_begun_never_will() {
    let server = Server::start(Pace::Slow).await;
    let job = job(Some(SUMMARY));

    let stopped = server.bigquery.stop(&job.job, None, PATIENCE).await.unwrap();
    let sent_late = server.bigquery.submit(&job, PATIENCE).await.unwrap();

    assert_eq!((reason(&stopped), reason(&sent_late)), (Some("canceled"), Some("canceled")));
    let jobs = server.jobs();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].1, "SELECT 1", "the query was never sent");
}

#[tokio::test]
async fn a_job_that_runs_is_over_afterwards() {
    let server = Server::start(Pace::Slow).await;
    let job = job(Some(SUMMARY));
    server.bigquery.submit(&job, PATIENCE).await.unwrap();

    let stopped = server.bigquery.stop(&job.job, None, PATIENCE).await.unwrap();

    assert_eq!(reason(&stopped), Some("stopped"));
    let row = (SUMMARY.to_owned(), job.query.clone(), "DONE".to_owned());
    assert_eq!(server.jobs(), [row]);
}

#[tokio::test]
async fn a_job_that_ended_well_is_told_so_and_not_cancelled() {
    let server = Server::start(Pace::Quick).await;
    let job = job(Some(SUMMARY));
    server.bigquery.submit(&job, PATIENCE).await.unwrap();

    let stopped = server.bigquery.stop(&job.job, None, PATIENCE).await.unwrap();

    assert!(matches!(stopped, JobState::Succeeded(_)), "{stopped:?}");
    assert_eq!(server.world.lock().unwrap().cancels, 0);
}

#[tokio::test]
async fn a_cancel_that_comes_too_late_tells_how_the_job_ended() {
    let server = Server::start(Pace::LateCancel).await;
    let job = job(Some(SUMMARY));
    server.bigquery.submit(&job, PATIENCE).await.unwrap();

    let stopped = server.bigquery.stop(&job.job, None, PATIENCE).await.unwrap();

    assert!(matches!(stopped, JobState::Succeeded(_)), "{stopped:?}");
}

#[tokio::test]
async fn a_job_that_does_not_end_in_time_runs_on() {
    let server = Server::start(Pace::Stubborn).await;
    let job = job(Some(SUMMARY));
    server.bigquery.submit(&job, PATIENCE).await.unwrap();

    let stopped = server.bigquery.stop(&job.job, None, Duration::from_millis(500)).await.unwrap();

    assert_eq!(stopped, JobState::Running(job.job));
}

#[tokio::test]
async fn ending_a_job_twice_says_the_same() {
    let server = Server::start(Pace::Slow).await;
    let job = job(Some(SUMMARY));

    let first = server.bigquery.stop(&job.job, None, PATIENCE).await.unwrap();
    let second = server.bigquery.stop(&job.job, None, PATIENCE).await.unwrap();
    let looked_up = server.bigquery.look_up(&job.job, PATIENCE).await.unwrap();

    assert_eq!(first, second);
    assert_eq!(first, looked_up, "nobody takes what has the id for the job");
}

#[tokio::test]
async fn a_job_without_a_location_is_met_where_it_writes() {
    let server = Server::start(Pace::Slow).await;
    let unplaced = job(None);
    let dataset = DatasetReference { project: None, dataset: "summary".to_owned() };
    // BigQuery would place it by its destination.
    server.bigquery.submit(&job(Some(SUMMARY)), PATIENCE).await.unwrap();

    let stopped = server.bigquery.stop(&unplaced.job, Some(&dataset), PATIENCE).await.unwrap();

    assert_eq!(reason(&stopped), Some("stopped"));
    assert_eq!(server.jobs().len(), 1, "no other place has the id");
}

#[tokio::test]
async fn an_unknown_dataset_does_not_keep_a_job_from_its_end() {
    let server = Server::start(Pace::Slow).await;
    let dataset = DatasetReference { project: None, dataset: "gone".to_owned() };

    let stopped = server.bigquery.stop(&job(None).job, Some(&dataset), PATIENCE).await.unwrap();

    assert_eq!(reason(&stopped), Some("canceled"));
}

#[tokio::test]
async fn where_no_id_can_be_taken_nothing_is_known() {
    let server = Server::start(Pace::Forbidden).await;

    let refused = server.bigquery.stop(&job(None).job, None, PATIENCE).await.unwrap_err();

    assert!(matches!(refused, JobError::Rejected(_)), "{refused:?}");
}
