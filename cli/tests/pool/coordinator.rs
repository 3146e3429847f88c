//! A coordinator that gives the same answers whenever it is asked.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};

/// What is at a path, if anything is.
type Answers = fn(&str) -> Option<Value>;

/// It ends with the test.
pub(crate) struct Coordinator {
    url: String,
    _runtime: tokio::runtime::Runtime,
}

/// Three titles: `title_a` is well, `title_b` failed and is late, `title_c` is late.
fn answers(path: &str) -> Option<Value> {
    Some(match path {
        "/v1/projects" => json!({ "projects": [
            project("title_a", &["hourly", "summary"]),
            project("title_b", &["summary"]),
            project("title_c", &["summary"]),
        ]}),
        "/v1/schedules" => json!({ "schedules": [
            schedule("title_a/summary", "2998-12-31T15:00:00Z", "2998-12-31T17:00:00Z"),
            schedule("title_b/summary", "2019-09-02T15:00:00Z", "2019-09-02T17:00:00Z"),
            schedule("title_c/summary", "2019-09-02T15:00:00Z", "2019-09-02T17:00:00Z"),
        ]}),
        "/v1/attempts" => json!({ "attempts": [
            attempt(18, "title_b", "", "error"),
            attempt(17, "title_a", "again", "success"),
            attempt(16, "title_a", "", "error"),
        ]}),
        "/v1/attempts/17" => attempt(17, "title_a", "again", "success"),
        "/v1/attempts/17/tasks" => json!({ "tasks": [
            group(0, None, "+summary", "success"),
            query(1, "+summary+access", "success", &json!({ "job": {
                "job": { "project": "title-a", "location": "US", "job_id": "j1" },
                "total_bytes_processed": 1_048_576, "total_bytes_billed": 10_485_760,
            }})),
        ]}),
        "/v1/attempts/18" => attempt(18, "title_b", "", "error"),
        "/v1/attempts/18/tasks" => json!({ "tasks": [
            group(0, None, "+summary", "group_error"),
            query(1, "+summary+access", "success", &json!({})),
            query(2, "+summary+consume", "error", &json!({
                "try_no": 2, "destination": "title-b.summary.consume$20190901",
                "reason": "invalidQuery",
                "error": "Unrecognized name: amonut; Did you mean amount? at [3:2]\n   3 |  amonut\n     |  ^",
            })),
            query(3, "+summary+install", "blocked", &json!({ "started_at": null, "ended_at": null })),
        ]}),
        _ => return None,
    })
}

fn project(name: &str, workflows: &[&str]) -> Value {
    json!({
        "name": name, "revision": "d869dc7e91930bd62af4ff4f", "gcp_project": "title-a",
        "pushed_at": "2019-08-30T01:02:03Z", "workflows": workflows,
    })
}

fn schedule(name: &str, session_time: &str, run_time: &str) -> Value {
    json!({
        "schedule": name, "last_session_time": "2019-09-01T15:00:00Z",
        "next_session_time": session_time, "next_run_time": run_time,
    })
}

/// Attempts of the session of September 2.
fn attempt(id: u64, project: &str, name: &str, state: &str) -> Value {
    let error = (state == "error").then_some("task +summary+consume: no");
    json!({
        "attempt": id, "project": project, "revision": "d869dc7e9193", "gcp_project": project,
        "workflow": "summary", "session_time": "2019-09-01T15:00:00Z",
        "session_local_time": "2019-09-02T00:00:00+09:00", "now": "2019-09-01T17:00:00Z",
        "last_session_time": null, "next_session_time": null, "started_by": "schedule",
        "attempt_name": name, "params": {}, "overrides": {}, "state": state,
        "requested_at": "2019-09-01T17:00:00Z", "ended_at": "2019-09-01T17:14:07Z", "error": error,
    })
}

fn group(id: u32, parent: Option<u32>, name: &str, state: &str) -> Value {
    json!({
        "id": id, "parent": parent, "name": name, "operator": null, "state": state, "try_no": null,
        "retry_count": 0, "destination": null, "job": null, "started_at": "2019-09-01T17:00:00Z",
        "ended_at": "2019-09-01T17:14:07Z", "retry_at": null, "error": null,
    })
}

/// A query below the root, with what is different from others.
fn query(id: u32, name: &str, state: &str, more: &Value) -> Value {
    let mut query = group(id, Some(0), name, state);
    query["operator"] = json!("bq");
    for (key, value) in more.as_object().unwrap() {
        query[key] = value.clone();
    }
    query
}

impl Coordinator {
    pub(crate) fn start() -> Self {
        Self::that(answers)
    }

    /// One without projects, schedules and attempts.
    pub(crate) fn empty() -> Self {
        Self::that(|path| {
            let name = path.strip_prefix("/v1/").filter(|name| !name.contains('/'))?;
            Some(json!({ name: [] }))
        })
    }

    fn that(answers: Answers) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let router = Router::new().fallback(answer).with_state(answers);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Whether an attempt is of the project and workflow that a query names.
fn is_wanted(attempt: &Value, query: &str) -> bool {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.all(|(key, wanted)| match key {
        "project" | "workflow" => attempt[key] == wanted,
        _ => true,
    })
}

async fn answer(State(answers): State<Answers>, uri: Uri) -> Response {
    match answers(uri.path()) {
        Some(mut value) => {
            if let Some(Value::Array(attempts)) = value.get_mut("attempts") {
                attempts.retain(|attempt| is_wanted(attempt, uri.query().unwrap_or_default()));
            }
            Json(value).into_response()
        }
        None => {
            let detail = format!("there is nothing at `{}`", uri.path());
            (StatusCode::NOT_FOUND, Json(json!({ "detail": detail }))).into_response()
        }
    }
}
