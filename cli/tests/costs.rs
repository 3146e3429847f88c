//! What `plan --cost` says, against a scripted BigQuery: which queries it asks about, what it makes of the answers, and how
//! it ends.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

#[path = "costs/bigquery.rs"]
mod bigquery;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use bigquery::{BigQuery, Refusal, Rules};
use serde_json::Value;

/// Two marts for each session; `+notes` is no query.
const WORKFLOW: &str = "
+access:
  bq>: access.sql
  destination_table: summary.access$${session_date_compact}
+battle:
  bq>: battle.sql
  destination_table: summary.battle$${session_date_compact}
+notes:
  echo>: done
";

fn project(workflow: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("title")).unwrap();
    let write = |name, text| fs::write(folder.path().join("title").join(name), text).unwrap();
    write("wf.dig", workflow);
    write("access.sql", "SELECT 1\nFROM raw_log.access\nWHERE day = '${session_date}'\n");
    write("battle.sql", "SELECT 1 FROM raw_log.battle WHERE day = '${session_date}'\n");
    folder
}

fn plan(folder: &Path, bigquery: &BigQuery, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_himekuri"))
        .args(["plan", "title", "wf", "--bigquery", bigquery.url()])
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Thirty sessions.
const SEPTEMBER: [&str; 4] = ["--from", "2019-09-01", "--to", "2019-09-30"];

fn json_lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A gibibyte for each mart and date.
fn gibibyte(_: &str) -> Result<u64, Refusal> {
    Ok(1 << 30)
}

#[test]
fn queries_whose_bytes_do_not_depend_on_the_date_are_asked_about_by_samples() {
    let folder = project(WORKFLOW);
    let bigquery = BigQuery::start(Rules { partitioned: true, reads: gibibyte });

    let output = plan(folder.path(), &bigquery, &[&SEPTEMBER[..], &["--cost", "--json"]].concat());

    let lines = json_lines(&output);
    let total = &lines.last().unwrap()["total"];
    assert_eq!(lines.len(), 91, "{}", stderr(&output));
    assert_eq!(bigquery.dry_runs(), 48, "twenty-four of each mart");
    assert_eq!(total["dry_runs"], 48);
    assert_eq!(total["inferred"], 12);
    assert_eq!(total["bytes"], 60_u64 << 30);
    let usd = total["usd"].as_f64().unwrap();
    assert!((usd - 60.0 / 1_024.0 * 6.25).abs() < 1e-6, "{usd}");
    assert_eq!(total["marts"][1]["mart"], "title.summary.battle");
    assert_eq!(lines[2]["cost"]["kind"], "none");
    let inferred = lines.iter().filter(|line| line["cost"]["inferred"] == true).count();
    assert_eq!(inferred, 12);
}

#[test]
fn with_exact_every_query_is_asked_about() {
    let folder = project(WORKFLOW);
    let bigquery = BigQuery::start(Rules { partitioned: true, reads: gibibyte });
    let exact = ["--cost", "--exact", "--json"];

    let output = plan(folder.path(), &bigquery, &[&SEPTEMBER[..], &exact].concat());

    assert_eq!(json_lines(&output).last().unwrap()["total"]["inferred"], 0);
    assert_eq!(bigquery.dry_runs(), 60);
}

#[test]
fn queries_that_read_nothing_on_the_sampled_dates_are_all_asked_about() {
    let folder = project(WORKFLOW);
    let bigquery = BigQuery::start(Rules { partitioned: true, reads: |_| Ok(0) });

    let output = plan(folder.path(), &bigquery, &[&SEPTEMBER[..], &["--cost", "--json"]].concat());

    assert_eq!(json_lines(&output).last().unwrap()["total"]["inferred"], 0);
    assert_eq!(bigquery.dry_runs(), 60);
}

#[test]
fn bytes_that_differ_between_dates_are_asked_for_one_by_one() {
    let folder = project(WORKFLOW);
    let by_date = |query: &str| Ok(if query.contains("2019-09-30") { 20 << 20 } else { 10 << 20 });
    let bigquery = BigQuery::start(Rules { partitioned: true, reads: by_date });

    let output = plan(folder.path(), &bigquery, &[&SEPTEMBER[..], &["--cost", "--json"]].concat());

    let lines = json_lines(&output);
    assert_eq!(bigquery.dry_runs(), 60);
    assert_eq!(lines.last().unwrap()["total"]["billed_bytes"], (58 * 10 + 2 * 20) << 20);
}

#[test]
fn people_see_each_task_each_mart_and_where_the_rules_are() {
    let folder = project(WORKFLOW);
    let bigquery = BigQuery::start(Rules { partitioned: true, reads: gibibyte });

    let output = plan(folder.path(), &bigquery, &["--session", "2019-09-01", "--cost"]);

    let text = String::from_utf8_lossy(&output.stdout);
    let line = "  +wf+access  bq> -> title.summary.access$20190901  1.0 GiB  $0.006104";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("  +wf+notes  echo>  no cost"), "{text}");
    assert!(text.contains("upper bound"), "{text}");
    assert!(text.contains("https://cloud.google.com/bigquery/pricing"), "{text}");
    assert!(output.status.success());
}

