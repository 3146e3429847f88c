//! `require>`: sessions are started or found, waited for, and started once whatever happens to the coordinator.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::Arc;

use himekuri_broker::{Broker, Consumer, MemoryBroker, OutgoingMessage, Queue};
use himekuri_coordinator::{
    AttemptState, AttemptSummary, Coordinator, CoordinatorConfig, Event, EventKind, SessionChoice,
    StartRequest,
};
use himekuri_engine::{Config, Record};
use himekuri_protocol::{
    AttemptId, Outcome, PROTOCOL_VERSION, Report, StoreParams, TaskError, TaskMessage, Work,
    WorkerMessage,
};
use himekuri_store::{AttemptFilter, Commit, MemoryStore, NewAttempt, Store};
use himekuri_workflow::ProjectFiles;
use jiff::civil::date;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const CHILD: (&str, &str) = ("child.dig", "+a:\n  echo>: child\n");

/// A leading coordinator over a store that outlives it, with the test as its only worker.
struct Pool {
    store: Arc<MemoryStore>,
    broker: Arc<MemoryBroker>,
    coordinator: Coordinator,
    events: mpsc::UnboundedReceiver<Event>,
    tasks: Box<dyn Consumer>,
    stop: CancellationToken,
}

impl Pool {
    /// With the project `title`: a `child`, and a `parent` that requires it.
    async fn start(options: &str) -> Self {
        let parent = format!("+r:\n  require>: child\n{options}");
        let pool = Self::over(Arc::new(MemoryStore::new())).await;
        pool.push("title", &[CHILD, ("parent.dig", &parent)]).await;
        pool
    }

    async fn over(store: Arc<MemoryStore>) -> Self {
        let stop = CancellationToken::new();
        let broker = Arc::new(MemoryBroker::default());
        // The same name: a restart need not wait for the lease of its own past.
        let config =
            CoordinatorConfig { name: "leader".to_owned(), ..CoordinatorConfig::default() };
        let (sender, events) = mpsc::unbounded_channel();
        let (shared, queues): (Arc<dyn Store>, Arc<dyn Broker>) = (store.clone(), broker.clone());
        let launched = Coordinator::launch(config, shared, queues, Some(sender), stop.clone());
        let (coordinator, _) = launched.await.unwrap().unwrap();
        let tasks = broker.consume(Queue::Tasks, 100).await.unwrap();
        Self { store, broker, coordinator, events, tasks, stop }
    }

    async fn push(&self, name: &str, files: &[(&str, &str)]) {
        let archive = himekuri_project::pack(&files.iter().copied().collect::<ProjectFiles>());
        let gcp_project = Some("gcp".to_owned());
        self.coordinator.push(name, &archive.unwrap(), gcp_project).await.unwrap();
    }

    async fn begin(&self, workflow: &str) -> AttemptId {
        self.begin_named(workflow, "").await
    }

    async fn begin_named(&self, workflow: &str, attempt_name: &str) -> AttemptId {
        let day = date(2019, 9, 2);
        let request = StartRequest {
            project: "title".to_owned(),
            workflow: workflow.to_owned(),
            sessions: SessionChoice { from: day, to: day },
            params: Config::new(),
            overrides: Config::new(),
            attempt_name: attempt_name.to_owned(),
            revision: None,
        };
        self.coordinator.start(&request).await.unwrap()[0].attempt
    }

    /// The next task that a worker gets.
    async fn task(&mut self) -> TaskMessage {
        let delivery = self.tasks.next().await.unwrap();
        let message = WorkerMessage::decode(&delivery.body).unwrap();
        delivery.ack().unwrap();
        match message {
            WorkerMessage::Task(task) => task,
            WorkerMessage::Watch(watch) => panic!("nothing is watched: {watch:?}"),
            WorkerMessage::Cancel(cancel) => panic!("nothing is killed: {cancel:?}"),
        }
    }

    async fn report(&self, task: &TaskMessage, outcome: Outcome) {
        let report = Report {
            version: PROTOCOL_VERSION,
            attempt: task.attempt,
            task: task.task,
            try_no: task.try_no,
            task_name: None,
            worker: "test".to_owned(),
            outcome,
        };
        let message =
            OutgoingMessage::new(Queue::Reports, "r".to_owned(), report.encode().unwrap());
        assert!(self.broker.publish(vec![message]).await.iter().all(Result::is_ok));
    }

    /// Takes the next task, which has this text, and ends it.
    async fn work(&mut self, text: &str, outcome: Outcome) -> AttemptId {
        let task = self.task().await;
        assert_eq!(task.work, Work::Echo { message: text.to_owned() });
        self.report(&task, outcome).await;
        task.attempt
    }

