//! `himekuri-worker`: one worker as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use himekuri_bigquery::{BigQuery, BigQueryConfig, Endpoint};
use himekuri_broker::{RabbitBroker, RabbitConfig, Topology};
use himekuri_service::{
    AmqpLogin, LogFormat, Secret, TelemetryArguments, TlsArguments, health, init_logs, run,
    shut_down, stop_on_signal,
};
use himekuri_worker::{Worker, WorkerConfig};
use tokio::net::TcpListener;

/// Takes tasks from RabbitMQ and runs them on BigQuery.
///
/// Example, with a local BigQuery:
///   himekuri-worker --amqp amqp://guest:guest@127.0.0.1:5672/%2f --bigquery http://127.0.0.1:9050
#[derive(Debug, Parser)]
#[command(version, about, verbatim_doc_comment)]
struct Arguments {
    /// RabbitMQ.
    #[arg(
        long,
        env = "HIMEKURI_AMQP",
        default_value = "amqp://guest:guest@127.0.0.1:5672/%2f",
        hide_env_values = true
    )]
    amqp: Secret,
    /// Name before the queues: pools with different prefixes share a broker.
    #[arg(long, env = "HIMEKURI_PREFIX", default_value = "himekuri")]
    prefix: String,
    /// A local BigQuery endpoint; without it, Google's.
    #[arg(long, env = "HIMEKURI_BIGQUERY", value_name = "URL")]
    bigquery: Option<String>,
    /// Folder with credentials for single GCP projects, each in `PROJECT.json`; others use the environment's.
    #[arg(long, env = "HIMEKURI_CREDENTIALS", value_name = "FOLDER")]
    credentials: Option<PathBuf>,
    /// Tasks taken at once.
    #[arg(long, env = "HIMEKURI_PREFETCH", default_value_t = WorkerConfig::new().prefetch)]
    prefetch: u16,
    /// Seconds that a delivery waits for its job before it is handed over to watching.
    #[arg(long, env = "HIMEKURI_JOB_WAIT", default_value_t = WorkerConfig::new().job_wait.as_secs())]
    job_wait: u64,
    /// Name in reports and logs; made up when missing.
    #[arg(long, env = "HIMEKURI_WORKER_NAME")]
    name: Option<String>,
    /// How log lines look.
    #[arg(long, env = "HIMEKURI_LOG_FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
    /// Address of `/livez`, `/readyz` and `/metrics`, such as 127.0.0.1:7071; none when missing.
    #[arg(long, env = "HIMEKURI_HEALTH_LISTEN", value_name = "ADDRESS")]
    health_listen: Option<SocketAddr>,
    #[command(flatten)]
    telemetry: TelemetryArguments,
    #[command(flatten)]
    login: AmqpLogin,
    #[command(flatten)]
    tls: TlsArguments,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs(arguments.log_format, "info");
    run(work(arguments))
}

async fn work(arguments: Arguments) -> anyhow::Result<()> {
    let mut config = WorkerConfig {
        prefetch: arguments.prefetch,
        job_wait: Duration::from_secs(arguments.job_wait),
        ..WorkerConfig::new()
    };
    if let Some(name) = arguments.name {
        config.name = name;
    }
    config.validate().map_err(anyhow::Error::msg).context("the configuration is not valid")?;
    let service = env!("CARGO_BIN_NAME");
    let telemetry = arguments.telemetry.start(service, env!("CARGO_PKG_VERSION"), &config.name)?;
    let stop = stop_on_signal().context("could not listen for signals")?;
    let bigquery = BigQuery::connect(&BigQueryConfig {
        endpoint: arguments.bigquery.map_or(Endpoint::Google, Endpoint::Local),
        credentials: arguments.credentials,
    })
    .await?;
    let broker = RabbitBroker::connect(RabbitConfig {
        password: arguments.login.password()?,
        tls: arguments.tls.read()?,
        topology: Topology::new(arguments.prefix),
        connection_name: config.name.clone(),
        ..RabbitConfig::new(arguments.amqp.reveal())
    })
    .await?;
    let broker = Arc::new(broker);
    if let Some(address) = arguments.health_listen {
        let connection = Arc::clone(&broker);
        let router = health(Arc::clone(&telemetry), move || connection.is_connected());
        let listener = listen(address).await?;
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(stopped).into_future());
    }
    let worked = Worker::new(broker, bigquery, config, stop).run().await;
    shut_down(telemetry).await;
    Ok(worked?)
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listening = TcpListener::bind(address).await;
    listening.with_context(|| {
        format!("could not listen on {address}; is another worker running? see `--health-listen`")
    })
}
