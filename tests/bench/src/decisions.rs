//! The engine alone: how fast it decides, and what a task costs in memory until it has ended. Expressions are left out:
//! they have figures of their own.

use std::collections::VecDeque;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context as _, ensure};
use himekuri_engine::{
    Attempt, AttemptStarted, Config, Context, Evaluate, EvaluateError, LOG_VERSION, Record,
    Reported, SessionClock, TimeLimits,
};
use himekuri_protocol::{AttemptId, Outcome, PROTOCOL_VERSION, Report, StoreParams, TaskId, TryNo};
use himekuri_workflow::{ProjectFiles, compile_workflow};
use jiff::Timestamp;

use crate::measurement::{Figure, Measurement, ROUNDS, Rounds};

/// Tasks of the big attempt: dates times marts.
const DATES: u32 = 1_000;
const MARTS: u32 = 1_000;

/// Tasks out at once, as the pool's default.
const WINDOW: usize = 1_000;

/// Measures what a task that is out costs, in a process that does nothing else.
pub(crate) const PENDING_FLAG: &str = "--pending-task";

/// Tasks that are out at once to see what one costs.
const PENDING: u32 = 100_000;

const WORKFLOW: &str = "\
+dates:
  loop>: DATES
  _parallel: PARALLEL
  _do:
    +marts:
      loop>: MARTS
      _parallel: PARALLEL
      _do:
        echo>: mart
";

/// The attempt of 1,000,000 tasks, and the tasks that are out.
#[expect(clippy::print_stderr, reason = "said beside the result")]
pub(crate) fn measure() -> anyhow::Result<Vec<Measurement>> {
    let mut decisions = Rounds::default();
    for parallel in ["false", "'true'", "{limit: 100}"].into_iter().cycle().take(ROUNDS) {
        let run = run(parallel)?;
        eprintln!(
            "1,000,000 tasks, `_parallel: {parallel}`: {} records in {:.1} s, {} MB of JSON, {} tasks in memory at most, \
             {} MiB of the process at most",
            run.records,
            run.seconds,
            run.json_bytes / 1_000_000,
            run.most_tasks,
            run.most_kib / 1_024,
        );
        decisions.value.push(run.records / run.seconds);
        decisions.floor.push(run.records / run.json_seconds);
    }
    let figure = Figure { name: "engine/decisions", unit: "records/s", reach: ">= 100,000" };
    let mut results = vec![decisions.measurement(figure)];
    let mut memory = Rounds::default();
    for _ in 0..ROUNDS {
        let (bytes, json_bytes) = pending_alone()?;
        memory.value.push(bytes);
        memory.floor.push(json_bytes);
    }
    let figure = Figure {
        name: "engine/bytes_per_pending_task",
        unit: "bytes, less is better",
        reach: "<= 2,048",
    };
    results.push(memory.measurement(figure));
    Ok(results)
}

/// What a run took.
struct Run {
    records: f64,
    seconds: f64,
    /// To write the records as JSON, which every log has to do.
    json_seconds: f64,
    json_bytes: usize,
    most_tasks: usize,
    most_kib: u64,
}

/// The whole attempt; the task that went out first is reported first.
fn run(parallel: &str) -> anyhow::Result<Run> {
    let dig = WORKFLOW
        .replace("DATES", &DATES.to_string())
        .replace("MARTS", &MARTS.to_string())
        .replace("PARALLEL", parallel);
    let (mut attempt, files) = begin(&dig)?;
    let mut context = Context { files: &files, evaluator: &mut AsWritten };
    let now = attempt.started().now;
    let (mut records, mut out) = (attempt.advance(now, &mut context)?, VecDeque::new());
    let mut run = Run {
        records: 0.0,
        seconds: 0.0,
        json_seconds: 0.0,
        json_bytes: 0,
        most_tasks: 0,
        most_kib: 0,
    };
    let (mut began, mut count) = (Instant::now(), 0_u32);
    while attempt.outcome().is_none() {
        let ready: Vec<TaskId> = attempt.dispatchable().take(WINDOW - out.len()).collect();
        for task in ready {
            let (sent, try_no) = send(&mut attempt, task, &mut context)?;
            records.extend(sent);
            out.push_back((task, try_no));
        }
        for _ in 0..out.len().div_ceil(2) {
            let Some((task, try_no)) = out.pop_front() else { break };
            records.extend(succeed(&mut attempt, task, try_no, &mut context)?);
        }
        run.seconds += began.elapsed().as_secs_f64();
        run.most_tasks = run.most_tasks.max(attempt.tasks().count());
        attempt.forget_ended();
        run.most_kib = run.most_kib.max(memory_kib()?);
        count += u32::try_from(records.len())?;
        began = Instant::now();
        for record in std::mem::take(&mut records) {
            run.json_bytes += serde_json::to_string(&record)?.len();
        }
        run.json_seconds += began.elapsed().as_secs_f64();
        began = Instant::now();
    }
    ensure!(count > 2 * DATES * MARTS, "only {count} records were decided");
    run.records = f64::from(count);
    Ok(run)
}

