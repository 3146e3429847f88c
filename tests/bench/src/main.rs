//! `make bench`: Himekuri against a floor in the same run: the same work by the barest means at hand.
//!
//! Absolute figures depend on the machine and its neighbours; the ratio is what is kept. Figures are rates, so higher is
//! better, unless the unit says otherwise. Written to `target/bench.json` as `{"results": [{"name", "unit", "value", "floor", "ratio", "reach"}]}`.

#![expect(clippy::print_stdout, reason = "the table is the program's result")]

use clap::{Parser, ValueEnum};

mod bare;
mod decisions;
mod expansion;
mod floors;
mod language;
mod measurement;
mod pool;
mod servers;

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
    /// Print, as JSON, what one task that is out costs in memory, and nothing else.
    #[arg(long, hide = true)]
    pending_task: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Loading, compiling, expressions, expansion: no server.
    Language,
    /// The pool on RabbitMQ and Redis.
    Pool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.pending_task {
        println!("{}", serde_json::to_string(&decisions::pending()?)?);
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
    print(&results);
    write(&results)
}
