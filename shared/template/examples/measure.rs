//! Prints how much CPU time evaluations take here, which a busy machine changes less than wall-clock time. Run with
//! `--release`; compare only figures of one run.
#![expect(clippy::print_stdout, reason = "the figures are the purpose")]

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

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
        "${title === 'alpha' ? 'a' : bq.dataset}",
        "${Object.keys(bq).join(',')}",
        "${(function(){ var s = 0; for (var k = 0; k < 10; k++) s += k; return s })()}",
        "${moment(START_DATE).add(i,'days').format(\"YYYY-MM-DD\")}",
    ] {
        let nanoseconds = measure(20_000, || {
            black_box(evaluator.render(&scope, text, &params)).map(drop).map_err(Into::into)
        })?;
        println!("{nanoseconds:>8.0} ns  {text}");
    }
    let (params, local) = per_date_task();
    let nanoseconds = measure(20_000, || {
        black_box(evaluator.evaluate(&scope, &params, &local)).map(drop).map_err(Into::into)
    })?;
    println!(
        "{nanoseconds:>8.0} ns  evaluate: a per-date task, {} parameters and {} keys; {:.0} tasks per second",
        params.len(),
        local.len(),
        1e9 / nanoseconds
    );
    let many = configuration();
    let nanoseconds = measure(5_000, || {
        black_box(evaluator.evaluate(&scope, &many, &Params::new())).map(drop).map_err(Into::into)
    })?;
    println!("{nanoseconds:>8.0} ns  evaluate: {} parameters, 4 of them JavaScript", many.len());
    Ok(())
}

/// Mean CPU time of one call in nanoseconds, after a warm-up.
fn measure(
    calls: u32,
    mut call: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    for _ in 0..100 {
        call()?;
    }
    let started = cpu_time();
    for _ in 0..calls {
        call()?;
    }
    Ok((cpu_time() - started).as_secs_f64() * 1e9 / f64::from(calls))
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanoseconds)
}

/// A task of a `for_each>` over dates: session variables, exports, and the task's own keys with three expressions.
fn per_date_task() -> (Params, Params) {
    let mut params = Params::new();
    for (key, value) in [
        ("dataset", "logs"),
        ("location", "asia-northeast1"),
        ("title", "alpha"),
        ("timezone", "Asia/Tokyo"),
        ("session_uuid", "5c1a0a6e-0000-4000-8000-000000000001"),
        ("task_name", "+daily+dates^sub+for-0=date=17+load"),
        ("session_time", "2019-09-01T00:00:00+09:00"),
        ("session_date", "2019-09-01"),
        ("session_date_compact", "20190901"),
        ("session_local_time", "2019-09-01 00:00:00"),
        ("session_tz_offset", "+0900"),
        ("date", "2019-08-17"),
    ] {
        params.insert(key.to_owned(), value.into());
    }
    let mut local = Params::new();
    for (key, value) in [
        ("bq>", "queries/load.sql"),
        ("destination_table", "${title}_daily$${moment(date).format('YYYYMMDD')}"),
        ("write_disposition", "WRITE_TRUNCATE"),
        ("label", "${title}"),
        ("next", "${moment(date).add(1, 'days').format('YYYY-MM-DD')}"),
    ] {
        local.insert(key.to_owned(), value.into());
    }
    (params, local)
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
