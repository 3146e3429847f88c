//! `himekuri-simulation`: runs many seeds and counts, or one seed and tells its story.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;

use anyhow::Context;
use clap::Parser;
use himekuri_simulation::large;
use himekuri_simulation::seed::{self, SeedResult};
use himekuri_simulation::summary::Summary;
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::EnvFilter;

/// Seeds whose findings are printed in full.
const TOLD_MAX: usize = 5;

/// What one attempt of 1,000,000 tasks may take: 2 GiB.
const MEMORY_MAX_KIB: u64 = 2 << 20;

/// Runs the whole pool on virtual time, and breaks everything that can break, as its seed says.
///
/// Ends with 1 when a promise was broken, and prints the seed: `--seed N` runs the same again.
#[derive(Parser)]
#[command(after_help = "Examples:
  himekuri-simulation --seeds 2000
  himekuri-simulation --seeds 100000 --seed-from 500000
  RUST_LOG=info himekuri-simulation --seed 17        # the story of one seed
  himekuri-simulation --large 1000x1000              # one attempt of 1,000,000 tasks, and its memory")]
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
    /// Run one attempt of so many tasks instead, dates times marts, and tell what it took.
    #[arg(long, value_name = "DATESxMARTS", value_parser = product, conflicts_with_all = ["seeds", "seed_from", "seed"])]
    large: Option<(u32, u32)>,
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
    if let Some((dates, marts)) = arguments.large {
        tell();
        return run_large(dates, marts);
    }
    let seeds = match arguments.seed {
        Some(seed) => {
            tell();
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
            "  again, with its story: RUST_LOG=info cargo run --profile simulation -p himekuri-simulation -- --seed {}",
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

/// Logs what happens, as `RUST_LOG` says.
fn tell() {
    let filter = EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).without_time().init();
}

/// `1000x1000`.
fn product(text: &str) -> Result<(u32, u32), String> {
    let factors = text
        .split_once('x')
        .and_then(|(dates, marts)| Some((dates.parse().ok()?, marts.parse().ok()?)));
    let factors = factors.filter(|(dates, marts)| *dates > 0 && *marts > 0);
    factors.ok_or_else(|| "give two numbers from 1 on, such as 1000x1000".to_owned())
}

/// One attempt of so many tasks: it must succeed, and the process must stay below [`MEMORY_MAX_KIB`].
#[expect(clippy::print_stdout, reason = "the program's result")]
fn run_large(dates: u32, marts: u32) -> anyhow::Result<ExitCode> {
    let began = std::time::Instant::now();
    let result = large::run(dates, marts).context("could not run the attempt")?;
    let tasks = u64::from(dates) * u64::from(marts);
    let seconds = began.elapsed().as_secs_f64();
    let peak_kib = peak_kib()?;
    println!(
        "{tasks} tasks in {seconds:.0} s ({:.0} tasks/s), {:.1} h of virtual time, {} partitions written, {} leaders died\n\
         the process with all its programs, the store with its log and BigQuery: {} MiB at most",
        tasks as f64 / seconds,
        result.passed.as_secs_f64() / 3_600.0,
        result.partitions,
        result.deaths,
        peak_kib / 1_024,
    );
    for finding in result.findings.iter().take(TOLD_MAX) {
        eprint_line(finding);
    }
    let complete = result.succeeded && result.partitions as u64 == tasks;
    let good = complete && result.counters.is_good() && peak_kib < MEMORY_MAX_KIB;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Most memory that this process had (`VmHWM`, `man 5 proc_pid_status`).
fn peak_kib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("could not read /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.context("the kernel tells no `VmHWM`")?.parse().context("`VmHWM` is no number")
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
