//! Control flow: `if>`, `for_each>`, `for_range>`, `fail>`, `wait>`, and what is not run (digdag reference 4.1).

use himekuri_engine::{AttemptOutcome, TaskView};
use serde_json::{Value, json};

use crate::world::{Project, World, assert_tree};

fn message(world: &World) -> String {
    world.attempt.first_failure().expect("a task failed").error.message
}

fn branch(condition: impl Into<Value>) -> World {
    let dig = "+i:\n  if>: ${c}\n  _do: {echo>: yes}\n  _else_do: {echo>: no}\n";
    Project::new(dig).param("c", condition).start()
}

#[test]
fn if_takes_one_of_its_bodies() {
    for (condition, message) in [
        (json!(true), "yes"),
        (json!("True"), "yes"),
        (json!(" true "), "yes"),
        (json!(false), "no"),
        (json!("false"), "no"),
        (json!(""), "no"),
    ] {
        let mut world = branch(condition.clone());

        assert_eq!(world.echo("+i^sub"), message, "{condition}");
    }
}

#[test]
fn a_number_that_is_written_counts_as_a_condition() {
    let taken = |number: &str| {
        let dig = format!("+i:\n  if>: {number}\n  _do: {{echo>: yes}}\n");
        Project::new(&dig).start().tree().contains("^sub")
    };

    assert_eq!([taken("1"), taken("-3"), taken("0")], [true, true, false]);
}

#[test]
fn a_condition_that_is_no_boolean_fails_with_its_place() {
    for condition in [json!("yes"), json!("1"), json!("TRUE")] {
        let world = branch(condition.clone());
        let text = condition.as_str().unwrap();

        assert_eq!(
            message(&world),
            format!("wf.dig:2:8: `if>` must be `true` or `false`, not `{text}`")
        );
    }
}

#[test]
fn a_body_that_is_not_there_or_empty_is_a_success() {
    for dig in [
        "+i:\n  if>: false\n  _do: {echo>: x}\n",
        "+i:\n  if>: true\n  _else_do: {echo>: x}\n",
        "+i:\n  if>: true\n  _do: {}\n  _else_do: {echo>: x}\n",
    ] {
        let world = Project::new(dig).start();

        assert_eq!(world.outcome(), Some(AttemptOutcome::Success), "{dig}");
    }
}

#[test]
fn an_if_without_any_body_fails() {
    let world = Project::new("+i:\n  if>: true\n").start();

    assert_eq!(message(&world), "wf.dig:2:8: `if>` needs `_do` or `_else_do` with tasks");
}

#[test]
fn the_body_that_is_not_taken_is_not_even_compiled() {
    let dig = "+i:\n  if>: false\n  _do: {+x: {y: '${nope}'}}\n  _else_do:\n    +a: {echo>: a}\n";

    assert_eq!(Project::new(dig).start().ready(), ["+i^sub+a"]);
}

#[test]
fn for_each_makes_every_combination_with_the_first_key_slowest() {
    let dig = "
+f:
  for_each>: {city: [Tokyo, 'New York'], n: [1, 2]}
  _do: {echo>: '${city} ${n}'}
";
    let mut world = Project::new(dig).start();
    let mut seen = Vec::new();

    while let Some(name) = world.ready().first().cloned() {
        seen.push(format!("{} {}", name.trim_start_matches("+f^sub+for-"), world.echo(&name)));
        world.succeed(&name);
    }

    assert_eq!(
        seen,
        [
            "0=city=0=Tokyo&1=n=0=1 Tokyo 1",
            "0=city=0=Tokyo&1=n=1=2 Tokyo 2",
            "0=city=1=New%20York&1=n=0=1 New York 1",
            "0=city=1=New%20York&1=n=1=2 New York 2",
        ]
    );
}

#[test]
fn for_each_takes_json_texts_for_its_lists_and_for_itself() {
    let dig = |command: &str| {
        format!("+f:\n  for_each>: {command}\n  _parallel: true\n  _do: {{echo>: '${{v.k}}'}}\n")
    };
    for command in ["{v: '[{\"k\": 1}, {\"k\": 2}]'}", "'{\"v\": [{\"k\": 1}, {\"k\": 2}]}'"] {
        let mut world = Project::new(&dig(command)).start();
        let names = world.ready();

        assert_eq!(names.len(), 2, "{command}");
        assert_eq!(world.echo(&names[1]), "2", "values keep their type");
    }
}

