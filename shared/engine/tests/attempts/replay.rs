//! The log is the attempt: whatever moment a coordinator dies at, the next one goes on as it would have.

use std::collections::BTreeMap;

use himekuri_engine::{
    Attempt, AttemptOutcome, CancelReason, Phase, Record, ReplayError, Required, RequiredAnswer,
    RequiredState, SNAPSHOT_VERSION, Task, log_violations,
};
use himekuri_protocol::{AttemptId, Outcome, TaskId, TryNo};
use himekuri_workflow::TaskKind;
use serde_json::json;

use crate::world::{
    Project, World, failed, stored, submitted, succeeded, through_json, unreachable,
};

/// Every control flow, every retry and every answer there is, from small to all at once.
fn workflows() -> Vec<(&'static str, World)> {
    let everything = "
_export: {x: none}
_retry: 1
+prepare: {echo>: prepare stores}
+marts:
  _parallel: {limit: 2}
  +access:
    call>: access
    _retry: {limit: 1, interval: 60}
  +battle:
    loop>: 3
    _parallel: true
    _do:
      +day: {echo>: 'slow ${i} stores', _retry: {limit: 1, interval: 10}}
  +last: {echo>: fails-on-odd}
+empty: {}
+end: {echo>: 'unreachable ${x}'}
";
    vec![
        ("a sequence", Project::new("+a: {echo>: a stores}\n+b: {echo>: slow}\n").start()),
        ("a failure", Project::new("+a: {echo>: fails}\n+b: {echo>: b}\n").start()),
        (
            "a failure beside others",
            Project::new("_parallel: true\n+a: {echo>: fails}\n+b: {echo>: slow}\n+c: {echo>: unreachable}\n")
                .start(),
        ),
        ("a broken expression", Project::new("+a: {echo>: a}\n+b: {echo>: '${nope}'}\n").start()),
        (
            "everything",
            Project::new(everything)
                .file("access.dig", "+one: {echo>: one}\n+two: {echo>: fails-on-odd}\n")
                .start(),
        ),
        ("order", Project::new(ORDER).start()),
        ("loops", Project::new(LOOPS).start()),
        ("checks and errors", Project::new(CHECKS).file("c.dig", CALLED).start()),
        ("a late attempt", Project::new(LATE).start()),
        ("requirements", Project::new(REQUIRES).start()),
        ("a template for an operator", template()),
        ("a kill", with_queries(KILLED).start()),
        ("a time limit", with_queries(LIMITED).limited(None, Some(7_200)).start()),
        ("timeouts", with_queries(TIMEOUTS).limited(Some(86_400), Some(86_400)).start()),
        ("a resumed attempt", resumed()),
        (
            "everything, and it fails",
            Project::new(&format!("{everything}+no: {{echo>: fails}}\n"))
                .file("access.dig", "+one: {echo>: one}\n+two: {echo>: fails-on-odd}\n")
                .start(),
        ),
    ]
}

const ORDER: &str = "
_export: {x: none, y: none}
+a: {echo>: a stores}
+bg: {echo>: slow stores, _background: true}
+b: {echo>: '${x} stores'}
+fork:
  _parallel: {limit: 2}
  _retry: 1
  +one: {echo>: one stores}
  +two: {echo>: slow stores}
  +three: {echo>: '${x} fails-on-odd', _after: [+two]}
  +four: {echo>: '${x}', _after: [+three, +one]}
+end: {echo>: '${x}'}
";

const LOOPS: &str = "
_export: {x: none}
+each:
  for_each>: {a: [1, 2], b: [{k: v}, null]}
  _parallel: {limit: 3}
  _retry: 1
  _do:
    +t: {echo>: '${a} fails-on-odd stores'}
+range:
  for_range>: {from: 0, to: 5, slices: 2}
  _do: {echo>: '${range.from} ${x} slow'}
+if:
  if>: ${yes}
  _do: {+then: {echo>: then}}
  _export: {yes: true}
+else:
  if>: false
  _do: {echo>: never}
+wait: {wait>: 1h}
+end: {echo>: '${x} unreachable'}
";

const CHECKS: &str = "
_error: {+mail: {echo>: '${error.message} fails'}}
_check: {echo>: stores}
+a:
  echo>: a stores
  _check: {echo>: '${x} fails-on-odd'}
  _retry: {limit: 1, interval: 10}
