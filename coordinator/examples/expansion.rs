//! How fast per-date tasks are expanded and prepared with the real evaluator, on one core.
//!
//! `cargo run --release -p himekuri-coordinator --example expansion -- [TASKS] [plain|moment|group]`
//!
//! `plain` names variables only, `moment` has a moment expression in the task and in its SQL, `group` is `plain` with a
//! group around each task. On a busy machine, divide by the CPU time that `time` shows.

use std::time::Instant;

use anyhow::Context as _;
use himekuri_coordinator::{
    ExpressionLimits, ProjectRevision, ScriptEvaluator, SessionChoice, plan_attempt, plan_sessions,
};
use himekuri_engine::{Attempt, Config, Context};
use himekuri_workflow::{ProjectFiles, compile_workflow};
use jiff::Timestamp;
use jiff::civil::date;

/// One task a day; `DATE` in the workflow is the partition of its table.
const WORKFLOW: &str = "
timezone: Asia/Tokyo
schedule:
  daily>: 00:00:00
_export:
  TITLE: title_a
  DATASET: ${TITLE}_summary
  START_DATE: '2001-01-01'
  bq:
    dataset: summary
    priority: BATCH
+days:
  loop>: ${TASKS}
  _parallel: true
  _do:
    bq>: day.sql
    destination_table: access$${DATE}
    write_disposition: WRITE_TRUNCATE
    create_disposition: CREATE_IF_NEEDED
";

const QUERY: &str = "SELECT user, COUNT(*) AS visits\nFROM `${TITLE}.access`\nWHERE day = '${DATE}' AND part = ${i}\nGROUP BY user\n";

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let tasks: u32 = arguments.next().as_deref().unwrap_or("100000").parse()?;
    let kind = arguments.next();
    let date_of_task = match kind.as_deref() {
        None | Some("plain" | "group") => "${session_date_compact}",
        Some("moment") => "${moment(START_DATE).add(i, 'days').format('YYYYMMDD')}",
        Some(other) => anyhow::bail!("`{other}` is none of `plain`, `moment` and `group`"),
    };
    let mut workflow = WORKFLOW.replace("${DATE}", date_of_task);
    if kind.as_deref() == Some("group") {
        let (head, body) = workflow.split_once("_do:\n").context("the workflow has a body")?;
        workflow = format!("{head}_do:\n    +mart:\n{}", body.replace("    ", "      "));
    }
    let query = QUERY.replace("${DATE}", date_of_task);
    let files: ProjectFiles =
        [("wf.dig".to_owned(), workflow), ("day.sql".to_owned(), query)].into_iter().collect();
    let workflow = compile_workflow(&files, "wf").map_err(|error| anyhow::anyhow!("{error}"))?;
    let day = date(2019, 9, 2);
    let session = plan_sessions(&workflow, SessionChoice { from: day, to: day }, Timestamp::now())?
        .pop()
        .context("the workflow has a session each day")?;
    let revision = ProjectRevision {
        project: "title_a".to_owned(),
        revision: "r1".to_owned(),
        gcp_project: Some("title-a".to_owned()),
        files,
    };
    let params = Config::from_iter([("TASKS".to_owned(), tasks.into())]);
    let started = plan_attempt(&revision, &workflow, session, params, Config::new());
    let now = started.now;
    let mut evaluator = ScriptEvaluator::new(ExpressionLimits::default())?;
    let mut context = Context { files: &revision.files, evaluator: &mut evaluator };

    let begin = Instant::now();
    let mut attempt = Attempt::begin(started);
    attempt.advance(now, &mut context)?;
    let expanded = begin.elapsed();
    let ready: Vec<_> = attempt.dispatchable().collect();
    let mut bytes = 0;
    for task in &ready {
        let prepared =
            attempt.prepare(*task, &mut context).map_err(|error| anyhow::anyhow!(error.message))?;
        bytes += prepared.query_bytes();
    }
    let all = begin.elapsed();
    let rate = f64::from(tasks) / all.as_secs_f64();
    report(&format!(
        "{} tasks, {bytes} bytes of SQL: expanded in {expanded:?}, with preparing {all:?}, {rate:.0} tasks a second",
        ready.len()
    ));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the answer of an example")]
fn report(line: &str) {
    println!("{line}");
}
