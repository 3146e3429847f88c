//! `himekuri run`: the whole pool in one process.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use himekuri_bigquery::{BigQuery, BigQueryConfig, Endpoint};
use himekuri_broker::MemoryBroker;
use himekuri_coordinator::{
    AttemptSummary, Coordinator, CoordinatorConfig, KillRequest, ScriptEvaluator, StartRequest,
};
use himekuri_engine::Limits;
use himekuri_service::stop_on_signal;
use himekuri_store::MemoryStore;
use himekuri_worker::{Worker, WorkerConfig};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::arguments::{ExpressionArguments, SessionArguments};
use crate::commands::partitions;
use crate::failure::SaidAlready;
use crate::local_warehouse::{self, LocalWarehouse, Partition};
use crate::project::{LoadedProject, ProjectArguments, local_gcp_project};
use crate::simulate::{planned_attempts, simulate};

mod progress;

use progress::{Progress, RunResult};

/// How long a run that is broken off waits for the end of its jobs; a cancel takes BigQuery less than a minute.
const KILL_PATIENCE: Duration = Duration::from_secs(60);

/// Run sessions in this process, on a local warehouse or on BigQuery.
///
/// Needs no server: broker and store are in memory. The partitions written are listed at the end.
/// Exit code 1 when an attempt failed.
///
/// Examples:
///   himekuri run examples/title_a --from 2019-09-02 --to 2019-09-08
///   himekuri run examples/title_a --session 2019-09-04 --google --gcp-project game-a-prod
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,
    #[command(flatten)]
    sessions: SessionArguments,
    #[command(flatten)]
    expressions: ExpressionArguments,
    /// Folder of the local warehouse.
    #[arg(long, value_name = "FOLDER", default_value = ".himekuri/warehouse")]
    data: PathBuf,
    /// A BigQuery endpoint that is already running, instead of one of our own.
    #[arg(long, value_name = "URL", conflicts_with_all = ["data", "google"])]
    bigquery: Option<String>,
    /// Google's BigQuery, with application default credentials.
    #[arg(long, conflicts_with = "data", requires = "gcp_project")]
    google: bool,
    /// One JSON object at the end instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let project = arguments.project.load(Some(local_gcp_project))?;
    let planned = count_tasks(&project, &arguments)?;
    let warehouse = match (&arguments.bigquery, arguments.google) {
        (None, false) => Some(LocalWarehouse::start(&arguments.data).await?),
        (Some(_), _) | (None, true) => None,
    };
    let local = arguments.bigquery.clone().or(warehouse.as_ref().map(|w| w.url().to_owned()));
    let finished = run_on(&arguments, &project, planned, local.as_deref()).await;
    let written = match (&finished, &local) {
        (Ok(result), Some(url)) => written_partitions(url, &project, result).await,
        (Ok(_) | Err(_), _) => Ok(Vec::new()),
    };
    if let Some(warehouse) = warehouse {
        warehouse.stop().await?;
    }
    let result = finished?;
    show(&arguments, &result, &written?)?;
    if result.succeeded() { Ok(()) } else { Err(SaidAlready.into()) }
}

/// Also finds what cannot run, before anything does.
fn count_tasks(project: &LoadedProject, arguments: &Arguments) -> anyhow::Result<u64> {
    let mut evaluator = ScriptEvaluator::new(arguments.expressions.limits())?;
    let mut count = 0;
    for started in planned_attempts(project, &arguments.sessions)? {
        simulate(project, started, &mut evaluator, &mut |_| {
            count += 1;
            Ok(())
        })?;
    }
    Ok(count)
}

/// A local warehouse does not count the writes to a table.
fn limits(is_local: bool) -> Limits {
    let mut limits = Limits::default();
    if is_local {
        limits.table_interval = jiff::SignedDuration::ZERO;
    }
    limits
}