#[test]
fn a_plan_over_the_limit_ends_with_exit_code_3_and_names_what_costs_most() {
    let folder = project(WORKFLOW);
    let bigquery = BigQuery::start(Rules { partitioned: true, reads: gibibyte });

    for limit in [["--max-cost", "0.30"], ["--max-bytes", "59GiB"]] {
        let output = plan(folder.path(), &bigquery, &[&SEPTEMBER[..], &limit].concat());

        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("costs up to $0.37 (60.0 GiB billed)"), "{said}");
        assert!(said.contains("title.summary.access  $0.19  30.0 GiB in 30 queries"), "{said}");
        assert!(said.contains("raise the limit"), "{said}");
    }
    for limit in [["--max-cost", "0.37"], ["--max-bytes", "60GiB"]] {
        let output = plan(folder.path(), &bigquery, &[&SEPTEMBER[..], &limit].concat());

        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn a_query_with_a_mistake_is_shown_once_with_its_line_after_everything_else() {
    let folder = project(WORKFLOW);
    let wrong = |query: &str| match query.contains("raw_log.access") {
        true => Err((400, "invalidQuery", "Unrecognized name: day at [3:7]".to_owned())),
        false => Ok(1 << 30),
    };
    let bigquery = BigQuery::start(Rules { partitioned: true, reads: wrong });

    let output = plan(folder.path(), &bigquery, &[&SEPTEMBER[..], &["--cost"]].concat());

    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("Unrecognized name").count(), 1, "{said}");
    assert!(said.contains("`+wf+access` of session 2019-09-01"), "{said}");
    assert!(said.contains("and 29 tasks like it"), "{said}");
    assert!(said.contains("access.sql as rendered:3:7"), "{said}");
    assert!(said.contains("WHERE day = '2019-09-01'"), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("title.summary.battle"), "what is well is shown all the same: {text}");
}

#[test]
fn what_the_plan_itself_makes_has_no_cost_yet_and_no_limit_can_be_kept() {
    let folder = project(WORKFLOW);
    let missing = |query: &str| match query.contains("raw_log.battle") {
        true => Err((404, "notFound", "Not found: Table title:summary.access was not".to_owned())),
        false => Ok(1 << 30),
    };
    let bigquery = BigQuery::start(Rules { partitioned: true, reads: missing });

    let shown = plan(folder.path(), &bigquery, &["--session", "2019-09-01", "--cost"]);
    let limited = plan(folder.path(), &bigquery, &["--session", "2019-09-01", "--max-cost", "9"]);

    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.status.success(), "{}", stderr(&shown));
    assert!(text.contains("not known: reads `title.summary.access`"), "{text}");
    assert_eq!(limited.status.code(), Some(3));
    assert!(stderr(&limited).contains("create missing tables first"), "{}", stderr(&limited));
}

