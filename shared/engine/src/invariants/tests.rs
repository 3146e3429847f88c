//! Each invariant can fail: a state or a log that is broken by hand is found.

use std::sync::Arc;

use himekuri_protocol::{TaskError, TaskId, TryNo};
use himekuri_workflow::{ProjectFiles, compile_workflow};
use jiff::Timestamp;

use super::{Invariant, log_violations, violations};
use crate::attempt::Attempt;
use crate::context::{Context, Evaluate, EvaluateError, SessionClock};
use crate::record::{AttemptOutcome, AttemptStarted, LOG_VERSION, Record};
use crate::state::{Phase, TaskState};
use crate::subtasks::Remains;
use crate::{Config, Reported};

/// Texts stay as they are.
struct AsWritten;

impl Evaluate for AsWritten {
    fn evaluate(
        &mut self,
        _: SessionClock<'_>,
        params: &Config,
        local: &Config,
    ) -> Result<Config, EvaluateError> {
        let mut config = params.clone();
        config.extend(local.clone());
        Ok(config)
    }

    fn render(
        &mut self,
        _: SessionClock<'_>,
        text: &str,
        _: &Config,
    ) -> Result<String, EvaluateError> {
        Ok(text.to_owned())
    }
}

fn now() -> Timestamp {
    "2019-09-02T00:00:00Z".parse().unwrap()
}

