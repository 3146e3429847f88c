//! `himekuri-chaos`: runs scenarios of faults on real processes, and counts what must never happen.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use himekuri_integration_tests::chaos::{self, Outcome, Prepared, Scenario, Settings};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Findings of a scenario that are printed in full.
const TOLD_MAX: usize = 20;

/// Runs the pool as processes under load, one scenario of faults after another, and counts what must never happen.
///
/// Each scenario has its own RabbitMQ, Redis, warehouse, two coordinators and three workers. Ends with 1 when a promise was
/// broken, and says where the logs of the processes are.
#[derive(Parser)]
#[command(after_help = "Examples:
  himekuri-chaos --seconds 180
  himekuri-chaos --seconds 30 --scenario broker-kill redis-freeze
  himekuri-chaos --scenario everything --seed 17 --json chaos.json
  himekuri-chaos --list")]
struct Arguments {
    /// How long each scenario has load and faults; afterwards everything has to end.
    #[arg(long, value_name = "N", default_value_t = 180)]
    seconds: u64,
    /// The scenarios to run; all that `--list` shows as usual when missing.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    scenario: Vec<String>,
    /// Name the scenarios, and run none.
    #[arg(long)]
    list: bool,
    /// Scenarios at once.
    #[arg(long, value_name = "N", default_value_t = 2)]
    parallel: usize,
    /// Draws load and faults; made up when missing. The machine's timing is not in it.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Jobs that should run at once in each scenario.
    #[arg(long, value_name = "N", default_value_t = 45)]
    jobs: usize,
    /// Longest wait for everything to end after the last fault, in seconds.
    #[arg(long, value_name = "N", default_value_t = 240)]
    settle: u64,
    /// Dates of raw logs that the sessions work on.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u8).range(1..=90))]
    dates: u8,
    /// Keep the logs of all processes in this folder; without it, those of bad scenarios are kept in a temporary one.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Write the counts to this file, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.list {
        for scenario in Scenario::ALL {
            let left_out = scenario.left_out.map(|why| format!(" (only by name: {why})"));
            let left_out = left_out.unwrap_or_default();
            line(&format!("{:22} {}{left_out}", scenario.name, scenario.about));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let scenarios = scenarios(&arguments.scenario)?;
    let settings = Settings {
        duration: Duration::from_secs(arguments.seconds),
        seed: arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000)),
        jobs: arguments.jobs,
        job_time: 100,
        settle: Duration::from_secs(arguments.settle),
        keep: arguments.keep.clone(),
        interrupted: interrupted()?,
    };
    let outcomes = run_all(scenarios, &settings, &arguments).await?;
    if settings.interrupted.is_cancelled() {
        bail!("interrupted");
    }
    if let Some(file) = &arguments.json {
        let text = serde_json::to_string_pretty(&chaos::json(&outcomes, &settings))?;
        std::fs::write(file, text)
            .with_context(|| format!("could not write `{}`", file.display()))?;
    }
    for outcome in &outcomes {
        tell(outcome);
    }
    line(&chaos::table(&outcomes));
    let (seed, seconds) = (settings.seed, arguments.seconds);
    let good = outcomes.iter().all(Outcome::is_good);
    line(&format!(
        "seed {seed}, {} scenarios of {seconds} s: {}",
        outcomes.len(),
        if good { "all good" } else { "BAD" }
    ));
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Cancelled by SIGINT or SIGTERM: every process of ours has to end with us.
fn interrupted() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let cancels = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        cancels.cancel();
    });
    Ok(token)
}

fn scenarios(names: &[String]) -> anyhow::Result<VecDeque<Scenario>> {
    if names.is_empty() {
        return Ok(Scenario::usual().into());
    }
    let named = names.iter().map(|name| {
        Scenario::named(name)
            .with_context(|| format!("there is no scenario `{name}`; `--list` names them"))
    });
    named.collect()
}

/// Some at once, in the order of the list.
async fn run_all(
    scenarios: VecDeque<Scenario>,
    settings: &Settings,
    arguments: &Arguments,
) -> anyhow::Result<Vec<Outcome>> {
    let order: Vec<&str> = scenarios.iter().map(|scenario| scenario.name).collect();
    aside(&format!("making logs of {} dates, and a quiet run of both titles", arguments.dates));
    let prepared = Arc::new(Prepared::new(arguments.dates).await?);
    let left = Arc::new(Mutex::new(scenarios));
    let mut hands = JoinSet::new();
    for _ in 0..arguments.parallel.max(1) {
        let (left, prepared) = (Arc::clone(&left), Arc::clone(&prepared));
        let settings = settings.clone();
        // A thread of its own: what a scenario waits for is its own affair.
        hands.spawn_blocking(move || {
            Handle::current().block_on(async {
                let mut outcomes = Vec::new();
                loop {
                    let next = left.lock().await.pop_front();
                    let Some(scenario) = next else { return outcomes };
                    outcomes.push(chaos::run(scenario, &prepared, &settings).await);
                }
            })
        });
    }
    let mut outcomes: Vec<Outcome> = hands.join_all().await.into_iter().flatten().collect();
    outcomes.sort_by_key(|outcome| order.iter().position(|name| *name == outcome.name));
    Ok(outcomes)
}

fn tell(outcome: &Outcome) {
    if outcome.is_good() {
        return;
    }
    line(&format!("{}:", outcome.name));
    if let Some(error) = &outcome.error {
        line(&format!("  it could not be judged: {error}"));
    }
    for finding in outcome.findings.iter().take(TOLD_MAX) {
        line(&format!("  {finding}"));
    }
    if outcome.findings.len() > TOLD_MAX {
        line(&format!("  and {} more; `--json FILE` has all", outcome.findings.len() - TOLD_MAX));
    }
}

#[expect(clippy::print_stdout, reason = "the program's result")]
fn line(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "progress is for people, beside the result")]
fn aside(text: &str) {
    eprintln!("{text}");
}
