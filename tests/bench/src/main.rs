//! `make bench`: Himekuri against a floor in the same run: the same work by the barest means at hand.
//!
//! Absolute figures depend on the machine and its neighbours; the ratio is what is kept. Figures are rates, so higher is
//! better, unless the unit says otherwise. Written to `target/bench.json` as `{"results": [{"name", "unit", "value", "floor", "ratio", "reach"}]}`.

#![expect(clippy::print_stdout, reason = "the table is the program's result")]

use std::time::Duration;

use clap::{Parser, ValueEnum};

mod api;
mod bare;
mod decisions;
mod endpoint;
mod expansion;
mod fair;
mod floors;
mod idle;
mod language;
mod measurement;
mod pool;
mod processes;
mod servers;
mod takeover;
mod telemetry;
mod warehouse;
mod watch;

use measurement::{print, write};

/// Measures speed as ratios to a floor in the same run.
///
/// Example:
///   cargo run --release -p himekuri-bench -- language
#[derive(Debug, Parser)]
#[command(verbatim_doc_comment)]
struct Arguments {
    /// What to measure; all of it when missing.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Jobs of the part `watch`.
    #[arg(long, default_value_t = 10_000)]
    jobs: u32,
    /// Seconds that each of them runs.
    #[arg(long, default_value_t = 600)]
    job_seconds: u64,
    /// Print, as JSON, what one task that is out costs in memory, and nothing else.
    #[arg(long, hide = true)]
    pending_task: bool,
    #[command(flatten)]
    round: telemetry::Round,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Loading, compiling, expressions, expansion: no server.
    Language,
    /// The pool on RabbitMQ and Redis.
    Pool,
    /// A backfill beside the daily runs of many titles.
    Fair,
    /// Deaths of a leader and of workers.
    Takeover,
    /// Memory and processor of a pool with nothing to do, and its cold start.
    Idle,
    /// The API over 10,000 sessions.
    Api,
    /// What metrics and traces cost.
    Telemetry,
    /// The local warehouse.
    Warehouse,
    /// Many long jobs on one worker process, in real time; only when it is named. Needs `cargo build --release -p himekuri-worker`.
    Watch,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.pending_task {
        println!("{}", serde_json::to_string(&decisions::pending()?)?);
        return Ok(());
    }
    if let Some(switch) = arguments.round.telemetry_round {
        println!("{}", arguments.round.measure(switch).await?);
        return Ok(());
    }
    let wanted = |part| arguments.parts.is_empty() || arguments.parts.contains(&part);
    let mut results = Vec::new();
    if wanted(Part::Language) {
        results.extend(language::measure()?);
        results.push(expansion::measure()?);
        results.extend(decisions::measure()?);
    }
    if wanted(Part::Pool) {
        results.extend(servers::measure().await?);
    }
    if wanted(Part::Fair) {
        results.extend(fair::measure().await?);
    }
    if wanted(Part::Takeover) {
        results.extend(takeover::measure().await?);
    }
    if wanted(Part::Idle) {
        results.extend(idle::measure().await?);
    }
    if wanted(Part::Api) {
        results.extend(api::measure().await?);
    }
    if wanted(Part::Telemetry) {
        results.extend(telemetry::measure().await?);
    }
    if wanted(Part::Warehouse) {
        results.extend(warehouse::measure().await?);
    }
    if arguments.parts.contains(&Part::Watch) {
        let length = Duration::from_secs(arguments.job_seconds);
        results.extend(watch::measure(arguments.jobs, length).await?);
    }
    print(&results);
    write(&results)
}
