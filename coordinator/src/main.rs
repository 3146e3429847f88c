//! `himekuri-coordinator`: the coordinator as a process of its own.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use himekuri_broker::{RabbitBroker, RabbitConfig, Topology};
use himekuri_coordinator::{
    Archiver, Backfiller, Coordinator, CoordinatorConfig, ExpressionLimits, Front, Notifier,
    Scheduler, serve, show_lateness,
};
use himekuri_cost::Price;
use himekuri_engine::TimeLimits;
use himekuri_service::{
    LogFormat, Secret, TelemetryArguments, init_logs, metrics, run, shut_down, stop_on_signal,
};
use himekuri_store::{RedisConfig, RedisStore, Store};
use himekuri_telemetry::{gauges, metrics::pool::LEADER};
use tokio::net::TcpListener;

mod access_arguments;
mod archive_arguments;
mod dispatch_arguments;
mod logins;
mod notify_arguments;

use access_arguments::AccessArguments;
use archive_arguments::ArchiveArguments;
use dispatch_arguments::{DispatchArguments, log_windows};
use logins::Logins;
use notify_arguments::NotifyArguments;

/// Drives attempts: state in Redis, tasks over RabbitMQ, an HTTP API for `himekuri push` and `himekuri start`.
///
/// Example:
///   himekuri-coordinator --redis redis://127.0.0.1:6379 --amqp amqp://guest:guest@127.0.0.1:5672/%2f
///   himekuri-coordinator --window 2000 --title-weight title_a=3 --title-window title_b=100 --backfill-share 20
#[derive(Debug, Parser)]
#[command(version, about, verbatim_doc_comment)]
struct Arguments {
    /// Redis.
    #[arg(
        long,
        env = "HIMEKURI_REDIS",
        default_value = "redis://127.0.0.1:6379",
        hide_env_values = true
    )]
    redis: Secret,
    /// RabbitMQ.
    #[arg(
        long,
        env = "HIMEKURI_AMQP",
        default_value = "amqp://guest:guest@127.0.0.1:5672/%2f",
        hide_env_values = true
    )]
    amqp: Secret,
    /// Name before queues and keys: pools with different prefixes share the servers.
    #[arg(long, env = "HIMEKURI_PREFIX", default_value = "himekuri")]
    prefix: String,
    /// Address of the API.
    #[arg(long, env = "HIMEKURI_LISTEN", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// Address at which the other coordinators reach this one; they pass requests on to the one that leads [default: the
    /// address of the API, with this machine's name where it is open to all].
    #[arg(long, env = "HIMEKURI_ADVERTISE", value_name = "URL")]
    advertise: Option<String>,
    /// Seconds between looks at jobs that run longer than a delivery.
    #[arg(long, env = "HIMEKURI_WATCH_EVERY", default_value_t = 2)]
    watch_every: u64,
    /// Seconds after its start that an attempt is killed; 0 for never. Holds for attempts that begin from now on.
    #[arg(
        long,
        env = "HIMEKURI_ATTEMPT_TTL",
        value_name = "SECONDS",
        default_value_t = ttl(TimeLimits::DIGDAG.attempt_seconds)
    )]
    attempt_ttl: u32,
    /// Seconds after a task's first start that its attempt is killed, if the task still runs or waits; 0 for never.
    #[arg(
        long,
        env = "HIMEKURI_TASK_TTL",
        value_name = "SECONDS",
        default_value_t = ttl(TimeLimits::DIGDAG.task_seconds)
    )]
    task_ttl: u32,
    /// CPU time that one expression may take, milliseconds.
    #[arg(
        long,
        env = "HIMEKURI_EXPRESSION_CPU_MS",
        value_name = "MS",
        default_value_t = 50,
        value_parser = clap::value_parser!(u64).range(1..=60_000)
    )]
    expression_cpu_ms: u64,
    /// Name of this process; made up when missing.
    #[arg(long, env = "HIMEKURI_COORDINATOR_NAME")]
    name: Option<String>,
    /// How log lines look.
    #[arg(long, env = "HIMEKURI_LOG_FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
    #[command(flatten)]
    access: AccessArguments,
    #[command(flatten)]
    dispatch: DispatchArguments,
    #[command(flatten)]
    archive: ArchiveArguments,
    #[command(flatten)]
    notify: NotifyArguments,
    #[command(flatten)]
    telemetry: TelemetryArguments,
    /// Share of attempts whose traces are sent whole, from 0 to 1. Those in which something went wrong are always sent.
    #[arg(
        long,
        env = "HIMEKURI_TRACE_RATIO",
        value_name = "SHARE",
        default_value_t = 0.01,
        value_parser = share
    )]
    trace_ratio: f64,
    /// On-demand price of a TiB that queries read, in US dollars, for the metric of costs.
    #[arg(long, env = "HIMEKURI_PRICE_PER_TIB", value_name = "USD", default_value = "6.25")]
    price_per_tib: Price,
    #[command(flatten)]
    logins: Logins,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs(arguments.log_format, "info");
    run(coordinate(arguments))
}

