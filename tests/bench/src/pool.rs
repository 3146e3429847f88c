//! The pool in this process, on the real servers: a coordinator, a worker, and a loop of `echo>` tasks.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use himekuri_bigquery::{BigQuery, BigQueryConfig, Endpoint};
use himekuri_broker::{RabbitBroker, RabbitConfig, Topology};
use himekuri_coordinator::{
    Coordinator, CoordinatorConfig, EventKind, SessionChoice, StartRequest,
};
use himekuri_engine::Config;
use himekuri_store::{RedisConfig, RedisStore};
use himekuri_testkit::unique_name;
use himekuri_worker::{Worker, WorkerConfig};
use himekuri_workflow::ProjectFiles;
use jiff::Span;
use jiff::civil::date;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Whether the tasks wait for one another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Parallel,
    Sequential,
}

/// No-op tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Attempts, one for each date.
    pub(crate) sessions: i32,
    /// Tasks of each.
    pub(crate) tasks: u32,
    pub(crate) order: Order,
}

/// Runs no-op tasks, from start to the end in the store.
pub(crate) async fn tasks_per_second(
    amqp: &str,
    redis: &str,
    load: Load,
    trace_ratio: f64,
) -> anyhow::Result<f64> {
    let prefix = unique_name("bench");
    let stop = CancellationToken::new();
    let (events, mut received) = mpsc::unbounded_channel();
    let worker = Worker::new(
        Arc::new(broker(amqp, &prefix).await?),
        no_bigquery().await?,
        WorkerConfig { prefetch: 1_000, ..WorkerConfig::new() },
        stop.clone(),
    );
    let worker = tokio::spawn(worker.run());
    let store = RedisConfig { prefix: prefix.clone(), ..RedisConfig::new(redis) };
    let launched = Coordinator::launch(
        CoordinatorConfig { trace_ratio, ..CoordinatorConfig::default() },
        Arc::new(RedisStore::connect(store).await?),
        Arc::new(broker(amqp, &prefix).await?),
        Some(events),
        stop.clone(),
    );
    let (coordinator, ended) = launched.await?.context("stopped before it began")?;
    let archive = himekuri_project::pack(&project(load))?;
    coordinator.push("bench", &archive, Some("bench".to_owned())).await?;
    let from = date(2019, 9, 1);
    let to = from.checked_add(Span::new().days(load.sessions - 1))?;
    let request = StartRequest {
        project: "bench".to_owned(),
        workflow: "wf".to_owned(),
        sessions: SessionChoice { from, to },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: String::new(),
        revision: None,
    };
    let began = Instant::now();
    coordinator.start(&request).await?;
    let mut running = load.sessions;
    while running > 0 {
        match received.recv().await.map(|event| event.kind) {
            Some(EventKind::Finished { success: true }) => running -= 1,
            Some(EventKind::Finished { success: false }) | None => bail!("the attempt failed"),
            Some(
                EventKind::Dispatched { .. }
                | EventKind::Succeeded { .. }
                | EventKind::RetryScheduled { .. }
                | EventKind::Failed { .. }
                | EventKind::Killed,
            ) => {}
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    stop.cancel();
    ended.await??;
    worker.await??;
    Ok(f64::from(load.sessions) * f64::from(load.tasks) / seconds)
}

pub(crate) async fn broker(amqp: &str, prefix: &str) -> anyhow::Result<RabbitBroker> {
    let topology = Topology::new(prefix);
    Ok(RabbitBroker::connect(RabbitConfig { topology, ..RabbitConfig::new(amqp) }).await?)
}

/// `echo>` needs no BigQuery; a worker needs one that answers.
async fn no_bigquery() -> anyhow::Result<BigQuery> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = Endpoint::Local(format!("http://{}", listener.local_addr()?));
    tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await });
    Ok(BigQuery::connect(&BigQueryConfig::new(endpoint)).await?)
}

fn project(load: Load) -> ProjectFiles {
    let tasks = load.tasks;
    let parallel = match load.order {
        Order::Parallel => "true",
        Order::Sequential => "false",
    };
    let text =
        format!("+all:\n  loop>: {tasks}\n  _parallel: {parallel}\n  _do:\n    echo>: ${{i}}\n");
    ProjectFiles::from_iter([("wf.dig", text)])
}
