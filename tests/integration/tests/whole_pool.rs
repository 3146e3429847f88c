//! Coordinator and workers as processes: whatever dies, every partition is what a quiet run makes, and no query runs twice.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::time::Duration;

use himekuri_integration_tests::{
    Partition, Pool, Signal, WarehouseProcess, program, repository, until,
};
use himekuri_testkit::{RabbitMq, RedisServer};

const TITLES: [&str; 2] = ["title_a", "title_b"];
const FIRST_DATE: &str = "2019-09-01";
const LAST_DATE: &str = "2019-09-30";
const DATES: usize = 30;
const MARTS: usize = 5;
const DEADLINE: Duration = Duration::from_secs(240);

/// Deliveries that one worker holds: enough that a killed one takes some with it.
const PREFETCH: u16 = 16;

#[tokio::test(flavor = "multi_thread")]
async fn killed_processes_cost_no_partition_and_run_no_query_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let quiet = quiet_run(&folder.path().join("quiet")).await;
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let warehouse =
        WarehouseProcess::start(&folder.path().join("chaos"), FIRST_DATE, LAST_DATE).await.unwrap();
    let mut pool = Pool::new(&rabbitmq, &redis, warehouse.url(), &logs).unwrap();
    pool.start_coordinator().await.unwrap();
    start_both_titles(&pool);

    for worker in ["worker-1", "worker-2", "worker-3"] {
        pool.start_worker(worker, PREFETCH).unwrap();
    }
    executed(&warehouse, 20).await;
    kill_while_it_holds_deliveries(&mut pool, &rabbitmq, "worker-1");
    executed(&warehouse, 70).await;
    terminate(&mut pool, "worker-2");
    executed(&warehouse, 120).await;
    pool.coordinator().unwrap().signal(Signal::Kill).unwrap();
    pool.coordinator().unwrap().wait().unwrap();
    pool.start_coordinator().await.unwrap();

    let states = pool.ended(DEADLINE).await.unwrap_or_else(|error| {
        panic!("{error:#}\n{}\n{}", pool.log_of("coordinator"), pool.log_of("worker-3"))
    });
    assert!(states.values().all(|state| state == "success"), "{states:?}");
    assert_eq!(marts(&warehouse).await, quiet, "a partition differs from the quiet run's");
    assert_one_execution_for_each_task(&warehouse).await;
    assert_eq!(queue_length(&rabbitmq, &pool, "dead"), 0, "messages were dead-lettered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_attempt_runs_every_query_again_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let warehouse =
        WarehouseProcess::start(&folder.path().join("data"), "2019-09-01", "2019-09-02")
            .await
            .unwrap();
    let mut pool = Pool::new(&rabbitmq, &redis, warehouse.url(), folder.path()).unwrap();
    pool.start_coordinator().await.unwrap();
    pool.start_worker("worker-1", PREFETCH).unwrap();
    push(&pool, "title_a");
    let start = ["start", "title_a", "summary", "--from", "2019-09-02", "--to", "2019-09-03"];

    pool.json(&start).unwrap();
    pool.ended(DEADLINE).await.unwrap();
    let first = warehouse.marts("title-a").await.unwrap();
    let repeated = pool.himekuri(&start).unwrap();
    pool.json(&[&start[..], &["--retry", "again"]].concat()).unwrap();
    let states = pool.ended(DEADLINE).await.unwrap();

    assert_eq!(repeated.status.code(), Some(1), "a session has one attempt without a name");
    assert!(String::from_utf8_lossy(&repeated.stdout).contains("--retry NAME"));
    assert_eq!(states.into_values().collect::<Vec<_>>(), ["success"; 4]);
    assert_eq!(first.len(), 2 * MARTS);
    assert_eq!(warehouse.marts("title-a").await.unwrap(), first);
    assert_eq!(warehouse.executions().await.unwrap().len(), 2 * 2 * MARTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_outlives_its_delivery_is_watched_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let warehouse =
        WarehouseProcess::start(&folder.path().join("data"), "2019-09-01", "2019-09-02")
            .await
            .unwrap();
    let mut pool = Pool::new(&rabbitmq, &redis, warehouse.url(), folder.path()).unwrap();
    pool.start_coordinator().await.unwrap();
    // No delivery waits at all, so that every job is handed over.
    pool.start_worker_with("worker-1", PREFETCH, &["--job-wait", "0"]).unwrap();
    push(&pool, "title_b");

    pool.json(&["start", "title_b", "summary", "--from", "2019-09-02", "--to", "2019-09-03"])
        .unwrap();
    let states = pool.ended(DEADLINE).await.unwrap();

    assert_eq!(states.into_values().collect::<Vec<_>>(), ["success"; 2]);
    let log = pool.full_log_of("worker-1");
    assert!(log.contains("submitted its job, which runs on"), "no job was handed over");
    assert_eq!(warehouse.marts("title-b").await.unwrap().len(), 2 * MARTS);
    let executions = warehouse.executions().await.unwrap();
    assert_eq!(executions.iter().map(|job| job.executions).collect::<Vec<_>>(), [1; 2 * MARTS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_fails_shows_bigquerys_reason_and_the_later_marts_do_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let warehouse =
        WarehouseProcess::start(&folder.path().join("data"), "2019-09-01", "2019-09-01")
            .await
            .unwrap();
    let project = folder.path().join("broken");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("a.sql"), "SELECT no_such_column FROM raw_log.access").unwrap();
    let dig = "+bad:\n  bq>: a.sql\n  destination_table: summary.bad$20190901\n  write_disposition: WRITE_TRUNCATE\n+later:\n  echo>: never\n";
    std::fs::write(project.join("wf.dig"), dig).unwrap();
    let mut pool = Pool::new(&rabbitmq, &redis, warehouse.url(), folder.path()).unwrap();
    pool.start_coordinator().await.unwrap();
    pool.start_worker("worker-1", PREFETCH).unwrap();
    let folder_name = project.to_str().unwrap();
    assert!(
        pool.himekuri(&["push", folder_name, "--gcp-project", "title-a"]).unwrap().status.success()
    );

    let started = pool.json(&["start", "broken", "wf", "--session", "2019-09-02"]).unwrap();
    let states = pool.ended(DEADLINE).await.unwrap();

    assert_eq!(states.into_values().collect::<Vec<_>>(), ["error"]);
    let tasks = pool.tasks(started[0]["attempt"].as_u64().unwrap()).unwrap();
    let bad = tasks.iter().find(|task| task.name == "+wf+bad").unwrap();
    let later = tasks.iter().find(|task| task.name == "+wf+later").unwrap();
    assert_eq!((bad.state.as_str(), later.state.as_str()), ("error", "blocked"));
    assert!(bad.error.as_ref().unwrap().contains("no_such_column"), "{bad:?}");
    assert_eq!(warehouse.marts("title-a").await.unwrap().len(), 0, "nothing is written");
}

/// The same dates by `himekuri run`, which needs no server: what every partition must be.
async fn quiet_run(data: &std::path::Path) -> BTreeMap<String, Partition> {
    let warehouse = WarehouseProcess::start(data, FIRST_DATE, LAST_DATE).await.unwrap();
    for title in TITLES {
        let run = tokio::process::Command::new(program("himekuri").unwrap())
            .arg("run")
            .arg(repository().join("examples").join(title))
            .args(["--session", "2019-10-01", "--bigquery", warehouse.url()])
            .args(overrides())
            .output()
            .await
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }
    let partitions = marts(&warehouse).await;
    // So few users buy nothing on some dates, and a partition without rows is not listed.
    assert!(partitions.len() > TITLES.len() * (MARTS - 1) * DATES, "{}", partitions.len());
    partitions
}

/// One session that computes all dates: its loops have thirty iterations at once.
fn overrides() -> [String; 4] {
    ["START_DATE", "END_DATE"]
        .into_iter()
        .zip([FIRST_DATE, LAST_DATE])
        .flat_map(|(key, date)| ["--override".to_owned(), format!("{key}={date}")])
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

fn push(pool: &Pool, title: &str) {
    let folder = repository().join("examples").join(title);
    let gcp_project = title.replace('_', "-");
    let pushed =
        pool.himekuri(&["push", folder.to_str().unwrap(), "--gcp-project", &gcp_project]).unwrap();
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
}

/// One title as one session of thirty dates, the other as thirty sessions of one.
fn start_both_titles(pool: &Pool) {
    let overrides = overrides();
    let mut one = vec!["--session", "2019-10-01"];
    one.extend(overrides.iter().map(String::as_str));
    let thirty = vec!["--from", "2019-09-02", "--to", "2019-10-01"];
    for (title, sessions, attempts) in [("title_a", one, 1), ("title_b", thirty, DATES)] {
        push(pool, title);
        let started = pool.json(&[&["start", title, "summary"], &sessions[..]].concat()).unwrap();
        assert_eq!(started.len(), attempts);
        assert!(started.iter().all(|session| session["created"] == true));
    }
}

async fn executed(warehouse: &WarehouseProcess, jobs: usize) {
    until("jobs are executed", DEADLINE, || async {
        Ok((warehouse.executions().await?.len() >= jobs).then_some(()))
    })
    .await
    .unwrap();
}

/// Frozen first, so that what it holds can be counted before it dies with it.
fn kill_while_it_holds_deliveries(pool: &mut Pool, rabbitmq: &RabbitMq, worker: &str) {
    let process = pool.worker(worker).unwrap();
    process.signal(Signal::Stop).unwrap();
    let held = unacknowledged(rabbitmq, worker);
    assert!(held > 0, "{worker} holds nothing");
    process.signal(Signal::Kill).unwrap();
    process.wait().unwrap();
}

fn terminate(pool: &mut Pool, worker: &str) {
    let process = pool.worker(worker).unwrap();
    process.signal(Signal::Terminate).unwrap();
    assert_eq!(process.wait().unwrap(), Some(0), "{worker} ends in good order");
}

/// Deliveries that a worker's connection has not acknowledged, as RabbitMQ counts them.
fn unacknowledged(rabbitmq: &RabbitMq, worker: &str) -> u64 {
    let connections =
        rabbitmq.control(&["list_connections", "pid", "client_properties", "--silent"]).unwrap();
    let of_worker: Vec<&str> = connections
        .lines()
        .filter(|line| line.contains(worker))
        .filter_map(|line| line.split('\t').next())
        .collect();
    let channels = rabbitmq
        .control(&["list_channels", "connection", "messages_unacknowledged", "--silent"])
        .unwrap();
    channels
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(connection, _)| of_worker.contains(connection))
        .filter_map(|(_, count)| count.trim().parse::<u64>().ok())
        .sum()
}

fn queue_length(rabbitmq: &RabbitMq, pool: &Pool, queue: &str) -> u64 {
    let name = format!("{}.{queue}", pool.prefix());
    let queues = rabbitmq.control(&["list_queues", "name", "messages", "--silent"]).unwrap();
    let found = queues.lines().filter_map(|line| line.split_once('\t')).find(|(n, _)| *n == name);
    found.unwrap().1.trim().parse().unwrap()
}

async fn marts(warehouse: &WarehouseProcess) -> BTreeMap<String, Partition> {
    let mut all = BTreeMap::new();
    for title in TITLES {
        all.extend(warehouse.marts(&title.replace('_', "-")).await.unwrap());
    }
    all
}

async fn assert_one_execution_for_each_task(warehouse: &WarehouseProcess) {
    let executions = warehouse.executions().await.unwrap();
    let repeated: Vec<_> = executions.iter().filter(|job| job.executions != 1).collect();
    assert_eq!(repeated, Vec::<&himekuri_integration_tests::Execution>::new());
    assert_eq!(executions.len(), TITLES.len() * MARTS * DATES, "one job for each task");
}