+g:
  _check: {echo>: slow}
  +w: {wait>: 10s, _check: {echo>: c}}
  +c: {call>: c, _check: {echo>: c}, _error: {echo>: e}}
+l:
  loop>: 2
  _parallel: true
  _do: {fail>: 'no ${i}', _error: {echo>: 'slow ${error.message} stores'}}
  _retry: 1
  _error: {echo>: '${error.message} ${x}'}
";

const CALLED: &str = "_error: {echo>: not reached}\n+t: {echo>: fails-on-odd, _retry: 1}\n";

const LATE: &str = "
_retry: {limit: 1, interval: 7200}
sla:
  - {duration: '00:30', alert: false, fail: true}
  - {duration: '01:00', +call: {echo>: slow}}
  - {duration: '09:00', echo>: never}
+w: {wait>: 45m}
+a: {echo>: fails-on-odd}
+b: {wait>: 2h}
";

const REQUIRES: &str = "
_parallel: true
+joined: {require>: other, params: {n: 1}}
+again: {require>: failed, rerun_on: failed}
+all:
  require>: other
  rerun_on: all
  _check: {echo>: stores}
+retried: {require>: failed, _retry: {limit: 1, interval: 10}, _error: {echo>: e}}
+group:
  _retry: 1
  +r: {require>: failed, ignore_failure: true}
  +t: {echo>: fails-on-odd}
";

const KILLED: &str = "
_error: {echo>: never}
_parallel: true
+query: {bq>: runs on.sql, timeout: 10m, _retry: 3}
+done: {bq>: stores.sql, _check: {echo>: never}}
+late: {bq>: fails-on-odd.sql, _retry: {limit: 1, interval: 3600}}
+echo: {echo>: kills slow}
+wait: {wait>: 1h}
+require: {require>: other}
+group:
  _retry: {limit: 1, interval: 60}
  +t: {bq>: unreachable.sql}
  +next: {echo>: never}
+loop:
  loop>: 3
  _parallel: {limit: 2}
  _do: {bq>: runs on.sql}
";

const LIMITED: &str = "
sla: {time: '12:00', echo>: never}
+first: {wait>: 1h}
+then:
  _parallel: true
  +wait: {wait>: 3h}
  +query: {bq>: slow.sql}
";

const TIMEOUTS: &str = "
_parallel: true
+retried: {bq>: runs on.sql, timeout: 1h, _retry: {limit: 1, interval: 60}, _error: {echo>: e}}
+done: {bq>: runs late.sql, timeout: 90, _check: {echo>: c}}
+echo: {echo>: runs on, timeout: 1m}
";

/// A project whose queries are named by how their jobs end.
fn with_queries(dig: &str) -> Project {
    let files = ["runs on", "runs late", "stores", "fails-on-odd", "unreachable", "slow"];
    files
        .iter()
        .fold(Project::new(dig), |project, name| project.file(&format!("{name}.sql"), "SELECT 1"))
}

/// `_type: ${...}`, as the log holds it.
fn template() -> World {
    let dig = "+t: {_type: TEMPLATE, _command: 2, _do: {echo>: fails-on-odd}, _retry: 1}\n";
    let started = Project::new(dig).param("op", "loop").start().attempt.started().clone();
    let json = serde_json::to_string(&started).unwrap().replace("TEMPLATE", "${op}");
    World::of(serde_json::from_str(&json).unwrap()).advanced()
}

const BROKEN: &str = "
_export: {x: none}
+a: {echo>: a stores}
+g:
  _parallel: true
  +one: {call>: c}
  +two: {echo>: 'two stores', _after: [+one]}
  +three: {loop>: 3, _do: {echo>: '${i} ${x} fails'}}
+end: {echo>: '${x} slow'}
";

/// An attempt that resumes one in which `+three` failed, after the called file changed and the failure was repaired.
fn resumed() -> World {
    let mut old = Project::new(BROKEN).file("c.dig", "+t: {echo>: t}\n").start();
    run(&mut old);
    let repaired = BROKEN.replace("fails", "stores");
    let old = old.replayed(&old.log);
    old.resume(&[("wf.dig", &repaired), ("c.dig", "+t: {echo>: t stores}\n")])
}

