//! The log of an attempt in sentences: what was decided about each task, and when. Pure: the records are all that it needs, so
//! it can be read of every attempt, however old.

use bytesize::ByteSize;
use himekuri_engine::{Attempt, CancelReason, KillReason, NotResumed, Record};
use himekuri_protocol::{JobReference, JobStatistics, TaskId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Place in the attempt's log, from 1. It stays when more lines follow.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Full name of the task; that of the workflow's root for the attempt as a whole.
    pub task: String,
    /// What.
    pub text: String,
}

impl LogLine {
    /// The line as `himekuri log` prints it.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("{} {} {}", self.at.strftime("%Y-%m-%dT%H:%M:%SZ"), self.task, self.text)
    }
}

/// A whole log as `himekuri log` prints it, from its records.
///
/// # Errors
/// The records are not those of an attempt, or are of a newer version.
pub(crate) fn text(records: &[String]) -> Result<String, String> {
    let records: Vec<Record> = records
        .iter()
        .map(|record| serde_json::from_str(record))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    if records.is_empty() {
        return Ok(String::new());
    }
    let attempt = Attempt::replay(records.clone()).map_err(|error| error.to_string())?;
    Ok(lines(&attempt, &records, 0).iter().map(|line| line.sentence() + "\n").collect())
}

/// The lines of a log, behind line `after`. Records that only say how the tree grows have none.
pub(crate) fn lines(attempt: &Attempt, records: &[Record], after: u64) -> Vec<LogLine> {
    let numbered = (1..).zip(records).skip_while(|(number, _)| *number <= after);
    numbered
        .filter_map(|(number, record)| {
            let (task, at, text) = told(record)?;
            let name = attempt.task(task).map(|task| task.full_name.clone());
            Some(LogLine { number, at, task: name.unwrap_or_default(), text })
        })
        .collect()
}

fn told(record: &Record) -> Option<(TaskId, Timestamp, String)> {
    Some(match record {
        Record::AttemptStarted(started) => {
            let (number, session) = (started.number, started.session_time);
            let text = format!(
                "attempt {} began, number {number} of session {session}, with revision {}",
                started.attempt, started.revision
            );
            (TaskId::ROOT, started.at, text)
        }
        Record::Resumed { task, at } => {
            (*task, *at, "was done in the attempt that this one resumes".to_owned())
        }
        Record::NotResumed { task, at, because } => {
            let why = match because {
                NotResumed::Changed => "it is not the same any more",
                NotResumed::UpstreamRan => "a task before it ran again",
            };
            (*task, *at, format!("was done in the attempt that this one resumes, and runs: {why}"))
        }
        Record::Waiting { task, at, until } => (*task, *at, format!("waits until {until}")),
        Record::Requiring { task, at, try_no, required } => {
            let (project, workflow) = (&required.project, &required.workflow);
            let session = required.session_time;
            let text = format!("try {try_no} requires session {session} of {project}/{workflow}");
            (*task, *at, text)
        }
        Record::Joined { task, at, attempt, kicked } => {
            let what = if *kicked { "started" } else { "found" };
            (*task, *at, format!("{what} attempt {attempt}, and waits for it"))
        }
        Record::Dispatched { task, at, try_no, destination, job, .. } => {
            let writes = destination.as_ref().map(|table| format!(", writes {table}"));
            let job = job.as_ref().map(|job| format!(", as job {}", named(job)));
            let [writes, job] = [writes, job].map(Option::unwrap_or_default);
            (*task, *at, format!("try {try_no} was sent to the workers{writes}{job}"))
        }
        Record::Submitted { task, at, job } => {
            (*task, *at, format!("job {} runs, and is watched", named(job)))
        }
        Record::Unreachable { task, at, again_at, .. } => {
            (*task, *at, format!("has no answer yet, and is looked at again at {again_at}"))
        }
        Record::Canceling { task, at, because } => {
            let why = match because {
                CancelReason::Kill => "the attempt is killed",
                CancelReason::Timeout => "its `timeout` is over",
                CancelReason::GivenUp { error } => &error.message,
            };
            (*task, *at, format!("its job is cancelled: {why}"))
        }
        Record::Succeeded { task, at, job, .. } => {
            (*task, *at, format!("succeeded{}", figures(job.as_ref())))
        }
        Record::Checking { task, at, job, .. } => {
            let figures = figures(job.as_ref());
            (*task, *at, format!("did its work{figures}; its `_check` runs"))
        }
        Record::RetryScheduled { task, at, retry_at, retry_count, error } => {
            let why = &error.message;
            let text = format!("failed, and runs again at {retry_at} (retry {retry_count}): {why}");
            (*task, *at, text)
        }
        Record::Failing { task, at, error, .. } => {
            let why = error.as_ref().map_or("a task below it failed", |error| &error.message);
            (*task, *at, format!("failed, and its `_error` runs: {why}"))
        }
        Record::Failed { task, at, error } => (*task, *at, format!("failed: {}", error.message)),
        Record::GroupFailed { task, at } => (*task, *at, "ended with a failed task".to_owned()),
        Record::SlaMissed { at, .. } => {
            (TaskId::ROOT, *at, "did not end by the time of its `sla`".to_owned())
        }
        Record::KillRequested { at, reason } => {
            let why = match reason {
                KillReason::Requested { by: Some(by) } => format!("was killed by {by}"),
                KillReason::Requested { by: None } => "was killed".to_owned(),
                KillReason::AttemptTimeLimit => "took too long, and was killed".to_owned(),
                KillReason::TaskTimeLimit { .. } => {
                    "has a task that took too long, and was killed".to_owned()
                }
            };
            (TaskId::ROOT, *at, why)
        }
        Record::Canceled { task, at, job } => {
            (*task, *at, format!("was canceled{}", figures(job.as_ref())))
        }
        Record::AttemptFinished { at, outcome } => {
            (TaskId::ROOT, *at, format!("the attempt ended: {outcome:?}").to_lowercase())
        }
        Record::Expanded { .. } | Record::Resolved { .. } | Record::Retried { .. } => return None,
    })
}

