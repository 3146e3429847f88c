//! Counts what was decided, once it is committed. Nothing here decides anything.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use himekuri_cost::{Bytes, Price};
use himekuri_engine::{Attempt, AttemptOutcome, Class, Record, Task};
use himekuri_protocol::{AttemptId, JobStatistics, TaskError, TaskId};
use himekuri_telemetry::metrics::{marts, work};
use himekuri_telemetry::{
    BoundHistogram, Counter, Histogram, KeyValue, StringValue, counter, counter_f64, histogram,
};
use jiff::Timestamp;

pub(super) use ready::ReadyTimes;

mod ready;

static DISPATCHED: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&work::TASKS_DISPATCHED));
static ENDED: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&work::TASKS_ENDED));
static RETRIES: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&work::TASK_RETRIES));
static FAILURES: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&work::TASK_FAILURES));
static WAIT: LazyLock<BTreeMap<Class, BoundHistogram<f64>>> = LazyLock::new(|| {
    let wait = histogram(&work::DISPATCH_WAIT);
    let classes = [Class::Scheduled, Class::Backfill].into_iter();
    classes.map(|class| (class, wait.bind(&[of_class(class)]))).collect()
});
static TASK_DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| histogram(&work::TASK_DURATION));
static ATTEMPTS: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&work::ATTEMPTS_ENDED));
static ATTEMPT_DURATION: LazyLock<Histogram<f64>> =
    LazyLock::new(|| histogram(&work::ATTEMPT_DURATION));
static BILLED: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&marts::BYTES_BILLED));
static PROCESSED: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&marts::BYTES_PROCESSED));
static SLOT_TIME: LazyLock<Counter<f64>> = LazyLock::new(|| counter_f64(&marts::SLOT_TIME));
static COST: LazyLock<Counter<f64>> = LazyLock::new(|| counter_f64(&marts::COST));

/// Longest reason that is a label: BigQuery's are words.
const REASON_MAX: usize = 40;

/// How an attempt ends.
const OUTCOMES: [&str; 3] = ["success", "error", "canceled"];

/// When what is out was sent.
#[derive(Debug, Default)]
pub(super) struct Meter {
    sent: BTreeMap<(AttemptId, TaskId), Timestamp>,
    /// Ends of the commit that is being counted, by operator and outcome.
    ended: Vec<Ended>,
}

#[derive(Debug)]
struct Ended {
    operator: String,
    outcome: &'static str,
    count: u64,
    /// Seconds that those took which workers had.
    took: Vec<f64>,
}

/// Whose records are counted.
pub(super) struct Of<'a> {
    pub(super) id: AttemptId,
    pub(super) attempt: &'a Attempt,
    pub(super) class: Class,
    pub(super) price: Price,
    /// Shared by all labels: there are several for each task.
    pub(super) title: StringValue,
}

impl Of<'_> {
    fn title(&self) -> KeyValue {
        KeyValue::new("title", self.title.clone())
    }

    fn class(&self) -> KeyValue {
        of_class(self.class)
    }
}

pub(super) fn of_class(class: Class) -> KeyValue {
    KeyValue::new("class", class.name())
}

impl Meter {
    /// A record was committed.
    pub(super) fn count(&mut self, of: &Of<'_>, record: &Record) {
        match record {
            Record::Dispatched { task, at, .. } => {
                // Its message may go out more than once.
                self.sent.entry((of.id, *task)).or_insert(*at);
            }
            Record::Succeeded { task, at, job, .. } | Record::Checking { task, at, job, .. } => {
                self.ended(of, *task, *at, "success");
                if let (Some(job), Some(task)) = (job, of.attempt.task(*task)) {
                    billed(of, task, job);
                }
            }
            Record::RetryScheduled { task, at, error, .. } => {
                if self.ended(of, *task, *at, "error") {
                    RETRIES.add(1, &[of.title(), reason(error)]);
                }
            }
            Record::Failed { task, at, error }
            | Record::Failing { task, at, error: Some(error), .. } => {
                if self.ended(of, *task, *at, "error") {
                    FAILURES.add(1, &[of.title(), reason(error)]);
                }
            }
            Record::Canceled { task, at, .. } => {
                self.ended(of, *task, *at, "canceled");
            }
            Record::AttemptFinished { at, outcome } => self.finished(of, *at, *outcome),
            Record::AttemptStarted(_) => begun(of),
            Record::Expanded { .. }
            | Record::Resumed { .. }
            | Record::NotResumed { .. }
            | Record::Resolved { .. }
            | Record::Waiting { .. }
            | Record::Requiring { .. }
            | Record::Joined { .. }
            | Record::Submitted { .. }
            | Record::Unreachable { .. }
            | Record::Canceling { .. }
            | Record::Retried { .. }
            | Record::Failing { error: None, .. }
            | Record::GroupFailed { .. }
            | Record::SlaMissed { .. }
            | Record::KillRequested { .. } => {}
        }
    }

