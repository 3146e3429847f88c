//! `himekuri-simulation`: runs many seeds and counts, or one seed and tells its story.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;

use anyhow::Context;
use clap::Parser;
use himekuri_simulation::seed::{self, SeedResult};
use himekuri_simulation::summary::Summary;
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::EnvFilter;

/// Seeds whose findings are printed in full.
const TOLD_MAX: usize = 5;

/// Runs the whole pool on virtual time, and breaks everything that can break, as its seed says.
///
/// Ends with 1 when a promise was broken, and prints the seed: `--seed N` runs the same again.
#[derive(Parser)]
#[command(after_help = "Examples:
  himekuri-simulation --seeds 2000
  himekuri-simulation --seeds 100000 --seed-from 500000
  RUST_LOG=info himekuri-simulation --seed 17        # the story of one seed")]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed_from: u64,
    /// Run only this seed, and log what happens (`RUST_LOG`).
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "seed_from"])]
    seed: Option<u64>,
    /// Stop at the first seed that breaks a promise.
    #[arg(long)]
    fail_fast: bool,
    /// Do not ask that every fault strikes: few seeds may not have room for all.
    #[arg(long)]
    faults_may_miss: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let seeds = match arguments.seed {
        Some(seed) => {
            let filter = EnvFilter::from_default_env();
            tracing_subscriber::fmt().with_env_filter(filter).without_time().init();
            seed..seed + 1
        }
        None => arguments.seed_from..arguments.seed_from.saturating_add(arguments.seeds),
    };
    let summary = run_all(seeds, arguments.fail_fast)?;
    print(&summary, arguments.json)?;
    for bad in summary.bad.iter().take(TOLD_MAX) {
        eprint_line(&format!("seed {} broke a promise:", bad.seed));
        for finding in &bad.findings {
            eprint_line(&format!("  {finding}"));
        }
        eprint_line(&format!(
            "  again, with its story: RUST_LOG=info cargo run --release -p himekuri-simulation -- --seed {}",
            bad.seed
        ));
    }
    let missed = summary.missed();
    let must_strike = arguments.seed.is_none() && !arguments.faults_may_miss;
    if must_strike && !missed.is_empty() {
        eprint_line(&format!("never struck: {}", missed.join(", ")));
    }
    let good = summary.counters.is_good() && (missed.is_empty() || !must_strike);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All seeds, on all cores.
fn run_all(seeds: std::ops::Range<u64>, fail_fast: bool) -> anyhow::Result<Summary> {
    let next = AtomicU64::new(seeds.start);
    let summary = Mutex::new(Summary::default());
    let progress = progress(seeds.end - seeds.start);
    let work = || -> std::io::Result<()> {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return Ok(());
            }
            let result: SeedResult = seed::run(seed)?;
            let is_bad = !result.counters.is_good();
            let mut summary = summary.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            summary.add(result);
            progress.set_message(format!("{} bad", summary.bad.len()));
            progress.inc(1);
            if is_bad && fail_fast {
                next.store(seeds.end, Ordering::Relaxed);
            }
        }
    };
    let threads = available_parallelism().map_or(1, usize::from);
    let ended: Vec<std::io::Result<()>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended
            .map(|ended| ended.unwrap_or_else(|_| Err(std::io::Error::other("a seed panicked"))))
            .collect()
    });
    progress.finish_and_clear();
    ended.into_iter().collect::<std::io::Result<Vec<()>>>().context("could not run the seeds")?;
    Ok(summary.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn progress(seeds: u64) -> ProgressBar {
    if seeds == 1 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} seeds, {per_sec}, {eta} left, {msg}");
    ProgressBar::new(seeds).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[expect(clippy::print_stdout, reason = "the program's result")]
fn print(summary: &Summary, json: bool) -> anyhow::Result<()> {
    match json {
        true => println!("{}", serde_json::to_string_pretty(&summary.json())?),
        false => println!("{}", summary.table()),
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "what is wrong goes beside the result")]
fn eprint_line(line: &str) {
    eprintln!("{line}");
}
