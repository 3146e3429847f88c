//! A killed attempt on the real servers: its jobs are over, and what has not begun never will.

use std::time::Duration;

use himekuri_integration_tests::{Pool, WarehouseProcess, until};
use himekuri_testkit::{RabbitMq, RedisServer};

const DEADLINE: Duration = Duration::from_secs(120);

/// A query that would take far longer than the test.
const SLOW: &str = "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS a, \
     UNNEST(GENERATE_ARRAY(1, 100000)) AS b, UNNEST(GENERATE_ARRAY(1, 100000)) AS c \
     WHERE MOD(a * b + c, 7) = 8";

const WORKFLOW: &str = "
_parallel: true
+first:
  bq>: slow.sql
  destination_table: summary.first$20190901
  write_disposition: WRITE_TRUNCATE
  _error: {echo>: never}
+second:
  bq>: slow.sql
  destination_table: summary.second$20190901
  write_disposition: WRITE_TRUNCATE
+then:
  +wait: {wait>: 1h}
  +never: {echo>: never}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_attempt_leaves_no_job_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let warehouse =
        WarehouseProcess::start(&folder.path().join("data"), "2019-09-01", "2019-09-01")
            .await
            .unwrap();
    let project = folder.path().join("slow");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("slow.sql"), SLOW).unwrap();
    std::fs::write(project.join("wf.dig"), WORKFLOW).unwrap();
    let mut pool = Pool::new(&rabbitmq, &redis, warehouse.url(), folder.path()).unwrap();
    pool.start_coordinator().await.unwrap();
    pool.start_worker("worker-1", 8).unwrap();
    let push = ["push", project.to_str().unwrap(), "--gcp-project", "title-a"];
    assert!(pool.himekuri(&push).unwrap().status.success());
    let started = pool.json(&["start", "slow", "wf", "--session", "2019-09-02"]).unwrap();
    let attempt = started[0]["attempt"].as_u64().unwrap().to_string();
    until("both jobs run", DEADLINE, || async {
        let jobs = warehouse.jobs("title-a").await?;
        Ok((jobs.iter().filter(|job| job.state == "RUNNING").count() == 2).then_some(()))
    })
    .await
    .unwrap();

    let killed = pool.json(&["kill", &attempt, "--by", "test"]).unwrap();
    let waited = pool.himekuri(&["kill", &attempt, "--wait"]).unwrap();

    let jobs = killed[0]["canceling"].as_array().unwrap().len();
    assert_eq!((killed[0]["killed"].as_bool(), jobs), (Some(true), 2), "{killed:?}");
    assert!(waited.status.success(), "{}", String::from_utf8_lossy(&waited.stderr));
    let states: Vec<String> = pool
        .tasks(started[0]["attempt"].as_u64().unwrap())
        .unwrap()
        .into_iter()
        .map(|task| format!("{} {}", task.name, task.state))
        .collect();
    assert_eq!(
        states,
        [
            "+wf canceled",
            "+wf+first canceled",
            "+wf+second canceled",
            "+wf+then canceled",
            "+wf+then+wait canceled",
            "+wf+then+never blocked"
        ]
    );
    let jobs = warehouse.jobs("title-a").await.unwrap();
    assert!(jobs.iter().all(|job| job.state == "DONE"), "{jobs:?}");
    let marts = warehouse.marts("title-a").await.unwrap();
    assert!(!marts.keys().any(|name| name.contains("first") || name.contains("second")));
    let attempts = pool.json(&["attempts"]).unwrap();
    assert_eq!(attempts[0]["state"], "canceled");
    assert_eq!(attempts[0]["error"], "killed by test");
}
