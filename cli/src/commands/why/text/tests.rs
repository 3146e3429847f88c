use himekuri_engine::TaskView;
use jiff::tz::{Offset, TimeZone};

use super::*;
use crate::commands::why::next::next;
use crate::commands::why::sample::{at, failed, root, summary, task};

fn told(state: &str, tasks: &[TaskView]) -> String {
    let (now, zone) = (at("17:30:00"), TimeZone::fixed(Offset::constant(9)));
    let found = Found::of(&summary(state), tasks);
    text(&found, &next(&found, now, &zone), now, &zone)
}

#[test]
fn a_refused_query_is_told_with_its_line_and_the_commands() {
    let error = "\
Unrecognized name: amonut; Did you mean amount? at [3:2]
   3 |  amonut
     |  ^
job: https://console.cloud.google.com/bigquery?project=game-a&j=bq:US:j
not tried again by itself, because the same request fails in the same way; mend it and `himekuri retry`";
    let tasks = [
        root("group_error"),
        task(1, "+summary+logs", "success"),
        failed(2, "+summary+access", "17:14:00", "invalidQuery", error),
        task(3, "+summary+consume", "blocked"),
    ];

    assert_eq!(
        told("error", &tasks),
        "\
attempt 17 failed
  title_a/summary, session 2019-09-02T00:00:00+09:00
  asked for 2019-09-02 02:00:00 +09:00, ended 2019-09-02 02:14:07 +09:00, after 14m 7s
  1 task succeeded

task +summary+access (bq>) failed first
  in its only try, 2019-09-02 02:14:00 +09:00
  it writes game-a.summary.access$20190901
  invalidQuery: Unrecognized name: amonut; Did you mean amount? at [3:2]
       3 |  amonut
         |  ^
    job: https://console.cloud.google.com/bigquery?project=game-a&j=bq:US:j

1 task did not begin because of it: +summary+consume

what to do: BigQuery refuses it: mend the query, push it, and run what did not succeed
  himekuri push path/to/title_a
  himekuri retry 17 --resume --latest-revision"
    );
}

#[test]
fn what_runs_is_told_with_its_time() {
    let running = |id: u32| TaskView {
        started_at: Some(at("17:28:00")),
        destination: Some(format!("game-a.summary.access$2019090{id}")),
        ..task(id, &format!("+summary+a{id}"), "running")
    };
    let mut tasks = vec![root("planned")];
    tasks.extend((1..8).map(running));
    tasks.push(task(8, "+summary+b", "ready"));
    tasks.push(task(9, "+summary+c", "blocked"));

    assert_eq!(
        told("running", &tasks),
        "\
attempt 17 runs
  title_a/summary, session 2019-09-02T00:00:00+09:00
  asked for 2019-09-02 02:00:00 +09:00, 30m ago

7 tasks under way
  +summary+a1: running for 2m -> game-a.summary.access$20190901
  +summary+a2: running for 2m -> game-a.summary.access$20190902
  +summary+a3: running for 2m -> game-a.summary.access$20190903
  +summary+a4: running for 2m -> game-a.summary.access$20190904
  +summary+a5: running for 2m -> game-a.summary.access$20190905
  and 2 more

1 task not begun: +summary+c
1 task ready, waiting for a place

what to do: nothing: it runs; its tree shows how far it is
  himekuri tasks 17"
    );
}

#[test]
fn a_task_that_waits_for_its_retry_is_told_with_the_time() {
    let waiting = TaskView {
        state: "retry_waiting".to_owned(),
        ended_at: None,
        retry_at: Some(at("17:40:00")),
        try_no: Some(himekuri_protocol::TryNo(3)),
        ..failed(1, "+summary+a", "17:29:00", "quotaExceeded", "too much today")
    };

    assert_eq!(
        told("running", &[root("planned"), waiting]),
        "\
attempt 17 runs; a task of it failed and is tried again
  title_a/summary, session 2019-09-02T00:00:00+09:00
  asked for 2019-09-02 02:00:00 +09:00, 30m ago

task +summary+a (bq>) failed and is tried again
  after 3 tries
  it writes game-a.summary.access$20190901
  quotaExceeded: too much today

what to do: nothing: a quota of BigQuery is used up; it is tried again at 2019-09-02 02:40:00 +09:00 (in 10m), as often as it takes, and no retry is counted"
    );
}