fn with_context<T>(act: impl FnOnce(&mut Context<'_>) -> T) -> T {
    let files = ProjectFiles::default();
    act(&mut Context { files: &files, evaluator: &mut AsWritten })
}

/// An attempt of a workflow, advanced, and its log.
fn begun(dig: &str) -> (Attempt, Vec<Record>) {
    let files: ProjectFiles = [("wf.dig", dig)].into_iter().collect();
    let workflow = compile_workflow(&files, "wf").unwrap();
    let started = AttemptStarted {
        version: LOG_VERSION,
        at: now(),
        attempt: himekuri_protocol::AttemptId(7),
        number: 1,
        project: "title_a".to_owned(),
        revision: "r1".to_owned(),
        workflow: "wf".to_owned(),
        session_time: now(),
        now: now(),
        timezone: "UTC".to_owned(),
        gcp_project: None,
        variables: Config::new(),
        params: Config::new(),
        overrides: Config::new(),
        sla: Vec::new(),
        time_limits: crate::TimeLimits::default(),
        resumed: None,
        root: Arc::new(workflow.root),
    };
    let mut log = vec![Record::AttemptStarted(Box::new(started.clone()))];
    let mut attempt = Attempt::begin(started);
    log.extend(with_context(|context| attempt.advance(now(), context)).unwrap());
    (attempt, log)
}

fn send(attempt: &mut Attempt, task: TaskId) -> Vec<Record> {
    let prepared = with_context(|context| attempt.prepare(task, context)).unwrap();
    attempt.dispatch(prepared, now()).unwrap().records
}

fn succeed(attempt: &mut Attempt, task: TaskId) -> Vec<Record> {
    let report = himekuri_protocol::Report {
        version: himekuri_protocol::PROTOCOL_VERSION,
        attempt: himekuri_protocol::AttemptId(7),
        task,
        try_no: TryNo::FIRST,
        task_name: None,
        worker: "test".to_owned(),
        outcome: himekuri_protocol::Outcome::Succeeded { store_params: Config::new(), job: None },
    };
    match with_context(|context| attempt.report(&report, now(), context)).unwrap() {
        Reported::Decided(records) => records,
        Reported::Late => Vec::new(),
    }
}

fn broken(attempt: &Attempt) -> Vec<(Invariant, TaskId)> {
    let mut broken: Vec<_> =
        violations(attempt).into_iter().map(|found| (found.invariant, found.task)).collect();
    broken.sort_unstable();
    broken
}

fn in_log(log: &[Record]) -> Vec<(Invariant, TaskId)> {
    log_violations(log).into_iter().map(|found| (found.invariant, found.task)).collect()
}

const SEQUENCE: &str = "+a: {echo>: a}\n+b: {echo>: b}\n";
const A: TaskId = TaskId(1);
const B: TaskId = TaskId(2);

fn set(attempt: &mut Attempt, task: TaskId, state: TaskState) {
    let waiting = attempt.peek(task).unwrap().into_owned();
    attempt.tasks.entry(task).or_insert_with(|| Box::new(waiting)).state = state;
}

/// Records of a dispatch with another task or try.
fn altered(sent: &[Record], change: impl Fn(&mut TaskId, &mut TryNo)) -> Vec<Record> {
    let mut sent = sent.to_vec();
    for record in &mut sent {
        if let Record::Dispatched { task, try_no, .. } = record {
            change(task, try_no);
        }
    }
    sent
}

#[test]
fn a_whole_run_breaks_nothing() {
    let (mut attempt, mut log) = begun(SEQUENCE);
    for task in [A, B] {
        log.extend(send(&mut attempt, task));
        assert_eq!(broken(&attempt), []);
        log.extend(succeed(&mut attempt, task));
        assert_eq!(broken(&attempt), []);
    }

    assert_eq!(attempt.outcome().map(|(outcome, _)| outcome), Some(AttemptOutcome::Success));
    assert_eq!(in_log(&log), []);
}

#[test]
fn a_task_that_is_decided_twice_is_found() {
    let (mut attempt, mut log) = begun(SEQUENCE);
    log.extend(send(&mut attempt, A));
    log.extend(succeed(&mut attempt, A));
    let error = TaskError { reason: "r".to_owned(), message: "m".to_owned(), job: None };
    log.push(Record::Failed { task: A, at: now(), error });

    assert_eq!(in_log(&log), [(Invariant::DecidedOnce, A)]);
}

#[test]
fn a_task_that_begins_before_what_it_depends_on_is_found() {
    for dig in [SEQUENCE, "_parallel: true\n+a: {echo>: a}\n+b: {echo>: b, _after: [+a]}\n"] {
        let (mut attempt, _) = begun(dig);
        set(&mut attempt, B, TaskState::Success);
        attempt.tasks.get_mut(&B).unwrap().ended_at = Some(now());

        assert_eq!(broken(&attempt), [(Invariant::OrderKept, B)], "{dig}");
    }
}

#[test]
fn more_than_the_limit_of_a_group_is_found() {
    let (mut attempt, _) = begun("_parallel: {limit: 1}\n+a: {echo>: a}\n+b: {echo>: b}\n");
    set(&mut attempt, B, TaskState::Ready);
    attempt.index.dispatchable.insert(B);

    let found = broken(&attempt);

    let root = TaskId::ROOT;
    assert_eq!(found, [(Invariant::OrderKept, root), (Invariant::CountersAgree, root)]);
}

#[test]
fn a_child_that_begins_before_its_parent_is_found() {
    let (mut attempt, _) = begun("+g:\n  +b: {echo>: b}\n");
    set(&mut attempt, A, TaskState::Ready);
    attempt.index.expandable.insert(A);

    assert_eq!(broken(&attempt), [(Invariant::OrderKept, B)]);
}

#[test]
fn a_parent_that_ends_before_its_children_is_found() {
    let (mut attempt, _) = begun(SEQUENCE);
    set(&mut attempt, TaskId::ROOT, TaskState::Success);
    attempt.tasks.get_mut(&TaskId::ROOT).unwrap().ended_at = Some(now());

    assert_eq!(broken(&attempt), [(Invariant::ParentLast, A)]);
}

#[test]
fn a_second_message_without_a_reason_is_found() {
    let (mut attempt, mut log) = begun(SEQUENCE);
    let sent = send(&mut attempt, A);
    log.extend(sent.clone());
    let mut twice = log.clone();
    twice.extend(sent.clone());
    assert_eq!(in_log(&twice), [(Invariant::DispatchedForAReason, A)]);

    let mut other_try = log.clone();
    other_try.extend(altered(&sent, |_, try_no| *try_no = try_no.next()));
    assert_eq!(in_log(&other_try), [(Invariant::DispatchedForAReason, A)]);

    let (task, at, again_at) = (A, now(), now());
    log.push(Record::Unreachable { task, at, again_at, times: 1 });
    log.extend(sent);
    assert_eq!(in_log(&log), []);
}

#[test]
fn a_job_of_two_tries_is_found() {
    let (mut attempt, mut log) = begun("+a: {bq>: {data: SELECT 1}}\n");
    let sent = send(&mut attempt, A);
    log.extend(sent.clone());
    log.extend(altered(&sent, |task, _| *task = B));

    assert_eq!(in_log(&log), [(Invariant::DispatchedForAReason, B)]);
}

#[test]
fn a_task_that_nobody_moves_on_is_found() {
    let (attempt, _) = begun(SEQUENCE);
    let stuck = |state: TaskState| {
        let mut attempt = attempt.clone();
        attempt.index.dispatchable.clear();
        set(&mut attempt, A, state);
        broken(&attempt)
    };
    let running = |phase| TaskState::Running { try_no: TryNo::FIRST, since: now(), phase };
    for state in [
        TaskState::Ready,
        TaskState::Waiting { until: now() },
        running(Phase::Dispatched),
        running(Phase::Unreachable { again_at: now() }),
        TaskState::Planned,
    ] {
        assert_eq!(stuck(state.clone()), [(Invariant::SomebodyMovesIt, A)], "{state:?}");
    }
}

#[test]
fn an_index_that_names_a_task_in_another_state_is_found() {
    let (mut attempt, _) = begun(SEQUENCE);
    attempt.index.running.insert(A);
    attempt.index.timers.insert((now(), B));

    let found = broken(&attempt);

    assert_eq!(found, [(Invariant::SomebodyMovesIt, A), (Invariant::SomebodyMovesIt, B)]);
}

#[test]
fn counters_that_do_not_agree_are_found() {
    let (mut attempt, _) = begun("_parallel: true\n+a: {echo>: a}\n+b: {echo>: b}\n");
    let root = attempt.tasks.get_mut(&TaskId::ROOT).unwrap();
    root.subtasks.ended(A, true, Remains::default());
    assert_eq!(broken(&attempt), [(Invariant::CountersAgree, TaskId::ROOT)]);

    let (mut attempt, _) = begun("_parallel: true\n+a: {echo>: a}\n+b: {echo>: b}\n");
    attempt.index.dispatchable.remove(&A);
    let root = attempt.tasks.get_mut(&TaskId::ROOT).unwrap();
    root.subtasks.ended(A, true, Remains::default());
    set(&mut attempt, A, TaskState::GroupError);
    attempt.tasks.get_mut(&A).unwrap().ended_at = Some(now());
    assert_eq!(broken(&attempt), [(Invariant::CountersAgree, TaskId::ROOT)]);
}
