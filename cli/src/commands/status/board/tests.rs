use serde_json::json;

use super::*;

const NOW: &str = "2019-09-03T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The session of a day of September, which began and ended on it.
fn attempt(id: u64, workflow: &str, day: u32, state: &str) -> AttemptSummary {
    let (project, workflow) = workflow.split_once('/').unwrap();
    let ended_at = (state != "running").then(|| format!("2019-09-{day:02}T03:10:00Z"));
    serde_json::from_value(json!({
        "attempt": id, "project": project, "revision": "r", "gcp_project": null,
        "workflow": workflow, "session_time": format!("2019-09-{day:02}T00:00:00Z"),
        "session_local_time": format!("2019-09-{day:02}T00:00:00+00:00"),
        "now": format!("2019-09-{day:02}T03:00:00Z"), "last_session_time": null,
        "next_session_time": null, "attempt_name": id.to_string(), "params": {}, "overrides": {},
        "state": state, "requested_at": format!("2019-09-{day:02}T03:00:00Z"),
        "ended_at": ended_at, "error": null,
    }))
    .unwrap()
}

/// The next session is that of September 3.
fn schedule(workflow: &str, next_run_time: &str) -> ScheduleView {
    ScheduleView {
        schedule: workflow.to_owned(),
        last_session_time: None,
        next_session_time: Some(at("2019-09-03T00:00:00Z")),
        next_run_time: Some(at(next_run_time)),
        disabled_at: None,
        waits_for: None,
    }
}

#[test]
fn a_schedule_that_is_disabled_is_not_late() {
    let late = schedule("a/w", "2019-09-02T23:00:00Z");
    let disabled = ScheduleView { disabled_at: Some(at("2019-09-02T00:00:00Z")), ..late.clone() };

    assert_eq!(healths(&board(&[late], &[])), [(Health::Late, "a")]);
    let board = board(&[disabled], &[]);

    assert_eq!(healths(&board), [(Health::Waiting, "a")]);
    assert_eq!(board.lines[0].notes, ["its schedule is disabled"]);
}

fn board(schedules: &[ScheduleView], attempts: &[AttemptSummary]) -> Board {
    Board::of(schedules, attempts, at(NOW))
}

fn healths(board: &Board) -> Vec<(Health, &str)> {
    board.lines.iter().map(|line| (line.health, line.project.as_str())).collect()
}

#[test]
fn a_line_tells_the_newest_attempt_of_the_newest_session() {
    let attempts = [
        attempt(9, "a/w", 1, "success"),
        attempt(8, "a/w", 2, "success"),
        attempt(7, "a/w", 2, "error"),
    ];

    let board = board(&[], &attempts);

    assert_eq!(healths(&board), [(Health::Ok, "a")]);
    assert_eq!(board.lines[0].attempt, Some(AttemptId(8)));
    assert_eq!(board.lines[0].notes, [""; 0]);
}

#[test]
fn the_worst_stand_first_and_equals_by_name() {
    let attempts = [
        attempt(1, "ok/w", 2, "success"),
        attempt(2, "runs/w", 2, "running"),
        attempt(3, "b-fails/w", 2, "error"),
        attempt(4, "a-fails/w", 2, "error"),
        attempt(5, "killed/w", 2, "canceled"),
    ];
    let schedules =
        [schedule("late/w", "2019-09-02T23:00:00Z"), schedule("waits/w", "2019-09-03T03:00:00Z")];

    let board = board(&schedules, &attempts);

    assert_eq!(
        healths(&board),
        [
            (Health::Failed, "a-fails"),
            (Health::Failed, "b-fails"),
            (Health::Late, "late"),
            (Health::Running, "runs"),
            (Health::Killed, "killed"),
            (Health::Ok, "ok"),
            (Health::Waiting, "waits"),
        ]
    );
    assert!(board.has_trouble());
    assert_eq!(board.summary(), "7 titles: 1 ok, 1 running, 2 failed, 1 late, 1 killed, 1 waiting");
}

