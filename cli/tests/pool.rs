//! What the commands that look at a pool say, against a coordinator with fixed answers.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

#[path = "pool/coordinator.rs"]
mod coordinator;

use std::process::{Command, Output, Stdio};

use coordinator::Coordinator;
use serde_json::{Value, json};

fn himekuri(coordinator: &Coordinator, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_himekuri"))
        .args(arguments)
        .env("HIMEKURI_COORDINATOR", coordinator.url())
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command prints that succeeds.
fn text(arguments: &[&str]) -> String {
    let output = himekuri(&Coordinator::start(), arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

/// The same below an empty line, so that its first line can be written as it is.
fn table(arguments: &[&str]) -> String {
    format!("\n{}", text(arguments))
}

fn json_lines(arguments: &[&str]) -> Vec<Value> {
    let text = text(&[arguments, &["--json"]].concat());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn why_tells_the_first_failure_and_the_commands() {
    assert_eq!(
        text(&["why", "18"]),
        "\
attempt 18 failed
  title_b/summary, session 2019-09-02T00:00:00+09:00
  asked for 2019-09-01 17:00:00 +00:00, ended 2019-09-01 17:14:07 +00:00, after 14m 7s
  1 task succeeded

task +summary+consume (bq>) failed first
  after 2 tries, 2019-09-01 17:14:07 +00:00
  it writes title-b.summary.consume$20190901
  invalidQuery: Unrecognized name: amonut; Did you mean amount? at [3:2]
       3 |  amonut
         |  ^

1 task did not begin because of it: +summary+install

what to do: BigQuery refuses it: mend the query, push it, and run what did not succeed
  himekuri push path/to/title_b
  himekuri retry 18 --resume --latest-revision
"
    );
}

#[test]
fn why_tells_what_a_success_cost() {
    assert_eq!(
        text(&["why", "17"]),
        "\
attempt 17 succeeded
  title_a/summary, session 2019-09-02T00:00:00+09:00, attempt `again`
  asked for 2019-09-01 17:00:00 +00:00, ended 2019-09-01 17:14:07 +00:00, after 14m 7s
  1 task succeeded; 10.0 MiB billed (10,485,760 bytes)

what to do: nothing: all of it is done
"
    );
}

#[test]
fn why_tells_programs_the_same() {
    let none = json!({ "count": 0, "first": [] });

    assert_eq!(
        json_lines(&["why", "18"]),
        [json!({
            "attempt": 18, "project": "title_b", "workflow": "summary",
            "session": "2019-09-02T00:00:00+09:00", "attempt_name": "", "gcp_project": "title_b",
            "verdict": "failed", "requested_at": "2019-09-01T17:00:00Z",
            "ended_at": "2019-09-01T17:14:07Z", "kill": null,
            "cause": {
                "task": "+summary+consume", "operator": "bq", "reason": "invalidQuery",
                "error": "Unrecognized name: amonut; Did you mean amount? at [3:2]\n   3 |  amonut\n     |  ^",
                "tries": 2, "destination": "title-b.summary.consume$20190901",
                "started_at": "2019-09-01T17:00:00Z", "failed_at": "2019-09-01T17:14:07Z",
                "retry_at": null,
            },
            "also_failed": none, "not_begun": { "count": 1, "first": ["+summary+install"] },
            "stopped": none, "open": [], "ready": 0, "succeeded": 1, "bytes_read": 0,
            "bytes_billed": 0,
            "next": {
                "text": "BigQuery refuses it: mend the query, push it, and run what did not succeed",
                "commands": [
                    "himekuri push path/to/title_b",
                    "himekuri retry 18 --resume --latest-revision",
                ],
            },
        })]
    );
}

#[test]
fn status_has_a_line_for_each_workflow_the_worst_first() {
    assert_eq!(
        text(&["status"]),
        "\
3 titles: 1 ok, 1 failed, 1 late
 STATE   PROJECT  WORKFLOW  SESSION     ATTEMPT  STARTED           ENDED             NEXT RUN          NOTE
 failed  title_b  summary   2019-09-02  18       2019-09-01 17:00  2019-09-01 17:14  2019-09-02 17:00  its next session should have begun
 late    title_c  summary                                                            2019-09-02 17:00  its next session should have begun
 ok      title_a  summary   2019-09-02  17       2019-09-01 17:00  2019-09-01 17:14  2998-12-31 17:00
"
    );
}

#[test]
fn status_tells_programs_the_same_and_check_ends_with_1_for_trouble() {
    let (next_session, next_run) = ("2019-09-02T15:00:00Z", "2019-09-02T17:00:00Z");
    let note = "its next session should have begun";
    let lines = json_lines(&["status"]);
    let output = himekuri(&Coordinator::start(), &["status", "--check", "--json"]);
    let quiet = himekuri(&Coordinator::empty(), &["status", "--check"]);

    assert_eq!(
        lines,
        [
            json!({
                "health": "failed", "project": "title_b", "workflow": "summary",
                "session": "2019-09-02T00:00:00+09:00", "attempt": 18, "state": "error",
                "started_at": "2019-09-01T17:00:00Z", "ended_at": "2019-09-01T17:14:07Z",
                "next_session_time": next_session, "next_run_time": next_run, "notes": [note],
            }),
            json!({
                "health": "late", "project": "title_c", "workflow": "summary", "session": null,
                "attempt": null, "state": null, "started_at": null, "ended_at": null,
                "next_session_time": next_session, "next_run_time": next_run, "notes": [note],
            }),
            json!({
                "health": "ok", "project": "title_a", "workflow": "summary",
                "session": "2019-09-02T00:00:00+09:00", "attempt": 17, "state": "success",
                "started_at": "2019-09-01T17:00:00Z", "ended_at": "2019-09-01T17:14:07Z",
                "next_session_time": "2998-12-31T15:00:00Z",
                "next_run_time": "2998-12-31T17:00:00Z", "notes": [],
            }),
        ]
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output).lines().count(), 3, "the lines are there all the same");
    assert_eq!(quiet.status.code(), Some(0));
    assert_eq!(stdout(&quiet), "no title has a schedule, or an attempt of the last 24 hours\n");
}

#[test]
fn sessions_are_listed_with_their_newest_attempt() {
    assert_eq!(
        table(&["sessions"]),
        "
 PROJECT  WORKFLOW  SESSION                    STATE    ATTEMPT  ATTEMPTS  STARTED              TOOK
 title_b  summary   2019-09-02T00:00:00+09:00  error    18       1         2019-09-01 17:00:00  14m 7s
 title_a  summary   2019-09-02T00:00:00+09:00  success  17       2         2019-09-01 17:00:00  14m 7s
"
    );
    assert_eq!(
        json_lines(&["sessions", "--project", "title_a", "--workflow", "summary"]),
        [json!({
            "project": "title_a", "workflow": "summary", "session_time": "2019-09-01T15:00:00Z",
            "session_local_time": "2019-09-02T00:00:00+09:00", "attempt": 17, "state": "success",
            "started_at": "2019-09-01T17:00:00Z", "ended_at": "2019-09-01T17:14:07Z", "attempts": 2,
        })]
    );
    assert_eq!(json_lines(&["sessions", "--project", "title_c"]), [Value::Null; 0]);
}

#[test]
fn projects_are_listed_with_what_was_pushed_last() {
    assert_eq!(
        table(&["projects"]),
        "
 PROJECT  GCP PROJECT  REVISION      PUSHED               WORKFLOWS        NOTE
 title_a  title-a      d869dc7e9193  2019-08-30 01:02:03  hourly, summary
 title_b  title-a      d869dc7e9193  2019-08-30 01:02:03  summary
 title_c  title-a      d869dc7e9193  2019-08-30 01:02:03  summary
"
    );
    let lines = json_lines(&["projects"]);
    assert_eq!(
        lines[0],
        json!({
            "name": "title_a", "revision": "d869dc7e91930bd62af4ff4f", "gcp_project": "title-a",
            "pushed_at": "2019-08-30T01:02:03Z", "workflows": ["hourly", "summary"],
        })
    );
    assert_eq!(lines.len(), 3);
}

#[test]
fn workflows_are_listed_with_their_next_run() {
    assert_eq!(
        table(&["workflows"]),
        "
 PROJECT  WORKFLOW  NEXT RUN
 title_a  hourly
 title_a  summary   2998-12-31 17:00:00
 title_b  summary   2019-09-02 17:00:00
 title_c  summary   2019-09-02 17:00:00
"
    );
    let lines = json_lines(&["workflows", "title_a"]);
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[1],
        json!({
            "project": "title_a", "workflow": "summary", "revision": "d869dc7e91930bd62af4ff4f",
            "next_session_time": "2998-12-31T15:00:00Z", "next_run_time": "2998-12-31T17:00:00Z",
        })
    );
}

#[test]
fn attempts_are_listed_with_start_and_duration() {
    assert_eq!(
        table(&["attempts"]),
        "
 ATTEMPT  PROJECT  WORKFLOW  SESSION                    STATE    STARTED              TOOK    ERROR
 18       title_b  summary   2019-09-02T00:00:00+09:00  error    2019-09-01 17:00:00  14m 7s  task +summary+consume: no
 17       title_a  summary   2019-09-02T00:00:00+09:00  success  2019-09-01 17:00:00  14m 7s
 16       title_a  summary   2019-09-02T00:00:00+09:00  error    2019-09-01 17:00:00  14m 7s  task +summary+consume: no
"
    );
    let numbers: Vec<Value> =
        json_lines(&["attempts"]).iter().map(|attempt| attempt["attempt"].clone()).collect();
    assert_eq!(numbers, [18, 17, 16]);
}
