//! How fast the API answers over a store that has much in it: 200 requests a second, whatever the answers take.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use himekuri_coordinator::{
    Coordinator, CoordinatorConfig, EventKind, ProjectRecord, SessionChoice, StartRequest,
};
use himekuri_engine::Config;
use himekuri_protocol::AttemptId;
use himekuri_store::{
    AttemptFilter, Commit, Epoch, LeaseOutcome, NewAttempt, RedisConfig, RedisStore, Store,
};
use himekuri_testkit::{RabbitMq, RedisServer, unique_name};
use himekuri_workflow::ProjectFiles;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::endpoint::Endpoint;
use crate::measurement::{Figure, Measurement, Rounds};
use crate::pool::broker;
use crate::processes::Process;

/// Titles, sessions of each, and tasks of a session: 10,000 sessions and 1,000,000 tasks.
const TITLES: u32 = 25;
const SESSIONS: u32 = 400;
const TASKS: u32 = 98;
/// Requests a second, and for how long.
const RATE: u32 = 200;
const SECONDS: u32 = 30;
/// Writers while the store is filled.
const AT_ONCE: usize = 32;
const P99_MS_MAX: f64 = 20.0;

const WORKFLOW: &str = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+all:\n  loop>: 98\n  _do:\n    echo>: ${i}\n";