    /// The next attempt that ends, and whether well.
    async fn ended(&mut self) -> (AttemptId, bool) {
        loop {
            let event = self.events.recv().await.unwrap();
            if let EventKind::Finished { success } = event.kind {
                return (event.attempt, success);
            }
        }
    }

    /// All attempts, oldest first.
    async fn attempts(&self) -> Vec<AttemptSummary> {
        let mut attempts = self.coordinator.attempts(100).await.unwrap();
        attempts.reverse();
        attempts
    }

    async fn error(&self, attempt: AttemptId) -> String {
        let attempts = self.attempts().await;
        let found = attempts.into_iter().find(|summary| summary.attempt == attempt);
        found.unwrap().error.unwrap_or_default()
    }

    async fn log(&self, attempt: AttemptId) -> Vec<Record> {
        let log = self.store.log(attempt).await.unwrap();
        log.iter().map(|record| serde_json::from_str(record).unwrap()).collect()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn succeeded() -> Outcome {
    Outcome::Succeeded { store_params: StoreParams::new(), job: None }
}

fn failed() -> Outcome {
    let error = TaskError { reason: "test".to_owned(), message: "no rows".to_owned(), job: None };
    Outcome::Failed { error }
}

#[tokio::test]
async fn a_required_session_is_started_and_waited_for() {
    let mut pool = Pool::start("+b:\n  echo>: parent\n").await;
    let parent = pool.begin("parent").await;

    let child = pool.work("child", succeeded()).await;

    assert_eq!(pool.ended().await, (child, true));
    pool.work("parent", succeeded()).await;
    assert_eq!(pool.ended().await, (parent, true));
    let attempts = pool.attempts().await;
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[1].workflow, "child");
    assert_eq!(attempts[1].session_time, attempts[0].session_time);
    assert_eq!(attempts[1].required_by.unwrap().attempt, parent);
    let joined = |record: &Record| matches!(record, Record::Joined { attempt, kicked: true, .. } if *attempt == child);
    assert!(pool.log(parent).await.iter().any(joined));
}

#[tokio::test]
async fn a_failed_session_fails_the_task_with_what_failed_in_it() {
    let mut pool = Pool::start("").await;
    let parent = pool.begin("parent").await;

    let child = pool.work("child", failed()).await;

    assert_eq!(pool.ended().await, (child, false));
    assert_eq!(pool.ended().await, (parent, false));
    assert_eq!(
        pool.error(parent).await,
        "task +parent+r: parent.dig:2:13: attempt 2 of `title/child`, session 2019-09-02T00:00:00Z failed: task +child+a: no rows"
    );
}

#[tokio::test]
async fn a_running_attempt_of_the_session_is_joined() {
    let mut pool = Pool::start("  rerun_on: failed\n").await;
    let child = pool.begin("child").await;
    let task = pool.task().await;
    let parent = pool.begin("parent").await;
    let joined = |record: &Record| matches!(record, Record::Joined { attempt, kicked: false, .. } if *attempt == child);
    while !pool.log(parent).await.iter().any(joined) {
        tokio::task::yield_now().await;
    }

    pool.report(&task, succeeded()).await;

    assert_eq!(pool.ended().await, (child, true));
    assert_eq!(pool.ended().await, (parent, true));
    assert_eq!(pool.attempts().await.len(), 2);
}

#[tokio::test]
async fn rerun_on_says_which_ended_sessions_get_another_attempt() {
    // Option, how the session had ended, whether it runs again, how the task ends.
    let cases = [
        ("none", succeeded(), false, true),
        ("none", failed(), false, false),
        ("failed", succeeded(), false, true),
        ("failed", failed(), true, true),
        ("all", succeeded(), true, true),
    ];
    for (rerun_on, before, runs, ends) in cases {
        let mut pool = Pool::start(&format!("  rerun_on: {rerun_on}\n")).await;
        pool.begin("child").await;
        pool.work("child", before).await;
        pool.ended().await;
        let parent = pool.begin("parent").await;

        if runs {
            let again = pool.work("child", succeeded()).await;
            assert_eq!(pool.ended().await, (again, true));
        }

        assert_eq!(pool.ended().await, (parent, ends), "{rerun_on}");
        let names: Vec<String> =
            pool.attempts().await.into_iter().map(|attempt| attempt.attempt_name).collect();
        let again = runs.then_some("require-2-1-1");
        let expected: Vec<&str> = ["", ""].into_iter().chain(again).collect();
        assert_eq!(names, expected, "{rerun_on}");
    }
}

#[tokio::test]
async fn ignore_failure_goes_on_after_a_failed_session() {
    let mut pool = Pool::start("  ignore_failure: true\n").await;
    let parent = pool.begin("parent").await;

    let child = pool.work("child", failed()).await;

    assert_eq!(pool.ended().await, (child, false));
    assert_eq!(pool.ended().await, (parent, true));
}

#[tokio::test]
async fn a_retry_gives_a_failed_session_another_attempt() {
    let mut pool = Pool::start("  _retry: 1\n").await;
    let parent = pool.begin("parent").await;
    let first = pool.work("child", failed()).await;
    assert_eq!(pool.ended().await, (first, false));

    let second = pool.work("child", succeeded()).await;

    assert_eq!(pool.ended().await, (second, true));
    assert_eq!(pool.ended().await, (parent, true));
    assert_eq!(pool.attempts().await.len(), 3);
}

#[tokio::test]
async fn a_named_attempt_is_started_beside_the_session_s_first() {
    let mut pool = Pool::start("  retry_attempt_name: monthly\n").await;
    pool.begin("child").await;
    let first = pool.work("child", failed()).await;
    assert_eq!(pool.ended().await, (first, false));
    let parent = pool.begin("parent").await;

    let named = pool.work("child", succeeded()).await;

    assert_eq!(pool.ended().await, (named, true));
    assert_eq!(pool.ended().await, (parent, true));
    assert_eq!(pool.attempts().await[2].attempt_name, "monthly");
}

#[tokio::test]
async fn the_last_attempt_of_a_session_counts() {
    let mut pool = Pool::start("").await;
    pool.begin("child").await;
    pool.work("child", failed()).await;
    pool.ended().await;
    pool.begin_named("child", "by hand").await;
    pool.work("child", succeeded()).await;
    pool.ended().await;

    let parent = pool.begin("parent").await;

    assert_eq!(pool.ended().await, (parent, true));
    assert_eq!(pool.attempts().await.len(), 3);
}

#[tokio::test]
async fn params_reach_the_started_attempt_and_its_sla_does_not_count() {
    let pool = Pool::over(Arc::new(MemoryStore::new())).await;
    let parent = "+r:\n  require>: child\n  params: {city: Tokyo, n: '${1 + 1}'}\n";
    let child = "sla:\n  duration: '00:01'\n  +late: {echo>: late}\n+a: {echo>: '${city} ${n}'}\n";
    pool.push("title", &[("parent.dig", parent), ("child.dig", child)]).await;
    let mut pool = pool;
    let parent = pool.begin("parent").await;

    let child = pool.work("Tokyo 2", succeeded()).await;

    assert_eq!(pool.ended().await, (child, true));
    assert_eq!(pool.ended().await, (parent, true));
    let log = pool.log(child).await;
    assert!(matches!(&log[0], Record::AttemptStarted(started) if started.sla.is_empty()));
}

#[tokio::test]
async fn the_latest_revision_of_another_project_runs() {
    let mut pool = Pool::over(Arc::new(MemoryStore::new())).await;
    let parent = "+first: {echo>: first}\n+r:\n  require>: child\n  project_name: other\n";
    pool.push("title", &[("parent.dig", parent)]).await;
    pool.push("other", &[("child.dig", "+a: {echo>: old}\n")]).await;
    let parent = pool.begin("parent").await;
    let first = pool.task().await;

    pool.push("other", &[("child.dig", "+a: {echo>: new}\n")]).await;
    pool.report(&first, succeeded()).await;

    let child = pool.work("new", succeeded()).await;
    assert_eq!(pool.ended().await, (child, true));
    assert_eq!(pool.ended().await, (parent, true));
}

#[tokio::test]
async fn a_session_of_a_schedule_is_planned_as_the_schedule_does() {
    let mut pool = Pool::over(Arc::new(MemoryStore::new())).await;
    let parent = |time| format!("+r:\n  require>: child\n  session_time: {time}\n");
    let child = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+a: {echo>: '${last_session_date}'}\n";
    let (on, beside) = (parent("2019-09-02T00:00:00+09:00"), parent("2019-09-02T05:00:00+09:00"));
    let files = [("child.dig", child), ("on.dig", &on), ("beside.dig", &beside)];
    pool.push("title", &files).await;

    pool.begin("on").await;
    pool.work("2019-09-01", succeeded()).await;
    pool.begin("beside").await;
    pool.work("2019-09-02", succeeded()).await;

    let attempts = pool.attempts().await;
    let children: Vec<&AttemptSummary> =
        attempts.iter().filter(|attempt| attempt.workflow == "child").collect();
    assert_eq!(children[0].session_local_time, "2019-09-02T00:00:00+09:00");
    assert_eq!(children[0].now.to_string(), "2019-09-01T22:00:00Z");
    assert_eq!(children[1].now, children[1].requested_at);
    assert_eq!(children[1].next_session_time.unwrap().to_string(), "2019-09-02T15:00:00Z");
}

#[tokio::test]
async fn what_does_not_exist_fails_the_task_and_names_what_is_near() {
    let cases = [
        (
            // Written out, the push would refuse it.
            "_export: {name: chidl}\n+r: {require>: '${name}'}\n",
            "wf.dig:2:16: project `title` has no workflow `chidl`; it has: child, wf; did you mean `child`?",
        ),
        (
            "+r: {require>: child, project_name: tilte}\n",
            "wf.dig:1:16: there is no project `tilte`; push it with `himekuri push FOLDER`; did you mean `title`?",
        ),
        (
            "+r: {require>: child, project_name: marts}\n",
            "wf.dig:1:16: there is no project `marts`; push it with `himekuri push FOLDER`",
        ),
    ];
    for (workflow, expected) in cases {
        let mut pool = Pool::over(Arc::new(MemoryStore::new())).await;
        pool.push("title", &[CHILD, ("wf.dig", workflow)]).await;

        let attempt = pool.begin("wf").await;

        assert_eq!(pool.ended().await, (attempt, false));
        assert_eq!(pool.error(attempt).await, format!("task +wf+r: {expected}"));
        assert_eq!(pool.attempts().await.len(), 1);
    }
}

#[tokio::test]
async fn a_workflow_that_requires_its_own_session_fails() {
    let mut pool = Pool::over(Arc::new(MemoryStore::new())).await;
    pool.push("title", &[("a.dig", "+r: {require>: a}\n")]).await;

    let attempt = pool.begin("a").await;

    assert_eq!(pool.ended().await, (attempt, false));
    let error = pool.error(attempt).await;
    assert!(error.contains("workflow `a` requires its own session"), "{error}");
}

#[tokio::test]
async fn workflows_that_require_one_another_fail_with_the_circle() {
    let pairs = [("a.dig", "+r: {require>: b}\n"), ("b.dig", "+r: {require>: a}\n")];
    let three = [
        ("a.dig", "+r: {require>: b}\n"),
        ("b.dig", "+r: {require>: c}\n"),
        ("c.dig", "+r: {require>: a}\n"),
    ];
    for (files, circle) in [
        (&pairs[..], "(`title/b` -> `title/a` -> `title/b`)"),
        (&three[..], "(`title/c` -> `title/a` -> `title/b` -> `title/c`)"),
    ] {
        let mut pool = Pool::over(Arc::new(MemoryStore::new())).await;
        pool.push("title", files).await;
        let first = pool.begin("a").await;

        let ended = [pool.ended().await, pool.ended().await];

        assert!(ended.iter().all(|(_, success)| !success), "{ended:?}");
        let error = pool.error(ended[0].0).await;
        assert!(error.contains("`title/a` waits for this attempt"), "{error}");
        assert!(error.contains(circle), "{error}");
        if files.len() == 2 {
            assert_eq!(ended[1].0, first);
        }
    }
}

#[tokio::test]
async fn a_new_leader_goes_on_waiting_and_starts_nothing_twice() {
    let mut pool = Pool::start("  rerun_on: all\n").await;
    let parent = pool.begin("parent").await;
    let task = pool.task().await;
    pool.stop.cancel();

    let mut next = Pool::over(Arc::clone(&pool.store)).await;
    next.report(&task, succeeded()).await;

    assert_eq!(next.ended().await, (task.attempt, true));
    assert_eq!(next.ended().await, (parent, true));
    assert_eq!(next.attempts().await.len(), 2);
}

#[tokio::test]
async fn an_attempt_whose_start_was_never_written_down_is_recognised() {
    let mut pool = Pool::start("  rerun_on: all\n").await;
    let parent = pool.begin("parent").await;
    let child = pool.work("child", succeeded()).await;
    assert_eq!(pool.ended().await, (child, true));
    assert_eq!(pool.ended().await, (parent, true));
    let log = pool.log(parent).await;
    let joined = log.iter().position(|record| matches!(record, Record::Joined { .. })).unwrap();
    pool.stop.cancel();

    // As if the coordinator had died before it wrote down that it has started the child, which ended meanwhile.
    let store = copied_until(&pool, &[(parent, joined)]).await;
    let mut next = Pool::over(store).await;

    assert_eq!(next.ended().await, (parent, true));
    let attempts = next.attempts().await;
    assert_eq!(
        attempts.len(),
        2,
        "it is not taken for somebody else's, which `rerun_on` would run again"
    );
    assert!(attempts.iter().all(|attempt| attempt.state == AttemptState::Success));
}

#[tokio::test]
async fn an_attempt_that_was_created_and_never_began_begins_under_the_new_leader() {
    let mut pool = Pool::start("  rerun_on: all\n").await;
    let parent = pool.begin("parent").await;
    let child = pool.work("child", succeeded()).await;
    assert_eq!(pool.ended().await, (child, true));
    assert_eq!(pool.ended().await, (parent, true));
    let log = pool.log(parent).await;
    let joined = log.iter().position(|record| matches!(record, Record::Joined { .. })).unwrap();
    pool.stop.cancel();

    let mut next = Pool::over(copied_until(&pool, &[(parent, joined), (child, 0)]).await).await;
    assert_eq!(next.work("child", succeeded()).await, child);

    assert_eq!(next.ended().await, (child, true));
    assert_eq!(next.ended().await, (parent, true));
    assert_eq!(next.attempts().await.len(), 2);
}

#[tokio::test]
async fn a_circle_that_a_leader_has_left_in_the_log_is_broken_by_the_next() {
    let mut pool = Pool::over(Arc::new(MemoryStore::new())).await;
    pool.push("title", &[("a.dig", "+r: {require>: b}\n"), ("b.dig", "+r: {require>: a}\n")]).await;
    let a = pool.begin("a").await;
    let (b, _) = pool.ended().await;
    assert_eq!(pool.ended().await, (a, false));
    pool.stop.cancel();
    let joined = |record: &Record| matches!(record, Record::Joined { .. });
    let requiring = |record: &Record| matches!(record, Record::Requiring { .. });
    let (of_a, of_b) = (pool.log(a).await, pool.log(b).await);
    let of_a = of_a.iter().position(joined).unwrap() + 1;
    let of_b = of_b.iter().position(requiring).unwrap() + 1;
    let store = copied_until(&pool, &[(a, of_a), (b, of_b)]).await;
    let record =
        r#"{"record":"joined","task":1,"at":"2019-09-02T00:00:00Z","attempt":1,"kicked":false}"#;
    let expected_length = u64::try_from(of_b).unwrap();
    let commit = Commit { expected_length, records: vec![record.to_owned()], ..Commit::default() };
    store.commit(b, himekuri_store::Epoch(0), commit).await.unwrap();

    let mut next = Pool::over(store).await;

    let ended = [next.ended().await, next.ended().await];
    assert!(ended.contains(&(a, false)) && ended.contains(&(b, false)), "{ended:?}");
    let errors = [next.error(a).await, next.error(b).await];
    let own = errors.iter().filter(|error| !error.contains(" failed: ")).collect::<Vec<_>>();
    assert_eq!(own.len(), 1, "the other one fails because of it: {errors:?}");
    assert!(own[0].contains("take one `require>` out of the circle"), "{errors:?}");
}

/// The pool's store with some logs cut off after so many records.
async fn copied_until(pool: &Pool, cuts: &[(AttemptId, usize)]) -> Arc<MemoryStore> {
    let copy = MemoryStore::new();
    let epoch = himekuri_store::Epoch(0);
    for (name, record) in pool.store.projects().await.unwrap() {
        copy.put_project(&name, &record).await.unwrap();
    }
    let mut attempts = pool.store.attempts(&AttemptFilter::default()).await.unwrap();
    attempts.reverse();
    for (id, json) in attempts {
        let mut summary: AttemptSummary = serde_json::from_str(&json).unwrap();
        let archive = pool.store.revision(&summary.revision).await.unwrap().unwrap();
        copy.put_revision(&summary.revision, &archive).await.unwrap();
        let mut records = pool.store.log(id).await.unwrap();
        let cut = cuts.iter().find(|(attempt, _)| *attempt == id);
        if let Some((_, length)) = cut {
            records.truncate(*length);
            (summary.state, summary.ended_at) = (AttemptState::Running, None);
        }
        let request = NewAttempt {
            session_key: summary.session_key(),
            attempt_name: summary.attempt_name.clone(),
            summary: serde_json::to_string(&summary).unwrap(),
        };
        assert_eq!(copy.create_attempt(epoch, &request).await.unwrap().attempt(), id);
        let commit = Commit { records, finished: cut.is_none(), ..Commit::default() };
        copy.commit(id, epoch, commit).await.unwrap();
    }
    Arc::new(copy)
}