    /// All records of a commit are counted. So many tasks went out with it, after they had waited so long.
    pub(super) fn committed(
        &mut self,
        of: &Of<'_>,
        count: usize,
        waits: impl Iterator<Item = f64>,
    ) {
        for Ended { operator, outcome, count, took } in self.ended.drain(..) {
            let (operator, outcome) =
                (KeyValue::new("operator", operator), KeyValue::new("outcome", outcome));
            let labels = [of.title(), operator, outcome];
            ENDED.add(count, &labels);
            took.iter().for_each(|seconds| TASK_DURATION.record(*seconds, &labels[..2]));
        }
        if count == 0 {
            return;
        }
        DISPATCHED.add(u64::try_from(count).unwrap_or(u64::MAX), &[of.title(), of.class()]);
        if let Some(wait) = WAIT.get(&of.class) {
            waits.for_each(|seconds| wait.record(seconds));
        }
    }

    /// A try is decided; whether a worker had it. Groups end without anybody having worked.
    fn ended(&mut self, of: &Of<'_>, task: TaskId, at: Timestamp, outcome: &'static str) -> bool {
        let sent = self.sent.remove(&(of.id, task));
        let task = of.attempt.task(task).filter(|task| task.last_try.is_some());
        let Some(task) = task else { return sent.is_some() };
        let operator = task.operator().unwrap_or_default();
        let took = sent.map(|sent| seconds(sent, at));
        let mut all = self.ended.iter_mut();
        match all.find(|known| known.operator == operator && known.outcome == outcome) {
            Some(known) => {
                known.count += 1;
                known.took.extend(took);
            }
            None => {
                let (operator, took) = (operator.to_owned(), took.into_iter().collect());
                self.ended.push(Ended { operator, outcome, count: 1, took });
            }
        }
        true
    }

    fn finished(&mut self, of: &Of<'_>, at: Timestamp, outcome: AttemptOutcome) {
        let [success, error, canceled] = OUTCOMES;
        let outcome = match outcome {
            AttemptOutcome::Success => success,
            AttemptOutcome::Error => error,
            AttemptOutcome::Canceled => canceled,
        };
        ATTEMPTS.add(1, &ended_labels(of, outcome));
        let took = seconds(of.attempt.started().at, at);
        ATTEMPT_DURATION.record(took, &[of.title(), of.class(), KeyValue::new("outcome", outcome)]);
        self.forget(of.id);
    }

    /// Nothing of an attempt is in memory any more.
    pub(super) fn forget(&mut self, id: AttemptId) {
        let all = (id, TaskId(0))..=(id, TaskId(u32::MAX));
        let sent: Vec<_> = self.sent.range(all).map(|(key, _)| *key).collect();
        for key in sent {
            self.sent.remove(&key);
        }
    }
}

/// The counters of its end begin at 0: a first one that jumps out of nowhere is no increase to Prometheus.
fn begun(of: &Of<'_>) {
    for outcome in OUTCOMES {
        ATTEMPTS.add(0, &ended_labels(of, outcome));
    }
}

fn ended_labels(of: &Of<'_>, outcome: &'static str) -> [KeyValue; 4] {
    let workflow = KeyValue::new("workflow", of.attempt.started().workflow.clone());
    [of.title(), workflow, of.class(), KeyValue::new("outcome", outcome)]
}

fn billed(of: &Of<'_>, task: &Task, job: &JobStatistics) {
    let mart = task.destination.as_ref().map_or_else(|| "none".to_owned(), super::marts::name_of);
    let labels = [of.title(), KeyValue::new("mart", mart)];
    let billed = job.total_bytes_billed.unwrap_or_default();
    BILLED.add(billed, &labels);
    PROCESSED.add(job.total_bytes_processed.unwrap_or_default(), &labels);
    SLOT_TIME.add(thousandths(job.total_slot_ms.unwrap_or_default()), &labels);
    COST.add(of.price.of(Bytes(billed)).dollars(), &labels);
}

fn reason(error: &TaskError) -> KeyValue {
    let is_word = error.reason.len() <= REASON_MAX
        && error.reason.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let reason = if is_word { error.reason.clone() } else { "other".to_owned() };
    KeyValue::new("reason", reason)
}

/// Seconds between two times, never less than none: a clock may be set back.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "a metric needs no more than 52 bits")]
fn thousandths(value: u64) -> f64 {
    value as f64 / 1_000.0
}