#[test]
fn what_is_fetched_at_run_time_has_no_known_cost_and_required_sessions_are_named_as_missing() {
    let workflow = "
+other: {require>: other}
+fetched: {http_call>: 'http://nowhere.invalid/'}
";
    let folder = project(workflow);
    fs::write(folder.path().join("title/other.dig"), "+a:\n  echo>: x\n").unwrap();
    let bigquery = BigQuery::start(Rules { partitioned: true, reads: gibibyte });

    let shown = plan(folder.path(), &bigquery, &["--session", "2019-09-01", "--cost"]);
    let limited = plan(folder.path(), &bigquery, &["--session", "2019-09-01", "--max-cost", "9"]);

    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(text.contains("+wf+fetched  http_call>  not known: what it fetches"), "{text}");
    assert!(text.contains("without 1 required session"), "{text}");
    assert_eq!(limited.status.code(), Some(3));
    assert!(stderr(&limited).contains("`+wf+fetched`: what it fetches"), "{}", stderr(&limited));
}

#[test]
fn a_plan_that_uses_up_a_tables_daily_changes_is_refused_when_bigquery_says_how_many_there_are() {
    let workflow = "
+many:
  loop>: 1201
  _do:
    bq>: access.sql
    destination_table: summary.access$20190901
";
    let folder = project(workflow);
    let session = ["--session", "2019-09-01", "--cost"];

    let whole = BigQuery::start(Rules { partitioned: false, reads: gibibyte });
    let refused = plan(folder.path(), &whole, &session);
    let partitioned = BigQuery::start(Rules { partitioned: true, reads: gibibyte });
    let fits = plan(folder.path(), &partitioned, &session);

    let said = stderr(&refused);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("changes `title.summary.access` 1,201 times"), "{said}");
    assert!(said.contains("BigQuery allows 1,500 changes of it a day"), "{said}");
    assert_eq!(whole.dry_runs(), 1, "the same query is asked about once");
    assert!(fits.status.success(), "{}", stderr(&fits));
}

#[test]
fn without_bigquery_a_table_without_partitions_is_only_a_guess_and_a_warning() {
    let folder = project(
        "+many:\n  loop>: 1201\n  _do:\n    bq>: access.sql\n    destination_table: summary.access\n",
    );

    let output = Command::new(env!("CARGO_BIN_EXE_himekuri"))
        .args(["plan", "title", "wf", "--session", "2019-09-01"])
        .current_dir(folder.path())
        .output()
        .unwrap();

    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("warning: the plan changes `summary.access` 1,201 times"), "{said}");
    assert!(said.contains("perhaps not partitioned"), "{said}");
}

#[test]
fn on_google_the_project_of_the_jobs_must_be_named() {
    let folder = project(WORKFLOW);

    let output = Command::new(env!("CARGO_BIN_EXE_himekuri"))
        .args(["plan", "title", "wf", "--session", "2019-09-01", "--max-cost", "1"])
        .current_dir(folder.path())
        .env_remove("HIMEKURI_BIGQUERY")
        .output()
        .unwrap();

    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`--gcp-project ID`"), "{}", stderr(&output));
}

#[test]
fn a_destination_that_cannot_be_written_is_refused_with_what_to_do() {
    let folder = project(WORKFLOW);
    let bigquery = BigQuery::start(Rules { partitioned: false, reads: gibibyte });

    let output = plan(folder.path(), &bigquery, &["--session", "2019-09-01", "--cost"]);

    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let problem = "error: `title.summary.access` is not partitioned, so `$20190901` cannot be written (task `+wf+access`)";
    assert!(said.contains(problem), "{said}");
    assert!(said.contains("create the table anew with `PARTITION BY`"), "{said}");
}
