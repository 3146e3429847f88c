//! A project, an attempt of its workflow `wf`, and time, in a test's hand.

use std::sync::Arc;
use std::time::Duration;

use himekuri_engine::{
    Attempt, AttemptOutcome, AttemptStarted, Config, Context, KillReason, LOG_VERSION, Prepared,
    Record, ReplayError, Reported, Resume, SlaStarted, Task, TaskView, TimeLimits, render_tree,
    sla_due, violations,
};
use himekuri_protocol::{
    AttemptId, JobReference, Outcome, PROTOCOL_VERSION, Report, StoreParams, TaskError, TaskId,
    TaskMessage, TryNo, Work,
};
use himekuri_workflow::{ProjectFiles, Sla, compile_workflow};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::evaluator::Lookup;

/// A project in the making; its workflow is `wf`.
#[derive(Default)]
pub(crate) struct Project {
    files: Vec<(String, String)>,
    params: Config,
    overrides: Config,
    gcp_project: Option<String>,
    time_limits: TimeLimits,
}

/// A running attempt.
pub(crate) struct World {
    pub(crate) files: ProjectFiles,
    pub(crate) evaluator: Lookup,
    pub(crate) attempt: Attempt,
    pub(crate) log: Vec<Record>,
    pub(crate) now: Timestamp,
}

impl Project {
    pub(crate) fn new(dig: &str) -> Self {
        Self::default().file("wf.dig", dig)
    }

    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// `-p`.
    pub(crate) fn param(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.params.insert(key.to_owned(), value.into());
        self
    }

    /// `--override`.
    pub(crate) fn override_with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.overrides.insert(key.to_owned(), value.into());
        self
    }

    pub(crate) fn in_gcp_project(mut self, project: &str) -> Self {
        self.gcp_project = Some(project.to_owned());
        self
    }

    /// Seconds after which the attempt is killed, and those of a task.
    pub(crate) fn limited(mut self, attempt: Option<u32>, task: Option<u32>) -> Self {
        self.time_limits = TimeLimits { attempt_seconds: attempt, task_seconds: task };
        self
    }

    pub(crate) fn start(self) -> World {
        let files: ProjectFiles = self.files.into_iter().collect();
        let workflow = compile_workflow(&files, "wf").expect("the test's workflow compiles");
        let session_time: Timestamp = "2019-09-02T00:00:00Z".parse().unwrap();
        let started = AttemptStarted {
            version: LOG_VERSION,
            at: session_time,
            attempt: AttemptId(7),
            number: 1,
            project: "title_a".to_owned(),
            revision: "r1".to_owned(),
            workflow: "wf".to_owned(),
            session_time,
            now: session_time,
            timezone: "UTC".to_owned(),
            gcp_project: self.gcp_project,
            variables: Config::from_iter([("session_date".to_owned(), "2019-09-02".into())]),
            params: self.params,
            overrides: self.overrides,
            sla: sla(&workflow.sla, session_time),
            time_limits: self.time_limits,
            resumed: None,
            root: Arc::new(workflow.root),
        };
        World { files, ..World::of(started) }.advanced()
    }
}

fn sla(entries: &[Sla], run_time: Timestamp) -> Vec<SlaStarted> {
    let started = |sla: &Sla| SlaStarted {
        due: sla_due(sla.trigger, run_time, &TimeZone::UTC).expect("within the calendar"),
        alert: sla.alert,
        fail: sla.fail,
        body: sla.body.clone(),
    };
    entries.iter().map(started).collect()
}

impl World {
    /// An attempt of a project without other files, before its first decision.
    pub(crate) fn of(started: AttemptStarted) -> Self {
        Self {
            files: ProjectFiles::default(),
            evaluator: Lookup::default(),
            log: vec![Record::AttemptStarted(Box::new(started.clone()))],
            now: started.at,
            attempt: Attempt::begin(started),
        }
    }

    /// A new attempt of the session that takes over what `resume` says, after these files were changed.
    pub(crate) fn again(&self, resume: Resume, changed: &[(&str, &str)]) -> Self {
        let kept = self.files.iter().filter(|(path, _)| changed.iter().all(|(new, _)| new != path));
        let kept = kept.map(|(path, content)| (path.to_owned(), content.to_vec()));
        let changed_files =
            changed.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        let files: ProjectFiles = kept.chain(changed_files).collect();
        let mut started = self.attempt.started().clone();
        started.number += 1;
        started.at = self.now;
        started.resumed = Some(Box::new(resume));
        if !changed.is_empty() {
            started.revision = "r2".to_owned();
        }
        let workflow = compile_workflow(&files, "wf").expect("the changed workflow compiles");
        started.root = Arc::new(workflow.root);
        World { files, ..World::of(started) }.advanced()
    }