#[test]
fn a_for_each_without_values_succeeds() {
    for command in ["{v: []}", "{}", "{v: '[]'}", "{a: [1], b: []}"] {
        let dig = format!("+f:\n  for_each>: {command}\n  _do: {{echo>: x}}\n");

        assert_eq!(
            Project::new(&dig).start().outcome(),
            Some(AttemptOutcome::Success),
            "{command}"
        );
    }
}

#[test]
fn for_each_names_what_is_wrong() {
    for (command, expected) in [
        ("5", "`for_each>` must be a mapping"),
        ("{v: x}", "`v` of `for_each>` must be a list, not `\"x\"`"),
        ("{v: {k: 1}}", "`v` of `for_each>` must be a list, not `{\"k\":1}`"),
    ] {
        let dig = format!("+f:\n  for_each>: {command}\n  _do: {{echo>: x}}\n");

        assert_eq!(message(&Project::new(&dig).start()), format!("wf.dig:2:14: {expected}"));
    }
}

#[test]
fn a_product_beyond_reason_is_refused() {
    let list = format!("[{}]", vec!["1"; 101].join(","));
    let dig =
        format!("+f:\n  for_each>: {{a: {list}, b: {list}, c: {list}}}\n  _do: {{echo>: x}}\n");

    assert_eq!(
        message(&Project::new(&dig).start()),
        "wf.dig:2:14: `for_each>` of 1030301 iterations is more than 1000000"
    );
}

#[test]
fn for_each_values_replace_an_export_of_the_body() {
    let dig = "
+f:
  for_each>: {v: [1]}
  _do:
    _export: {v: body, w: 'w ${v}'}
    echo>: ${v} ${w}
";
    let mut world = Project::new(dig).start();

    assert_eq!(world.echo("+f^sub+for-0=v=0=1"), "1 w 1");
}

#[test]
fn for_range_slices_a_range() {
    let slices = |command: &str| {
        let dig = format!(
            "+f:\n  for_range>: {command}\n  _parallel: true\n  _do: {{echo>: '${{range.index}} ${{range.from}} ${{range.to}}'}}\n"
        );
        let mut world = Project::new(&dig).start();
        let names = world.ready();
        let lines = names
            .iter()
            .map(|name| format!("{} {}", name.trim_start_matches("+f^sub"), world.echo(name)));
        lines.collect::<Vec<_>>()
    };

    assert_eq!(
        slices("{from: 10, to: 25, step: 10}"),
        ["+range-from=10&to=20 0 10 20", "+range-from=20&to=25 1 20 25"]
    );
    assert_eq!(
        slices("{from: 0, to: '7', slices: 3}"),
        ["+range-from=0&to=3 0 0 3", "+range-from=3&to=6 1 3 6", "+range-from=6&to=7 2 6 7"]
    );
    assert_eq!(slices("{from: -3, to: -1, step: 5}"), ["+range-from=-3&to=-1 0 -3 -1"]);
    assert_eq!(
        slices("{from: 9223372036854775805, to: 9223372036854775807, step: 9}"),
        [
            "+range-from=9223372036854775805&to=9223372036854775807 0 9223372036854775805 9223372036854775807"
        ]
    );
}

#[test]
fn an_empty_range_succeeds() {
    for command in ["{from: 5, to: 5, step: 1}", "{from: 6, to: 5, slices: 2}"] {
        let dig = format!("+f:\n  for_range>: {command}\n  _do: {{echo>: x}}\n");

        assert_eq!(Project::new(&dig).start().outcome(), Some(AttemptOutcome::Success));
    }
}

#[test]
fn for_range_names_what_is_wrong() {
    for (command, expected) in [
        ("{from: 0, to: 5}", "`for_range>` needs `step` or `slices`"),
        (
            "{from: 0, to: 5, step: 1, slices: 1}",
            "`for_range>` has both `step` and `slices`; keep one of them",
        ),
        ("{from: 0, to: 5, step: 0}", "`step` of `for_range>` must be at least 1, not 0"),
        ("{from: 0, to: 5, slices: -1}", "`slices` of `for_range>` must be at least 1, not -1"),
        ("{to: 5, step: 1}", "`for_range>` needs `from`, a whole number"),
        ("{from: 0, to: x, step: 1}", "`to` of `for_range>` must be a whole number, not `\"x\"`"),
        (
            "{from: 0, to: 9000000000000000000, step: 1}",
            "`for_range>` of 9000000000000000000 iterations is more than 1000000",
        ),
    ] {
        let dig = format!("+f:\n  for_range>: {command}\n  _do: {{echo>: x}}\n");

        assert_eq!(message(&Project::new(&dig).start()), format!("wf.dig:2:15: {expected}"));
    }
}

