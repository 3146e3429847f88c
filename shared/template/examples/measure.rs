//! Prints how long evaluations take here. Run with `--release`; compare only figures of one run.
#![expect(clippy::print_stdout, reason = "the figures are the purpose")]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use himekuri_template::{Evaluator, Limits, Params, Scope};

fn main() -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let mut evaluator = Evaluator::new(Limits::default())?;
    println!("start of an evaluator: {:?}", started.elapsed());
    let scope = Scope {
        now: jiff::Timestamp::UNIX_EPOCH,
        time_zone: jiff::tz::TimeZone::get("Asia/Tokyo").map_err(|error| error.to_string())?,
    };
    let params: Params = serde_json::from_str(
        r#"{"title": "alpha", "START_DATE": "2019-09-01", "i": 3, "bq": {"dataset": "logs"}}"#,
    )?;
    for text in [
        "${title}",
        "${bq.dataset}",
        "${i + 1}",
        "${moment(START_DATE).add(i,'days').format(\"YYYY-MM-DD\")}",
    ] {
        let nanoseconds = measure(20_000, || {
            black_box(evaluator.render(&scope, text, &params)).map(drop).map_err(Into::into)
        })?;
        println!("{nanoseconds:>8.0} ns  {text}");
    }
    let many = configuration();
    let nanoseconds = measure(5_000, || {
        black_box(evaluator.evaluate(&scope, &many, &Params::new())).map(drop).map_err(Into::into)
    })?;
    println!("{nanoseconds:>8.0} ns  evaluate: {} parameters, 4 of them JavaScript", many.len());
    Ok(())
}

/// Mean time of one call in nanoseconds, after a warm-up.
fn measure(
    calls: u32,
    mut call: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    for _ in 0..100 {
        call()?;
    }
    let started = Instant::now();
    for _ in 0..calls {
        call()?;
    }
    Ok(started.elapsed().as_secs_f64() * 1e9 / f64::from(calls))
}

fn configuration() -> Params {
    let mut params = Params::new();
    for index in 0..17 {
        params.insert(format!("plain_{index}"), format!("value {index}").into());
    }
    for (key, text) in [
        ("START_DATE", "2019-09-01"),
        ("title", "alpha"),
        ("table", "${title}_daily"),
        ("destination", "logs.${table}"),
        ("day", "${moment(START_DATE).add(1, 'days').format('YYYY-MM-DD')}"),
        ("compact", "${moment(START_DATE).format('YYYYMMDD')}"),
        ("flag", "${title === 'alpha' ? 'yes' : 'no'}"),
        ("sum", "${1 + 2}"),
    ] {
        params.insert(key.to_owned(), text.into());
    }
    params
}
