//! Prints what hostile expressions cost: time until they are refused, and by how much the process grew. Run with
//! `--release`.
#![expect(clippy::print_stdout, reason = "the figures are the purpose")]

use std::error::Error;
use std::time::Instant;

use himekuri_template::{Evaluator, Limits, Params, Scope};

#[path = "../tests/limits/hostile.rs"]
mod hostile;

fn main() -> Result<(), Box<dyn Error>> {
    let mut evaluator = Evaluator::new(Limits::default())?;
    let time_zone = jiff::tz::TimeZone::get("Asia/Tokyo").map_err(|error| error.to_string())?;
    let scope = Scope { now: jiff::Timestamp::UNIX_EPOCH, time_zone };
    let params: Params = serde_json::from_str(r#"{"text": "abc"}"#)?;
    let before = peak_kib()?;
    let mut slowest = (0.0, String::new());
    let only = std::env::args().nth(1).unwrap_or_default();
    for expression in hostile::expressions() {
        if !expression.contains(&only) {
            continue;
        }
        let started = Instant::now();
        let result = evaluator.render(&scope, &format!("${{{expression}}}"), &params);
        let ms = started.elapsed().as_secs_f64() * 1e3;
        let answer = match &result {
            Ok(text) => format!("NOT REFUSED, {} bytes", text.len()),
            Err(error) => error.kind.to_string(),
        };
        println!(
            "{ms:>8.1} ms {:>6} KiB  {:.70}  {answer:.60}",
            peak_kib()?,
            expression.replace('\n', " ")
        );
        if ms > slowest.0 {
            slowest = (ms, expression);
        }
    }
    println!("slowest: {:.1} ms {:.100}", slowest.0, slowest.1);
    println!("growth of the peak: {} KiB", peak_kib()? - before);
    Ok(())
}

/// The greatest resident size so far.
fn peak_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