#[test]
fn parallel_forms_are_the_same_for_all_loops() {
    for operator in
        ["loop>: 4", "for_each>: {v: [1, 2, 3, 4]}", "for_range>: {from: 0, to: 4, step: 1}"]
    {
        for (parallel, ready) in [
            ("true", 4),
            ("'${p}'", 4),
            ("{limit: 3}", 3),
            ("{limit: '${n}'}", 2),
            ("{limit: 0}", 4),
            ("false", 1),
        ] {
            let dig = format!("+l:\n  {operator}\n  _parallel: {parallel}\n  _do: {{echo>: x}}\n");
            let world = Project::new(&dig).param("p", true).param("n", 2).start();

            assert_eq!(world.ready().len(), ready, "{operator} {parallel}");
        }
    }
}

#[test]
fn count_beats_the_command_of_a_loop() {
    let dig = "+l:\n  loop>: 9\n  count: 2\n  _parallel: true\n  _do: {echo>: x}\n";

    assert_eq!(Project::new(dig).start().ready().len(), 2);
    let exported = "_export: {count: 3}\n+l:\n  loop>: 9\n  _parallel: true\n  _do: {echo>: x}\n";
    assert_eq!(Project::new(exported).start().ready().len(), 3, "any parameter of this name");
    let dig = "+l:\n  loop>: x\n  count: 2\n  _do: {echo>: x}\n";
    assert_eq!(
        message(&Project::new(dig).start()),
        "wf.dig:2:10: `loop>` needs a whole number of iterations, not `x`"
    );
}

#[test]
fn a_body_cannot_wait_for_iterations_by_name() {
    let dig = "+l:\n  loop>: 2\n  _parallel: true\n  _do: {echo>: x, _after: [+a]}\n";

    assert_eq!(
        message(&Project::new(dig).start()),
        "wf.dig:4:8: `_after` has no place in `_do`: no iteration has a name to wait for"
    );
}

#[test]
fn fail_fails_with_its_message_and_is_never_retried() {
    let dig = "+f:\n  fail>: no rows on ${d}\n  _retry: 3\n  _error: {echo>: '${error.message}'}\n";
    let mut world = Project::new(dig).param("d", "Monday").start();

    assert_eq!(world.echo("+f^error"), "no rows on Monday");
    world.succeed("+f^error");

    assert_eq!(world.state("+f"), "error");
}

#[test]
fn own_failures_of_control_flow_are_never_retried() {
    for operator in [
        "loop>: x",
        "for_each>: x",
        "for_range>: x",
        "if>: x",
        "wait>: x",
        "fail>: x",
        "echo>: ${nope}",
    ] {
        let mut world = Project::new(&format!("+a:\n  {operator}\n  _retry: 3\n")).start();
        if !world.ready().is_empty() {
            world.send("+a");
        }

        assert_eq!(world.state("+a"), "error", "{operator}");
    }
}

#[test]
fn a_failed_subtask_runs_the_whole_operator_again() {
    for operator in ["loop>: 2", "for_each>: {v: [1, 2]}", "for_range>: {from: 0, to: 2, step: 1}"]
    {
        let dig = format!("+l:\n  {operator}\n  _retry: 1\n  _do: {{echo>: x}}\n");
        let mut world = Project::new(&dig).start();
        let first = world.ready();

        world.succeed(&first[0]);
        let second = world.ready();
        world.fail(&second[0], "broken");
        assert_eq!(world.state("+l"), "retry_waiting", "{operator}");
        world.tick(0);

        assert_eq!(world.ready(), first, "{operator}");
    }
    let mut world = Project::new("+i:\n  if>: true\n  _retry: 1\n  _do: {echo>: x}\n").start();
    world.fail("+i^sub", "broken");
    world.tick(0);
    assert_eq!(world.ready(), ["+i^sub"]);
}