/// The next thing that happens, chosen by the state alone; the text of an `echo>` says how its tries end.
fn step(world: &mut World) {
    let ready = world.attempt.dispatchable().next();
    if is_killed_now(world) {
        world.kill();
    } else if let Some(task) = world.attempt.due_again(world.now).first().copied() {
        send(world, task);
    } else if let Some((task, try_no, outcome)) = next_report(world) {
        world.report_try(task, try_no, outcome);
    } else if let Some((asked, answer)) = next_answer(world) {
        world.decide(|attempt, now, context| attempt.required(&asked, answer, now, context));
    } else if let Some(task) = ready {
        send(world, task);
    } else {
        let deadline = world.attempt.next_deadline().expect("something is left to happen");
        world.now = deadline.max(world.now);
        world.tick(0);
    }
}

/// A kill comes while a certain task runs and everything has been sent that can be.
fn is_killed_now(world: &World) -> bool {
    let mut running = world.attempt.running();
    world.attempt.killed().is_none()
        && world.attempt.dispatchable().next().is_none()
        && running.any(|(task, _, phase)| {
            command(task).starts_with("kills") && matches!(phase, Phase::Submitted { .. })
        })
}

fn send(world: &mut World, task: TaskId) {
    let name = world.attempt.peek(task).unwrap().full_name.clone();
    world.send(name.trim_start_matches("+wf"));
}

fn next_report(world: &mut World) -> Option<(TaskId, TryNo, Outcome)> {
    let running = world.attempt.running();
    let answers = running.filter_map(|(task, try_no, phase)| {
        let command = command(task).trim_end_matches(".sql");
        let said = |word: &str| command.split(' ').any(|said| said == word);
        let was_unreachable = world
            .log
            .iter()
            .any(|record| matches!(record, Record::Unreachable { task: of, .. } if *of == task.id));
        let outcome = match phase {
            Phase::Unreachable { .. } => return None,
            Phase::Dispatched if said("slow") => submitted("job"),
            Phase::Dispatched if said("unreachable") && !was_unreachable => {
                unreachable("no answer")
            }
            Phase::Dispatched | Phase::Submitted { .. } if said("runs") => return None,
            Phase::Submitted { .. } if said("kills") => return None,
            Phase::Canceling { because: CancelReason::Timeout, .. } if said("late") => succeeded(),
            Phase::Canceling { .. } if !said("stores") => failed("stopped"),
            Phase::Dispatched | Phase::Submitted { .. } | Phase::Canceling { .. } => {
                if said("fails-on-odd") && try_no.0 % 2 == 1 || said("fails") {
                    failed("broken")
                } else if said("stores") {
                    stored(json!({"x": task.full_name, "n": 0.1}))
                } else {
                    succeeded()
                }
            }
        };
        Some((task.id, try_no, outcome))
    });
    answers.min_by_key(|(task, _, _)| *task)
}

/// What the coordinator would say, by the state alone: an attempt runs until it has been joined, `failed` fails, and
/// attempts with a name of our own are those that the task started.
fn next_answer(world: &World) -> Option<(Required, RequiredAnswer)> {
    let asked = world.attempt.required_sessions().next()?;
    let named = !asked.requirement.attempt_name.is_empty();
    let state = match asked.attempt {
        None if asked.try_no == TryNo::FIRST || named => RequiredState::Running,
        None | Some(_) if asked.requirement.workflow == "failed" => {
            RequiredState::Error { message: "broken".to_owned() }
        }
        None | Some(_) => RequiredState::Success,
    };
    let answer = RequiredAnswer::Attempt { attempt: AttemptId(20), kicked: named, state };
    Some((asked, answer))
}

/// The text of an `echo>`, as written.
fn command(task: &Task) -> &str {
    match &task.definition.kind {
        TaskKind::Operator { command, .. } => command.as_str().unwrap_or_default(),
        TaskKind::Group { .. } => "",
    }
}

/// Runs to the end and notes the attempt after each verb, by the length of its log. As the coordinator's, it remembers
/// nothing that has ended.
fn run(world: &mut World) -> BTreeMap<usize, Attempt> {
    world.attempt.forget_ended();
    let mut seen = BTreeMap::from([(world.log.len(), world.attempt.clone())]);
    for _ in 0..10_000 {
        if world.outcome().is_some() {
            assert_eq!(log_violations(&world.log), []);
            return seen;
        }
        step(world);
        world.attempt.forget_ended();
        seen.insert(world.log.len(), world.attempt.clone());
    }
    panic!("the attempt does not end:\n{}", world.tree());
}

