//! A loop over many dates becomes tasks: made, evaluated, their SQL rendered, ready to be sent.

use std::time::Instant;

use anyhow::{Context as _, bail};
use himekuri_coordinator::{ExpressionLimits, ProjectRevision, ScriptEvaluator, SessionChoice};
use himekuri_coordinator::{plan_attempt, plan_sessions};
use himekuri_engine::{Attempt, Config, Context};
use himekuri_workflow::{ProjectFiles, compile_workflow};
use jiff::Timestamp;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;

use crate::measurement::{Figure, Measurement, ROUNDS, Rounds};

/// Dates of the loop: a shared mart of 27 titles over ten years.
const TASKS: u32 = 100_000;

/// The workflow, as the shared marts of a title are written.
const WORKFLOW: &str = "\
timezone: Asia/Tokyo
_export:
  START_DATE: '1950-01-01'
  title: title_a
  bq:
    dataset: summary
+create_access:
  loop>: TASKS
  _parallel: true
  _do:
    _export:
      DATE: ${moment(START_DATE).add(i, 'days').format('YYYY-MM-DD')}
      SUFFIX: ${moment(START_DATE).add(i, 'days').format('YYYYMMDD')}
    bq>: access.sql
    destination_table: access$${SUFFIX}
    write_disposition: WRITE_TRUNCATE
";

/// Its query.
const QUERY: &str = "\
-- Active users of one day
SELECT user_id, COUNT(*) AS logins, '${title}' AS title
FROM `${title}_logs.access`
WHERE _PARTITIONDATE = '${DATE}'
GROUP BY user_id
";

pub(crate) fn measure() -> anyhow::Result<Measurement> {
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        rounds.floor.push(formatted_per_second()?);
        rounds.value.push(expanded_per_second()?);
    }
    let figure = Figure { name: "engine/expansion", unit: "tasks/s", reach: ">= 20,000" };
    Ok(rounds.measurement(figure))
}

/// The tasks through the real engine with the real evaluator.
fn expanded_per_second() -> anyhow::Result<f64> {
    let workflow = WORKFLOW.replace("TASKS", &TASKS.to_string());
    let files = ProjectFiles::from_iter([("wf.dig", workflow), ("access.sql", QUERY.to_owned())]);
    let revision = ProjectRevision {
        project: "title_a".to_owned(),
        revision: "r1".to_owned(),
        gcp_project: Some("himekuri-title-a".to_owned()),
        files: files.clone(),
    };
    let workflow = compile_workflow(&files, "wf")?;
    let day = date(2019, 9, 1);
    let sessions =
        plan_sessions(&workflow, SessionChoice { from: day, to: day }, Timestamp::UNIX_EPOCH)?;
    let session = sessions.into_iter().next().context("one day has one session")?;
    let started = plan_attempt(&revision, &workflow, session, Config::new(), Config::new());
    let mut evaluator = ScriptEvaluator::new(ExpressionLimits::default())?;

    let began = Instant::now();
    let now = started.now;
    let mut attempt = Attempt::begin(started);
    let mut context = Context { files: &files, evaluator: &mut evaluator };
    attempt.advance(now, &mut context)?;
    let ready: Vec<_> = attempt.dispatchable().collect();
    let mut bytes = 0;
    for task in &ready {
        let prepared =
            attempt.prepare(*task, &mut context).map_err(|e| anyhow::anyhow!(e.message))?;
        bytes += prepared.query_bytes();
    }
    let seconds = began.elapsed().as_secs_f64();
    if ready.len() != usize::try_from(TASKS)? || bytes == 0 {
        bail!("{} tasks were expanded instead of {TASKS}", ready.len());
    }
    Ok(f64::from(TASKS) / seconds)
}

/// The same texts by a program written for this one query.
fn formatted_per_second() -> anyhow::Result<f64> {
    let zone = TimeZone::get("Asia/Tokyo").context("the bundled zones have Asia/Tokyo")?;
    let start: DateTime = "1950-01-01T00:00:00".parse()?;
    let start = start.to_zoned(zone)?;
    let began = Instant::now();
    let mut tasks = Vec::new();
    for i in 0..TASKS {
        let day = start.checked_add(jiff::Span::new().days(i64::from(i)))?;
        let query = QUERY
            .replace("${title}", "title_a")
            .replace("${DATE}", &day.strftime("%Y-%m-%d").to_string());
        tasks.push((query, format!("summary.access${}", day.strftime("%Y%m%d"))));
    }
    let seconds = began.elapsed().as_secs_f64();
    anyhow::ensure!(tasks.iter().all(|(query, _)| query.contains("title_a")), "a text is wrong");
    Ok(f64::from(TASKS) / seconds)
}