#[test]
fn a_session_is_late_five_minutes_after_its_run_time_unless_it_has_an_attempt() {
    let late = |run_time| board(&[schedule("a/w", run_time)], &[]).has_trouble();

    assert!(!late("2019-09-02T23:55:00Z"));
    assert!(late("2019-09-02T23:54:59Z"));
    let begun = [attempt(1, "a/w", 3, "running")];
    assert!(!board(&[schedule("a/w", "2019-09-02T23:00:00Z")], &begun).has_trouble());
}

#[test]
fn a_session_that_waits_for_another_says_for_which() {
    let waits_for = himekuri_coordinator::SessionAttempt {
        attempt: AttemptId(12),
        session_time: at("2019-09-02T00:00:00Z"),
    };
    let waiting =
        ScheduleView { waits_for: Some(waits_for), ..schedule("a/w", "2019-09-02T23:00:00Z") };

    let board = board(&[waiting], &[attempt(12, "a/w", 2, "running")]);

    assert_eq!(healths(&board), [(Health::Late, "a")]);
    assert_eq!(board.lines[0].notes, ["its next session waits for attempt 12"]);
}

#[test]
fn without_a_schedule_only_what_happened_in_the_last_day_is_shown() {
    let mut long_ago = attempt(1, "old/w", 1, "success");
    let mut runs_long = attempt(2, "long/w", 1, "running");
    long_ago.ended_at = Some(at("2019-09-01T23:59:59Z"));
    runs_long.requested_at = at("2019-08-01T00:00:00Z");

    assert_eq!(healths(&board(&[], &[long_ago, runs_long])), [(Health::Running, "long")]);
}

#[test]
fn an_earlier_session_that_failed_in_the_last_day_is_trouble_until_it_was_retried() {
    let hourly = |id, hour: u32, state| {
        let mut hourly = attempt(id, "a/w", 2, state);
        hourly.session_time = at(&format!("2019-09-02T{hour:02}:00:00Z"));
        hourly
    };
    let failed = [hourly(1, 3, "error"), hourly(2, 4, "success")];
    let retried = [hourly(1, 3, "error"), hourly(2, 4, "success"), hourly(3, 3, "success")];

    let troubled = board(&[], &failed);

    assert_eq!(healths(&troubled), [(Health::Failed, "a")]);
    assert_eq!(troubled.lines[0].state, Some("success"));
    assert_eq!(troubled.lines[0].notes, ["1 earlier session failed: attempt 1"]);
    assert_eq!(healths(&board(&[], &retried)), [(Health::Ok, "a")]);
}

#[test]
fn the_failures_of_a_backfill_are_its_own() {
    let mut backfilled = attempt(2, "a/w", 1, "error");
    backfilled.started_by = StartedBy::Backfill;
    backfilled.ended_at = Some(at("2019-09-02T20:00:00Z"));

    let board = board(&[], &[attempt(1, "a/w", 2, "success"), backfilled]);

    assert_eq!(healths(&board), [(Health::Ok, "a")]);
}

#[test]
fn a_kill_by_a_time_limit_is_a_failure() {
    let killed = |reason| {
        let mut killed = attempt(1, "a/w", 2, "canceled");
        let kill = json!({ "at": NOW, "reason": reason });
        killed.kill = Some(serde_json::from_value(kill).unwrap());
        board(&[], &[killed]).lines[0].health
    };

    assert_eq!(killed(json!({ "kind": "requested", "by": "ann" })), Health::Killed);
    assert_eq!(killed(json!({ "kind": "attempt_time_limit" })), Health::Failed);
    assert_eq!(killed(json!({ "kind": "task_time_limit", "task": 3 })), Health::Failed);
}

#[test]
fn a_title_counts_once_as_its_worst_workflow() {
    let attempts = [
        attempt(1, "a/daily", 2, "success"),
        attempt(2, "a/hourly", 2, "error"),
        attempt(3, "b/daily", 2, "success"),
    ];

    assert_eq!(board(&[], &attempts).summary(), "2 titles: 1 ok, 1 failed");
    assert_eq!(
        board(&[], &[]).summary(),
        "no title has a schedule, or an attempt of the last 24 hours"
    );
}
