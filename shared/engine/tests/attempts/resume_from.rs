//! `retry --resume-from +NAME`: everything before a task is taken over, whatever became of the rest.

use himekuri_engine::{AttemptOutcome, ResumeError};

use crate::world::{Project, World, assert_tree};

fn resumed_from(old: &World, pattern: &str) -> World {
    let resume =
        old.attempt.resume_from(pattern, &old.files).expect("the task can be resumed from");
    old.again(resume, &[])
}

fn refusal(old: &World, pattern: &str) -> String {
    old.attempt.resume_from(pattern, &old.files).unwrap_err().to_string()
}

const NESTED: &str = "
+a: {echo>: a}
+g:
  +b: {echo>: b}
  +c: {echo>: c}
  +d: {echo>: d}
+e: {echo>: e}
";

fn succeeded(dig: &str, names: &[&str]) -> World {
    let mut world = Project::new(dig).start();
    for name in names {
        world.succeed(name);
    }
    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
    world
}

#[test]
fn what_comes_before_the_task_and_before_those_above_it_is_skipped() {
    let old = succeeded(NESTED, &["+a", "+g+b", "+g+c", "+g+d", "+e"]);

    let world = resumed_from(&old, "+c");

    assert_tree(
        &world,
        "
        +wf: planned
          +a: success (resumed)
          +g: planned
            +b: success (resumed)
            +c: ready
            +d: blocked
          +e: blocked
        ",
    );
}

#[test]
fn siblings_in_parallel_or_in_the_background_run_again() {
    let dig = "
+g:
  _parallel: true
  +a: {echo>: a}
  +b: {echo>: b}
  +c: {echo>: c, _after: [+a]}
+bg: {echo>: bg, _background: true}
+end: {echo>: end}
";
    let old = succeeded(dig, &["+g+a", "+g+b", "+g+c", "+bg", "+end"]);

    assert_eq!(resumed_from(&old, "+c").ready(), ["+bg", "+g+b", "+g+c"]);
    assert_eq!(resumed_from(&old, "+bg").ready(), ["+bg", "+g+a", "+g+b"]);
    assert_eq!(resumed_from(&old, "+end").ready(), ["+end"]);
}

#[test]
fn an_iteration_is_named_by_the_end_of_its_full_name() {
    let dig = "+days:\n  loop>: 3\n  _do:\n    +x: {echo>: x}\n    +y: {echo>: y}\n";
    let names: Vec<String> =
        (0..3).flat_map(|i| ["x", "y"].map(|t| format!("+days^sub+loop-{i}+{t}"))).collect();
    let old = succeeded(dig, &names.iter().map(String::as_str).collect::<Vec<_>>());

    let world = resumed_from(&old, "+loop-1+y");

    assert_eq!(world.ready(), ["+days^sub+loop-1+y"]);
    assert!(world.task("+days^sub+loop-0").resumed);
}

#[test]
fn a_name_that_fits_no_task_or_several_is_refused_with_what_there_is() {
    let dig = "+load:\n  +x: {echo>: 1}\n+keep:\n  +x: {echo>: 2}\n";
    let old = succeeded(dig, &["+load+x", "+keep+x"]);

    assert_eq!(
        refusal(&old, "+laod"),
        "attempt 7 has no task whose name ends with `+laod`; did you mean `+load`?"
    );
    assert_eq!(
        refusal(&old, "load"),
        "attempt 7 has no task whose name ends with `load`; did you mean `+load`?"
    );
    let several = refusal(&old, "+x");
    assert!(several.ends_with("+wf+load+x, +wf+keep+x"), "{several}");
    assert_eq!(old.attempt.resume_from("+wf", &old.files), Err(ResumeError::Root("+wf".into())));
}

#[test]
fn a_full_name_is_exact_even_if_it_is_the_end_of_another() {
    let old = succeeded("+a: {echo>: a}\n+g:\n  +wf:\n    +a: {echo>: b}\n", &["+a", "+g+wf+a"]);

    assert_eq!(resumed_from(&old, "+wf+a").ready(), ["+a"]);
}

#[test]
fn a_task_behind_one_that_did_not_succeed_cannot_be_resumed_from() {
    let mut old = Project::new(NESTED).start();
    old.succeed("+a");
    old.fail("+g+b", "broken");

    assert_eq!(
        refusal(&old, "+g+c"),
        "`+wf+g+b` comes before `+wf+g+c` and did not succeed (it is `error`); resume from there, or use `--resume`"
    );
    assert_eq!(resumed_from(&old, "+g+b").ready(), ["+g+b"]);
}

#[test]
fn error_tasks_are_nothing_to_resume_from() {
    let mut old = Project::new("+a: {echo>: a, _error: {+mail: {echo>: m}}}\n").start();
    old.fail("+a", "broken");
    old.succeed("+a^error+mail");

    assert!(refusal(&old, "+mail").contains("no task"), "{}", refusal(&old, "+mail"));
}

#[test]
fn an_attempt_that_still_runs_is_not_resumed_from_anywhere() {
    let old = Project::new(NESTED).start();

    assert!(refusal(&old, "+a").contains("has not ended"), "{}", refusal(&old, "+a"));
}
