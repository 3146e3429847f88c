//! What telemetry costs: the same work with metrics that are fetched every second and one trace of a hundred, and without. Telemetry
//! cannot be ended in a process, so each round is a process of its own.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use clap::ValueEnum;
use himekuri_telemetry::export::{Settings, Telemetry, start};
use himekuri_testkit::{RabbitMq, RedisServer};
use tokio::process::Command;
use tokio::runtime::Handle;

use crate::measurement::{Figure, Measurement, Rounds};
use crate::pool::{Load, Order, tasks_per_second};

/// What is measured is less than what a shared machine adds to a round, so there are many, and they are short. Even, so that each is first
/// as often as the other.
const ROUNDS: usize = 40;

/// As many sessions that one of a hundred is traced.
const LOAD: Load = Load { sessions: 100, tasks: 150, order: Order::Parallel };

/// Share of traces that are told whole, as a pool of production has it.
const RATIO: f64 = 0.01;

/// One round, as the parent asks for it.
#[derive(Debug, clap::Args)]
pub(crate) struct Round {
    /// Measure the pool once, with or without telemetry, and print its rate; nothing else.
    #[arg(long, hide = true, requires_all = ["amqp", "redis", "otlp"])]
    pub(crate) telemetry_round: Option<Switch>,
    #[arg(long, hide = true)]
    amqp: Option<String>,
    #[arg(long, hide = true)]
    redis: Option<String>,
    #[arg(long, hide = true)]
    otlp: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Round {
    /// Tasks a second.
    pub(crate) async fn measure(self, switch: Switch) -> anyhow::Result<f64> {
        let (amqp, redis) = self.amqp.zip(self.redis).context("no servers were named")?;
        if switch == Switch::Off {
            return tasks_per_second(&amqp, &redis, LOAD, 0.0).await;
        }
        let settings = Settings {
            service: "himekuri-bench",
            version: env!("CARGO_PKG_VERSION"),
            instance: "bench".to_owned(),
            otlp: self.otlp,
            otlp_metrics: true,
        };
        let telemetry = Arc::new(start(settings, Handle::current())?);
        let fetching = tokio::spawn(fetch(Arc::clone(&telemetry)));
        let rate = tasks_per_second(&amqp, &redis, LOAD, RATIO).await?;
        fetching.abort();
        tokio::task::spawn_blocking(move || telemetry.shut_down()).await?;
        Ok(rate)
    }
}

/// As Prometheus does, and more often.
async fn fetch(telemetry: Arc<Telemetry>) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        let _text = telemetry.prometheus_text();
    }
}

pub(crate) async fn measure() -> anyhow::Result<Vec<Measurement>> {
    let rabbitmq = RabbitMq::start().context("could not start RabbitMQ")?;
    let redis = RedisServer::start().context("could not start Redis")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let receiver = format!("http://{}", listener.local_addr()?);
    let sink = Router::new().fallback(async || "");
    tokio::spawn(async move { axum::serve(listener, sink).await });
    let mut throughput = Rounds::default();
    let once = async |switch: &str| -> anyhow::Result<f64> {
        let output = Command::new(std::env::current_exe()?)
            .args(["--telemetry-round", switch, "--amqp", &rabbitmq.url()])
            .args(["--redis", &redis.url(), "--otlp", &receiver])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .await?;
        if !output.status.success() {
            bail!("the round with telemetry {switch} failed");
        }
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    };
    for round in 0..ROUNDS {
        // What comes second finds other queues and another store: neither always does.
        if round % 2 == 0 {
            throughput.floor.push(once("off").await?);
            throughput.value.push(once("on").await?);
        } else {
            throughput.value.push(once("on").await?);
            throughput.floor.push(once("off").await?);
        }
    }
    let reach = "ratio of a round >= 0.95";
    let figure = Figure { name: "telemetry/throughput", unit: "tasks/s", reach };
    Ok(vec![throughput.paired(figure)])
}
