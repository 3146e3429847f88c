//! What `plan` says of the example titles: every task of the sessions, in order, with its destination and SQL.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const MARTS: [&str; 5] = ["access", "consume", "install", "session", "battle"];

fn plan(title: &str, arguments: &[&str]) -> Vec<Value> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    plan_in(&examples, &[&[title, "summary"], arguments].concat())
}

fn plan_in(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_himekuri"))
        .args(["plan", "--json"])
        .args(arguments)
        .current_dir(folder)
        // Nothing listens anywhere: a plan contacts nothing.
        .env("http_proxy", "http://127.0.0.1:1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn column<'a>(lines: &'a [Value], key: &str) -> Vec<&'a str> {
    lines.iter().map(|line| line[key].as_str().unwrap()).collect()
}

#[test]
fn each_session_computes_the_day_before_it_whenever_it_is_planned() {
    let lines = plan("title_a", &["--from", "2019-09-02", "--to", "2019-09-04"]);

    let expected: Vec<String> = ["20190901", "20190902", "20190903"]
        .into_iter()
        .flat_map(|day| MARTS.map(|mart| format!("summary.{mart}${day}")))
        .collect();
    assert_eq!(column(&lines, "destination"), expected);
    assert_eq!(lines[0]["session_time"], "2019-09-02T00:00:00+09:00");
    assert_eq!(lines[0]["operator"], "bq");
    assert_eq!(lines[0]["task"], "+summary+create_access^sub+create_access^sub+loop-0");
    assert_eq!(lines[0]["config"]["DATE"], "2019-09-01");
    assert!(lines[0]["query"].as_str().unwrap().contains("TIMESTAMP('2019-09-01', 'Asia/Tokyo')"));
}

#[test]
fn overrides_compute_the_same_dates_from_one_session() {
    let dates = ["--override", "START_DATE=2019-09-01", "--override", "END_DATE=2019-09-03"];
    let lines = plan("title_a", &[&["--session", "2019-09-04"], &dates[..]].concat());

    let expected: Vec<String> = MARTS
        .into_iter()
        .flat_map(|mart| ["01", "02", "03"].map(|day| format!("summary.{mart}$201909{day}")))
        .collect();
    assert_eq!(column(&lines, "destination"), expected);
    assert!(lines.iter().all(|line| line["session_time"] == "2019-09-04T00:00:00+09:00"));
}

#[test]
fn a_parameter_does_not_beat_an_export_as_in_digdag() {
    let lines = plan("title_b", &["--session", "2019-09-04", "-p", "START_DATE=2019-08-01"]);

    assert_eq!(column(&lines, "destination"), MARTS.map(|mart| format!("summary.{mart}$20190903")));
}

#[test]
fn a_known_gcp_project_completes_the_destination() {
    let lines = plan("title_b", &["--session", "2019-09-04", "--gcp-project", "game-b"]);

    assert_eq!(lines[0]["destination"], "game-b.summary.access$20190903");
}

#[test]
fn the_same_plan_is_printed_twice_the_same() {
    let arguments = ["--from", "2019-09-02", "--to", "2019-09-03"];

    assert_eq!(plan("title_a", &arguments), plan("title_a", &arguments));
}

#[test]
fn waits_pass_a_fail_ends_the_plan_and_errors_stay_out() {
    let project = tempfile::tempdir().unwrap();
    let workflow = "
sla: {duration: '00:01', fail: true}
_error: {echo>: not in a plan}
+pause: {wait>: 10h}
+branch:
  if>: ${session_date == '2019-09-02'}
  _do: {echo>: 'on ${session_date}'}
+stop: {fail>: enough, _error: {echo>: nor this}}
+never: {echo>: never}
";
    std::fs::write(project.path().join("wf.dig"), workflow).unwrap();

    let lines = plan_in(project.path(), &[".", "wf", "--session", "2019-09-02"]);

    assert_eq!(column(&lines, "task"), ["+wf+branch^sub", "+wf+stop"]);
    assert_eq!(column(&lines, "operator"), ["echo", "fail"]);
    assert_eq!(lines[0]["config"]["echo>"], "on 2019-09-02");
    assert_eq!(lines[1]["config"], Value::Null);
    assert_eq!(lines[1]["note"], "ends the workflow: enough");
}

#[test]
fn a_workflow_that_is_fetched_is_named_and_the_plan_asks_nobody() {
    let project = tempfile::tempdir().unwrap();
    let workflow = "+a: {http_call>: 'http://nowhere.invalid/${session_date}'}\n+b: {echo>: b}\n";
    std::fs::write(project.path().join("wf.dig"), workflow).unwrap();

    let lines = plan_in(project.path(), &[".", "wf", "--session", "2019-09-02"]);

    assert_eq!(column(&lines, "task"), ["+wf+a", "+wf+b"]);
    assert_eq!(lines[0]["note"], "its tasks are known when it runs");
    assert_eq!(lines[0]["config"]["http_call>"], "http://nowhere.invalid/2019-09-02");
}

#[test]
fn a_required_session_is_named_and_the_plan_goes_on() {
    let project = tempfile::tempdir().unwrap();
    let workflow = "
timezone: Asia/Tokyo
+r: {require>: other}
+s: {require>: other, project_name: marts, session_time: 2019-09-01T00:00:00+09:00}
+after: {echo>: after}
";
    std::fs::create_dir(project.path().join("title")).unwrap();
    std::fs::write(project.path().join("title/wf.dig"), workflow).unwrap();
    std::fs::write(project.path().join("title/other.dig"), "+a:\n  echo>: x\n").unwrap();

    let lines = plan_in(project.path(), &["title", "wf", "--session", "2019-09-02"]);

    assert_eq!(column(&lines, "task"), ["+wf+r", "+wf+s", "+wf+after"]);
    assert_eq!(lines[0]["note"], "waits for title/other session 2019-09-02T00:00:00+09:00");
    assert_eq!(lines[1]["note"], "waits for marts/other session 2019-08-31T15:00:00Z");
    assert_eq!(lines[0]["config"], Value::Null);
}