pub(crate) async fn measure() -> anyhow::Result<Vec<Measurement>> {
    let rabbitmq = RabbitMq::start().context("could not start RabbitMQ")?;
    let redis = RedisServer::start().context("could not start Redis")?;
    let prefix = unique_name("api");
    let config = RedisConfig { prefix: prefix.clone(), ..RedisConfig::new(redis.url()) };
    let store = Arc::new(RedisStore::connect(config).await?);
    let template = template(&rabbitmq, &store, &prefix).await?;
    fill(&store, template).await?;
    let (listen, amqp, redis) = (free_address()?, rabbitmq.url(), redis.url());
    let arguments = ["--amqp", &amqp, "--redis", &redis, "--prefix", &prefix, "--listen", &listen];
    let _coordinator = Process::start("himekuri-coordinator", &arguments)?;
    let base = format!("http://{listen}");
    let http = reqwest::Client::builder().no_proxy().build()?;
    while !http.get(format!("{base}/readyz")).send().await.is_ok_and(|a| a.status().is_success()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let floor = load(&http, &base, |_| "/livez".to_owned()).await?;
    let value = load(&http, &base, question).await?;
    let row = |name, value: f64, floor: f64, reach| {
        Rounds { value: vec![value], floor: vec![floor] }.measurement(Figure {
            name,
            unit: "ms, less is better",
            reach,
        })
    };
    let reach = "<= 20 ms";
    Ok(vec![
        row("api/median", value.median, floor.median, ""),
        row("api/p99", value.p99, floor.p99, reach),
        row("api/p99_of_limit", value.p99, P99_MS_MAX, "<= 1"),
    ])
}

/// What people and programs ask, in turns, all over the store.
fn question(number: u32) -> String {
    let spread = u64::from(number) * 7_919;
    let attempt = 1 + spread % u64::from(TITLES * SESSIONS);
    let title = spread % u64::from(TITLES);
    match number % 10 {
        0 => "/v1/attempts".to_owned(),
        1 => format!("/v1/attempts?before={attempt}&limit=50"),
        2 => format!("/v1/attempts?project=title_{title}&limit=20"),
        3 | 4 => format!("/v1/attempts/{attempt}"),
        5 | 6 => format!("/v1/attempts/{attempt}/tasks"),
        7 => format!("/v1/attempts/{attempt}/log"),
        8 => "/v1/schedules".to_owned(),
        _ => "/v1/projects".to_owned(),
    }
}

struct Waits {
    median: f64,
    p99: f64,
}

/// Asks at fixed times: an answer that is late does not hold the next question back.
async fn load(
    http: &reqwest::Client,
    base: &str,
    question: impl Fn(u32) -> String,
) -> anyhow::Result<Waits> {
    let began = Instant::now();
    let mut answers = Vec::new();
    for number in 0..RATE * SECONDS {
        let at = began + Duration::from_secs(1) / RATE * number;
        tokio::time::sleep_until(at).await;
        let request = http.get(format!("{base}{}", question(number)));
        answers.push(tokio::spawn(async move {
            let response = request.send().await?.error_for_status()?;
            response.bytes().await?;
            Ok::<_, reqwest::Error>(at.elapsed())
        }));
    }
    let mut waits = Vec::new();
    for answer in answers {
        waits.push(answer.await??.as_secs_f64() * 1_000.0);
    }
    waits.sort_by(f64::total_cmp);
    let place = |share: usize| waits.get(waits.len() * share / 100).copied().unwrap_or(f64::NAN);
    Ok(Waits { median: place(50), p99: place(99) })
}

/// An attempt as the pool writes it: its summary and its log.
struct Template {
    summary: Value,
    log: Vec<String>,
    project: ProjectRecord,
}

/// Runs one for real.
async fn template(
    rabbitmq: &RabbitMq,
    store: &Arc<RedisStore>,
    prefix: &str,
) -> anyhow::Result<Template> {
    let stop = CancellationToken::new();
    let _stopping = stop.clone().drop_guard();
    let (sender, mut events) = mpsc::unbounded_channel();
    let broker = Arc::new(broker(&rabbitmq.url(), prefix).await?);
    let shared: Arc<dyn Store> = store.clone();
    let config = CoordinatorConfig::default();
    let launched = Coordinator::launch(config, shared, broker, Some(sender), stop);
    let (coordinator, ended) = launched.await?.context("stopped before it began")?;
    let files = ProjectFiles::from_iter([("wf.dig", WORKFLOW.to_owned())]);
    let archive = himekuri_project::pack(&files)?;
    let project = coordinator.push("title_0", &archive, Some("game".to_owned())).await?;
    let _worker = {
        // Its tasks need none, but a worker looks whether it is there.
        let (_, bigquery) = Endpoint::start(Duration::from_secs(1)).await?;
        let amqp = rabbitmq.url();
        let arguments = ["--amqp", &amqp, "--prefix", prefix, "--bigquery", &bigquery];
        Process::start("himekuri-worker", &arguments)?
    };
    let day = date(2015, 1, 1);
    let request = StartRequest {
        project: "title_0".to_owned(),
        workflow: "wf".to_owned(),
        sessions: SessionChoice { from: day, to: day },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: String::new(),
        revision: None,
    };
    let attempt = coordinator.start(&request).await?.first().context("nothing began")?.attempt;
    while !matches!(events.recv().await.map(|event| event.kind), Some(EventKind::Finished { .. })) {
    }
    let filter = AttemptFilter { limit: 1, ..AttemptFilter::default() };
    let summaries = store.attempts(&filter).await?;
    let (_, summary) = summaries.first().context("the attempt is not listed")?;
    let template = Template {
        summary: serde_json::from_str(summary)?,
        log: store.log(attempt).await?,
        project,
    };
    drop(coordinator);
    drop(_stopping);
    let _ended = ended.await;
    Ok(template)
}

/// Copies it to all titles and sessions.
async fn fill(store: &Arc<RedisStore>, template: Template) -> anyhow::Result<()> {
    let lease = store.acquire_lease("filler", Duration::from_secs(600)).await?;
    let LeaseOutcome::Acquired(epoch) = lease else {
        anyhow::bail!("somebody else leads: {lease:?}");
    };
    for title in 0..TITLES {
        let name = format!("title_{title}");
        let record = ProjectRecord { name: name.clone(), ..template.project.clone() };
        store.put_project(&name, &serde_json::to_string(&record)?).await?;
    }
    let template = &template;
    let days = date(2024, 1, 1).series(jiff::Span::new().days(1)).take(SESSIONS as usize);
    let sessions = days.flat_map(|day| (0..TITLES).map(move |title| (title, day)));
    stream::iter(sessions)
        .map(|(title, day)| copy(store, epoch, template, title, day))
        .buffered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    store.release_lease("filler", epoch).await?;
    Ok(())
}

async fn copy(
    store: &Arc<RedisStore>,
    epoch: Epoch,
    template: &Template,
    title: u32,
    day: Date,
) -> anyhow::Result<()> {
    let project = format!("title_{title}");
    let session: Timestamp = format!("{day}T00:00:00+09:00").parse()?;
    let mut summary = template.summary.clone();
    summary["project"] = project.clone().into();
    summary["session_time"] = session.to_string().into();
    summary["session_local_time"] = format!("{day}T00:00:00+09:00").into();
    let ended = session.checked_add(SignedDuration::from_hours(8))?;
    summary["ended_at"] = ended.to_string().into();
    let summary = summary.to_string();
    let request = NewAttempt {
        session_key: format!("{project}/wf/{session}"),
        attempt_name: String::new(),
        summary: summary.clone(),
    };
    let attempt: AttemptId = store.create_attempt(epoch, &request).await?.attempt();
    let commit = Commit {
        records: template.log.clone(),
        summary: Some(summary),
        finished: true,
        ..Commit::default()
    };
    store.commit(attempt, epoch, commit).await?;
    Ok(())
}

fn free_address() -> anyhow::Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

const _: () = assert!(TITLES * SESSIONS == 10_000 && TITLES * SESSIONS * (TASKS + 2) == 1_000_000);
