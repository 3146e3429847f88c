//! `make bench`: the pool against a bare lapin program on the same broker in the same run.
//!
//! Absolute figures depend on the machine and its neighbours; the ratio is what is kept. Written to `target/bench.json` as
//! `{"results": [{"name", "unit", "value", "floor", "ratio"}]}`.

#![expect(clippy::print_stdout, reason = "the table is the program's result")]

use std::path::Path;

use anyhow::Context;
use comfy_table::Table;
use himekuri_testkit::{RabbitMq, RedisServer};
use serde::Serialize;

mod bare;
mod pool;

/// Independent no-op tasks: enough that starting up does not count.
const PARALLEL_TASKS: u32 = 10_000;

/// No-op tasks one after another.
const SEQUENTIAL_TASKS: u32 = 500;

/// Each is measured so often, floor and pool in turns; the medians are compared.
const ROUNDS: usize = 3;

/// One figure with its floor.
#[derive(Debug, Serialize)]
struct Measurement {
    name: &'static str,
    unit: &'static str,
    value: f64,
    floor: f64,
    ratio: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    results: Vec<Measurement>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rabbitmq = RabbitMq::start().context("could not start RabbitMQ")?;
    let redis = RedisServer::start().context("could not start Redis")?;
    let mut throughput = Rounds::default();
    let mut sequential = Rounds::default();
    for _ in 0..ROUNDS {
        throughput
            .floor
            .push(bare::tasks_per_second(&rabbitmq.url(), PARALLEL_TASKS, 1_000).await?);
        throughput.value.push(
            pool::tasks_per_second(&rabbitmq, &redis, PARALLEL_TASKS, pool::Order::Parallel)
                .await?,
        );
        sequential.floor.push(bare::tasks_per_second(&rabbitmq.url(), SEQUENTIAL_TASKS, 1).await?);
        sequential.value.push(
            pool::tasks_per_second(&rabbitmq, &redis, SEQUENTIAL_TASKS, pool::Order::Sequential)
                .await?,
        );
    }
    let report = Report {
        results: vec![
            throughput.measurement("pool/throughput", "tasks/s"),
            sequential.measurement("pool/sequential", "tasks/s"),
        ],
    };
    print(&report);
    write(&report)
}

#[derive(Debug, Default)]
struct Rounds {
    value: Vec<f64>,
    floor: Vec<f64>,
}

impl Rounds {
    fn measurement(self, name: &'static str, unit: &'static str) -> Measurement {
        let (value, floor) = (median(self.value), median(self.floor));
        Measurement { name, unit, value, floor, ratio: value / floor }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn print(report: &Report) {
    let mut table = Table::new();
    table.set_header(["NAME", "UNIT", "VALUE", "FLOOR", "RATIO"]);
    for result in &report.results {
        table.add_row([
            result.name.to_owned(),
            result.unit.to_owned(),
            format!("{:.0}", result.value),
            format!("{:.0}", result.floor),
            format!("{:.2}", result.ratio),
        ]);
    }
    println!("{table}");
}

fn write(report: &Report) -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("bench.json");
    std::fs::write(&path, serde_json::to_string_pretty(report)?)
        .with_context(|| format!("could not write `{}`", path.display()))
}
