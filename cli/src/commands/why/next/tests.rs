use himekuri_engine::TaskView;
use himekuri_protocol::TaskId;

use super::*;
use crate::commands::why::sample::{at, failed, root, summary, task};

/// After one failed task.
fn after_failure(reason: &str, error: &str) -> Next {
    let tasks = [root("group_error"), failed(1, "+summary+a", "17:02:00", reason, error)];
    next(&Found::of(&summary("error"), &tasks), at("18:00:00"), &TimeZone::UTC)
}

const SAME_FILES: &str = "himekuri retry 17 --resume";
const NEW_FILES: [&str; 2] =
    ["himekuri push path/to/title_a", "himekuri retry 17 --resume --latest-revision"];

#[test]
fn what_is_wrong_in_the_files_is_pushed_before_the_retry() {
    for (reason, word) in [
        ("invalidQuery", "mend the query"),
        ("invalid", "mend the query"),
        ("config", "at the place that the error names"),
        ("operatorNotRun", "does not run the operator"),
        ("tooLarge", "smaller"),
        ("resourcesExceeded", "memory"),
        ("bytesBilledLimitExceeded", "nothing was paid"),
        ("duplicate", "`game-a.summary.access$20190901`"),
    ] {
        let next = after_failure(reason, "no");

        assert_eq!(next.commands, NEW_FILES, "{reason}");
        assert!(next.text.contains(word), "{reason}: {}", next.text);
    }
}

#[test]
fn what_is_wrong_elsewhere_is_retried_with_the_same_files() {
    for (reason, word) in [
        ("fail", "`fail>` of `+summary+a`"),
        ("notFound", "`bq_wait>`"),
        ("stopped", "`timeout`"),
        ("timeout", "`timeout`"),
        ("backendError", "`backendError`"),
        ("httpCall", "address"),
        ("deadLetter", "admin"),
        ("foreignJob", "ids of their own"),
        ("canceled", "ids of their own"),
        ("somethingNew", "read the error"),
    ] {
        let next = after_failure(reason, "no");

        assert_eq!(next.commands, [SAME_FILES], "{reason}");
        assert!(next.text.contains(word), "{reason}: {}", next.text);
    }
}

#[test]
fn a_denied_access_says_whose_account_needs_which_role() {
    let words = "Access Denied: Project game-a: User does not have bigquery.jobs.create permission in project game-a.";

    let known = after_failure("accessDenied", words);
    let unknown = after_failure("accessDenied", "no");
    let sheet = after_failure("accessDenied", "Permission denied while getting Drive credentials.");

    assert_eq!(
        known.text,
        "the service account with which the workers run the jobs of `game-a` needs the role `roles/bigquery.jobUser` on GCP project `game-a`: ask who owns it for that, and run what did not succeed"
    );
    assert_eq!(known.commands, [SAME_FILES]);
    assert!(unknown.text.contains("the right or the billing that the error names"));
    assert!(sheet.text.starts_with("share the Google Sheet"));
}

#[test]
fn a_title_without_a_gcp_project_is_pushed_with_one() {
    let next = after_failure("noProject", "no");

    assert_eq!(next.commands, ["himekuri push path/to/title_a --gcp-project ID", NEW_FILES[1]]);
}

#[test]
fn a_required_session_is_asked_about_first() {
    let error =
        "summary.dig:3:5: attempt 12 of `common/daily`, session 2019-09-02T00:00:00Z failed: no";

    assert_eq!(after_failure("require", error).commands, ["himekuri why 12", SAME_FILES]);
    assert_eq!(after_failure("require", "a circle").commands, [SAME_FILES]);
}

#[test]
fn an_attempt_that_is_only_late_is_not_retried() {
    assert_eq!(after_failure("sla", "late").commands, ["himekuri tasks 17"]);
}

#[test]
fn a_quota_needs_nobody() {
    let waits = |reason: &str, now: &str| {
        let waiting = TaskView {
            ended_at: None,
            retry_at: Some(at("17:20:00")),
            state: "retry_waiting".to_owned(),
            ..failed(1, "+summary+a", "17:10:00", reason, "no")
        };
        let found = Found::of(&summary("running"), &[root("planned"), waiting]);
        next(&found, at(now), &TimeZone::UTC)
    };

    let quota = waits("quotaExceeded", "17:10:30");
    assert_eq!(
        quota.text,
        "nothing: a quota of BigQuery is used up; it is tried again at 2019-09-01 17:20:00 +00:00 (in 9m 30s), as often as it takes, and no retry is counted"
    );
    assert_eq!(quota.commands, [""; 0]);
    assert_eq!(
        waits("backendError", "17:20:01").text,
        "nothing yet: it is tried again in a moment"
    );
}

#[test]
fn what_runs_is_left_alone() {
    let running = [root("planned"), task(1, "+summary+a", "running")];
    let found = |state: &str, tasks: &[TaskView]| {
        next(&Found::of(&summary(state), tasks), at("18:00:00"), &TimeZone::UTC)
    };

    assert_eq!(found("running", &running).commands, ["himekuri tasks 17"]);
    assert_eq!(found("success", &[root("success")]).text, "nothing: all of it is done");
    assert_eq!(found("canceled", &[root("canceled")]).commands, [SAME_FILES]);
    assert_eq!(found("error", &[]).commands, ["himekuri tasks 17", SAME_FILES]);
}

#[test]
fn a_retry_waits_until_the_other_tasks_have_ended() {
    let tasks = [
        root("planned"),
        failed(1, "+summary+a", "17:02:00", "invalidQuery", "no"),
        task(2, "+summary+b", "running"),
    ];

    let next = next(&Found::of(&summary("running"), &tasks), at("18:00:00"), &TimeZone::UTC);

    assert_eq!(next.commands, NEW_FILES);
    assert!(next.text.ends_with("others of its tasks still run"), "{}", next.text);
}

#[test]
fn nobody_waits_for_a_retry_that_will_fail_in_the_same_way() {
    let group = TaskView {
        operator: None,
        retry_at: Some(at("17:20:00")),
        ..task(1, "+summary+g", "retry_waiting")
    };
    let below = |reason: &str| TaskView {
        parent: Some(TaskId(1)),
        ..failed(2, "+summary+g+a", "17:05:00", reason, "no")
    };
    let next_of = |reason: &str| {
        let tasks = [root("planned"), group.clone(), below(reason)];
        next(&Found::of(&summary("running"), &tasks), at("17:06:00"), &TimeZone::UTC)
    };

    let refused = next_of("invalidQuery");
    assert!(refused.text.starts_with("do not wait: it is tried again at "), "{}", refused.text);
    assert_eq!(
        refused.commands,
        [
            "himekuri kill 17 --wait",
            "himekuri push path/to/title_a",
            "himekuri retry 17 --resume --latest-revision"
        ]
    );
    let passing = next_of("backendError");
    assert!(passing.text.starts_with("nothing yet"), "{}", passing.text);
    assert_eq!(passing.commands, [""; 0]);
}