    /// `--resume`, after these files were changed.
    pub(crate) fn resume(&self, changed: &[(&str, &str)]) -> Self {
        let resume = self.attempt.resume_all(&self.files).expect("something is left to do");
        self.again(resume, changed)
    }

    pub(crate) fn advanced(mut self) -> Self {
        self.decide(|attempt, now, context| attempt.advance(now, context));
        self
    }

    /// The same project and time, with the attempt as its log says.
    pub(crate) fn replayed(&self, log: &[Record]) -> Self {
        let attempt = Attempt::replay(through_json(log)).expect("the log replays");
        Self {
            files: self.files.clone(),
            evaluator: Lookup::default(),
            attempt,
            log: log.to_vec(),
            now: self.now,
        }
    }

    pub(crate) fn decide(
        &mut self,
        verb: impl FnOnce(&mut Attempt, Timestamp, &mut Context<'_>) -> Result<Vec<Record>, ReplayError>,
    ) -> Vec<Record> {
        let mut context = Context { files: &self.files, evaluator: &mut self.evaluator };
        let records = verb(&mut self.attempt, self.now, &mut context);
        let records = records.expect("the engine agrees with itself");
        self.log.extend(records.iter().cloned());
        // Of huge attempts, debug builds look at a sample by themselves.
        if self.attempt.tasks().take(1_001).count() <= 1_000 {
            assert_eq!(violations(&self.attempt), []);
        }
        records
    }

    pub(crate) fn prepare(&mut self, name: &str) -> Result<Prepared, TaskError> {
        self.prepare_by_id(self.id(name))
    }

    /// For tests with so many tasks that looking for names would take long.
    pub(crate) fn prepare_by_id(&mut self, id: TaskId) -> Result<Prepared, TaskError> {
        let mut context = Context { files: &self.files, evaluator: &mut self.evaluator };
        self.attempt.prepare(id, &mut context)
    }

    /// What a worker would be asked to do, without deciding it.
    pub(crate) fn work(&mut self, name: &str) -> Work {
        self.prepare(name).expect("the task can be prepared").work
    }

    /// The text of an `echo>`, the shortest way to see a task's parameters.
    pub(crate) fn echo(&mut self, name: &str) -> String {
        let work = self.work(name);
        let Work::Echo { message } = work else { panic!("{name} is {work:?}") };
        message
    }

    /// Dispatches a task, or makes it fail if it cannot be prepared.
    pub(crate) fn send(&mut self, name: &str) -> Option<TaskMessage> {
        match self.prepare(name) {
            Ok(prepared) => {
                let dispatch = self.attempt.dispatch(prepared, self.now).expect("it is ready");
                self.log.extend(dispatch.records);
                Some(dispatch.message)
            }
            Err(error) => {
                let id = self.id(name);
                self.decide(|attempt, now, context| attempt.refuse(id, error, now, context));
                None
            }
        }
    }

    /// A worker's answer to the current try of a task, which is dispatched first if it is ready.
    pub(crate) fn report(&mut self, name: &str, outcome: Outcome) -> Reported {
        let id = self.id(name);
        if self.attempt.dispatchable().any(|ready| ready == id) {
            self.send(name).expect("the task can be prepared");
        }
        let task = self.task(name);
        let try_no = task.last_try.expect("the task was dispatched");
        self.report_try(id, try_no, outcome)
    }

    pub(crate) fn report_try(&mut self, task: TaskId, try_no: TryNo, outcome: Outcome) -> Reported {
        self.report_named(task, None, try_no, outcome)
    }

    /// A report that says which task its worker had.
    pub(crate) fn report_named(
        &mut self,
        task: TaskId,
        task_name: Option<&str>,
        try_no: TryNo,
        outcome: Outcome,
    ) -> Reported {
        let report = Report {
            version: PROTOCOL_VERSION,
            attempt: AttemptId(7),
            task,
            try_no,
            task_name: task_name.map(str::to_owned),
            worker: "test".to_owned(),
            outcome,
        };
        let mut reported = Reported::Late;
        self.decide(|attempt, now, context| {
            reported = attempt.report(&report, now, context)?;
            Ok(match &reported {
                Reported::Decided(records) => records.clone(),
                Reported::Late => Vec::new(),
            })
        });
        reported
    }

    pub(crate) fn succeed(&mut self, name: &str) -> Reported {
        self.report(name, succeeded())
    }

    pub(crate) fn store(&mut self, name: &str, params: Value) -> Reported {
        self.report(name, stored(params))
    }

    pub(crate) fn fail(&mut self, name: &str, message: &str) -> Reported {
        self.report(name, failed(message))
    }

    /// Kills the attempt on request.
    pub(crate) fn kill(&mut self) -> Vec<Record> {
        let reason = KillReason::Requested { by: None };
        self.decide(|attempt, now, context| attempt.kill(reason, now, context))
    }

    /// Lets time pass.
    pub(crate) fn tick(&mut self, seconds: u64) -> Vec<Record> {
        self.now = self.now.checked_add(Duration::from_secs(seconds)).unwrap();
        self.decide(|attempt, now, context| attempt.tick(now, context))
    }

    /// The task of a full name, `+wf` left out.
    pub(crate) fn task(&self, name: &str) -> &Task {
        let full_name = format!("+wf{name}");
        let found = self.attempt.tasks().find(|task| task.full_name == full_name);
        found.unwrap_or_else(|| panic!("no task {full_name} in\n{}", self.tree()))
    }

    /// Also of a task that waits for its turn.
    pub(crate) fn view(&self, name: &str) -> TaskView {
        let full_name = format!("+wf{name}");
        let found = self.attempt.views().find(|task| task.name == full_name);
        found.unwrap_or_else(|| panic!("no task {full_name} in\n{}", self.tree()))
    }

    pub(crate) fn id(&self, name: &str) -> TaskId {
        self.view(name).id
    }

    pub(crate) fn state(&self, name: &str) -> &'static str {
        let view = self.view(name);
        match self.attempt.task(view.id) {
            Some(task) => task.state.name(),
            None if view.state == "ready" => "ready",
            None if view.state == "canceled" => "canceled",
            None => "blocked",
        }
    }