#[test]
fn the_log_leads_to_the_very_state_that_was_lived() {
    for (what, mut world) in workflows() {
        for (length, lived) in run(&mut world) {
            let replayed = world.replayed(&world.log[..length]).attempt;

            assert_eq!(replayed, lived, "{what}, {length} records");
            let recovered = Attempt::recover(through_json(&world.log[..length])).unwrap();
            assert_eq!(recovered, lived, "{what}, {length} records");
            // Equality of maps does not see the order of their keys, which is the order of evaluation.
            assert_eq!(format!("{replayed:?}"), format!("{lived:?}"), "{what}, {length} records");
        }
    }
}

#[test]
fn a_snapshot_at_any_length_leads_to_the_very_state_that_was_lived() {
    for (what, mut world) in workflows() {
        let seen = run(&mut world);
        for (length, lived) in seen {
            let from = |end: usize| {
                let first = through_json(&world.log[..1]).remove(0);
                let behind = through_json(&world.log[length..end]);
                Attempt::recover_from(first, &lived.snapshot().unwrap(), behind).unwrap()
            };

            let recovered = from(length);

            assert_eq!(recovered, lived, "{what}, {length} records");
            assert_eq!(format!("{recovered:?}"), format!("{lived:?}"), "{what}, {length} records");
            assert_eq!(from(world.log.len()), world.attempt, "{what}, {length} records");
        }
    }
}

#[test]
fn a_snapshot_that_does_not_fit_is_refused() {
    let mut world = Project::new("+a: {echo>: a}\n+b: {echo>: b}\n").start();
    let (length, snapshot) = (world.log.len(), world.attempt.snapshot().unwrap());
    run(&mut world);
    let refused = |snapshot: &str, from: usize| {
        let behind = world.log[from..].to_vec();
        Attempt::recover_from(world.log[0].clone(), snapshot, behind).unwrap_err().to_string()
    };

    let own = format!("\"version\":{SNAPSHOT_VERSION}");
    let other = snapshot.replace(&own, "\"version\":0");
    let orphan = snapshot.replace("\"parent\":0", "\"parent\":77");

    assert!(refused(&other, length).contains("version 0"));
    assert!(refused(&snapshot[1..], length).contains("cannot be read"));
    assert!(refused(&orphan, length).contains("nothing in it explains"));
    assert!(refused(&snapshot, 1).contains("does not fit"));
}

#[test]
fn a_crash_after_any_record_changes_nothing_about_the_end() {
    for (what, mut world) in workflows() {
        run(&mut world);
        for length in 1..world.log.len() {
            let mut next = world.replayed(&world.log[..length]);
            next.now = world.attempt.started().at;
            next.decide(|attempt, now, context| attempt.advance(now, context));

            run(&mut next);

            let (next, lived) = (next.replayed(&next.log), world.replayed(&world.log));
            assert_eq!(next.tree(), lived.tree(), "{what}, a crash after {length} records");
            assert_eq!(next.outcome(), lived.outcome());
        }
    }
}

#[test]
fn every_prefix_of_a_log_replays_to_one_record_less_than_the_next() {
    for (what, mut world) in workflows() {
        run(&mut world);
        let lengths = 1..=world.log.len();

        let replayed =
            lengths.clone().map(|n| world.replayed(&world.log[..n]).attempt.log_length());

        let expected = lengths.map(|n| u64::try_from(n).unwrap());
        assert!(replayed.eq(expected), "{what}");
    }
}

#[test]
fn the_workflows_of_these_tests_reach_every_kind_of_record() {
    let mut kinds = std::collections::BTreeSet::new();
    for (_, mut world) in workflows() {
        run(&mut world);
        for record in &world.log {
            let json = serde_json::to_value(record).unwrap();
            kinds.insert(json["record"].as_str().unwrap().to_owned());
        }
    }

    assert_eq!(kinds.len(), 23, "{kinds:?}");
}

#[test]
fn stored_numbers_come_back_to_the_last_digit() {
    let mut world = Project::new("+a: {echo>: a}\n+b: {echo>: '${n} ${m}'}\n").start();
    world.store("+a", json!({"n": 989.995_132_799_888_7, "m": 0.1}));

    let mut replayed = world.replayed(&world.log);

    assert_eq!(replayed.attempt, world.attempt);
    assert_eq!(replayed.echo("+b"), world.echo("+b"));
}