async fn run_on(
    arguments: &Arguments,
    project: &LoadedProject,
    planned: u64,
    local: Option<&str>,
) -> anyhow::Result<RunResult> {
    let bigquery = BigQuery::connect(&BigQueryConfig::new(
        local.map_or(Endpoint::Google, |url| Endpoint::Local(url.to_owned())),
    ))
    .await?;
    let signal = stop_on_signal().context("could not listen for signals")?;
    let stop = CancellationToken::new();
    let broker = Arc::new(MemoryBroker::default());
    let store = Arc::new(MemoryStore::new());
    let (events, received) = mpsc::unbounded_channel();
    let worker = Worker::new(broker.clone(), bigquery, WorkerConfig::new(), stop.clone());
    let worker = tokio::spawn(worker.run());
    let config = CoordinatorConfig {
        number_base: unused_number(),
        expressions: arguments.expressions.limits(),
        limits: limits(local.is_some()),
        // Nobody else can lead, and a run that was suspended goes on.
        lease: Duration::from_secs(365 * 24 * 3_600),
        ..CoordinatorConfig::default()
    };
    let launched = Coordinator::launch(config, store, broker, Some(events), stop.clone()).await?;
    let (coordinator, ended) = launched.context("stopped before it began")?;
    let archive = himekuri_project::pack(&project.revision.files)?;
    let gcp_project = project.revision.gcp_project.clone();
    coordinator.push(&project.revision.project, &archive, gcp_project).await?;
    let request = StartRequest {
        project: project.revision.project.clone(),
        workflow: project.workflow.name.clone(),
        sessions: arguments.sessions.sessions()?,
        params: arguments.sessions.params(),
        overrides: arguments.sessions.overrides(),
        attempt_name: String::new(),
        revision: None,
    };
    let attempts = coordinator.start(&request).await?;
    let progress = Progress::new(planned, &attempts);
    let mut following = pin!(progress.follow(received));
    let result = tokio::select! {
        result = &mut following => Ok(result),
        () = signal.cancelled() => {
            kill_all(&coordinator).await?;
            let ended = tokio::time::timeout(KILL_PATIENCE, following).await;
            let jobs = if ended.is_ok() { "" } else { "; not all of its jobs have ended yet" };
            Err(anyhow::anyhow!("stopped{jobs}; what was written stays, and running again is safe"))
        }
    };
    stop.cancel();
    ended.await.context("the driver ended abnormally")??;
    worker.await.context("the worker ended abnormally")??;
    result
}

/// Jobs that run on would write after whoever runs it next. All at once: rounds of the driver share them.
async fn kill_all(coordinator: &Coordinator) -> anyhow::Result<()> {
    let mut kills = JoinSet::new();
    // Also those that a `require>` started.
    for AttemptSummary { attempt, .. } in coordinator.attempts(usize::MAX).await? {
        let coordinator = coordinator.clone();
        kills.spawn(async move { coordinator.kill(attempt, &KillRequest::default()).await });
    }
    while let Some(killed) = kills.join_next().await {
        killed.context("a kill ended abnormally")??;
    }
    Ok(())
}

/// The store of this run is gone afterwards, so attempt numbers come from the clock: a number that no earlier run had.
fn unused_number() -> u32 {
    u32::try_from(Timestamp::now().as_second()).unwrap_or(u32::MAX)
}

/// What the warehouse holds of the partitions that this run wrote; one without rows is listed with none.
async fn written_partitions(
    url: &str,
    project: &LoadedProject,
    result: &RunResult,
) -> anyhow::Result<Vec<Partition>> {
    let gcp_project = project.revision.gcp_project.as_deref();
    let mut found = local_warehouse::partitions(url, gcp_project).await?;
    found.retain(|partition| result.destinations.contains_key(&partition.name()));
    let listed: BTreeSet<String> = found.iter().map(Partition::name).collect();
    let empty = result.destinations.iter().filter(|(name, _)| !listed.contains(*name));
    found.extend(empty.map(|(_, table)| Partition::empty(table)));
    found.sort_by_key(Partition::name);
    Ok(found)
}

fn show(arguments: &Arguments, result: &RunResult, written: &[Partition]) -> anyhow::Result<()> {
    if arguments.json {
        return crate::output::json_line(&result.summary(written));
    }
    partitions::show(written, false)?;
    crate::output::line(result.sentence());
    Ok(())
}