/// [`pending`] in a process of its own: here, what earlier rounds have freed would be used again and not be seen.
fn pending_alone() -> anyhow::Result<(f64, f64)> {
    let program = env::current_exe().context("could not find this program")?;
    let child = Command::new(program).arg(PENDING_FLAG).output();
    let output = child.context("could not start this program again")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout)
        .context("could not read what the second process measured")
}

/// Bytes of the process for each task that is out, and the bytes of the record that sent it.
pub(crate) fn pending() -> anyhow::Result<(f64, f64)> {
    let dig =
        format!("+l:\n  loop>: {PENDING}\n  _parallel: true\n  _do:\n    +t: {{echo>: mart}}\n");
    let (mut attempt, files) = begin(&dig)?;
    let mut context = Context { files: &files, evaluator: &mut AsWritten };
    let now = attempt.started().now;
    let before = memory_kib()?;
    let (mut out, mut json_bytes) = (0_u32, 0);
    while out < PENDING {
        attempt.advance(now, &mut context)?;
        let ready: Vec<TaskId> = attempt.dispatchable().collect();
        for task in ready {
            for record in send(&mut attempt, task, &mut context)?.0 {
                json_bytes += serde_json::to_string(&record)?.len();
            }
            out += 1;
        }
    }
    // Each iteration is a group with a task.
    let bytes = (memory_kib()? - before) * 1_024 / u64::from(2 * PENDING);
    let json_bytes = json_bytes / usize::try_from(PENDING)?;
    Ok((f64::from(u32::try_from(bytes)?), f64::from(u32::try_from(json_bytes)?)))
}

fn begin(dig: &str) -> anyhow::Result<(Attempt, ProjectFiles)> {
    let files = ProjectFiles::from_iter([("wf.dig", dig)]);
    let workflow = compile_workflow(&files, "wf")?;
    let at = Timestamp::UNIX_EPOCH;
    let started = AttemptStarted {
        version: LOG_VERSION,
        at,
        attempt: AttemptId(1),
        number: 1,
        project: "title_a".to_owned(),
        revision: "r1".to_owned(),
        workflow: "wf".to_owned(),
        session_time: at,
        now: at,
        timezone: "UTC".to_owned(),
        gcp_project: None,
        variables: Config::new(),
        params: Config::new(),
        overrides: Config::new(),
        sla: Vec::new(),
        time_limits: TimeLimits::default(),
        resumed: None,
        root: Arc::new(workflow.root),
    };
    Ok((Attempt::begin(started), files))
}

fn send(
    attempt: &mut Attempt,
    task: TaskId,
    context: &mut Context<'_>,
) -> anyhow::Result<(Vec<Record>, TryNo)> {
    let prepared = attempt.prepare(task, context).map_err(|e| anyhow::anyhow!(e.message))?;
    let dispatch = attempt.dispatch(prepared, Timestamp::UNIX_EPOCH)?;
    Ok((dispatch.records, dispatch.message.try_no))
}

fn succeed(
    attempt: &mut Attempt,
    task: TaskId,
    try_no: TryNo,
    context: &mut Context<'_>,
) -> anyhow::Result<Vec<Record>> {
    let report = Report {
        version: PROTOCOL_VERSION,
        attempt: AttemptId(1),
        task,
        try_no,
        task_name: None,
        worker: "bench".to_owned(),
        outcome: Outcome::Succeeded { store_params: StoreParams::new(), job: None },
    };
    match attempt.report(&report, Timestamp::UNIX_EPOCH, context)? {
        Reported::Decided(records) => Ok(records),
        Reported::Late => anyhow::bail!("task {task} was decided twice"),
    }
}

/// Memory of this process, KiB (`VmRSS`, `man 5 proc_pid_status`).
fn memory_kib() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let text = line.context("the kernel tells no `VmRSS`")?.trim();
    Ok(text.trim_end_matches("kB").trim().parse()?)
}

/// Texts stay as they are.
struct AsWritten;

impl Evaluate for AsWritten {
    fn evaluate(
        &mut self,
        _: SessionClock<'_>,
        params: &Config,
        local: &Config,
    ) -> Result<Config, EvaluateError> {
        let mut config = params.clone();
        config.extend(local.clone());
        Ok(config)
    }

    fn render(
        &mut self,
        _: SessionClock<'_>,
        text: &str,
        _: &Config,
    ) -> Result<String, EvaluateError> {
        Ok(text.to_owned())
    }
}
