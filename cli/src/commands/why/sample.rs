//! An attempt and its tasks, for tests.

use himekuri_coordinator::AttemptSummary;
use himekuri_engine::TaskView;
use himekuri_protocol::{TaskId, TryNo};
use jiff::Timestamp;
use serde_json::json;

pub(super) fn at(text: &str) -> Timestamp {
    format!("2019-09-01T{text}Z").parse().unwrap()
}

/// Attempt 17, asked for at 17:00 and ended at 17:14:07 unless it runs.
pub(super) fn summary(state: &str) -> AttemptSummary {
    let ended_at = (state != "running").then_some("2019-09-01T17:14:07Z");
    serde_json::from_value(json!({
        "attempt": 17, "project": "title_a", "revision": "d869dc7e9193", "gcp_project": "game-a",
        "workflow": "summary", "session_time": "2019-09-01T15:00:00Z",
        "session_local_time": "2019-09-02T00:00:00+09:00", "now": "2019-09-01T17:00:00Z",
        "last_session_time": null, "next_session_time": null, "attempt_name": "", "params": {},
        "overrides": {}, "state": state, "requested_at": "2019-09-01T17:00:00Z",
        "ended_at": ended_at, "error": null,
    }))
    .unwrap()
}

/// The root, which is every sample's first task.
pub(super) fn root(state: &str) -> TaskView {
    TaskView { parent: None, operator: None, ..task(0, "+summary", state) }
}

/// A query below the root.
pub(super) fn task(id: u32, name: &str, state: &str) -> TaskView {
    TaskView {
        id: TaskId(id),
        parent: Some(TaskId::ROOT),
        name: name.to_owned(),
        operator: Some("bq".to_owned()),
        state: state.to_owned(),
        resumed: false,
        try_no: None,
        retry_count: 0,
        destination: None,
        job: None,
        started_at: None,
        ended_at: None,
        retry_at: None,
        error: None,
        reason: None,
    }
}

/// A query that began at 17:01 and failed.
pub(super) fn failed(id: u32, name: &str, ended_at: &str, reason: &str, error: &str) -> TaskView {
    TaskView {
        try_no: Some(TryNo::FIRST),
        destination: Some("game-a.summary.access$20190901".to_owned()),
        started_at: Some(at("17:01:00")),
        ended_at: Some(at(ended_at)),
        reason: Some(reason.to_owned()),
        error: Some(error.to_owned()),
        ..task(id, name, "error")
    }
}