    /// Names of the tasks that may be dispatched, `+wf` left out.
    pub(crate) fn ready(&self) -> Vec<String> {
        let ready = self.attempt.dispatchable();
        ready
            .filter_map(|id| self.attempt.peek(id))
            .map(|task| task.full_name.trim_start_matches("+wf").to_owned())
            .collect()
    }

    pub(crate) fn tree(&self) -> String {
        render_tree(&self.attempt)
    }

    pub(crate) fn outcome(&self) -> Option<AttemptOutcome> {
        self.attempt.outcome().map(|(outcome, _)| outcome)
    }
}

pub(crate) fn succeeded() -> Outcome {
    stored(Value::Object(StoreParams::new()))
}

pub(crate) fn stored(params: Value) -> Outcome {
    let store_params = params.as_object().cloned().expect("stores are a mapping");
    Outcome::Succeeded { store_params, job: None }
}

pub(crate) fn failed(message: &str) -> Outcome {
    Outcome::Failed { error: error(message) }
}

pub(crate) fn unreachable(message: &str) -> Outcome {
    Outcome::Unreachable { error: error(message) }
}

pub(crate) fn submitted(job_id: &str) -> Outcome {
    Outcome::Submitted { job: job(job_id) }
}

pub(crate) fn job(job_id: &str) -> JobReference {
    JobReference { project: None, location: None, job_id: job_id.to_owned() }
}

pub(crate) fn error(message: &str) -> TaskError {
    TaskError { reason: "test".to_owned(), message: message.to_owned(), job: None }
}

/// The log as the store gives it back.
pub(crate) fn through_json(log: &[Record]) -> Vec<Record> {
    log.iter()
        .map(|record| serde_json::to_string(record).unwrap())
        .map(|json| serde_json::from_str(&json).unwrap())
        .collect()
}

/// A tree as a test writes it: indented with the test's code.
#[track_caller]
pub(crate) fn assert_tree(world: &World, expected: &str) {
    let lines: Vec<&str> = expected.lines().skip_while(|line| line.trim().is_empty()).collect();
    let indent = lines.first().map_or(0, |line| line.len() - line.trim_start().len());
    let expected: Vec<&str> = lines
        .iter()
        .map(|line| line.get(indent..).unwrap_or_default())
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(world.tree().lines().collect::<Vec<_>>(), expected, "the tree is\n{}", world.tree());
}