fn named(job: &JobReference) -> String {
    let project = job.project.as_ref().map(|project| format!("{project}:"));
    let location = job.location.as_ref().map(|location| format!("{location}."));
    let [project, location] = [project, location].map(Option::unwrap_or_default);
    format!("{project}{location}{}", job.job_id)
}

/// What a job took, as the end of a sentence.
fn figures(job: Option<&JobStatistics>) -> String {
    let Some(job) = job else { return String::new() };
    let bytes = |bytes: u64| ByteSize::b(bytes).display().iec().to_string();
    let figures = [
        job.total_bytes_processed.map(|read| format!("read {}", bytes(read))),
        job.total_bytes_billed.map(|billed| format!("billed {}", bytes(billed))),
        job.rows.map(|rows| format!("{rows} rows")),
        job.total_slot_ms.map(|slot| format!("{slot} slot ms")),
        job.duration_ms.map(|duration| format!("{duration} ms")),
        job.cache_hit.filter(|hit| *hit).map(|_| "from the cache".to_owned()),
    ];
    let figures: Vec<String> = figures.into_iter().flatten().collect();
    let name = named(&job.job);
    match figures.is_empty() {
        true => format!(": job {name}"),
        false => format!(": job {name}, {}", figures.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use himekuri_protocol::{TableReference, TaskError, TryNo};

    use super::*;

    fn at() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    fn job() -> JobReference {
        let project = Some("game-a".to_owned());
        JobReference { project, location: Some("US".to_owned()), job_id: "himekuri_1_1".to_owned() }
    }

    fn words(record: &Record) -> String {
        told(record).unwrap().2
    }

    #[test]
    fn a_dispatch_names_partition_and_job() {
        let destination = TableReference::parse("summary.access$20190901", None).unwrap();
        let record = Record::Dispatched {
            task: TaskId(3),
            at: at(),
            try_no: TryNo(2),
            destination: Some(destination),
            job: Some(job()),
            timeout_at: None,
        };

        assert_eq!(
            words(&record),
            "try 2 was sent to the workers, writes summary.access$20190901, as job game-a:US.himekuri_1_1"
        );
    }

    #[test]
    fn an_end_tells_what_it_took() {
        let statistics = JobStatistics {
            job: job(),
            total_bytes_processed: Some(3 << 20),
            total_bytes_billed: Some(10 << 20),
            rows: None,
            total_slot_ms: Some(7),
            duration_ms: Some(1_500),
            cache_hit: Some(false),
        };
        let record = Record::Succeeded {
            task: TaskId(3),
            at: at(),
            store_params: himekuri_protocol::StoreParams::new(),
            job: Some(statistics),
        };

        assert_eq!(
            words(&record),
            "succeeded: job game-a:US.himekuri_1_1, read 3.0 MiB, billed 10.0 MiB, 7 slot ms, 1500 ms"
        );
    }

    #[test]
    fn a_sentence_has_time_task_and_text() {
        let line = LogLine {
            number: 3,
            at: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            task: "+wf+a".to_owned(),
            text: "succeeded".to_owned(),
        };

        assert_eq!(line.sentence(), "2026-01-02T03:04:05Z +wf+a succeeded");
    }

    #[test]
    fn a_failure_tells_why() {
        let message = "no such table".to_owned();
        let error = TaskError { reason: "notFound".to_owned(), message, job: None };
        let record = Record::Failed { task: TaskId(3), at: at(), error };

        assert_eq!(words(&record), "failed: no such table");
    }
}
