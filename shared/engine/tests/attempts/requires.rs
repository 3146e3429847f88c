//! `require>`: what is asked of the coordinator, and what its answers decide (digdag reference 4.1).

use himekuri_engine::{
    AttemptOutcome, Record, Required, RequiredAnswer, RequiredState, RerunOn, TaskView,
};
use himekuri_protocol::AttemptId;
use serde_json::json;

use crate::world::{Project, World, assert_tree};

const REQUIRE: &str = "+r:\n  require>: other\n";

fn start(options: &str) -> World {
    Project::new(&format!("{REQUIRE}{options}")).start()
}

/// The only requirement.
fn asked(world: &World) -> Required {
    let mut asked = world.attempt.required_sessions();
    let only = asked.next().unwrap_or_else(|| panic!("nothing is required:\n{}", world.tree()));
    assert_eq!(asked.next(), None);
    only
}

fn answer(world: &mut World, answer: RequiredAnswer) -> Vec<Record> {
    let asked = asked(world);
    world.decide(|attempt, now, context| attempt.required(&asked, answer, now, context))
}

fn kicked(attempt: u64, state: RequiredState) -> RequiredAnswer {
    RequiredAnswer::Attempt { attempt: AttemptId(attempt), kicked: true, state }
}

fn found(attempt: u64, state: RequiredState) -> RequiredAnswer {
    RequiredAnswer::Attempt { attempt: AttemptId(attempt), kicked: false, state }
}

fn broken() -> RequiredState {
    RequiredState::Error { message: "task +other+a: no rows".to_owned() }
}

fn error(world: &World, name: &str) -> String {
    TaskView::of(world.task(name)).error.unwrap_or_default()
}

#[test]
fn a_requirement_is_of_the_own_project_and_session_unless_the_task_says_otherwise() {
    let own = asked(&start(""));

    assert_eq!(own.requirement.to_string(), "`title_a/other`, session 2019-09-02T00:00:00Z");
    assert_eq!(own.requirement.attempt_name, "");
    assert_eq!(own.requirement.params, json!({}).as_object().cloned().unwrap());
    assert_eq!(own.requirement.rerun_on, RerunOn::None);
    assert!(!own.requirement.ignore_failure);
    assert_eq!((own.try_no.0, own.attempt), (1, None));

    let said = asked(&start(
        "  project_name: title_b
  session_time: 2019-09-01T00:00:00+09:00
  rerun_on: failed
  ignore_failure: true
  retry_attempt_name: again
  params: {city: 'from ${session_date}', nested: {n: 1}}
",
    ));
    let requirement = said.requirement;
    assert_eq!(requirement.to_string(), "`title_b/other`, session 2019-08-31T15:00:00Z");
    assert_eq!(requirement.rerun_on, RerunOn::Failed);
    assert!(requirement.ignore_failure);
    assert_eq!(requirement.attempt_name, "again");
    let params = json!({"city": "from 2019-09-02", "nested": {"n": 1}});
    assert_eq!(serde_json::Value::Object(requirement.params.clone()), params);
}

#[test]
fn the_long_form_requires_too() {
    let world = Project::new("+r: {_type: require, _command: other}\n").start();

    assert_eq!(asked(&world).requirement.workflow, "other");
}

#[test]
fn project_and_attempt_name_come_from_the_task_itself_and_the_others_from_above_too() {
    let exported = "_export: {project_name: title_b, retry_attempt_name: x, rerun_on: all, ignore_failure: true, params: {a: 1}}\n";

    let requirement = asked(&Project::new(&format!("{exported}{REQUIRE}")).start()).requirement;

    assert_eq!((requirement.project.as_str(), requirement.attempt_name.as_str()), ("title_a", ""));
    assert_eq!(requirement.rerun_on, RerunOn::All);
    assert!(requirement.ignore_failure);
    assert_eq!(requirement.params["a"], 1);
}

