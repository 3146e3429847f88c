//! Sessions that nobody asks for by hand, on the real servers: those of a schedule, and those that a task requires.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::Path;
use std::time::Duration;

use himekuri_integration_tests::{Pool, Signal, WarehouseProcess, until};
use himekuri_testkit::{RabbitMq, RedisServer};
use jiff::{SignedDuration, Timestamp};

const DATE: &str = "2019-09-01";
const DEADLINE: Duration = Duration::from_secs(60);

/// The files of the project `ticker`.
const FILES: &[(&str, &str)] = &[
    ("tick.dig", "schedule:\n  seconds_interval>: 1\n+a:\n  echo>: ${session_time}\n"),
    ("parent.dig", "+r:\n  require>: child\n+after:\n  echo>: after\n"),
    ("child.dig", "+a:\n  echo>: child\n"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_session_starts_once_though_the_coordinator_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let warehouse =
        WarehouseProcess::start(&folder.path().join("warehouse"), DATE, DATE).await.unwrap();
    let mut pool = Pool::new(&rabbitmq, &redis, warehouse.url(), folder.path()).unwrap();
    pool.start_coordinator().await.unwrap();
    pool.start_worker("worker", 16).unwrap();
    push(&pool, &folder.path().join("ticker"));

    let before = succeeded(&pool, "tick", 3).await;
    pool.coordinator().unwrap().signal(Signal::Kill).unwrap();
    pool.coordinator().unwrap().wait().unwrap();
    pool.start_coordinator().await.unwrap();
    succeeded(&pool, "tick", before.len() + 8).await;

    // Those of the downtime too, and none twice.
    let sessions = sessions(&pool, "tick", |_| true).unwrap();
    for pair in sessions.windows(2) {
        assert_eq!(pair[1].duration_since(pair[0]), SignedDuration::from_secs(1), "{sessions:?}");
    }

    let start = pool.himekuri(&["start", "ticker", "parent", "--session", DATE]).unwrap();
    assert!(start.status.success(), "{}", String::from_utf8_lossy(&start.stderr));
    let parents = succeeded(&pool, "parent", 1).await;
    assert_eq!(succeeded(&pool, "child", 1).await, parents, "the child has its parent's session");
}

fn push(pool: &Pool, project: &Path) {
    std::fs::create_dir(project).unwrap();
    for (name, text) in FILES {
        std::fs::write(project.join(name), text).unwrap();
    }
    let path = project.to_str().unwrap();
    let push = pool.himekuri(&["push", path, "--gcp-project", "ticker"]).unwrap();
    assert!(push.status.success(), "{}", String::from_utf8_lossy(&push.stderr));
}

/// Sessions of a workflow that have succeeded, once there are at least `count`.
async fn succeeded(pool: &Pool, workflow: &str, count: usize) -> Vec<Timestamp> {
    let what = format!("{count} sessions of {workflow} succeed");
    let found = until(&what, DEADLINE, || async {
        let found = sessions(pool, workflow, |state| state == "success")?;
        Ok((found.len() >= count).then_some(found))
    });
    found.await.unwrap_or_else(|error| panic!("{error:#}\n{}", pool.log_of("coordinator")))
}

/// Sessions of a workflow whose attempt is in a wanted state, in their order. None may have failed.
fn sessions(
    pool: &Pool,
    workflow: &str,
    wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<Vec<Timestamp>> {
    let attempts = pool.json(&["attempts", "--limit", "1000"])?;
    let mut sessions = Vec::new();
    for attempt in attempts.iter().filter(|attempt| attempt["workflow"] == workflow) {
        let state = attempt["state"].as_str().unwrap_or_default();
        anyhow::ensure!(state != "error", "{attempt}");
        if wanted(state) {
            let time = attempt["session_time"].as_str().unwrap_or_default();
            sessions.push(time.parse()?);
        }
    }
    sessions.sort();
    Ok(sessions)
}