#[test]
fn wait_ends_by_time_alone() {
    let mut world = Project::new("+w: {wait>: 1m 30s}\n+b: {echo>: b}\n").start();

    assert_eq!(world.state("+w"), "waiting");
    assert_eq!(world.ready(), [""; 0]);
    let due = world.attempt.next_deadline().unwrap();
    assert_eq!(TaskView::of(world.task("+w")).retry_at, Some(due));
    world.tick(89);
    assert_eq!(world.state("+w"), "waiting");
    world.tick(1);

    assert_eq!(world.state("+w"), "success");
    assert_eq!(world.ready(), ["+b"]);
}

#[test]
fn the_shortest_wait_is_a_second() {
    let mut world = Project::new("+w: {wait>: 0s}\n").start();

    assert_eq!(world.tick(0), []);
    world.tick(1);

    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
}

#[test]
fn options_of_wait_are_read_and_change_nothing() {
    for options in ["blocking: true", "poll_interval: 5s", "blocking: false\n  poll_interval: 5s"] {
        let world = Project::new(&format!("+w:\n  wait>: 10s\n  {options}\n")).start();

        assert_eq!(world.state("+w"), "waiting", "{options}");
    }
    for (options, expected) in [
        ("wait>: soon", "wf.dig:2:10: `soon` is no duration; write for example `1h 30m` or `45s`"),
        (
            "wait>: 5s\n  blocking: true\n  poll_interval: 5s",
            "wf.dig:4:18: `poll_interval` has no place beside `blocking: true`",
        ),
    ] {
        let world = Project::new(&format!("+w:\n  {options}\n")).start();

        assert_eq!(message(&world), expected);
    }
}

#[test]
fn a_wait_is_checked_like_any_task() {
    let mut world = Project::new("+w:\n  wait>: 5s\n  _check: {echo>: c}\n").start();

    world.tick(5);

    assert_eq!(world.ready(), ["+w^check"]);
}

#[test]
fn an_operator_that_nobody_runs_is_named_when_it_is_reached() {
    for operator in ["sh", "py", "http", "require", "nonsense"] {
        let dig = format!(
            "+a: {{echo>: a}}\n+b:\n  {operator}>: x\n  _error: {{echo>: '${{error.message}}'}}\n"
        );
        let mut world = Project::new(&dig).start();

        world.succeed("+a");
        assert!(world.send("+b").is_none());

        assert_eq!(
            world.echo("+b^error"),
            format!("wf.dig:2:1: this version does not run `{operator}>` of task `+wf+b`")
        );
    }
}

#[test]
fn a_plan_counts_a_task_that_nobody_runs_as_done() {
    let mut world = Project::new("+a: {sh>: ls}\n+b: {echo>: b}\n").start();
    let id = world.task("+a").id;

    world.decide(|attempt, now, context| attempt.skip(id, now, context));

    assert_eq!(world.ready(), ["+b"]);
}

#[test]
fn a_task_that_a_worker_runs_is_not_skipped() {
    let mut world = Project::new("+a: {echo>: a}\n").start();
    let (id, now) = (world.task("+a").id, world.now);
    let mut context =
        himekuri_engine::Context { files: &world.files, evaluator: &mut world.evaluator };

    assert!(world.attempt.skip(id, now, &mut context).is_err());
}

#[test]
fn the_operator_of_type_may_be_an_expression() {
    let dig = |name: &str| format!("+t:\n  _type: '{name}'\n  _command: 2\n  _do: {{echo>: x}}\n");
    let evaluated = |operator: &str| {
        // A template that the compiler would refuse, through the log as a later compiler writes it.
        let mut started =
            Project::new(&dig("TEMPLATE")).param("op", operator).start().attempt.started().clone();
        let json = serde_json::to_string(&started).unwrap().replace("TEMPLATE", "${op}");
        started = serde_json::from_str(&json).unwrap();
        World::of(started).advanced()
    };

    assert_tree(
        &evaluated("loop"),
        "
        +wf: planned
          +t: planned
            ^sub: planned
              +loop-0: ready
              +loop-1: blocked
        ",
    );
    let mut echo = evaluated("echo");
    assert_eq!(echo.task("+t").operator(), Some("echo"));
    assert_eq!(echo.echo("+t"), "2");
    assert_eq!(
        message(&evaluated("")),
        "wf.dig:2:10: `_type` must be the name of an operator, not ``"
    );
}

#[test]
fn workdir_moves_what_a_call_is_relative_to() {
    let dig = "+c:\n  _export: {_workdir: sub}\n  call>: other\n";

    let world = Project::new(dig).file("sub/other.dig", "+a: {echo>: a}\n").start();

    assert_eq!(world.ready(), ["+c^sub+a"]);
}
