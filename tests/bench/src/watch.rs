//! Ten thousand jobs in flight on one worker process: its memory, the calls it makes, and how late it notices an end. In real
//! time, so it takes the jobs' length and some minutes; it is measured only when it is named.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use himekuri_coordinator::{
    Coordinator, CoordinatorConfig, EventKind, SessionChoice, StartRequest,
};
use himekuri_engine::{Config, Limits};
use himekuri_store::{RedisConfig, RedisStore};
use himekuri_testkit::{RabbitMq, RedisServer, unique_name};
use himekuri_workflow::ProjectFiles;
use jiff::Timestamp;
use jiff::civil::date;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::endpoint::{Endpoint, Jobs};
use crate::measurement::{Figure, Measurement, Rounds};
use crate::pool::broker;
use crate::processes::Process;

/// What is asked of one worker (design D4).
const CALLS_PER_SECOND_MAX: f64 = 25.0;
const MEMORY_MIB_MAX: f64 = 150.0;
const LATE_SECONDS_MAX: f64 = 5.0;

/// Runs `count` jobs of this length on one worker process.
#[expect(clippy::print_stderr, reason = "progress of a long measurement")]
pub(crate) async fn measure(count: u32, length: Duration) -> anyhow::Result<Vec<Measurement>> {
    let rabbitmq = RabbitMq::start().context("could not start RabbitMQ")?;
    let redis = RedisServer::start().context("could not start Redis")?;
    let (endpoint, address) = Endpoint::start(length).await?;
    let prefix = unique_name("watch");
    let amqp = rabbitmq.url();
    let arguments = ["--amqp", &amqp, "--prefix", &prefix, "--bigquery", &address];
    let worker = Process::start("himekuri-worker", &arguments)?;
    let mut most_kib = 0;
    let stop = CancellationToken::new();
    let (events, mut received) = mpsc::unbounded_channel();
    let store = RedisConfig { prefix: prefix.clone(), ..RedisConfig::new(redis.url()) };
    let places = usize::try_from(count)? * 2;
    let limits =
        Limits { window: places, title: Some(places), gcp_project: places, ..Limits::default() };
    let launched = Coordinator::launch(
        CoordinatorConfig { limits, ..CoordinatorConfig::default() },
        Arc::new(RedisStore::connect(store).await?),
        Arc::new(broker(&rabbitmq.url(), &prefix).await?),
        Some(events),
        stop.clone(),
    );
    let (coordinator, ended) = launched.await?.context("stopped before it began")?;
    let text = format!(
        "+all:\n  loop>: {count}\n  _parallel: true\n  _do:\n    bq>: {{data: 'SELECT ${{i}}'}}\n"
    );
    let archive = himekuri_project::pack(&ProjectFiles::from_iter([("wf.dig", text)]))?;
    coordinator.push("watch", &archive, Some("game".to_owned())).await?;
    let day = date(2019, 9, 1);
    coordinator
        .start(&StartRequest {
            project: "watch".to_owned(),
            workflow: "wf".to_owned(),
            sessions: SessionChoice { from: day, to: day },
            params: Config::new(),
            overrides: Config::new(),
            attempt_name: String::new(),
            revision: None,
        })
        .await?;
    let (mut late, mut done) = (0.0_f64, 0_u32);
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = look.tick() => most_kib = most_kib.max(worker.resident_kib()?),
            event = received.recv() => match event.map(|event| event.kind) {
                Some(EventKind::Succeeded { job: Some(job), .. }) => {
                    let created = endpoint.jobs().created(&job.job.job_id).context("an unknown job")?;
                    let end = created + endpoint.length;
                    late = late.max(Timestamp::now().duration_since(end).as_secs_f64());
                    done += 1;
                    if done.is_multiple_of(1_000) {
                        eprintln!("{done} jobs are over, at most {late:.1} s late, {} KiB", most_kib);
                    }
                }
                Some(EventKind::Finished { success: true }) => break,
                Some(EventKind::Failed { name, error }) => bail!("{name}: {}", error.message),
                Some(_) => {}
                None => bail!("the coordinator ended"),
            },
        }
    }
    stop.cancel();
    ended.await??;
    let state = endpoint.jobs();
    let calls = steady_calls(&state, endpoint.length)?;
    let mebibytes = f64::from(u32::try_from(most_kib)?) / 1_024.0;
    eprintln!("{} calls in all, {calls:.1} a second while all {count} jobs ran", state.calls.len());
    let row = |name, unit, reach, value: f64, floor: f64| {
        Rounds { value: vec![value], floor: vec![floor] }.measurement(Figure { name, unit, reach })
    };
    Ok(vec![
        row("watch/memory", "MiB, less is better", "<= 150", mebibytes, MEMORY_MIB_MAX),
        row("watch/calls", "calls/s, less is better", "<= 25", calls, CALLS_PER_SECOND_MAX),
        row("watch/late", "s, less is better", "<= 5", late, LATE_SECONDS_MAX),
    ])
}

/// Calls a second from the last submission to the first end.
fn steady_calls(state: &Jobs, length: jiff::SignedDuration) -> anyhow::Result<f64> {
    let (first, last) = (state.jobs.first(), state.jobs.last());
    let (first, last) = first.zip(last).context("no job was sent")?;
    let (from, to) = (last.created, first.created + length);
    let seconds = to.duration_since(from).as_secs_f64();
    ensure!(seconds > 1.0, "the jobs were never all in flight: make them longer, or fewer");
    let calls = state.calls.iter().filter(|at| **at > from && **at < to).count();
    Ok(f64::from(u32::try_from(calls)?) / seconds)
}