#[test]
fn a_log_that_does_not_begin_with_its_start_is_refused() {
    let world = Project::new("+a: {echo>: a}\n").start();

    assert_eq!(Attempt::replay(world.log[1..].to_vec()).err(), Some(ReplayError::NoStart));
    assert_eq!(Attempt::replay([]).err(), Some(ReplayError::NoStart));
}

#[test]
fn a_log_of_a_newer_program_is_refused() {
    let mut started = Project::new("+a: {echo>: a}\n").start().attempt.started().clone();
    started.version += 1;

    let refused = Attempt::replay([Record::AttemptStarted(Box::new(started))]).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "the log has version 5, this program reads up to 4; upgrade the coordinator"
    );
}

/// The log of a small run with one record more.
fn refusal(dig: &str, drive: impl Fn(&mut World), record: serde_json::Value) -> String {
    let mut world = Project::new(dig).start();
    drive(&mut world);
    let mut log = through_json(&world.log);
    log.push(serde_json::from_value(record).unwrap());
    Attempt::replay(log).unwrap_err().to_string()
}

#[test]
fn records_that_do_not_fit_are_refused_with_both_sides_named() {
    let at = "2019-09-02T00:00:00Z";
    let one = "+a: {echo>: a}\n+g:\n  +b: {echo>: b}\n";
    let error = json!({"reason": "test", "message": "m"});
    let nothing = |_: &mut World| {};
    let sent = |world: &mut World| {
        world.send("+a");
    };
    let cases = [
        (
            refusal(one, nothing, json!({"record": "succeeded", "task": 1, "at": at})),
            "record 2 says `succeeded`, but task 1 is `ready`",
        ),
        (
            refusal(one, nothing, json!({"record": "succeeded", "task": 9, "at": at})),
            "record 2 names task 9, which does not exist",
        ),
        (
            refusal(
                one,
                nothing,
                json!({"record": "dispatched", "task": 2, "at": at, "try_no": 1}),
            ),
            "record 2 says `dispatched`, but task 2 is `blocked`",
        ),
        (
            refusal(
                one,
                nothing,
                json!({"record": "dispatched", "task": 1, "at": at, "try_no": 2}),
            ),
            "record 2 dispatches try 2 of task 1, but its next try is 1",
        ),
        (
            refusal(one, sent, json!({"record": "dispatched", "task": 1, "at": at, "try_no": 2})),
            "record 3 says `dispatched`, but task 1 is `running`",
        ),
        (
            refusal(one, sent, json!({"record": "retried", "task": 1, "at": at})),
            "record 3 says `retried`, but task 1 is `running`",
        ),
        (
            refusal(one, sent, json!({"record": "group_failed", "task": 0, "at": at})),
            "record 3 says `group_failed`, but task 0 is `planned`",
        ),
        (
            refusal(one, sent, json!({"record": "succeeded", "task": 0, "at": at})),
            "record 3 says `succeeded`, but task 0 is `planned`",
        ),
        (
            refusal(one, sent, json!({"record": "failed", "task": 0, "at": at, "error": error})),
            "record 3 says `failed`, but task 0 is `planned`",
        ),
        (
            refusal(
                one,
                nothing,
                json!({"record": "attempt_finished", "at": at, "outcome": "success"}),
            ),
            "record 2 says `attempt_finished`, but task 0 is `planned`",
        ),
        (
            refusal(
                one,
                nothing,
                json!({
                    "record": "expanded", "task": 1, "at": at, "first": 3, "expansion": {"kind": "children"}
                }),
            ),
            "record 2 says `expanded`, but task 1 is `ready`",
        ),
        (
            refusal(
                "+a: {echo>: a}\n",
                |world| {
                    world.succeed("+a");
                },
                json!({
                    "record": "retried", "task": 0, "at": at
                }),
            ),
            "record 6 says `retried`, but the attempt has ended",
        ),
    ];

    for (refused, expected) in cases {
        assert_eq!(refused, expected);
    }
}

