//! Ten thousand jobs in flight on one worker process: its memory, the calls it makes, and how late it notices an end. In real
//! time, so it takes the jobs' length and some minutes; it is measured only when it is named.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use himekuri_coordinator::{
    Coordinator, CoordinatorConfig, EventKind, SessionChoice, StartRequest,
};
use himekuri_engine::{Config, Limits};
use himekuri_store::{RedisConfig, RedisStore};
use himekuri_testkit::{RabbitMq, RedisServer, unique_name};
use himekuri_workflow::ProjectFiles;
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::measurement::{Figure, Measurement, Rounds};
use crate::pool::broker;

/// What is asked of one worker (design D4).
const CALLS_PER_SECOND_MAX: f64 = 25.0;
const MEMORY_MIB_MAX: f64 = 150.0;
const LATE_SECONDS_MAX: f64 = 5.0;

/// A BigQuery whose jobs take their time and do nothing.
struct Endpoint {
    length: jiff::SignedDuration,
    state: Mutex<Jobs>,
}

#[derive(Default)]
struct Jobs {
    /// In order of creation, as `jobs.list` shows them from the end.
    jobs: Vec<Job>,
    by_id: HashMap<String, usize>,
    /// When each call came.
    calls: Vec<Timestamp>,
}

struct Job {
    body: Value,
    created: Timestamp,
}

type Shared = Arc<Endpoint>;

impl Endpoint {
    fn called(&self) -> std::sync::MutexGuard<'_, Jobs> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calls.push(Timestamp::now());
        state
    }

    fn view(&self, job: &Job) -> Value {
        let end = job.created + self.length;
        let is_done = Timestamp::now() >= end;
        let mut view = job.body.clone();
        let created = job.created.as_millisecond().to_string();
        view["statistics"] = json!({"creationTime": created, "startTime": created});
        view["status"] = json!({"state": if is_done { "DONE" } else { "RUNNING" }});
        if is_done {
            view["statistics"]["endTime"] = json!(end.as_millisecond().to_string());
        }
        view
    }
}

async fn insert(State(endpoint): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    let mut state = endpoint.called();
    let id = body["jobReference"]["jobId"].as_str().unwrap_or_default().to_owned();
    let place = state.jobs.len();
    state.by_id.insert(id, place);
    state.jobs.push(Job { body, created: Timestamp::now() });
    Json(endpoint.view(&state.jobs[place]))
}

async fn look_up(
    State(endpoint): State<Shared>,
    Path((_, id)): Path<(String, String)>,
) -> Json<Value> {
    let state = endpoint.called();
    Json(state.by_id.get(&id).map_or(Value::Null, |place| endpoint.view(&state.jobs[*place])))
}

