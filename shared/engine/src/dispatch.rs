//! From a ready task to the message for a worker.

use std::time::Duration;

use himekuri_protocol::{
    JobReference, JobSpec, StoreParams, TableReference, TaskError, TaskId, TaskMessage, TryNo, Work,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::Config;
use crate::attempt::{Attempt, Task};
use crate::context::Context;
use crate::dispatcher::Demand;
use crate::fold::ReplayError;
use crate::merge::merge_default;
use crate::operators::{self, Parameters, config_error};
use crate::record::Record;
use crate::state::{Phase, TaskState};

/// A ready task, evaluated. Nothing is decided yet: its partition may be taken.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The task.
    pub task: TaskId,
    /// The try it would be.
    pub try_no: TryNo,
    /// What a worker would do.
    pub work: Work,
    /// All parameters, evaluated, with the task's own keys last.
    pub config: Config,
    /// How long the try may take: `timeout`.
    pub timeout: Option<Duration>,
}

/// A decision to send a task out: the records to commit and the message to commit with them.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// For the log.
    pub records: Vec<Record>,
    /// For the outbox.
    pub message: TaskMessage,
}

impl Prepared {
    /// The partition or table the task writes.
    #[must_use]
    pub fn destination(&self) -> Option<&TableReference> {
        self.work.job()?.destination()
    }

    /// Length of the rendered SQL in bytes; 0 for tasks without.
    #[must_use]
    pub fn query_bytes(&self) -> usize {
        self.work.query().map_or(0, str::len)
    }

    /// What it needs to go out.
    #[must_use]
    pub fn demand(&self) -> Demand {
        Demand::new(self.job(), self.destination())
    }

    fn job(&self) -> Option<&JobReference> {
        self.work.job().map(JobSpec::reference)
    }
}

impl Attempt {
    /// Evaluates a task that may be dispatched.
    ///
    /// # Errors
    /// What the files say does not work; [`Attempt::refuse`] makes the task fail with it.
    pub fn prepare(&self, task: TaskId, context: &mut Context<'_>) -> Result<Prepared, TaskError> {
        let task = self.peek(task).ok_or_else(|| config_error("the task does not exist"))?;
        let task = task.as_ref();
        let mut config = self.evaluate(task, context)?;
        // Before the work, which a broken `_check` would throw away.
        self.check_body(task)?;
        add_family_defaults(task, &mut config);
        let try_no = self.next_try(task);
        let parameters = Parameters { attempt: self, task, config: &config };
        let mut work = match task.operator() {
            Some("bq") => Work::Bq(Box::new(operators::query_job(&parameters, try_no, context)?)),
            Some("bq_load") => {
                Work::BqLoad(Box::new(operators::load_job(&parameters, try_no, context)?))
            }
            Some("bq_extract") => {
                Work::BqExtract(Box::new(operators::extract_job(&parameters, try_no)?))
            }
            Some("bq_ddl") => Work::BqDdl(Box::new(operators::ddl(&parameters, context)?)),
            Some("bq_wait") => Work::BqWait(Box::new(operators::table_wait(&parameters)?)),
            Some("gcs_wait") => Work::GcsWait(Box::new(operators::object_wait(&parameters)?)),
            Some("echo") => operators::echo(&parameters)?,
            Some("http_call") => operators::http_request(&parameters)?,
            Some(other) => return Err(operators::not_run(task, other)),
            None => return Err(config_error("a group is not dispatched")),
        };
        let sent = is_unreachable(task).then(|| task.sent_job.clone()).flatten();
        if let (Some(sent), Some(job)) = (sent, work.job_reference_mut()) {
            *job = sent;
        }
        let timeout = operators::timeout(&parameters)?;
        Ok(Prepared { task: task.id, try_no, work, config, timeout })
    }

    /// Sends a prepared task out.
    ///
    /// # Errors
    /// The task is not ready any more: a defect of the caller.
    pub fn dispatch(&mut self, prepared: Prepared, at: Timestamp) -> Result<Dispatch, ReplayError> {
        // What goes out again has the time that is left.
        let again = self.live(prepared.task).filter(|task| is_unreachable(task));
        let timeout_at = match again {
            Some(task) => task.timeout_at,
            None => prepared.timeout.and_then(|timeout| at.checked_add(timeout).ok()),
        };
        let record = Record::Dispatched {
            task: prepared.task,
            at,
            try_no: prepared.try_no,
            destination: prepared.destination().cloned(),
            job: prepared.job().cloned(),
            timeout_at,
        };
        self.apply(&record)?;
        let task_name = self.live(prepared.task).map(|task| task.full_name.clone());
        let message = TaskMessage {
            version: prepared.work.version(),
            attempt: self.started.attempt,
            task: prepared.task,
            try_no: prepared.try_no,
            project: self.started.project.clone(),
            workflow: self.started.workflow.clone(),
            session_time: self.started.session_time,
            task_name: task_name.unwrap_or_default(),
            careful: None,
            work: prepared.work,
        };
        Ok(Dispatch { records: vec![record], message })
    }

    /// Makes a task fail that could not be prepared. `_retry` does not apply: the files would say the same again.
    ///
    /// # Errors
    /// The task is not ready any more: a defect of the caller.
    pub fn refuse(
        &mut self,
        task: TaskId,
        error: TaskError,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Vec<Record>, ReplayError> {
        let record = match self.peek(task) {
            Some(task) => self.own_failure(&task, at, error),
            None => Record::Failed { task, at, error },
        };
        self.apply(&record)?;
        let mut records = vec![record];
        records.extend(self.advance(at, context)?);
        Ok(records)
    }

    /// Counts a task as done that nobody here can run, for a plan.
    ///
    /// # Errors
    /// The task is not ready, or somebody runs it.
    pub fn skip(
        &mut self,
        task: TaskId,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Vec<Record>, ReplayError> {
        let record = Record::Succeeded { task, at, store_params: StoreParams::new(), job: None };
        self.apply(&record)?;
        let mut records = vec![record];
        records.extend(self.advance(at, context)?);
        Ok(records)
    }

    /// The same try again if BigQuery could not be asked about it, or if it asks for another attempt; else the one after the last of this task's name.
    pub(crate) fn next_try(&self, task: &Task) -> TryNo {
        let earlier = || self.index.earlier_tries.get(&task.full_name).copied();
        match task.last_try {
            Some(last) if is_unreachable(task) || is_requiring(task) => last,
            last => last.or_else(earlier).map_or(TryNo::FIRST, TryNo::next),
        }
    }
}

fn is_unreachable(task: &Task) -> bool {
    matches!(task.state, TaskState::Running { phase: Phase::Unreachable { .. }, .. })
}

fn is_requiring(task: &Task) -> bool {
    matches!(task.state, TaskState::Requiring { .. })
}

/// digdag: an operator's family gives defaults, `bq: {dataset: ...}` for `bq>`, `http: {headers: ...}` for `http_call>`.
fn add_family_defaults(task: &Task, config: &mut Config) {
    let family = task.operator().map(operators::family);
    let Some(family) = family.filter(|family| config.get(*family).is_some_and(Value::is_object))
    else {
        return;
    };
    if let Some(Value::Object(defaults)) = config.get_mut(family).map(Value::take) {
        merge_default(config, &defaults);
        config.insert(family.to_owned(), Value::Object(defaults));
    }
}