async fn coordinate(arguments: Arguments) -> anyhow::Result<()> {
    let stop = stop_on_signal().context("could not listen for signals")?;
    let guard = arguments.access.guard(arguments.listen).await?;
    let listener = listen(arguments.listen).await?;
    let name = arguments.name.unwrap_or_else(|| CoordinatorConfig::default().name);
    let (service, version) = (env!("CARGO_BIN_NAME"), env!("CARGO_PKG_VERSION"));
    let telemetry = arguments.telemetry.start(service, version, &name)?;
    gauges::set(&LEADER, 0.0);
    let address = arguments.advertise.unwrap_or_else(|| advertised(arguments.listen));
    let spending = arguments.dispatch.spending();
    let limits = arguments.dispatch.limits().context("the windows cannot be used")?;
    log_windows(&limits);
    let retention = arguments.archive.retention();
    let receivers = arguments.notify.receivers()?;
    let config = CoordinatorConfig {
        name,
        price: arguments.price_per_tib,
        trace_ratio: arguments.trace_ratio,
        archive: arguments.archive.archive()?,
        limits,
        spending,
        expressions: ExpressionLimits {
            cpu: Duration::from_millis(arguments.expression_cpu_ms),
            ..ExpressionLimits::default()
        },
        watch_every: Duration::from_secs(arguments.watch_every.max(1)),
        time_limits: TimeLimits {
            attempt_seconds: Some(arguments.attempt_ttl).filter(|seconds| *seconds > 0),
            task_seconds: Some(arguments.task_ttl).filter(|seconds| *seconds > 0),
        },
        ..CoordinatorConfig::default()
    };
    let store = RedisStore::connect(RedisConfig {
        prefix: arguments.prefix.clone(),
        ..arguments.logins.redis(arguments.redis)?
    })
    .await?;
    let broker = RabbitBroker::connect(RabbitConfig {
        topology: Topology::new(arguments.prefix),
        connection_name: config.name.clone(),
        ..arguments.logins.amqp(arguments.amqp)?
    })
    .await?;
    let store: Arc<dyn Store> = Arc::new(store);
    let front =
        Front::new(Arc::clone(&store), guard.clone()).context("could not make an HTTP client")?;
    let keeping = tokio::spawn(arguments.access.keep(guard, stop.clone()));
    tracing::info!("the API listens on http://{}", listener.local_addr()?);
    let router = metrics(Arc::clone(&telemetry)).merge(front.clone().router());
    let serving = tokio::spawn(serve(listener, router, stop.clone()));
    let launched = Coordinator::launch(config, store, Arc::new(broker), None, stop.clone()).await?;
    let Some((coordinator, ended)) = launched else {
        return Ok(());
    };
    front.lead(coordinator.clone(), &address).await?;
    gauges::set(&LEADER, 1.0);
    let scheduler = tokio::spawn(Scheduler::new(coordinator.clone()).run(stop.clone()));
    let backfiller = tokio::spawn(Backfiller::new(coordinator.clone()).run(stop.clone()));
    let archiver = tokio::spawn(Archiver::new(coordinator.clone(), retention).run(stop.clone()));
    let (looked_at, grace) = (coordinator.clone(), arguments.notify.grace());
    let lateness = tokio::spawn(show_lateness(looked_at, grace, stop.clone()));
    let notifier =
        Notifier::new(coordinator, receivers, grace).context("could not make an HTTP client")?;
    let notifier = tokio::spawn(notifier.run(stop.clone()));
    serving.await.context("the API ended abnormally")?;
    keeping.await.context("the reader of tokens ended abnormally")?;
    scheduler.await.context("the scheduler ended abnormally")?;
    backfiller.await.context("the backfiller ended abnormally")?;
    archiver.await.context("the archiver ended abnormally")?;
    lateness.await.context("the look at lateness ended abnormally")?;
    notifier.await.context("the notifier ended abnormally")?;
    let ended = ended.await.context("the driver ended abnormally")?;
    shut_down(telemetry).await;
    Ok(ended?)
}

/// A time limit as an argument writes it.
fn ttl(seconds: Option<u32>) -> u32 {
    seconds.unwrap_or(0)
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("a share is from 0 to 1".to_owned()) }
}

/// Where others reach an API that listens on `address`.
fn advertised(address: SocketAddr) -> String {
    let name = std::env::var("HOSTNAME").ok().filter(|_| address.ip().is_unspecified());
    match name {
        Some(name) => format!("http://{name}:{}", address.port()),
        None => format!("http://{address}"),
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listening = TcpListener::bind(address).await;
    listening
        .with_context(|| format!("could not listen on {address}; is another coordinator running?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_part_of_one() {
        assert_eq!(share("0.25"), Ok(0.25));
        assert!(share("1.5").is_err() && share("-1").is_err() && share("all").is_err());
        assert!(share("NaN").is_err());
    }
}