/// Results come when the job has ended, or when the caller's patience has.
async fn results(
    State(endpoint): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Value> {
    let created = {
        let state = endpoint.called();
        state.by_id.get(&id).map(|place| state.jobs[*place].created)
    };
    let timeout = query.get("timeoutMs").and_then(|text| text.parse().ok()).unwrap_or(0);
    let left = created.map(|created| (created + endpoint.length).duration_since(Timestamp::now()));
    let left = left.and_then(|left| Duration::try_from(left).ok()).unwrap_or_default();
    tokio::time::sleep(left.min(Duration::from_millis(timeout))).await;
    Json(json!({"jobComplete": false}))
}

async fn list(
    State(endpoint): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Json<Value> {
    let state = endpoint.called();
    let one = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let number = |name: &str| one(name).and_then(|text| text.parse::<i64>().ok());
    let done = one("stateFilter").is_some_and(|filter| filter == "done");
    let page = usize::try_from(number("maxResults").unwrap_or(50)).unwrap_or(50);
    let skip = usize::try_from(number("pageToken").unwrap_or(0)).unwrap_or(0);
    let (from, to) = (number("minCreationTime"), number("maxCreationTime"));
    let now = Timestamp::now();
    let found = state.jobs.iter().rev().filter(|job| {
        let created = job.created.as_millisecond();
        (now >= job.created + endpoint.length) == done
            && from.is_none_or(|from| created >= from)
            && to.is_none_or(|to| created <= to)
    });
    let jobs: Vec<Value> = found.skip(skip).take(page).map(|job| endpoint.view(job)).collect();
    let next = (jobs.len() == page).then(|| (skip + page).to_string());
    Json(json!({"jobs": jobs, "nextPageToken": next}))
}

/// Runs `count` jobs of this length on one worker process.
#[expect(clippy::print_stderr, reason = "progress of a long measurement")]
pub(crate) async fn measure(count: u32, length: Duration) -> anyhow::Result<Vec<Measurement>> {
    let rabbitmq = RabbitMq::start().context("could not start RabbitMQ")?;
    let redis = RedisServer::start().context("could not start Redis")?;
    let endpoint = Arc::new(Endpoint { length: length.try_into()?, state: Mutex::default() });
    let base = "/bigquery/v2/projects/{project}";
    let router = Router::new()
        .route(&format!("{base}/jobs"), post(insert).get(list))
        .route(&format!("{base}/jobs/{{job}}"), get(look_up))
        .route(&format!("{base}/queries/{{job}}"), get(results))
        .with_state(Arc::clone(&endpoint));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let prefix = unique_name("watch");
    let mut worker = Worker::start(&rabbitmq.url(), &prefix, &address)?;
    let stop = CancellationToken::new();
    let (events, mut received) = mpsc::unbounded_channel();
    let store = RedisConfig { prefix: prefix.clone(), ..RedisConfig::new(redis.url()) };
    let places = usize::try_from(count)? * 2;
    let limits =
        Limits { window: places, title: Some(places), gcp_project: places, ..Limits::default() };
    let launched = Coordinator::launch(
        CoordinatorConfig { limits, ..CoordinatorConfig::default() },
        Arc::new(RedisStore::connect(store).await?),
        Arc::new(broker(&rabbitmq, &prefix).await?),
        Some(events),
        stop.clone(),
    );
    let (coordinator, ended) = launched.await?.context("stopped before it began")?;
    let text = format!(
        "+all:\n  loop>: {count}\n  _parallel: true\n  _do:\n    bq>: {{data: 'SELECT ${{i}}'}}\n"
    );
    let archive = himekuri_project::pack(&ProjectFiles::from_iter([("wf.dig", text)]))?;
    coordinator.push("watch", &archive, Some("game".to_owned())).await?;
    let day = date(2019, 9, 1);
    coordinator
        .start(&StartRequest {
            project: "watch".to_owned(),
            workflow: "wf".to_owned(),
            sessions: SessionChoice { from: day, to: day },
            params: Config::new(),
            overrides: Config::new(),
            attempt_name: String::new(),
            revision: None,
        })
        .await?;
    let (mut late, mut done) = (0.0_f64, 0_u32);
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = look.tick() => worker.look()?,
            event = received.recv() => match event.map(|event| event.kind) {
                Some(EventKind::Succeeded { job: Some(job), .. }) => {
                    let state = endpoint.state.lock().unwrap_or_else(PoisonError::into_inner);
                    let place = state.by_id.get(&job.job.job_id).context("an unknown job")?;
                    let end = state.jobs[*place].created + endpoint.length;
                    late = late.max(Timestamp::now().duration_since(end).as_secs_f64());
                    done += 1;
                    if done.is_multiple_of(1_000) {
                        eprintln!("{done} jobs are over, at most {late:.1} s late, {} KiB", worker.most_kib);
                    }
                }
                Some(EventKind::Finished { success: true }) => break,
                Some(EventKind::Failed { name, error }) => bail!("{name}: {}", error.message),
                Some(_) => {}
                None => bail!("the coordinator ended"),
            },
        }
    }
    stop.cancel();
    ended.await??;
    let state = endpoint.state.lock().unwrap_or_else(PoisonError::into_inner);
    let calls = steady_calls(&state, endpoint.length)?;
    let mebibytes = f64::from(u32::try_from(worker.most_kib)?) / 1_024.0;
    eprintln!("{} calls in all, {calls:.1} a second while all {count} jobs ran", state.calls.len());
    let row = |name, unit, reach, value: f64, floor: f64| {
        Rounds { value: vec![value], floor: vec![floor] }.measurement(Figure { name, unit, reach })
    };
    Ok(vec![
        row("watch/memory", "MiB, less is better", "<= 150", mebibytes, MEMORY_MIB_MAX),
        row("watch/calls", "calls/s, less is better", "<= 25", calls, CALLS_PER_SECOND_MAX),
        row("watch/late", "s, less is better", "<= 5", late, LATE_SECONDS_MAX),
    ])
}

/// Calls a second from the last submission to the first end.
fn steady_calls(state: &Jobs, length: jiff::SignedDuration) -> anyhow::Result<f64> {
    let (first, last) = (state.jobs.first(), state.jobs.last());
    let (first, last) = first.zip(last).context("no job was sent")?;
    let (from, to) = (last.created, first.created + length);
    let seconds = to.duration_since(from).as_secs_f64();
    ensure!(seconds > 1.0, "the jobs were never all in flight: make them longer, or fewer");
    let calls = state.calls.iter().filter(|at| **at > from && **at < to).count();
    Ok(f64::from(u32::try_from(calls)?) / seconds)
}

/// The worker as a process of its own, from the folder of this program.
struct Worker {
    child: Child,
    most_kib: u64,
}

impl Worker {
    fn start(amqp: &str, prefix: &str, bigquery: &str) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("himekuri-worker");
        let child = Command::new(&program)
            .args(["--amqp", amqp, "--prefix", prefix, "--bigquery", bigquery])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = child
            .with_context(|| format!("could not start `{}`; build it first", program.display()))?;
        Ok(Self { child, most_kib: 0 })
    }

    fn look(&mut self) -> anyhow::Result<()> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let text = line.context("the worker has ended")?.trim().trim_end_matches("kB").trim();
        self.most_kib = self.most_kib.max(text.parse()?);
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
