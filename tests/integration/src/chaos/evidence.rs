//! What is there when everything has come to rest: gathered from the API, the warehouse, RabbitMQ and Redis.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::prepared::marts;
use super::rig::Rig;
use super::watch::{Attempt, Watch};
use super::workload::Promises;
use super::{TITLES, gcp_project};
use crate::warehouse::{FullJob, Partition};

/// A task as the API tells it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) operator: Option<String>,
    pub(super) state: String,
    pub(super) error: Option<String>,
}

/// A backfill as the API tells it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct BackfillView {
    pub(super) name: String,
    pub(super) project: String,
    pub(super) state: String,
}

/// A job of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// Its id.
    pub(super) id: String,
    /// Title, session date and number within the session: which attempt it belongs to.
    pub(super) of: (String, String, u64),
    /// `project.table$day`.
    pub(super) partition: String,
    /// Try of its task.
    pub(super) try_no: u64,
    /// When it ran, in milliseconds of the warehouse's clock.
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) is_done: bool,
    pub(super) succeeded: bool,
    /// How often its SQL was executed.
    pub(super) executions: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) promises: Promises,
    /// Oldest first.
    pub(super) attempts: Vec<Attempt>,
    pub(super) tasks: BTreeMap<u64, Vec<Task>>,
    /// When each attempt was first seen to have ended.
    pub(super) ended: BTreeMap<u64, Timestamp>,
    /// Attempts that an answer left out although an earlier one had them.
    pub(super) vanished: BTreeSet<u64>,
    /// Attempts that ran again after they had ended.
    pub(super) revived: BTreeSet<u64>,
    pub(super) backfills: Vec<BackfillView>,
    /// Without tombstones.
    pub(super) jobs: Vec<Job>,
    /// What the warehouse holds.
    pub(super) partitions: BTreeMap<String, Partition>,
    /// What it must hold.
    pub(super) quiet: BTreeMap<String, Partition>,
    /// Messages in the dead queue, and tries that were given up because theirs was there.
    pub(super) dead_letters: u64,
    /// Messages in the other queues.
    pub(super) left_messages: u64,
    /// Leaders that went on after they were deposed.
    pub(super) deposed: Vec<String>,
    /// Whether the coordinators' clocks were the machine's.
    pub(super) clocks_are_true: bool,
    /// Whether Redis lost all that it had. For the seconds until a leader has given it back, nothing is there.
    pub(super) store_was_emptied: bool,
    pub(super) strikes: u64,
    pub(super) restarts: u64,
}

impl Evidence {
    /// Asks everybody. What only the harness knows stays empty.
    pub(super) async fn gather(rig: &Rig, watch: &Watch) -> anyhow::Result<Self> {
        let attempts = watch.look(&rig.client).await.context("could not list the attempts")?;
        let mut tasks = BTreeMap::new();
        for attempt in &attempts {
            let id = attempt.attempt;
            let list = rig.client.get(&format!("/v1/attempts/{id}/tasks")).await;
            let mut list = list.with_context(|| format!("could not list the tasks of {id}"))?;
            tasks.insert(id, serde_json::from_value(list["tasks"].take())?);
        }
        let mut backfills = rig.client.get("/v1/backfills").await?;
        Ok(Self {
            attempts,
            tasks,
            ended: watch.ended(),
            vanished: watch.vanished(),
            revived: watch.revived(),
            backfills: serde_json::from_value(backfills["backfills"].take())?,
            jobs: jobs(rig).await.context("could not read the warehouse's jobs")?,
            partitions: marts(&rig.warehouse).await?,
            dead_letters: rig.messages("dead").await? + dead_decisions(rig).await?,
            left_messages: rig.messages("tasks").await? + rig.messages("reports").await?,
            restarts: rig.processes().map(super::supervisor::Supervised::restarts).sum(),
            ..Self::default()
        })
    }
}

async fn jobs(rig: &Rig) -> anyhow::Result<Vec<Job>> {
    let executions = rig.warehouse.executions().await?;
    let counts: BTreeMap<(String, String), u64> = executions
        .into_iter()
        .map(|entry| ((entry.project, entry.job_id), entry.executions))
        .collect();
    let mut jobs = Vec::new();
    for title in TITLES {
        for job in rig.warehouse.full_jobs(&gcp_project(title)).await? {
            let name = (job.job_reference.project_id.clone(), job.job_reference.job_id.clone());
            let executions = counts.get(&name).copied().unwrap_or(0);
            // A tombstone writes nothing.
            if job.configuration["labels"]["himekuri_canceled"].is_null() {
                jobs.push(read_job(&job, executions)?);
            }
        }
    }
    Ok(jobs)
}

fn read_job(job: &FullJob, executions: u64) -> anyhow::Result<Job> {
    let id = job.job_reference.job_id.clone();
    let labels = &job.configuration["labels"];
    let label = |key: &str| {
        let value = labels[key].as_str();
        value.map(ToOwned::to_owned).with_context(|| format!("job {id} has no label `{key}`"))
    };
    let table = &job.configuration["query"]["destinationTable"];
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let table_id = text(&table["tableId"]).with_context(|| format!("{id} has no destination"))?;
    let project = text(&table["projectId"]).unwrap_or(job.job_reference.project_id.clone());
    let (_, try_no) = id.rsplit_once('_').with_context(|| format!("job id {id} has no try"))?;
    let time = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
    let is_done = job.state == "DONE";
    Ok(Job {
        of: (
            label("himekuri_project")?,
            label("himekuri_session")?,
            label("himekuri_attempt")?.parse()?,
        ),
        partition: format!("{project}.{table_id}"),
        try_no: try_no.parse()?,
        start: time(&job.statistics.start_time),
        end: time(&job.statistics.end_time),
        is_done,
        succeeded: is_done && job.error_result.is_none(),
        executions,
        id,
    })
}

/// Records that a try's message was dead: the coordinator takes dead letters away, so the queue alone tells nothing.
async fn dead_decisions(rig: &Rig) -> anyhow::Result<u64> {
    let mut connection = rig.redis_connection().await?;
    let pattern = format!("{}:{{a*}}:log", rig.prefix());
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await?;
    let mut dead = 0;
    for key in keys {
        let mut range = redis::cmd("LRANGE");
        range.arg(key).arg(0).arg(-1);
        let log: Vec<String> = range.query_async(&mut connection).await?;
        dead += log.iter().filter(|record| record.contains("\"deadLetter\"")).count() as u64;
    }
    Ok(dead)
}
