//! Lists that are longer than a page of the coordinator's answers.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// Attempts of the pool. Each began two minutes after the one before: 1,440 in two days.
const ATTEMPTS: u64 = 5_000;

/// The one that failed, 40 hours ago, and ended 20 hours later: behind the first page, and within the day.
const FAILED: u64 = ATTEMPTS - 1_200;

/// Most attempts in one answer, as the real one has it.
const PAGE: u64 = 1_000;

#[derive(Deserialize)]
struct ListQuery {
    limit: u64,
    before: Option<u64>,
}

struct Coordinator {
    url: String,
    pages: Arc<AtomicUsize>,
    _runtime: tokio::runtime::Runtime,
}

impl Coordinator {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let pages = Arc::new(AtomicUsize::new(0));
        let router = Router::new()
            .route("/v1/schedules", get(|| async { Json(json!({ "schedules": [] })) }))
            .route("/v1/projects", get(|| async { Json(json!({ "projects": [] })) }))
            .route("/v1/attempts", get(list))
            .with_state(Arc::clone(&pages));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, pages, _runtime: runtime }
    }

    /// What a command prints for programs.
    fn json_lines(&self, arguments: &[&str]) -> Vec<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_himekuri"))
            .args(arguments)
            .arg("--json")
            .env("HIMEKURI_COORDINATOR", &self.url)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

async fn list(State(pages): State<Arc<AtomicUsize>>, query: Query<ListQuery>) -> Json<Value> {
    pages.fetch_add(1, Ordering::SeqCst);
    assert!(query.limit <= PAGE, "{}", query.limit);
    let newest = query.before.map_or(ATTEMPTS, |before| before - 1);
    let oldest = newest.saturating_sub(query.limit - 1).max(1);
    let attempts: Vec<Value> = (oldest..=newest).rev().map(attempt).collect();
    let next = (oldest > 1).then_some(oldest);
    Json(json!({ "attempts": attempts, "next": next }))
}

fn attempt(id: u64) -> Value {
    let ago = |minutes: u64| {
        let minutes = i64::try_from(minutes).unwrap();
        Timestamp::now() - SignedDuration::from_mins(minutes)
    };
    let age = (ATTEMPTS - id) * 2;
    let (project, state, ended_at) = match id {
        FAILED => ("title_b", "error", ago(age / 2)),
        _ => ("title_a", "success", ago(age)),
    };
    json!({
        "attempt": id, "project": project, "revision": "d869dc7e9193", "gcp_project": project,
        "workflow": "summary", "session_time": ago(age), "session_local_time": "2019-09-02",
        "now": ago(age), "last_session_time": null, "next_session_time": null,
        "started_by": "backfill", "attempt_name": "", "params": {}, "overrides": {}, "state": state,
        "requested_at": ago(age), "ended_at": ended_at, "error": null,
    })
}

#[test]
fn status_looks_back_until_the_day_is_covered_and_no_further() {
    let coordinator = Coordinator::start();

    let lines = coordinator.json_lines(&["status"]);

    let failed = lines.iter().find(|line| line["project"] == "title_b").unwrap();
    assert_eq!((&failed["health"], &failed["attempt"]), (&json!("failed"), &json!(FAILED)));
    assert_eq!(coordinator.pages.load(Ordering::SeqCst), 2, "two days are 1,440 attempts");
}

#[test]
fn a_list_is_as_long_as_it_was_asked_for() {
    let coordinator = Coordinator::start();
    for (limit, count, first, last) in [
        ("2500", 2_500, ATTEMPTS, ATTEMPTS - 2_499),
        ("9999", 5_000, ATTEMPTS, 1),
        ("1", 1, ATTEMPTS, ATTEMPTS),
    ] {
        let lines = coordinator.json_lines(&["attempts", "--limit", limit]);

        assert_eq!(lines.len(), count, "{limit}");
        let number = |line: Option<&Value>| line.unwrap()["attempt"].as_u64();
        assert_eq!((number(lines.first()), number(lines.last())), (Some(first), Some(last)));
    }
}
