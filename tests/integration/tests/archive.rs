//! Finished attempts leave the real Redis for a folder, and are shown and retried from there.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::time::Duration;

use himekuri_integration_tests::{Pool, Signal, until};
use himekuri_testkit::{RabbitMq, RedisServer};
use serde_json::Value;

const DATE: &str = "2019-09-01";
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_attempt_is_shown_and_resumed_as_if_it_were_in_redis() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let mut pool = Pool::new(&rabbitmq, &redis, &idle_bigquery().await, folder.path()).unwrap();
    let archive = folder.path().join("archive");
    let arguments = ["--archive", archive.to_str().unwrap(), "--archive-after", "0"];
    pool.start_coordinator_with(&arguments[..2]).await.unwrap();
    pool.start_worker("worker", 4).unwrap();
    let project = folder.path().join("title");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("wf.dig"), "+a: {echo>: a}\n+b: {fail>: broken}\n").unwrap();
    run(&pool, &["push", project.to_str().unwrap(), "--gcp-project", "gcp"]);
    run(&pool, &["start", "title", "wf", "--session", DATE]);
    let states = ended(&pool).await;
    assert_eq!(states, [(1, "error".to_owned())]);
    let before = shown(&pool);

    // The first round of a new leader takes what is over.
    pool.coordinator().unwrap().signal(Signal::Kill).unwrap();
    pool.coordinator().unwrap().wait().unwrap();
    pool.start_coordinator_with(&arguments).await.unwrap();
    let object = archive.join("attempts/00000000000000000/00000000000000000001.jsonl.gz");
    let gone = until("the log leaves Redis", DEADLINE, || async {
        Ok(pool.full_log_of("coordinator").contains("1 went to the archive").then_some(()))
    });
    gone.await.unwrap_or_else(|error| panic!("{error:#}\n{}", pool.log_of("coordinator")));

    assert!(object.is_file());
    assert_eq!(shown(&pool), before);
    run(&pool, &["retry", "1", "--resume"]);
    ended(&pool).await;
    let resumed = pool.json(&["tasks", "2"]).unwrap();
    let first = resumed.iter().find(|task| task["name"] == "+wf+a").unwrap();
    assert_eq!((&first["state"], &first["resumed"]), (&"success".into(), &true.into()));
}

/// A worker wants to reach BigQuery when it starts; no task of this test asks anything else of it.
async fn idle_bigquery() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = axum::Router::new().fallback(async || "{}");
    tokio::spawn(axum::serve(listener, routes).into_future());
    url
}

fn run(pool: &Pool, arguments: &[&str]) {
    let output = pool.himekuri(arguments).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn ended(pool: &Pool) -> Vec<(u64, String)> {
    let states = pool.ended(DEADLINE).await;
    let logs = || [pool.log_of("coordinator"), pool.log_of("worker")].join("\n");
    let states = states.unwrap_or_else(|error| panic!("{error:#}\n{}", logs()));
    states.into_iter().collect()
}

/// All that people see of the first attempt.
fn shown(pool: &Pool) -> [Vec<Value>; 2] {
    [&["attempts"][..], &["tasks", "1"]].map(|arguments| pool.json(arguments).unwrap())
}