#[test]
fn wrong_options_are_named_with_their_place() {
    let cases = [
        (
            "  rerun_on: always\n",
            "wf.dig:3:13: `rerun_on` must be `none`, `failed` or `all`, not `always`",
        ),
        (
            "  ignore_failure: maybe\n",
            "wf.dig:3:19: `ignore_failure` must be `true` or `false`, not `maybe`",
        ),
        ("  params: 3\n", "wf.dig:3:11: `params` must be a mapping"),
        (
            "  project_id: 12\n",
            "wf.dig:3:15: projects have names here, and no numbers that stay; write `project_name: NAME` instead of `project_id`",
        ),
        (
            "  session_time: 2019-09-02\n",
            "wf.dig:3:17: `session_time` must be a time with its offset, such as `2019-09-02T00:00:00+09:00`, not `2019-09-02`; `moment(...).format()` writes one",
        ),
    ];
    for (options, expected) in cases {
        // A retry would read the same again.
        let world = start(&format!("{options}  _retry: 1\n"));

        assert_eq!(world.state("+r"), "error", "{options}");
        assert_eq!(error(&world, "+r"), expected);
    }
    let world = Project::new("+r:\n  require>: ''\n").start();
    assert_eq!(error(&world, "+r"), "wf.dig:2:13: `require>` needs the workflow to wait for");
}

#[test]
fn a_workflow_that_requires_its_own_session_is_refused() {
    let world = Project::new("+r:\n  require>: wf\n").start();

    assert_eq!(
        error(&world, "+r"),
        "wf.dig:2:13: workflow `wf` requires its own session and would wait for ever; give another `session_time`, such as `${last_session_time}`"
    );
    let yesterday = "+r:\n  require>: wf\n  session_time: 2019-09-01T00:00:00Z\n";
    assert_eq!(Project::new(yesterday).start().state("+r"), "requiring");
    let elsewhere = "+r:\n  require>: wf\n  project_name: title_b\n";
    assert_eq!(Project::new(elsewhere).start().state("+r"), "requiring");
}

#[test]
fn a_requirement_keeps_those_behind_it_until_the_session_has_ended() {
    let mut world = Project::new(&format!("{REQUIRE}+b: {{echo>: b}}\n")).start();
    let joined = answer(&mut world, kicked(12, RequiredState::Running));

    assert!(matches!(joined[..], [Record::Joined { attempt: AttemptId(12), kicked: true, .. }]));
    assert_eq!(asked(&world).attempt, Some(AttemptId(12)));
    assert_eq!(world.state("+b"), "blocked");
    assert_eq!(answer(&mut world, kicked(12, RequiredState::Running)), [], "nothing new");

    answer(&mut world, kicked(12, RequiredState::Success));

    assert_eq!((world.state("+r"), world.state("+b")), ("success", "ready"));
    assert!(!world.attempt.requires_sessions());
}

#[test]
fn a_session_that_had_ended_well_is_enough() {
    let mut world = start("");

    answer(&mut world, found(12, RequiredState::Success));

    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
}

#[test]
fn a_failed_session_fails_the_task_with_its_first_failure() {
    for said in [kicked(12, broken()), found(12, broken())] {
        let mut world = start("");

        answer(&mut world, said);

        assert_eq!(
            error(&world, "+r"),
            "wf.dig:2:13: attempt 12 of `title_a/other`, session 2019-09-02T00:00:00Z failed: task +other+a: no rows"
        );
        assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
    }
}

#[test]
fn a_session_that_cannot_be_waited_for_fails_the_task() {
    let mut world = start("  _error: {echo>: '${error.message}'}\n");

    let message = "there is no project `x`".to_owned();
    answer(&mut world, RequiredAnswer::Refused { message });

    assert_eq!(world.echo("+r^error"), "wf.dig:2:13: there is no project `x`");
}

#[test]
fn ignore_failure_makes_a_failed_session_good_enough() {
    let mut world = start("  ignore_failure: true\n");

    answer(&mut world, kicked(12, broken()));

    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
}

#[test]
fn rerun_on_says_which_ended_sessions_run_again() {
    let cases = [
        ("none", RequiredState::Success, false),
        ("none", broken(), false),
        ("failed", RequiredState::Success, false),
        ("failed", broken(), true),
        ("all", RequiredState::Success, true),
        ("all", broken(), true),
    ];
    for (rerun_on, state, expected) in cases {
        let mut world = start(&format!("  rerun_on: {rerun_on}\n"));

        answer(&mut world, found(12, state.clone()));

        assert_eq!(world.attempt.requires_sessions(), expected, "{rerun_on}, {state:?}");
        if expected {
            assert_eq!(asked(&world).requirement.attempt_name, "require-7-1-1");
            assert_eq!(asked(&world).attempt, None);
        }
    }
}

