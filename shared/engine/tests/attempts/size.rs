//! Work and memory that must not grow with the number of siblings.

use himekuri_protocol::TaskId;

use crate::world::{Project, World, succeeded};

const MANY: u32 = 5_000;

#[test]
fn each_of_many_parallel_tasks_adds_two_records_and_one_evaluation() {
    let dig = "+l:\n  loop>: ${n}\n  _parallel: true\n  _do: {echo>: '${i}'}\n";
    let mut world = Project::new(dig).param("n", MANY).start();
    let (records, evaluations) = (world.log.len(), world.evaluator.evaluations);

    let ids: Vec<_> = world.attempt.dispatchable().collect();
    for id in ids {
        send(&mut world, id);
        world.report_try(id, himekuri_protocol::TryNo::FIRST, succeeded());
    }

    let many = usize::try_from(MANY).unwrap();
    // The ends of `^sub`, the loop, the root and the attempt.
    assert_eq!(world.log.len() - records, 2 * many + 4);
    assert_eq!(world.evaluator.evaluations - evaluations, many);
}

#[test]
fn a_loop_of_any_size_is_one_record_in_the_log() {
    let dig = "+l:\n  loop>: ${n}\n  _do: {echo>: '${i}'}\n";

    let length = |n: u32| {
        let world = Project::new(dig).param("n", n).start();
        let json: usize = world.log.iter().map(|r| serde_json::to_string(r).unwrap().len()).sum();
        (world.log.len(), json)
    };

    assert_eq!(length(1_000), length(9_999));
}

/// Tasks out at once in the tests below.
const WINDOW: usize = 20;

/// Most tasks in memory while an attempt runs to its end, the last that went out being the first to report. How many
/// tasks were sent.
fn most_tasks(world: &mut World) -> (usize, usize) {
    let (mut most, mut sent, mut out) = (0, 0, Vec::new());
    while world.outcome().is_none() {
        let room = WINDOW - out.len();
        let next: Vec<TaskId> = world.attempt.dispatchable().take(room).collect();
        for id in next {
            out.push(send(world, id));
            sent += 1;
        }
        let (id, try_no) = out.pop().expect("something is out");
        world.report_try(id, try_no, succeeded());
        most = most.max(world.attempt.tasks().count());
        world.attempt.forget_ended();
    }
    (most, sent)
}

fn send(world: &mut World, id: TaskId) -> (TaskId, himekuri_protocol::TryNo) {
    let prepared = world.prepare_by_id(id).unwrap_or_else(|e| panic!("{id}: {}", e.message));
    let dispatch = world.attempt.dispatch(prepared, world.now).unwrap();
    world.log.extend(dispatch.records);
    (id, dispatch.message.try_no)
}

#[test]
fn memory_follows_what_is_out_and_not_what_is_done_or_waits() {
    for parallel in ["false", "true", "{limit: 7}"] {
        let dig = format!(
            "
+dates:
  loop>: 20
  _parallel: {parallel}
  _do:
    _export: {{d: '${{i}}'}}
    +marts:
      loop>: 30
      _parallel: {parallel}
      _do:
        +mart: {{echo>: '${{d}} ${{i}}'}}
    +end: {{echo>: end}}
"
        );
        let mut world = Project::new(&dig).start();

        let (most, sent) = most_tasks(&mut world);

        assert_eq!(sent, 20 * 31, "{parallel}");
        // Beside what is out: all that `_parallel` has opened, the chain above, and the tasks of one report.
        let opened = if parallel == "true" { 3 * 20 + 2 * 20 * 30 } else { 7 * 4 + 7 * 7 * 2 };
        assert!(most <= WINDOW + opened + 20, "{parallel}: {most} tasks");
    }
}

#[test]
fn a_parallel_loop_of_tasks_for_workers_is_in_memory_only_while_they_are_out() {
    let dig = "+l:\n  loop>: 1000\n  _parallel: true\n  _do: {echo>: '${i}'}\n";
    let mut world = Project::new(dig).start();

    let (most, sent) = most_tasks(&mut world);

    assert_eq!(sent, 1_000);
    assert!(most <= WINDOW + 8, "{most} tasks");
}

#[test]
fn a_parallel_loop_of_groups_opens_no_more_than_the_workers_can_take_soon() {
    let dig = "+l:\n  loop>: 11000\n  _parallel: true\n  _do:\n    +a: {echo>: '${i}'}\n    +b: {echo>: b}\n";
    let world = Project::new(dig).start();

    let (tasks, ready) = (world.attempt.tasks().count(), world.attempt.dispatchable_count());

    assert_eq!(ready, 10_000);
    assert_eq!(tasks, 2 * ready + 3);
}

#[test]
fn a_failure_in_a_big_loop_is_found_though_its_task_is_forgotten() {
    let dig = "+l:\n  loop>: 300\n  _parallel: true\n  _do:\n    +t: {echo>: '${i}'}\n  _error: {echo>: '${error.message} ${x}'}\n";
    let mut world = Project::new(dig).start();
    let ids: Vec<TaskId> = world.attempt.dispatchable().collect();

    for (n, id) in ids.into_iter().enumerate().rev() {
        let (id, try_no) = send(&mut world, id);
        let outcome = match n {
            7 | 8 | 200 => crate::world::failed(&format!("broken {n}")),
            _ => crate::world::stored(serde_json::json!({ "x": n })),
        };
        world.report_try(id, try_no, outcome);
        world.attempt.forget_ended();
    }

    assert_eq!(world.attempt.first_failure().unwrap().full_name, "+wf+l^sub+loop-7+t");
    assert_eq!(world.echo("+l^error"), "broken 200 299", "the last one in the file wins");
}

#[test]
fn a_kill_cancels_iterations_that_nobody_has_asked_for() {
    for body in ["{echo>: '${i}'}", "{+a: {echo>: '${i}'}, +b: {echo>: b}}"] {
        let dig = format!(
            "_parallel: true\n+l:\n  loop>: 4\n  _parallel: true\n  _do: {body}\n+limit:\n  loop>: 4\n  _parallel: {{limit: 2}}\n  _do: {{echo>: x}}\n"
        );
        let mut world = Project::new(&dig).start();

        world.kill();

        assert_eq!(world.outcome(), Some(himekuri_engine::AttemptOutcome::Canceled), "{body}");
        let states = |loop_name: &str| {
            (0..4).map(|i| world.state(&format!("{loop_name}^sub+loop-{i}"))).collect::<Vec<_>>()
        };
        assert_eq!(states("+l"), ["canceled"; 4], "{body}");
        assert_eq!(states("+limit"), ["canceled", "canceled", "blocked", "blocked"]);
        assert_eq!(world.attempt.dispatchable_count(), 0);
        assert_eq!(world.replayed(&world.log).attempt, world.attempt);
    }
}
