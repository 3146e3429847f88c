//! What the pool takes while there is nothing to do, and how long it takes to begin.

use std::time::{Duration, Instant};

use anyhow::Context;
use himekuri_testkit::{RabbitMq, RedisServer, unique_name};

use crate::endpoint::Endpoint;
use crate::measurement::{Figure, Measurement, Rounds};
use crate::processes::Process;

/// How long nothing happens while it is looked at.
const QUIET: Duration = Duration::from_secs(30);

/// What is asked of each program.
const MEMORY_MIB_MAX: f64 = 40.0;
const CPU_PERCENT_MAX: f64 = 1.0;
const COLD_START_MS_MAX: f64 = 300.0;

pub(crate) async fn measure() -> anyhow::Result<Vec<Measurement>> {
    let rabbitmq = RabbitMq::start().context("could not start RabbitMQ")?;
    let redis = RedisServer::start().context("could not start Redis")?;
    let (_, bigquery) = Endpoint::start(Duration::from_secs(1)).await?;
    let (prefix, amqp, redis) = (unique_name("idle"), rabbitmq.url(), redis.url());
    let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let began = Instant::now();
    let coordinator = Process::start(
        "himekuri-coordinator",
        &["--amqp", &amqp, "--redis", &redis, "--prefix", &prefix, "--listen", &listen],
    )?;
    let worker = Process::start(
        "himekuri-worker",
        &["--amqp", &amqp, "--prefix", &prefix, "--bigquery", &bigquery],
    )?;
    let base = format!("http://{listen}");
    first_task(&base).await?;
    let cold = began.elapsed();
    // A project, a schedule that is not due, an attempt: a pool that has worked.
    let before = (coordinator.cpu()?, worker.cpu()?);
    tokio::time::sleep(QUIET).await;
    let after = (coordinator.cpu()?, worker.cpu()?);
    let percent = |before: Duration, after: Duration| {
        100.0 * (after.saturating_sub(before)).as_secs_f64() / QUIET.as_secs_f64()
    };
    let mebibytes = |process: &Process| -> anyhow::Result<f64> {
        Ok(f64::from(u32::try_from(process.resident_kib()?)?) / 1_024.0)
    };
    let row = |name, unit, reach, value: f64, most: f64| {
        Rounds { value: vec![value], floor: vec![most] }.measurement(Figure { name, unit, reach })
    };
    let (memory, share) = ("MiB, less is better", "% of a core, less is better");
    Ok(vec![
        row("idle/coordinator_memory", memory, "<= 40", mebibytes(&coordinator)?, MEMORY_MIB_MAX),
        row("idle/worker_memory", memory, "<= 40", mebibytes(&worker)?, MEMORY_MIB_MAX),
        row("idle/coordinator_cpu", share, "<= 1", percent(before.0, after.0), CPU_PERCENT_MAX),
        row("idle/worker_cpu", share, "<= 1", percent(before.1, after.1), CPU_PERCENT_MAX),
        row(
            "idle/cold_start",
            "ms, less is better",
            "<= 300",
            cold.as_secs_f64() * 1_000.0,
            COLD_START_MS_MAX,
        ),
    ])
}

/// Pushes a workflow as soon as anybody leads, starts it, and waits for its end.
async fn first_task(base: &str) -> anyhow::Result<()> {
    let files = himekuri_workflow::ProjectFiles::from_iter([(
        "wf.dig",
        "timezone: UTC\nschedule:\n  daily>: 03:00:00\n+a:\n  echo>: a\n".to_owned(),
    )]);
    let archive = himekuri_project::pack(&files)?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let push =
        || http.put(format!("{base}/v1/projects/idle?gcp_project=game")).body(archive.clone());
    while !push().send().await.is_ok_and(|answer| answer.status().is_success()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let request = serde_json::json!({
        "project": "idle", "workflow": "wf", "from": "2025-12-01", "to": "2025-12-01",
        "params": {}, "overrides": {}, "attempt_name": "",
    });
    let started = http.post(format!("{base}/v1/attempts")).json(&request).send().await?;
    started.error_for_status()?;
    loop {
        let listed = http.get(format!("{base}/v1/attempts")).send().await?;
        if listed.error_for_status()?.text().await?.contains("\"success\"") {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