#[test]
fn new_kinds_of_records_that_do_not_fit_are_refused_too() {
    let at = "2019-09-02T00:00:00Z";
    let body = json!({"name": "^error", "position": "wf.dig:1:1"});
    let both = "+a: {echo>: a, _error: {echo>: e}, _check: {echo>: c}}\n";
    let nothing = |_: &mut World| {};
    let checking =
        json!({"record": "checking", "task": 1, "at": at, "first": 2, "definition": body});
    let failing = |task: u32, error: serde_json::Value| {
        json!({
            "record": "failing", "task": task, "at": at, "first": 2, "definition": body, "export": {},
            "error": error,
        })
    };
    let cases = [
        (
            refusal(
                both,
                nothing,
                json!({"record": "resolved", "task": 1, "at": at, "operator": "bq"}),
            ),
            "record 2 says `resolved`, but task 1 is `ready`",
        ),
        (
            refusal(both, nothing, json!({"record": "waiting", "task": 1, "at": at, "until": at})),
            "record 2 says `waiting`, but task 1 is `ready`",
        ),
        (
            refusal(
                both,
                nothing,
                json!({
                    "record": "requiring", "task": 1, "at": at, "try_no": 1,
                    "required": {"project": "p", "workflow": "w", "session_time": at},
                }),
            ),
            "record 2 says `requiring`, but task 1 is `ready`",
        ),
        (
            refusal(
                both,
                nothing,
                json!({"record": "joined", "task": 1, "at": at, "attempt": 2, "kicked": true}),
            ),
            "record 2 says `joined`, but task 1 is `ready`",
        ),
        (refusal(both, nothing, checking), "record 2 says `checking`, but task 1 is `ready`"),
        (
            refusal(both, nothing, failing(0, json!({"reason": "r", "message": "m"}))),
            "record 2 says `failing`, but task 0 is `planned`",
        ),
        (
            refusal(both, nothing, failing(1, json!(null))),
            "record 2 says `failing`, but task 1 is `ready`",
        ),
        (
            refusal(both, nothing, json!({"record": "sla_missed", "at": at, "first": 2, "sla": 0})),
            "record 2 says `sla_missed`, but task 0 is `planned`",
        ),
    ];

    for (refused, expected) in cases {
        assert_eq!(refused, expected);
    }
}

#[test]
fn a_task_whose_error_ran_does_not_end_in_success() {
    let at = "2019-09-02T00:00:00Z";
    let mut world = Project::new("+a: {echo>: a, _error: {echo>: e}}\n").start();
    world.fail("+a", "broken");
    world.succeed("+a^error");
    let end = world.log.iter().position(|record| matches!(record, Record::Failed { .. })).unwrap();
    let mut log = world.log[..end].to_vec();

    let success = json!({"record": "succeeded", "task": 1, "at": at});
    log.push(serde_json::from_value(success).unwrap());

    assert!(matches!(Attempt::replay(log), Err(ReplayError::IllegalMove { .. })));
}

#[test]
fn subtasks_with_ids_that_do_not_follow_on_are_refused() {
    let mut world = Project::new("+g:\n  +b: {echo>: b}\n").start();
    let Some(Record::Expanded { first, .. }) = world.log.last_mut() else {
        panic!("the last record expands `+g`");
    };
    *first = TaskId(8);

    let refused = Attempt::replay(world.log).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "record 2 gives the subtasks of task 1 ids from 8, but the next id is 2"
    );
}

#[test]
fn an_attempt_that_failed_does_not_end_in_success() {
    let mut world = Project::new("+a: {echo>: a}\n").start();
    world.fail("+a", "broken");
    let Some(Record::AttemptFinished { outcome, .. }) = world.log.last_mut() else {
        panic!("the attempt ended");
    };
    *outcome = AttemptOutcome::Success;

    assert!(matches!(Attempt::replay(world.log), Err(ReplayError::IllegalMove { .. })));
}

#[test]
fn a_group_ends_as_its_subtasks_did() {
    let at = "2019-09-02T00:00:00Z";
    let succeeded = json!({"record": "succeeded", "task": 0, "at": at});
    let group_failed = json!({"record": "group_failed", "task": 0, "at": at});
    for (task_ends, group_ends) in [(stored(json!({})), group_failed), (failed("m"), succeeded)] {
        let mut world = Project::new("+a: {echo>: a}\n").start();
        world.report("+a", task_ends);
        let mut log = world.log[..4].to_vec();

        log.push(serde_json::from_value(group_ends).unwrap());

        assert!(matches!(Attempt::replay(log), Err(ReplayError::IllegalMove { at: 4, .. })));
    }
}