#[test]
fn what_the_task_itself_started_does_not_run_again() {
    for (before, state) in [("", RequiredState::Success), ("", broken()), ("joined", broken())] {
        let mut world = start("  rerun_on: all\n");
        if before == "joined" {
            answer(&mut world, kicked(12, RequiredState::Running));
        }

        // Once it has started one, a later attempt of the session counts as well.
        let ended = if before == "joined" { found(13, state) } else { kicked(12, state) };
        answer(&mut world, ended);

        assert!(!world.attempt.requires_sessions(), "{}", world.tree());
    }
}

#[test]
fn a_session_that_was_running_may_run_again_when_it_has_ended() {
    let mut world = start("  rerun_on: failed\n");
    answer(&mut world, found(12, RequiredState::Running));

    answer(&mut world, found(12, broken()));

    assert_eq!(asked(&world).requirement.attempt_name, "require-7-1-1");
    answer(&mut world, kicked(13, RequiredState::Running));
    answer(&mut world, kicked(13, broken()));
    assert!(error(&world, "+r").contains("attempt 13"), "{}", world.tree());
}

#[test]
fn an_attempt_of_our_name_runs_once_whoever_started_it() {
    let mut world = start("  rerun_on: all\n");
    answer(&mut world, found(12, RequiredState::Success));

    answer(&mut world, found(13, RequiredState::Success));

    assert_eq!(world.state("+r"), "success");
}

#[test]
fn a_retry_runs_what_had_failed_again() {
    let mut world = start("  _retry: {limit: 1, interval: 60}\n");
    answer(&mut world, kicked(12, broken()));
    assert_eq!(world.state("+r"), "retry_waiting");

    world.tick(60);

    let asked_again = asked(&world);
    assert_eq!((asked_again.try_no.0, asked_again.requirement.rerun_on), (2, RerunOn::Failed));
    answer(&mut world, found(12, broken()));
    assert_eq!(asked(&world).requirement.attempt_name, "require-7-1-2");
    answer(&mut world, kicked(13, broken()));
    assert_eq!(world.state("+r"), "error");
    assert_eq!(world.task("+r").retry_count, 1);
}

#[test]
fn a_retry_looks_again_for_what_did_not_exist() {
    let mut world = start("  _retry: 1\n");
    let message = "there is no project `x`".to_owned();
    answer(&mut world, RequiredAnswer::Refused { message });
    world.tick(0);

    answer(&mut world, kicked(12, RequiredState::Success));

    assert_eq!(world.state("+r"), "success");
}

#[test]
fn the_retry_of_a_group_counts_as_a_new_try() {
    let mut world = Project::new("+g:\n  _retry: 1\n  +r: {require>: other}\n").start();
    answer(&mut world, kicked(12, broken()));
    world.tick(0);

    let again = asked(&world);

    assert_eq!((again.try_no.0, again.requirement.rerun_on), (2, RerunOn::Failed));
    answer(&mut world, found(12, broken()));
    answer(&mut world, kicked(13, RequiredState::Success));
    assert_tree(
        &world,
        "
        +wf: success
          +g: success
            +r: success (try 2)
        ",
    );
}

#[test]
fn a_requirement_is_checked_like_any_task() {
    let mut world = start("  _check: {echo>: c}\n");

    answer(&mut world, found(12, RequiredState::Success));

    assert_eq!(world.ready(), ["+r^check"]);
}

#[test]
fn an_answer_to_what_is_not_asked_any_more_changes_nothing() {
    let mut world = start("  rerun_on: all\n");
    let first = asked(&world);
    answer(&mut world, found(12, RequiredState::Success));

    for late in [found(12, RequiredState::Success), kicked(12, broken())] {
        let records =
            world.decide(|attempt, now, context| attempt.required(&first, late, now, context));
        assert_eq!(records, []);
    }

    let second = asked(&world);
    answer(&mut world, kicked(13, RequiredState::Success));
    let records = world.decide(|attempt, now, context| {
        attempt.required(&second, kicked(13, RequiredState::Running), now, context)
    });
    assert_eq!(records, []);
}
