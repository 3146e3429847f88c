//! What people ask for beside single sessions, on the real servers: a backfill whose coordinator is killed, a retry of what
//! failed, and a workflow that is fetched by HTTP.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use himekuri_integration_tests::{Pool, Signal, WarehouseProcess, until};
use himekuri_testkit::{RabbitMq, RedisServer};

const DEADLINE: Duration = Duration::from_secs(120);

/// `+one` writes the session's partition; `+rest` is fetched; `+two` fails unless its query is mended.
const WORKFLOW: &str = "
+one:
  bq>: one.sql
  destination_table: summary.one$${session_date_compact}
  write_disposition: WRITE_TRUNCATE
+rest:
  http_call>: URL
+two:
  bq>: two.sql
  destination_table: summary.two$${session_date_compact}
  write_disposition: WRITE_TRUNCATE
";

/// Serves one document to all who ask, for as long as the test runs.
fn serve(document: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _request = stream.read(&mut [0; 4_096]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-yaml\r\nConnection: close";
            let _sent =
                write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{document}", document.len());
        }
    });
    format!("http://{address}/rest.dig")
}

fn push(pool: &Pool, project: &Path) {
    let path = project.to_str().unwrap();
    let push = pool.himekuri(&["push", path, "--gcp-project", "title-a"]).unwrap();
    assert!(push.status.success(), "{}", String::from_utf8_lossy(&push.stderr));
}

/// Try-free ids of the jobs that were executed, with the number of times.
async fn executions(warehouse: &WarehouseProcess) -> BTreeMap<String, u64> {
    let executions = warehouse.executions().await.unwrap();
    executions.into_iter().map(|done| (done.job_id, done.executions)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_outlives_its_coordinator_and_a_retry_runs_only_what_failed() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let data = folder.path().join("data");
    let warehouse = WarehouseProcess::start(&data, "2019-09-01", "2019-09-01").await.unwrap();
    let project = folder.path().join("past");
    std::fs::create_dir(&project).unwrap();
    let write = |name: &str, text: &str| std::fs::write(project.join(name), text).unwrap();
    write("wf.dig", &WORKFLOW.replace("URL", &serve("+fetched: {echo>: 'from afar'}\n")));
    write("one.sql", "SELECT '${session_date}' AS day");
    write("two.sql", "SELECT missing AS day");
    let mut pool = Pool::new(&rabbitmq, &redis, warehouse.url(), folder.path()).unwrap();
    pool.start_coordinator().await.unwrap();
    pool.start_worker("worker", 8).unwrap();
    push(&pool, &project);

    let range = ["--from", "2019-09-01", "--to", "2019-09-06", "--concurrency", "2"];
    pool.json(&[&["backfill", "past", "wf", "--yes", "--detach"][..], &range].concat()).unwrap();
    until("some sessions ended", DEADLINE, || async {
        let attempts = pool.json(&["attempts"])?;
        let ended = attempts.iter().filter(|attempt| attempt["state"] == "error").count();
        Ok((ended >= 2).then_some(()))
    })
    .await
    .unwrap();
    pool.coordinator().unwrap().signal(Signal::Kill).unwrap();
    pool.coordinator().unwrap().wait().unwrap();
    pool.start_coordinator().await.unwrap();
    until("the backfill ends", DEADLINE, || async {
        let backfills = pool.json(&["backfills"])?;
        Ok((backfills[0]["state"] == "done").then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}\n{:?}", pool.json(&["backfills"])));

    // Each session once, `+one` well, `+two` not.
    let attempts = pool.json(&["attempts"]).unwrap();
    assert_eq!(attempts.len(), 6, "{attempts:#?}");
    assert!(attempts.iter().all(|attempt| attempt["state"] == "error"), "{attempts:#?}");
    let ones = |marts: &[String]| marts.iter().filter(|name| name.contains(".one$")).count();
    let marts: Vec<String> = warehouse.marts("title-a").await.unwrap().into_keys().collect();
    assert_eq!((ones(&marts), marts.len()), (6, 6), "{marts:?}");
    let before = executions(&warehouse).await;

    write("two.sql", "SELECT '${session_date}' AS day");
    push(&pool, &project);
    let failed = attempts[0]["attempt"].as_u64().unwrap().to_string();
    let retry = ["retry", &failed, "--resume", "--latest-revision"];
    let retried = pool.json(&retry).unwrap()[0]["attempt"].as_u64().unwrap();
    let states = pool.ended(DEADLINE).await.unwrap();

    assert_eq!(states[&retried], "success");
    let tree = pool.himekuri(&["tasks", &retried.to_string()]).unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("\n  +one: success in 0s (resumed) -> "), "{tree}");
    assert!(tree.contains("+rest: success in 0s (resumed)"), "{tree}");
    assert!(!tree.contains("+fetched"), "what is below a resumed task does not run:\n{tree}");
    let marts: Vec<String> = warehouse.marts("title-a").await.unwrap().into_keys().collect();
    assert_eq!((ones(&marts), marts.len()), (6, 7), "{marts:?}");
    let after = executions(&warehouse).await;
    assert_eq!(after.len(), before.len() + 1, "one more job, that of `+two`");
    assert!(after.values().all(|executions| *executions == 1), "{after:?}");
}
