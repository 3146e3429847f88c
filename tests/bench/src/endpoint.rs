//! A BigQuery in memory whose jobs take their time and do nothing: for measurements of what is around it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A BigQuery whose jobs take their time and do nothing.
pub(crate) struct Endpoint {
    pub(crate) length: jiff::SignedDuration,
    varied: bool,
    state: Mutex<Jobs>,
}

#[derive(Default)]
pub(crate) struct Jobs {
    /// In order of creation, as `jobs.list` shows them from the end.
    pub(crate) jobs: Vec<Job>,
    by_id: HashMap<String, usize>,
    /// When each call came.
    pub(crate) calls: Vec<Timestamp>,
}

pub(crate) struct Job {
    body: Value,
    pub(crate) created: Timestamp,
}

impl Jobs {
    /// When a job was sent, if it was.
    pub(crate) fn created(&self, id: &str) -> Option<Timestamp> {
        Some(self.jobs.get(*self.by_id.get(id)?)?.created)
    }
}

type Shared = Arc<Endpoint>;

impl Endpoint {
    /// One with jobs of this length, and its address.
    pub(crate) async fn start(length: Duration) -> anyhow::Result<(Shared, String)> {
        Self::start_with(length, false).await
    }

    /// One whose jobs take from half to one and a half of this length: of equal jobs, all would end at the same moment.
    pub(crate) async fn start_varied(length: Duration) -> anyhow::Result<(Shared, String)> {
        Self::start_with(length, true).await
    }

    async fn start_with(length: Duration, varied: bool) -> anyhow::Result<(Shared, String)> {
        let length = length.try_into()?;
        let endpoint = Arc::new(Self { length, varied, state: Mutex::default() });
        let base = "/bigquery/v2/projects/{project}";
        let router = Router::new()
            .route(&format!("{base}/jobs"), post(insert).get(list))
            .route(&format!("{base}/jobs/{{job}}"), get(look_up))
            .route(&format!("{base}/queries/{{job}}"), get(results))
            .with_state(Arc::clone(&endpoint));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((endpoint, address))
    }

    /// What it knows.
    pub(crate) fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn called(&self) -> MutexGuard<'_, Jobs> {
        let mut state = self.jobs();
        state.calls.push(Timestamp::now());
        state
    }

    /// Lengths in turns of sixteen.
    fn end(&self, place: usize, job: &Job) -> Timestamp {
        let sixteenths = i32::try_from(place % 16).unwrap_or(0);
        let length =
            if self.varied { self.length / 2 + self.length * sixteenths / 16 } else { self.length };
        job.created + length
    }

    fn view(&self, place: usize, job: &Job) -> Value {
        let end = self.end(place, job);
        let is_done = Timestamp::now() >= end;
        let mut view = job.body.clone();
        let created = job.created.as_millisecond().to_string();
        view["statistics"] = json!({"creationTime": created, "startTime": created});
        view["status"] = json!({"state": if is_done { "DONE" } else { "RUNNING" }});
        if is_done {
            view["statistics"]["endTime"] = json!(end.as_millisecond().to_string());
        }
        view
    }
}

async fn insert(State(endpoint): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    let mut state = endpoint.called();
    let id = body["jobReference"]["jobId"].as_str().unwrap_or_default().to_owned();
    let place = state.jobs.len();
    state.by_id.insert(id, place);
    state.jobs.push(Job { body, created: Timestamp::now() });
    Json(endpoint.view(place, &state.jobs[place]))
}

async fn look_up(
    State(endpoint): State<Shared>,
    Path((_, id)): Path<(String, String)>,
) -> Json<Value> {
    let state = endpoint.called();
    Json(
        state
            .by_id
            .get(&id)
            .map_or(Value::Null, |place| endpoint.view(*place, &state.jobs[*place])),
    )
}

/// Results come when the job has ended, or when the caller's patience has.
async fn results(
    State(endpoint): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Value> {
    let end = {
        let state = endpoint.called();
        state.by_id.get(&id).map(|place| endpoint.end(*place, &state.jobs[*place]))
    };
    let timeout = query.get("timeoutMs").and_then(|text| text.parse().ok()).unwrap_or(0);
    let left = end.map(|end| end.duration_since(Timestamp::now()));
    let left = left.and_then(|left| Duration::try_from(left).ok()).unwrap_or_default();
    tokio::time::sleep(left.min(Duration::from_millis(timeout))).await;
    Json(json!({"jobComplete": false}))
}

async fn list(
    State(endpoint): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Json<Value> {
    let state = endpoint.called();
    let one = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let number = |name: &str| one(name).and_then(|text| text.parse::<i64>().ok());
    let done = one("stateFilter").is_some_and(|filter| filter == "done");
    let page = usize::try_from(number("maxResults").unwrap_or(50)).unwrap_or(50);
    let skip = usize::try_from(number("pageToken").unwrap_or(0)).unwrap_or(0);
    let (from, to) = (number("minCreationTime"), number("maxCreationTime"));
    let now = Timestamp::now();
    let found = state.jobs.iter().enumerate().rev().filter(|(place, job)| {
        let created = job.created.as_millisecond();
        (now >= endpoint.end(*place, job)) == done
            && from.is_none_or(|from| created >= from)
            && to.is_none_or(|to| created <= to)
    });
    let jobs: Vec<Value> =
        found.skip(skip).take(page).map(|(place, job)| endpoint.view(place, job)).collect();
    let next = (jobs.len() == page).then(|| (skip + page).to_string());
    Json(json!({"jobs": jobs, "nextPageToken": next}))
}
